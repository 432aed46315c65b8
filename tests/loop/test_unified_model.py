"""A study whose generator and describer are one model of transformers, in one folder."""

import shutil

import numpy as np
import tiled_describers
import yaml
from direct_drawing import drawn_by_janus

from broken_telephone.seeds import item_seed

FOLDER = "data/06_models/janus"
# None of the base study's settings of a generator stays, such as its steps.
DRAWS = {"unified": True, "path": FOLDER, "guidance": 3.0, "dtype": "float32"}


def test_one_folder_draws_and_describes(project):
    for model in ("generator", "describer"):
        shutil.rmtree(project.path / "data/06_models" / model)
    tiled_describers.save_janus(project.path / FOLDER)
    file = project.path / "conf/base/parameters.yml"
    stated = yaml.safe_load(file.read_text())
    stated["describer"] = {"path": FOLDER, "max_new_tokens": 4, "dtype": "float32"}
    file.write_text(yaml.safe_dump(stated))
    parameters = {f"generator__{name}": value for name, value in DRAWS.items()}
    project.run("loop", **parameters)

    manifest, chains = project.load("loop_manifest"), project.load("chains")
    assert manifest["complete"]
    assert manifest["settings"]["generator"]["weights"] == manifest["settings"]["describer"]["weights"]
    assert manifest["settings"]["generator"]["unified"] is True
    assert manifest["counts"]["cut"] == 0
    session = manifest["sessions"][0]
    assert session["checks"]["draw"] == {"guidance": "works"}
    assert session["models"] == {"describe": "janus", "draw": "janus"}

    seeds = dict(zip(chains["chain_id"].astype(str), chains["seed"], strict=True))
    texts = project.load("loop_descriptions").set_index(["chain_id", "iteration"])["text"]
    images = project.load("loop_images")
    assert len(images) == manifest["counts"]["images"] > 0
    for name in sorted(images)[:3]:
        chain, _, iteration = name.rpartition("/")
        seed = item_seed(seeds[chain], int(iteration))
        wanted = drawn_by_janus(FOLDER, texts[chain, int(iteration)], seed, 3.0)
        assert np.abs(np.asarray(images[name]()).astype(int) - wanted).max() <= 1

    before = project.files("data/03_primary/miniature/loop_images")
    project.run("loop", **parameters)
    assert project.files("data/03_primary/miniature/loop_images") == before
    assert len(project.load("loop_manifest")["sessions"]) == 1
