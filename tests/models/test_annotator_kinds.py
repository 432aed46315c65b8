"""Annotators that are no describers: image classifiers, dual encoders, functions and tables of answers."""

import logging
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from tiny_embedders import save_clip, save_siglip
from transformers import (
    ResNetConfig,
    ResNetForImageClassification,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessor,
    pipeline,
)

from broken_telephone.errors import StudyError
from broken_telephone.models import Face, Failure, Labelled, make_annotator
from broken_telephone.models.annotators.class_heads import ClassHeads
from broken_telephone.models.annotators.face_crop import cut_faces, square_around

ROOT = Path(__file__).parents[2]
RAF = {
    "ethnicity": ("Caucasian", "African-American", "Asian"),
    "gender": ("male", "female", "unsure"),
    "age": ("0-3", "4-19", "20-39", "40-69", "70+"),
    "emotion": ("happiness", "sadness"),
}
GENDERS = {"Man": "male", "Woman": "female"}


def pictures(count=5, side=40):
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 255, (side, side, 3), np.uint8)) for _ in range(count)]


def save_model(folder, classes, kind="vit", **config):
    torch.manual_seed(len(classes))
    labels = {"id2label": dict(enumerate(classes)), "label2id": {name: k for k, name in enumerate(classes)}}
    if kind == "vit":
        small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        model = ViTForImageClassification(ViTConfig(image_size=16, patch_size=8, **small, **labels, **config))
    else:
        small = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic"}
        model = ResNetForImageClassification(ResNetConfig(**small, **labels, **config))
    # Random weights of this size call every picture alike.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4)
    model.eval().save_pretrained(folder)
    ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(folder)
    return {"path": str(folder), "dtype": "float32", "device": "cpu"}


def label(settings, images, options=RAF, **parts):
    annotator = make_annotator(settings, "further_annotators.a", **parts)
    asked = {name: options[name] for name in annotator.variables(options)}
    return annotator.classify(images, asked)


@pytest.mark.parametrize("kind", ["vit", "resnet"])
def test_a_classifier_gives_the_probabilities_of_the_pipeline_of_transformers(tmp_path, kind):
    source = save_model(tmp_path, ["Man", "Woman", "Robot"], kind)
    answers = label({"classifier": source, "classes": {"gender": GENDERS}}, pictures())
    reference = pipeline("image-classification", str(tmp_path), device="cpu")(pictures(), top_k=3)
    for answer, scores in zip(answers, reference, strict=True):
        shares = {one["label"]: one["score"] for one in scores}
        given = answer["gender"]
        assert given.probabilities == pytest.approx({"male": shares["Man"], "female": shares["Woman"]}, abs=1e-5)
        best = max(shares, key=shares.__getitem__)
        assert (given.category, given.status) == ((GENDERS[best], "valid") if best in GENDERS else (None, "invalid"))


def test_classes_of_one_category_add_up_and_a_class_without_one_is_told(tmp_path, caplog):
    source = save_model(tmp_path, ["White", "Black", "East Asian", "Southeast Asian", "Indian"])
    classes = {"ethnicity": {"White": "Caucasian", "East Asian": "Asian", "Southeast Asian": "Asian", "Indian": None}}
    answers = label({"classifier": source, "classes": classes}, pictures(1))
    scores = pipeline("image-classification", str(tmp_path), device="cpu")(pictures(1), top_k=5)[0]
    shares = {one["label"]: one["score"] for one in scores}
    asian = shares["East Asian"] + shares["Southeast Asian"]
    assert answers[0]["ethnicity"].probabilities["Asian"] == pytest.approx(asian, abs=1e-5)
    assert "2 of 5 classes of ethnicity have no category: Black, Indian" in caplog.text
    assert "no class stands for ethnicity African-American" in caplog.text


def test_each_head_has_a_softmax_of_its_own(tmp_path):
    names = ["gender/male", "gender/female", "age/0-3", "age/4-19", "age/20-39", "age/40-69", "age/70+"]
    source = save_model(tmp_path, names)
    answers = label({"classifier": source}, pictures())
    model = ViTForImageClassification.from_pretrained(tmp_path)
    inputs = ViTImageProcessor.from_pretrained(tmp_path)(pictures(), return_tensors="pt")
    logits = model(**inputs).logits.detach()
    for head, columns in (("gender", slice(0, 2)), ("age", slice(2, 7))):
        shares = logits[:, columns].softmax(1).numpy()
        own = [one[head] for one in answers]
        np.testing.assert_allclose([list(one.probabilities.values()) for one in own], shares, atol=1e-5)
        assert [one.category for one in own] == [RAF[head][k] for k in shares.argmax(1)]


