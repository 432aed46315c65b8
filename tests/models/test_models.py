"""The adapters, run on tiny random-weight models of the real classes."""

import shutil

import numpy as np
import pytest
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models import DescriberSettings, GeneratorSettings
from broken_telephone.models.describers.transformers_describer import TransformersDescriber
from broken_telephone.models.generators.diffusers_generator import DiffusersGenerator
from broken_telephone.models.loading.provenance import fingerprint

PROMPTS = ["a person looks happy", "sad", "a person"]


@pytest.fixture
def generator(model_folders):
    return make_generator(str(model_folders / "generator"))


def make_generator(path: str) -> DiffusersGenerator:
    settings = {
        "path": path,
        "steps": 2,
        "guidance": 3.0,
        "width": 16,
        "height": 16,
        "load": {"text_encoder_3": None, "tokenizer_3": None},
        "call": {"max_sequence_length": 0},
    }
    return DiffusersGenerator(GeneratorSettings.model_validate(settings))


@pytest.fixture
def describer(model_folders):
    return make_describer(str(model_folders / "describer"))


def make_describer(path: str, **changes) -> TransformersDescriber:
    return TransformersDescriber(DescriberSettings.model_validate({"path": path, "max_new_tokens": 6, **changes}))


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=int)


def test_pictures_belong_to_their_seeds_not_to_the_batch(generator):
    together = generator.draw(PROMPTS, [1, 2, 2**63 - 1])
    assert [(image.mode, image.size) for image in together] == [("RGB", (16, 16))] * 3
    alone = generator.draw(PROMPTS[2:], [2**63 - 1])[0]
    assert np.abs(pixels(alone) - pixels(together[2])).max() <= 2
    again = generator.draw(PROMPTS, [1, 2, 2**63 - 1])
    assert all((pixels(a) == pixels(b)).all() for a, b in zip(together, again, strict=True))
    other = generator.draw(PROMPTS, [1, 2, 3])
    assert np.abs(pixels(other[2]) - pixels(together[2])).max() > 10


def test_descriptions_belong_to_their_pictures_not_to_the_batch(describer):
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    images = [Image.new("RGB", (16, 16), colour) for colour in colours] + [Image.new("RGB", (40, 20))]
    together = describer.describe(images, "Describe the emotion only")
    alone = [describer.describe([image], "Describe the emotion only")[0] for image in images]
    assert together == alone
    assert len({answer.text for answer in together}) > 1
    assert all(0 < answer.tokens <= 6 for answer in together)


def test_an_answer_ends_at_the_end_token_and_is_truncated_without_one(describer):
    describer.load()
    _, processor = describer._loaded
    words = processor.tokenizer.convert_tokens_to_ids(["happy", "sad", "</s>", "<pad>"])
    happy, sad, end, pad = words
    read = TransformersDescriber._read
    ended = read([happy, sad, end, pad], [end], processor)
    assert (ended.text, ended.tokens, ended.truncated) == ("happy sad", 2, False)
    cut = read([happy, sad], [end], processor)
    assert (cut.tokens, cut.truncated) == (2, True)
    silent = read([end, pad], [end], processor)
    assert (silent.text, silent.tokens, silent.truncated) == ("", 0, False)


def test_weights_come_on_first_use_and_go_on_release(describer):
    assert describer._loaded is None
    describer.describe([Image.new("RGB", (8, 8))], "a")
    assert describer._loaded is not None
    describer.release()
    assert describer._loaded is None


def test_identity_is_the_weights_and_what_changes_results(model_folders, tmp_path):
    folder = model_folders / "describer"
    here, cuda = make_describer(str(folder)), make_describer(str(folder), device="cuda")
    assert here.identity() == cuda.identity()
    assert here.identity() != make_describer(str(folder), max_new_tokens=7).identity()
    copy = tmp_path / "elsewhere"
    shutil.copytree(folder, copy)
    (copy / "README.md").write_text("a model card")
    assert fingerprint(copy) == fingerprint(folder)
    weights = next(copy.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert fingerprint(copy) != fingerprint(folder)


def test_a_hub_id_is_identified_by_its_revision():
    settings = DescriberSettings.model_validate({"hub": "some/model", "revision": "abc"})
    describer = TransformersDescriber(settings)
    assert describer.name == "some/model"
    assert describer.identity()["hub"] == "some/model"
    assert describer.identity()["revision"] == "abc"


def test_a_missing_or_broken_model_folder_is_named_with_its_setting(tmp_path):
    with pytest.raises(StudyError, match=r"nowhere does not exist.*describer\.path"):
        make_describer(str(tmp_path / "nowhere")).load()
    with pytest.raises(StudyError, match=r"nowhere does not exist.*generator\.path"):
        make_generator(str(tmp_path / "nowhere")).identity()
    with pytest.raises(StudyError, match=r"no model folder for generator\.path: it holds no model_index\.json"):
        make_generator(str(tmp_path)).identity()
    with pytest.raises(StudyError, match=r"no model folder for describer\.path: it holds no config\.json"):
        make_describer(str(tmp_path)).identity()
    for name in ("model_index.json", "config.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(StudyError, match=f"The generator {tmp_path} cannot be loaded"):
        make_generator(str(tmp_path)).load()
    with pytest.raises(StudyError, match=f"The describer {tmp_path} cannot be loaded"):
        make_describer(str(tmp_path)).load()
