"""A model of transformers that draws and describes: its samples, its seeds, and what it refuses."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import tiled_describers
import torch
import yaml
from direct_drawing import drawn_by_janus

from broken_telephone.datasets import ModelDataset
from broken_telephone.errors import StudyError
from broken_telephone.models import make_describer, make_generator
from broken_telephone.models.generators.unified.image_tokens import TokenSampling

SCORES = torch.tensor([[2.0, 1.0, 0.0, -1.0, 0.5]])
WITHOUT = torch.tensor([[0.0, 1.0, 0.5, 0.0, 0.5]])
DRAWS = 20_000


@pytest.fixture(scope="module")
def janus(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("unified")
    tiled_describers.save_janus(folder)
    return str(folder)


def settings(janus: str, **more) -> dict:
    return {"path": janus, "unified": True, "dtype": "float32", **more}


def sampled(**limits) -> np.ndarray:
    """The shares of tokens in many samples, one generator for each."""
    noise = [torch.Generator().manual_seed(seed) for seed in range(DRAWS)]
    rows = torch.cat([SCORES.repeat(DRAWS, 1), WITHOUT.repeat(DRAWS, 1)])
    tokens = TokenSampling(noise, **limits)(None, rows).argmax(-1)
    return np.bincount(tokens.numpy(), minlength=5) / DRAWS


@pytest.mark.parametrize(
    ("limits", "scores"),
    [
        ({"guidance": 1.0}, [2, 1, 0, -1, 0.5]),
        ({"guidance": 0.0}, [2, 1, 0, -1, 0.5]),
        # 0.5 times the difference is added to the scores of the prompt.
        ({"guidance": 1.5}, [3, 1, -0.25, -1.5, 0.5]),
        ({"guidance": 1.0, "temperature": 2.0}, [1, 0.5, 0, -0.5, 0.25]),
        ({"guidance": 1.0, "top_k": 2}, [2, 1, -np.inf, -np.inf, -np.inf]),
        # The likeliest three have 0.56, 0.21 and 0.13 of the probability.
        ({"guidance": 1.0, "top_p": 0.8}, [2, 1, -np.inf, -np.inf, 0.5]),
    ],
)
def test_tokens_are_samples_from_the_guided_scores(limits, scores):
    likely = np.exp(scores) / np.exp(scores).sum()
    # Five standard errors.
    assert np.abs(sampled(**limits) - likely) == pytest.approx(0, abs=5 * 0.5 / np.sqrt(DRAWS))


def test_a_picture_depends_on_its_own_seed_and_text_only(janus):
    generator = make_generator(settings(janus))
    texts, seeds = ["a happy person", "sad", "a happy person"], [1, 2, 2**62]
    together = [np.asarray(image).astype(int) for image in generator.draw(texts, seeds)]
    for text, seed, image in zip(texts, seeds, together, strict=True):
        # The model's folder states no guidance: that of the published model is 5.
        assert np.abs(drawn_by_janus(janus, text, seed, 5.0) - image).max() <= 1
    assert np.abs(together[0] - together[2]).max() > 50
    assert generator.truncates(texts) == [False] * 3


def test_the_guidance_of_the_folder_holds_where_the_study_states_none(janus, tmp_path):
    own = tmp_path / "own"
    tiled_describers.save_janus(own)
    file = own / "generation_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"guidance_scale": 2.0}))
    (image,) = make_generator(settings(str(own))).draw(["a happy person"], [1])
    assert np.abs(drawn_by_janus(janus, "a happy person", 1, 2.0) - np.asarray(image)).max() <= 1
    assert np.abs(drawn_by_janus(janus, "a happy person", 1, 5.0) - np.asarray(image)).max() > 50


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_prompts_of_a_batch_are_drawn_one_at_a_time(janus, monkeypatch, dtype):
    generator = make_generator(settings(janus, dtype=dtype))
    alone = [generator.draw([text], [seed])[0].tobytes() for text, seed in (("sad", 1), ("a person", 2))]
    pictures, sizes = generator._pictures, []

    def counted(prompts, seeds, changes):
        sizes.append(len(prompts))
        return pictures(prompts, seeds, changes)

    monkeypatch.setattr(generator, "_pictures", counted)
    together = generator.draw(["sad", "a person"], [1, 2])
    assert [image.tobytes() for image in together] == alone
    assert sizes == [1, 1]


def test_the_checks_cover_guidance_alone(janus):
    assert make_generator(settings(janus)).check() == []
    assert [(one.ability, one.works) for one in make_generator(settings(janus, guidance=3.0)).check()] == [
        ("guidance", True)
    ]


def test_scores_that_are_no_numbers_end_the_drawing(janus):
    generator = make_generator(settings(janus))
    generator.load()
    with torch.no_grad():
        generator._loaded[0]._network.lm_head.weight.fill_(torch.nan)
        generator._loaded[0]._network.model.generation_head.proj_out.weight.fill_(torch.nan)
    with pytest.raises(StudyError, match="the scores of image tokens are not numbers: use dtype"):
        generator.draw(["sad"], [1])


def test_a_folder_that_cannot_draw_is_refused_before_its_weights_are_loaded(describers, janus):
    with pytest.raises(StudyError, match=r"generator\.unified: .* models of the family llava \(it can with: janus\)"):
        make_generator(settings(describers["llava"])).draw(["sad"], [1])
    with pytest.raises(StudyError, match=r"holds no model_index\.json.*`unified: true` beside its path"):
        make_generator({"path": janus}).identity()


@pytest.mark.parametrize("kind", ["unified", "endpoint"])
def test_a_study_whose_generator_cannot_change_pictures_is_asked_for_an_editor(janus, kind):
    generator = {"unified": settings(janus), "endpoint": {"endpoint": "http://localhost:1/v1", "model": "m"}}[kind]
    with pytest.raises(StudyError, match=f"generator with {kind} .* a pipeline of diffusers in counterfactuals.model"):
        ModelDataset(kind="editor", settings={}, setting="counterfactuals.model", otherwise=generator)


@pytest.mark.parametrize("wrong", [{"unified": False}, {"steps": 4}, {"temperature": 0}, {"top_p": 1.5}])
def test_settings_that_it_does_not_take_are_refused(janus, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        make_generator(settings(janus) | wrong)


def test_one_folder_is_one_model_in_the_records(janus):
    drawing, describing = make_generator(settings(janus)), make_describer({"path": janus})
    assert drawing.identity()["weights"] == describing.identity()["weights"]
    assert drawing.identity()["temperature"] == 1.0


def test_the_example_of_the_page_names_one_model_twice():
    page = (Path(__file__).parents[2] / "docs/models.md").read_text(encoding="utf-8").partition("### Unified models")[2]
    stated = yaml.safe_load(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1])
    drawing, describing = make_generator(stated["generator"]), make_describer(stated["describer"])
    assert drawing.name == describing.name == drawing.identity()["hub"] == describing.identity()["hub"]
