"""Where the weights of face detector and region parser come from, and what a study says of them."""

import inspect
import json
import re
import shutil
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from faces import DETECTOR, PARSER, box
from facexlib.detection import init_detection_model
from facexlib.parsing import init_parsing_model
from PIL import Image
from safetensors.torch import save_file

from broken_telephone.datasets import ModelDataset
from broken_telephone.errors import StudyError
from broken_telephone.models import make_detector, make_parser
from broken_telephone.models.faces.networks import NETWORKS
from broken_telephone.settings import CONFIG_LOADER_ARGS
from broken_telephone.study_config.loader import StudyConfigLoader

PROJECT = Path(__file__).parents[2]
MAKE = {"retinaface_mobile0.25": make_detector, "retinaface_resnet50": make_detector} | dict.fromkeys(
    ("bisenet", "parsenet"), make_parser
)


@pytest.mark.parametrize("network", MAKE)
def test_facexlibs_own_files_are_read(network, face_weights):
    model = MAKE[network]({"path": str(face_weights[network]), "network": network})
    model.load()
    state = torch.load(face_weights[network], weights_only=True)
    for name, tensor in model._loaded[0].state_dict().items():
        assert torch.equal(tensor, state[name]), name
    assert model.name == f"{network}.pth"
    assert model.identity()["network"] == network
    model.release()
    assert model._loaded is None


def test_the_networks_for_photographs_run(face_weights, astronaut):
    detector = make_detector(
        {
            "path": str(face_weights["retinaface_resnet50"]),
            "network": "retinaface_resnet50",
            "longest": 64,
            "score": 0.0,
        }
    )
    # Random weights find nothing in particular; what they find is in the picture.
    faces = detector.detect([astronaut])[0]
    assert faces
    assert all(x >= 0 and x + width <= 512 and y + height <= 512 for x, y, width, height in (f.box for f in faces))
    parser = make_parser({"path": str(face_weights["bisenet"]), "network": "bisenet"})
    ((seen,),) = parser.parse([astronaut], [[box(178, 57, 95, 120)]])
    looked = np.zeros((512, 512), bool)
    looked[0:237, 106:346] = True
    assert seen.shape == (512, 512)
    assert not seen[~looked].any()


@pytest.mark.parametrize("form", ["safetensors", "state_dict", "module", "both", "without counts", "older pickle"])
def test_weights_may_be_wrapped(form, face_weights, tmp_path, astronaut, real_detector):
    state = torch.load(face_weights["retinaface_mobile0.25"], weights_only=True)
    file = tmp_path / ("some.safetensors" if form == "safetensors" else "some.pth")
    if form in ("module", "both"):
        state = {f"module.{name}": tensor for name, tensor in state.items()}
    if form == "without counts":
        state = {name: tensor for name, tensor in state.items() if "num_batches" not in name}
    if form == "safetensors":
        save_file(state, file)
    else:
        wrapped = {"state_dict": state, "epoch": 3} if form in ("state_dict", "both") else state
        torch.save(wrapped, file, _use_new_zipfile_serialization=form != "older pickle")
    detector = make_detector({"path": str(file), "network": "retinaface_mobile0.25"})
    assert detector.detect([astronaut])[0][0].box == real_detector.detect([astronaut])[0][0].box


class Bomb:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


def test_a_pickle_with_code_in_it_is_refused(tmp_path):
    torch.save({"body.weight": Bomb(tmp_path / "harm")}, tmp_path / "weights.pth")
    detector = make_detector({"path": str(tmp_path / "weights.pth"), "network": "retinaface_mobile0.25"})
    with pytest.raises(
        StudyError, match=r"weights\.pth holds no weights that can be read without unpickling"
    ) as raised:
        detector.detect([Image.new("RGB", (9, 9))])
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "harm").exists()