def test_a_head_whose_classes_are_no_categories_is_left_out(tmp_path, caplog):
    source = save_model(tmp_path, ["gender/male", "gender/female", "age/young", "age/old", "mood/good", "mood/bad"])
    annotator = make_annotator({"classifier": source}, "a")
    assert annotator.variables(RAF) == ["gender"]
    assert "age is not labelled, because no class of it is a category" in caplog.text
    assert "mood" not in caplog.text
    classes = {"age": {"age/young": "20-39", "age/old": "70+"}}
    assert make_annotator({"classifier": source, "classes": classes}, "a").variables(RAF) == ["gender", "age"]


def test_a_model_of_yes_and_no_has_the_logistic_function(tmp_path):
    source = save_model(tmp_path, ["Male", "Smiling"], problem_type="multi_label_classification")
    classes = {"gender": {"Male": "male", "no Male": "female"}}
    answers = label({"classifier": source, "classes": classes}, pictures())
    model = ViTForImageClassification.from_pretrained(tmp_path)
    inputs = ViTImageProcessor.from_pretrained(tmp_path)(pictures(), return_tensors="pt")
    male = model(**inputs).logits.detach()[:, 0].sigmoid().numpy()
    np.testing.assert_allclose([one["gender"].probabilities["male"] for one in answers], male, atol=1e-5)
    with pytest.raises(StudyError, match=r"needs classes of one head of .*, not of 2 \(Male, Smiling\)"):
        label({"classifier": source, "classes": {"gender": {"Male": "male", "Smiling": "female"}}}, pictures())


def test_one_model_for_each_attribute(tmp_path):
    sources = {
        "gender": save_model(tmp_path / "gender", ["Female", "MALE"]),
        "age": save_model(tmp_path / "age", ["young", "old"], "resnet"),
    }
    settings = {"classifiers": sources, "classes": {"age": {"young": "20-39", "old": "70+"}}}
    with pytest.raises(StudyError, match="classifiers: this study does not ask for 'agee'"):
        label({"classifiers": {"agee": sources["age"]}}, pictures())
    with pytest.raises(StudyError, match=r"classes.gender: no model of classifiers labels gender"):
        label({"classifiers": {"age": sources["age"]}, "classes": {"gender": {}}}, pictures())
    annotator = make_annotator({"classifiers": sources}, "a")
    with pytest.raises(StudyError, match=r"none of its classes is a category of age .* State what they mean"):
        annotator.variables(RAF)
    # Classes without a statement are found by their names.
    both = {"gender": {"Female": "female", "MALE": "male"}, **settings["classes"]}
    annotator = make_annotator(settings, "a")
    assert annotator.variables(RAF) == ["gender", "age"]
    assert annotator.name == "gender + age"
    alone = [label({"classifier": sources[name], "classes": {name: both[name]}}, pictures()) for name in sources]
    together = annotator.classify(pictures(), {name: RAF[name] for name in ("gender", "age")})
    assert together == [a | b for a, b in zip(*alone, strict=True)]
    assert annotator.identity()["classifiers"].keys() == sources.keys()


