"""Tiny models of every family, and pictures, made once."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SD3 = {"load": {"text_encoder_3": None, "tokenizer_3": None}, "call": {"max_sequence_length": 0}}
PIXART = {"call": {"use_resolution_binning": False, "clean_caption": False, "max_sequence_length": 30}}


@pytest.fixture(scope="session")
def pipelines(tmp_path_factory, model_folders) -> dict[str, dict]:
    """The settings of a generator of every family."""
    from tiny_generators import save_flux, save_pixart, save_sd15, save_sdxl

    folder = tmp_path_factory.mktemp("generators")
    for name, save in {"sd15": save_sd15, "sdxl": save_sdxl, "flux": save_flux, "pixart": save_pixart}.items():
        save(folder / name)
    paths = {"sd3": model_folders / "generator"} | {name: folder / name for name in ("sd15", "sdxl", "flux", "pixart")}
    # At bfloat16, which `auto` is on some machines, random weights hide what tests compare.
    common = {"steps": 2, "guidance": 3.0, "width": 16, "height": 16, "dtype": "float32"}
    own = {"sd3": SD3, "pixart": PIXART, "flux": {"call": {"max_sequence_length": 64}}}
    return {name: {"path": str(path), **common, **own.get(name, {})} for name, path in paths.items()}


@pytest.fixture(scope="session")
def describers(tmp_path_factory) -> dict[str, str]:
    """The folder of a describer of every family; LLaVA-NeXT is in `model_folders`."""
    from tiny_describers import FAMILIES

    folder = tmp_path_factory.mktemp("describers")
    for name, save in FAMILIES.items():
        save(folder / name)
    return {name: str(folder / name) for name in FAMILIES}


@pytest.fixture(scope="session")
def pictures() -> list[Image.Image]:
    """Five pictures of noise in three sizes."""
    rng = np.random.default_rng(0)
    sizes = [(16, 16), (16, 16), (24, 40), (16, 16), (40, 24)]
    return [Image.fromarray(rng.integers(0, 255, (*size, 3), dtype=np.uint8)) for size in sizes]


@pytest.fixture(scope="session")
def drawn() -> list:
    """Rendered people that nobody trained on, with what is true of them: ten portraits, then ten scenes."""
    from broken_telephone.miniature.world.people import World
    from broken_telephone.miniature.world.pictures import draw_picture

    rng = np.random.default_rng(77)
    return [draw_picture(kind, World(), index, rng) for kind in ("portraits", "scenes") for index in range(10)]


@pytest.fixture(scope="session")
def rendered(drawn) -> list[Image.Image]:
    """The pictures of `drawn`."""
    return [Image.fromarray(picture.image) for picture in drawn]


@pytest.fixture(scope="session")
def astronaut() -> Image.Image:
    """A photograph of one person, 512 pixels wide and high."""
    from skimage import data

    return Image.fromarray(data.astronaut())


@pytest.fixture(scope="session")
def face_weights(tmp_path_factory) -> dict[str, Path]:
    """Files as facexlib publishes them: real weights of the small detector, random ones of the other networks."""
    import torch
    from facexlib.detection.retinaface import RetinaFace
    from facexlib.parsing import BiSeNet, ParseNet

    from broken_telephone.models.faces.packaged_weights import convert, read_graph

    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    states = {
        "retinaface_mobile0.25": convert(read_graph().graph),
        "retinaface_resnet50": RetinaFace(network_name="resnet50", device="cpu").state_dict(),
        "bisenet": BiSeNet(num_class=19).state_dict(),
        "parsenet": ParseNet(in_size=512, out_size=512, parsing_ch=19).state_dict(),
    }
    files = {name: folder / f"{name}.pth" for name in states}
    for name, state in states.items():
        torch.save(state, files[name])
    return files


@pytest.fixture(scope="session")
def real_detector(face_weights):
    """RetinaFace as it is for photographs."""
    from broken_telephone.models import make_detector

    return make_detector({"path": str(face_weights["retinaface_mobile0.25"]), "network": "retinaface_mobile0.25"})


@pytest.fixture(scope="session")
def embedded() -> Path:
    """The folder of the models that are shipped."""
    return Path(__file__).parents[2] / "data/06_models"


@pytest.fixture
def image_server(monkeypatch):
    """A local server that draws pictures."""
    from stand_in_servers import ImageServer, serving

    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(ImageServer()) as server:
        yield server