def test_wrong_files_are_refused_in_words(face_weights, tmp_path):
    def load(file: Path, network: str = "retinaface_mobile0.25") -> None:
        MAKE[network]({"path": str(file), "network": network}).load()

    missing = r"missing \(body\.\S+, body\.\S+, body\.\S+, …\)"
    with pytest.raises(
        StudyError, match=rf"not those of this RetinaFace.*{missing}.*too many \(cp\..*another network"
    ) as raised:
        load(face_weights["bisenet"])
    assert str(raised.value).startswith(f"detector: the weights in {face_weights['bisenet']} are")
    with pytest.raises(StudyError, match=r"parser: .*parsenet\.pth are not those of this BiSeNet"):
        load(face_weights["parsenet"], "bisenet")
    with pytest.raises(StudyError, match=r"mobile0\.25\.pth are not those of this RetinaFace"):
        load(face_weights["retinaface_mobile0.25"], "retinaface_resnet50")
    state = torch.load(face_weights["retinaface_mobile0.25"], weights_only=True)
    for name, wrong, message in (
        (
            "shape.pth",
            state | {"fpn.output1.0.weight": torch.zeros(2, 3)},
            r"another shape \(fpn\.output1\.0\.weight \(2, 3\) instead of \(64, 64, 1, 1\)\)",
        ),
        ("list.pth", [1, 2], r"list\.pth holds no tensors by name"),
        ("steps.pth", {"state_dict": {"step": 3}}, r"steps\.pth holds no tensors by name"),
    ):
        torch.save(wrong, tmp_path / name)
        with pytest.raises(StudyError, match=message):
            load(tmp_path / name)
    for name in ("text.pth", "text.safetensors"):
        (tmp_path / name).write_text("<html>Not found</html>")
        with pytest.raises(StudyError, match="holds no weights that can be read"):
            load(tmp_path / name)


def test_wrong_folders_are_refused_in_words(tmp_path):
    with pytest.raises(
        StudyError, match=r"detector\.path: .*names the class '.*ParseNet', and a detector is a .*RetinaFace"
    ):
        make_detector(PARSER).load()
    folder = tmp_path / "parser"
    shutil.copytree(PARSER["path"], folder)
    config = json.loads((folder / "config.json").read_text())
    for changed, message in (
        (config | {"regions": ["background", "hair", "face", "shoes"]}, r"parser parser cannot be loaded: .*shoes"),
        (
            config | {"constructor": config["constructor"] | {"base_ch": 16}},
            r"model\.safetensors are not those of this Parse",
        ),
        ({}, "no JSON that names a class"),
    ):
        (folder / "config.json").write_text(json.dumps(changed))
        with pytest.raises(StudyError, match=message):
            make_parser({"path": str(folder)}).load()
    (folder / "model.safetensors").unlink()
    for path in (folder, tmp_path / "nowhere"):
        for ask in ("load", "identity"):
            with pytest.raises(StudyError, match=r"There is no .*The setting parser\.path names a folder"):
                getattr(make_parser({"path": str(path)}), ask)()
    with pytest.raises(StudyError, match=r"There is no nowhere\.pth"):
        make_parser({"path": "nowhere.pth", "network": "bisenet"}).load()
    with pytest.raises(StudyError, match=r"detector detector cannot be loaded.*nowhere"):
        make_detector({**DETECTOR, "device": "nowhere"}).load()


def test_what_facexlib_publishes_is_read_from_the_cache_and_told_when_it_cannot_be_fetched(
    face_weights, tmp_path, monkeypatch
):
    def refuse(*args: object, **kwargs: object) -> None:
        raise URLError("no route")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", refuse)
    for network, make in MAKE.items():
        model = make({"facexlib": network})
        assert (model.name, model.identity()) == (network, {"facexlib": network})
        with pytest.raises(StudyError) as raised:
            model.load()
        told = str(raised.value)
        assert "\n" not in told
        assert f"fetch {NETWORKS[network]['url']} elsewhere" in told
        assert f".path=…/{Path(NETWORKS[network]['url']).name}," in told
        assert f".network={network}" in told
    file = tmp_path / "hub/checkpoints" / Path(NETWORKS["retinaface_mobile0.25"]["url"]).name
    shutil.copy(face_weights["retinaface_mobile0.25"], file)
    detector = make_detector({"facexlib": "retinaface_mobile0.25"})
    detector.load()
    assert detector._loaded is not None