def test_outputs_keep_the_numbers_of_the_configuration():
    logits = np.log([[0.7, 0.1, 0.2]])
    heads = ClassHeads({0: "female", 2: "male"}, None, "a model")
    assert heads.probabilities("", logits)[0] == pytest.approx([7 / 9, 2 / 9])
    with pytest.raises(StudyError, match="a model has 2 outputs, but its configuration names output 2"):
        heads.probabilities("", logits[:, :2])
    with pytest.raises(StudyError, match="a model has several outputs of the name 'male'"):
        ClassHeads({0: "female", 1: "male", 2: "male"}, None, "a model")


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ({"gender": {"Men": "male"}}, r"a\.classes\.gender: 'Men' is no class of .*Its classes are: Man, Woman"),
        ({"gender": {"Man": "man"}}, r"a\.classes\.gender: 'man' is no category of gender \(there are: male, female"),
        ({"sex": {"Man": "male"}}, "a.classes: this study does not ask for 'sex' .*ethnicity, gender, age, emotion"),
        ({"gender": {"Man": None}}, "none of its classes is a category of gender"),
        (None, r"state in a\.classes which attribute the classes of .* belong to.*They are: Man, Woman"),
    ],
)
def test_wrong_classes_are_named_at_the_start(tmp_path, classes, message):
    source = save_model(tmp_path, ["Man", "Woman"])
    with pytest.raises(StudyError, match=message):
        make_annotator({"classifier": source, "classes": classes}, "a").variables(RAF)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classifier": {"path": "x"}, "classifiers": {"age": {"path": "x"}}}, "either classifier .* or classifiers"),
        ({"classifier": {"path": "x"}, "margin": 0.3}, "margin and detector are for reads: face"),
        ({"classifier": {"path": "x"}, "reads": "faces"}, "'reads'"),
        ({"zero_shot": {"path": "x"}, "prompts": {"gender": {"male": "a man"}}}, "needs texts for two categories"),
        (
            {"zero_shot": {"path": "x"}, "prompts": {"gender": {"male": "", "female": "x"}}},
            "prompts.gender.male is empty",
        ),
        ({"table": "x.csv", "reads": "face"}, "'reads' is not a setting here"),
        ({"function": "a.b", "arguments": {"api_key": "sk-abcdefghijklmnopqrstuvwxyz123456"}}, "secret"),
        ({"classifier": {"path": "x"}, "reads": "face"}, "needs a face detector"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(StudyError, match=message):
        make_annotator(settings, "annotator")


@pytest.mark.parametrize("save", [save_clip, save_siglip])
def test_a_dual_encoder_labels_as_its_own_forward_pass_does(tmp_path, save):
    from transformers import AutoModel, AutoProcessor

    save(tmp_path)
    texts = {"male": "a man", "female": "a woman"}
    settings = {"zero_shot": {"path": str(tmp_path), "dtype": "float32", "device": "cpu"}}
    answers = label({**settings, "prompts": {"gender": texts}}, pictures())
    model, processor = AutoModel.from_pretrained(tmp_path).eval(), AutoProcessor.from_pretrained(tmp_path)
    padding = "max_length" if save is save_siglip else True
    inputs = processor(
        text=list(texts.values()),
        images=pictures(),
        return_tensors="pt",
        padding=padding,
        truncation=True,
        max_length=12,
    )
    with torch.inference_mode():
        shares = model(**inputs).logits_per_image.softmax(1).numpy()
    given = [list(one["gender"].probabilities.values()) for one in answers]
    np.testing.assert_allclose(given, shares, atol=1e-4)
    # Equal texts in several wordings leave the answer as it is.
    several = {name: [text, text] for name, text in texts.items()}
    again = label({**settings, "prompts": {"gender": several}}, pictures())
    np.testing.assert_allclose([list(one["gender"].probabilities.values()) for one in again], given, atol=1e-5)
    with pytest.raises(StudyError, match=r"prompts\.gender: 'man' is no category of gender"):
        label({**settings, "prompts": {"gender": {"man": "a man", "female": "x"}}}, pictures())


class Detector:
    """Finds a small face first, then a large one; nothing in a white picture."""

    longest = None

    def load(self): ...

    def release(self): ...

    def identity(self):
        return {"weights": "fake"}

    def detect(self, images):
        points = np.zeros((5, 2), np.float32)
        both = [Face((0, 0, 4, 4), 0.99, points), Face((10, 20, 10, 8), 0.9, points)]
        return [[] if image.getpixel((0, 0)) == (255, 255, 255) else both for image in images]


def test_the_largest_face_is_cut_out_with_its_margin():
    image = pictures(1)[0]
    cut = cut_faces([image, Image.new("RGB", (9, 9), "white")], Detector(), 0.25)
    assert cut[1] is None
    # A square of 10 * 1.5 pixels around the middle of the box, (15, 24).
    assert np.array_equal(np.asarray(cut[0]), np.asarray(image.crop((8, 16, 23, 31))))
    corner = np.asarray(square_around(image, (0, 0, 10, 10), 0.5))
    assert corner.shape == (20, 20, 3)
    assert np.array_equal(corner[5:, 5:], np.asarray(image)[:15, :15])
    assert (corner[:5, :5] == np.asarray(image)[0, 0]).all()


def test_a_classifier_of_faces_reads_the_face_and_is_unsure_without_one(tmp_path):
    source = save_model(tmp_path, ["Man", "Woman"])
    settings = {"classifier": source, "classes": {"gender": GENDERS}}
    detector = {"path": "data/06_models/detector", "device": "cpu"}
    annotator = make_annotator({**settings, "reads": "face", "margin": 0.1}, "a", detector=detector)
    assert annotator.identity()["detector"]["weights"]
    annotator._detector = Detector()
    images = [pictures(1)[0], Image.new("RGB", (40, 40), "white")]
    options = {"gender": RAF["gender"]}
    answers = annotator.classify(images, options)
    face = square_around(images[0], (10, 20, 10, 8), 0.1)
    assert answers[0] == make_annotator(settings, "a").classify([face], options)[0]
    assert answers[1] == {"gender": Labelled(None, "unsure")}
    other = make_annotator({**settings, "reads": "face", "margin": 0.2}, "a", detector=detector)
    assert other.identity() != make_annotator(settings, "a").identity()


def test_an_annotator_without_these_settings_is_a_describer(caplog):
    caplog.set_level(logging.INFO)
    annotator = make_annotator({"path": "data/06_models/describer", "max_new_tokens": 5}, "annotator")
    assert hasattr(annotator, "describe")
    assert not isinstance(annotator, Failure)


def test_the_settings_in_the_docs_are_accepted():
    page = (ROOT / "docs/annotation.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    shown = [own for block in blocks for own in block.get("further_annotators", {}).values()]
    kinds = {"classifier", "classifiers", "zero_shot", "function", "table"}
    own = [one for one in shown if kinds & set(one)]
    assert {name for one in own for name in kinds & set(one)} == kinds
    for settings in own:
        make_annotator(settings, "further_annotators.a", detector={"path": "data/06_models/detector"})
