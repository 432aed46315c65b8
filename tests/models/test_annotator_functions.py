"""Annotators that are functions of the user's own."""

import re
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models import Labelled, make_annotator

ROOT = Path(__file__).parents[2]
RAF = {
    "ethnicity": ("Caucasian", "African-American", "Asian"),
    "gender": ("male", "female", "unsure"),
    "age": ("0-3", "4-19", "20-39", "40-69", "70+"),
    "emotion": ("happiness", "sadness"),
}


def label(settings, images, options=RAF):
    annotator = make_annotator(settings, "further_annotators.a")
    asked = {name: options[name] for name in annotator.variables(options)}
    return annotator.classify(images, asked)


FUNCTIONS = """
import numpy as np

calls = []

def label(images, bright=100):
    calls.append(len(images))
    return [{"gender": "Woman" if image.getpixel((0, 0))[0] > bright else "Man", "mood": "x"} for image in images]

class Labeller:
    def __init__(self, share):
        self.share = share

    def __call__(self, images):
        return [{"gender": {"male": self.share, "female": 1 - self.share}, "age": None} for _ in images]

def wrong(images):
    return ["male" for _ in images]

def short(images):
    return []

def whole(images):
    return [{"gender": 1} for _ in images]

def array(images):
    return [{"gender": np.array([0.2, 0.8])} for _ in images]

def word(images):
    return [{"gender": {"male": "likely"}} for _ in images]

number = 7
"""


@pytest.fixture
def functions(tmp_path, monkeypatch):
    file = tmp_path / "own_labels.py"
    file.write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(tmp_path)
    yield file
    sys.modules.pop("own_labels", None)


def test_a_function_labels_with_classes_or_probabilities(functions, caplog):
    bright, dark = Image.new("RGB", (4, 4), (200, 0, 0)), Image.new("RGB", (4, 4))
    settings = {"function": "own_labels.label", "classes": {"gender": {"Woman": "female"}}}
    assert label(settings, [bright, dark]) == [
        {"gender": Labelled("female", "valid")},
        {"gender": Labelled(None, "invalid")},
    ]
    assert "'mood' of own_labels.label is not asked for" in caplog.text
    assert "gender 'Man' of own_labels.label is no category" in caplog.text
    assert label({**settings, "arguments": {"bright": 250}}, [bright]) == [{"gender": Labelled(None, "invalid")}]
    answer = label({"function": "own_labels:Labeller", "arguments": {"share": 0.9}}, [dark])[0]
    assert answer["gender"].category == "male"
    assert answer["gender"].probabilities == pytest.approx({"male": 0.9, "female": 0.1})
    assert answer["age"] == Labelled(None, "unsure")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("own_labels.absent", {}, "Python finds no own_labels.absent"),
        ("no_such_module.label", {}, "Python finds no no_such_module.label"),
        ("own_labels.number", {}, "is no function"),
        ("own_labels.wrong", {}, "must return a dictionary for each picture"),
        ("own_labels.short", {}, "must return a list with one answer per picture"),
        ("own_labels.label", {"dark": 1}, "arguments do not fit own_labels.label"),
        ("own_labels.whole", {}, r"gender 1: .*neither a class nor probabilities .*further_annotators\.a\.function"),
        ("own_labels.array", {}, r"neither a class nor probabilities of classes, .*further_annotators\.a\.function"),
        ("own_labels.word", {}, r"no probabilities, .*further_annotators\.a\.function"),
    ],
)
def test_wrong_functions_are_named(functions, name, arguments, message):
    with pytest.raises(StudyError, match=message):
        label({"function": name, "arguments": arguments}, [Image.new("RGB", (4, 4))])


def test_the_identity_of_a_function_follows_its_code(functions):
    def identity():
        return make_annotator({"function": "own_labels.label"}, "a").identity()

    before = identity()
    functions.write_text(FUNCTIONS + "\n# changed\n")
    assert identity() != before


def test_attributes_that_classes_does_not_name_are_labelled_by_the_names_of_categories(functions):
    settings = {"function": "own_labels:Labeller", "arguments": {"share": 0.9}, "classes": {"age": {"young": "20-39"}}}
    (answer,) = label(settings, [Image.new("RGB", (4, 4))])
    assert answer["gender"].category == "male"
    with pytest.raises(StudyError, match="classes names no attribute"):
        make_annotator({"function": "own_labels.label", "classes": {}}, "a")


def test_the_example_in_the_docs_labels_what_it_returns(tmp_path, monkeypatch):
    page = (ROOT / "docs/annotation.md").read_text(encoding="utf-8")
    section = page.partition("### Functions")[2]
    (settings,) = yaml.safe_load(re.search(r"```yaml\n(.*?)```", section, re.DOTALL)[1])["further_annotators"].values()
    module, _, _ = settings["function"].rpartition(".")
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]
    (tmp_path / f"{module}.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    (answer,) = label(settings, [Image.new("RGB", (4, 4))])
    monkeypatch.delitem(sys.modules, module)
    assert answer["gender"].probabilities == pytest.approx({"male": 0.2, "female": 0.8})
    assert answer["age"] == Labelled("20-39", "valid")