def test_addresses_are_facexlibs_own():
    source = inspect.getsource(init_detection_model) + inspect.getsource(init_parsing_model)
    assert sorted(network["url"] for network in NETWORKS.values()) == sorted(re.findall(r"'(https://\S+)'", source))


def test_what_changes_results_identifies_a_model(face_weights, tmp_path):
    file = face_weights["retinaface_mobile0.25"]
    stated = {"path": str(file), "network": "retinaface_mobile0.25"}
    plain = make_detector(stated).identity()
    assert set(plain) == {"weights", "network"}
    assert make_detector({**stated, "device": "cpu"}).identity() == plain
    assert make_detector({**stated, "longest": 640, "score": 0.5, "overlap": 0.3}).identity() == plain | {
        "longest": 640,
        "score": 0.5,
        "overlap": 0.3,
    }
    moved = shutil.copy(file, tmp_path / "elsewhere.pth")
    assert make_detector({**stated, "path": str(moved)}).identity() == plain
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    moved.write_bytes(content)
    assert make_detector({**stated, "path": str(moved)}).identity() != plain
    assert make_parser(PARSER).identity() != make_parser({**PARSER, "grow": 3.0}).identity()


@pytest.mark.parametrize(
    ("make", "settings", "message"),
    [
        (make_detector, {}, "give either path .* or facexlib"),
        (make_detector, {"path": "a", "facexlib": "retinaface_resnet50"}, "give either path"),
        (make_detector, {"path": "a.pth"}, "a file needs network"),
        (make_detector, {"path": "a", "network": "retinaface_resnet50"}, "network belongs to a path that is a file"),
        (make_detector, {"facexlib": "bisenet"}, "'facexlib': .*retinaface_resnet50.*not 'bisenet'"),
        (make_parser, {"path": "a.pth", "network": "unet"}, "'network': .*parsenet.*not 'unet'"),
        (make_parser, {"path": "a", "score": 0.5}, r"'score' is not a setting here \(there are: path, facexlib"),
        (make_parser, {"path": "a", "grow": 0.5}, "'grow': .*not 0.5"),
        (make_detector, {"path": "a", "score": 2.0}, "'score': .*not 2.0"),
    ],
)
def test_wrong_settings_are_refused_in_words(make, settings, message):
    with pytest.raises(StudyError, match=message):
        make(settings)


def test_studies_name_them(tmp_path):
    base = StudyConfigLoader(PROJECT / "conf", None, **CONFIG_LOADER_ARGS)["parameters"]
    assert Path(base["detector"]["path"]) == Path("data/06_models/detector")
    for study in ("raf_emotion", "phase_emotion", "phase_activity"):
        found = StudyConfigLoader(PROJECT / "conf", study, **CONFIG_LOADER_ARGS)["parameters"]
        assert found["detector"] == {"facexlib": "retinaface_resnet50"}
        assert found["parser"] == {"facexlib": "bisenet"}
    for kind in ("detector", "parser"):
        model = ModelDataset(kind=kind, settings=found[kind]).load()
        assert model.name == found[kind]["facexlib"]


@pytest.mark.parametrize("study", [None, "raf_emotion"])
def test_a_file_for_one_run_takes_the_place_of_the_studys_own(study):
    given = {
        "detector": {"path": "x.pth", "network": "retinaface_mobile0.25"},
        "parser": {"facexlib": "parsenet"},
    }
    found = StudyConfigLoader(PROJECT / "conf", study, runtime_params=given, **CONFIG_LOADER_ARGS)["parameters"]
    assert found["detector"] == given["detector"]
    assert found["parser"] == given["parser"]
