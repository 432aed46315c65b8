"""Tiny models of every family, made once."""

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
    common = {"steps": 2, "guidance": 3.0, "width": 16, "height": 16}
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
