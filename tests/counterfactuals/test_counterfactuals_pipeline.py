"""From a study to the data set of its counterfactuals and a study of them, with tiny random models.

The annotator's weights are random, so its answers are stated here: pictures of many colours, which the editor drew, are
women, and the label changes in those whose mean is odd.
"""

import numpy as np
import pytest
import yaml
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models import Finding
from broken_telephone.models.annotators.function_annotator import FunctionAnnotator
from broken_telephone.models.describers.describer_checks import CLOSED
from broken_telephone.models.describers.transformers_describer import TransformersDescriber

SETTINGS = {"attribute": "gender", "category": "female", "strength": 1.0}
GENDER_LINE = 1


def is_drawn(image: Image.Image) -> bool:
    return len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)) > 100


def keeps_label(image: Image.Image) -> bool:
    return int(np.asarray(image.convert("RGB"), float).mean() * 10) % 2 == 0


def choose(self, images, forms):
    def line(options, chosen):
        return [0.0 if place == chosen else -9.0 for place in range(len(options))]

    def filled(image, number, form):
        chosen = [0] * len(form.lines)
        if number == 0:
            chosen[GENDER_LINE] = int(is_drawn(image))
        elif is_drawn(image) and not keeps_label(image):
            chosen[0] = 1
        return [line(options, place) for options, place in zip(form.lines, chosen, strict=True)]

    return [[filled(image, number, form) for number, form in enumerate(forms)] for image in images]


@pytest.fixture
def edited(project, monkeypatch):
    monkeypatch.setattr(TransformersDescriber, "choose", choose)
    file = project.path / "conf/base/parameters.yml"
    settings = yaml.safe_load(file.read_text())
    settings["counterfactuals"] |= SETTINGS
    file.write_text(yaml.safe_dump(settings))
    project.run("ingestion")
    return project


def test_from_a_study_to_a_study_of_its_counterfactuals(edited):
    edited.run("counterfactuals")
    table = edited.load("counterfactuals")
    chains = edited.load("chains")
    people = edited.load("people").set_index("image_id")
    starts = chains[chains["start"] == "image"].drop_duplicates("image_id").set_index("image_id")
    assert list(table["image_id"]) == list(starts.index)
    journal = edited.load("counterfactual_batches")
    records = [row for key in journal for row in journal[key]()["edited"]]
    digests = {row["name"]: row["picture"] for row in records}
    images = edited.load("counterfactual_images")
    by_digest = {images.digest(name): images[name]() for name in images}
    expected = {}
    for name in starts.index:
        if people.loc[name, "gender"] == "female":
            expected[name] = "as it was"
        else:
            picture = by_digest[digests[name]]
            expected[name] = "exchanged" if is_drawn(picture) and keeps_label(picture) else "left out"
    assert dict(zip(table["image_id"], table["outcome"], strict=True)) == expected
    assert set(expected.values()) == {"as it was", "exchanged", "left out"}

    before = edited.files("data")
    edited.run("counterfactuals")
    after = edited.files("data")
    assert {name for name in after if "counterfactual_batches" in name} == {
        name for name in before if "counterfactual_batches" in name
    }
    folder = edited.path / "data/02_intermediate/miniature/counterfactual_dataset_female"
    arm = edited.path / "conf/female"
    arm.mkdir()
    (arm / "globals.yml").write_text("study: female\n")
    dataset = {"source": "image_folder", "scheme": "raf", "labels": "people.csv"}
    (arm / "parameters.yml").write_text(yaml.safe_dump({"data_root": str(folder), "dataset": dataset}))
    edited.run("ingestion", env="female")
    own = edited.load("chains", env="female")
    own = own[own["start"] == "image"].set_index("chain_id")
    base = chains[chains["start"] == "image"].set_index("chain_id")
    assert set(own["image_id"]) == {name for name, outcome in expected.items() if outcome != "left out"}
    for column in ("seed", "label", "image_id"):
        assert own[column].astype(str).to_dict() == base.loc[own.index, column].astype(str).to_dict()
    same = own["image_digest"].astype(str) == base.loc[own.index, "image_digest"].astype(str)
    assert dict(zip(own["image_id"], same, strict=True)) == {
        name: expected[name] == "as it was" for name in own["image_id"]
    }
    assert (edited.load("people", env="female")["gender"].astype(str) == "female").all()


def test_if_no_picture_passes_the_run_says_what_to_change(edited, monkeypatch):
    monkeypatch.setitem(globals(), "is_drawn", lambda image: False)
    with pytest.raises(StudyError, match=r"attribute not exchanged: \d+\)\. No changed original passed.*strength"):
        edited.run("counterfactuals")


def test_without_a_target_the_run_says_how_to_state_it(project):
    project.run("ingestion")
    with pytest.raises(StudyError, match=r"counterfactuals\.attribute and counterfactuals\.category are not stated"):
        project.run("counterfactuals")


def test_an_annotator_that_cannot_read_closed_is_refused_before_the_first_change(edited, monkeypatch):
    monkeypatch.setattr(TransformersDescriber, "check", lambda self, prompt: [Finding(CLOSED, False, "no logprobs")])
    with pytest.raises(StudyError, match=r"cannot check the changed pictures: no logprobs\. Name a local model"):
        edited.run("counterfactuals")
    assert not [name for name in edited.files("data") if "counterfactual" in name]


FUNCTION = """
from test_counterfactuals_pipeline import is_drawn, keeps_label


def label_people(images, **labels):
    return [
        {"gender": "female" if is_drawn(image) else "male"}
        | {name: values[is_drawn(image) and not keeps_label(image)] for name, values in labels.items()}
        for image in images
    ]
"""


def annotate_by_function(edited, tmp_path, monkeypatch, **labels):
    (tmp_path / "own_labels.py").write_text(FUNCTION)
    monkeypatch.syspath_prepend(tmp_path)
    file = edited.path / "conf/base/parameters.yml"
    settings = yaml.safe_load(file.read_text())
    settings["annotator"] = {"function": "own_labels.label_people", "arguments": labels}
    file.write_text(yaml.safe_dump(settings))


def test_a_function_checks_changed_originals(edited, tmp_path, monkeypatch):
    annotate_by_function(edited, tmp_path, monkeypatch, emotion=["happiness", "anger"])
    edited.run("counterfactuals")
    assert set(edited.load("counterfactuals")["outcome"]) == {"as it was", "exchanged", "left out"}


def test_an_annotator_without_labels_of_the_concept_is_refused(edited, tmp_path, monkeypatch):
    annotate_by_function(edited, tmp_path, monkeypatch)
    monkeypatch.setattr(FunctionAnnotator, "variables", lambda self, options: ["gender"])
    with pytest.raises(StudyError, match="does not label emotion, so that nobody can check whether labels stayed"):
        edited.run("counterfactuals")
