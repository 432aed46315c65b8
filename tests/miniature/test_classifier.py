"""The shipped classifier: how it reads rendered people, and that it is independent of the judge."""

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from broken_telephone.labels import RAF
from broken_telephone.miniature.checks.classifier import score_on_drawn, write_classifier_card
from broken_telephone.miniature.training.classifier import (
    load_classifier,
    read_people,
    save_classifier,
    score_classifier,
    train_classifier,
)
from broken_telephone.miniature.training.fitting import Schedule
from broken_telephone.miniature.training.judge import load_judge
from broken_telephone.miniature.world.people import CATEGORIES, World
from broken_telephone.miniature.world.pictures import render_set
from broken_telephone.models import make_annotator
from broken_telephone.pipelines.miniature import create_pipeline

LARGEST = 2 * 10**6


@pytest.mark.parametrize("kind", ["portraits", "scenes"])
def test_the_shipped_classifier_reads_rendered_people(kind, request, models):
    scores = score_classifier(load_classifier(models / "classifier"), request.getfixturevalue(kind))
    overall = scores.query("group == 'all'").set_index("figure")["value"]
    label = {"portraits": "emotion", "scenes": "activity"}[kind]
    assert set(overall.index) == {f"{name} accuracy" for name in (label, "gender", "age", "ethnicity", "skin_tone")}
    assert overall.min() > 0.95


def test_it_is_small_and_independent_of_the_judge(models):
    files = list((models / "classifier").iterdir())
    assert sum(file.stat().st_size for file in files) < LARGEST
    settings = yaml.safe_load((models.parents[1] / "conf/base/parameters_miniature.yml").read_text())["miniature"]
    seeds = [settings[name]["seed"] for name in ("classifier", "judge", "counters")]
    assert len(set(seeds)) == 3
    pictures = {settings[name]["seed"] for name in ("adapter_pictures", "classifier_twins")}
    assert not pictures & {settings[name]["seed"] for name in ("even", "twins", "heldout")}
    assert "Agreement with the judge on drawn pictures" in (models / "classifier/README.md").read_text()


def test_as_an_annotator_it_says_what_it_reads(portraits, models):
    ages = {f"age/{word}": age for word, age in zip(CATEGORIES["age"], RAF.attributes["age"].values, strict=True)}
    source = {"path": str(models / "classifier"), "dtype": "float32", "device": "cpu"}
    annotator = make_annotator({"classifier": source, "classes": {"age": ages}}, "further_annotators.classifier")
    options = {name: RAF.attributes[name].values for name in ("ethnicity", "gender", "age")}
    options["emotion"] = RAF.concepts["emotion"].values
    assert annotator.variables(options) == list(options)
    given = annotator.classify([Image.fromarray(image) for image in portraits.images], options)
    labels = pd.DataFrame([{name: one.category for name, one in answer.items()} for answer in given])
    read = read_people(load_classifier(models / "classifier"), portraits.images)
    read["age"] = ("age/" + read["age"]).map(ages)
    pd.testing.assert_frame_equal(labels, read[list(options)], check_dtype=False)


def test_training_learns_and_is_saved_in_half_precision(portraits, scenes, tmp_path):
    twins = tuple(render_set(kind, World(), 8, seed=1, workers=1, twins=True) for kind in ("portraits", "scenes"))
    schedule = Schedule(samples=1200, batch_size=40, learning_rate=3e-3, seed=3, threads=1)
    model = train_classifier(portraits, scenes, twins, schedule)
    read = read_people(model, portraits.images)
    assert (read["skin_tone"].to_numpy() == portraits.people["skin_tone"].to_numpy()).mean() > 0.8
    save_classifier(model, tmp_path)
    again = read_people(load_classifier(tmp_path), portraits.images)
    assert (again == read).to_numpy().mean() > 0.98
    other = train_classifier(portraits, scenes, twins, Schedule(40, 40, 3e-3, 4, 1))
    assert not np.array_equal(other.classifier[1].weight.detach(), model.classifier[1].weight.detach())


class Painter:
    """Draws rendered people, so that both readers should agree."""

    def __init__(self, pictures):
        self.pictures = pictures

    def draw(self, prompts, seeds):
        return [Image.fromarray(self.pictures[seed % len(self.pictures)]) for seed in seeds]


def test_the_card_compares_it_with_the_judge(portraits, models, tmp_path):
    model = load_classifier(models / "classifier")
    drawn = score_on_drawn(model, load_judge(models / "judge"), Painter(portraits.images), count=3, seed=0)
    overall = drawn.query("kind == 'portraits' and group == 'all'").set_index("figure")
    assert overall["value"].min() > 0.9
    assert (overall["n"] == 21).all()
    write_classifier_card(tmp_path, score_classifier(model, portraits), drawn)
    card = (tmp_path / "README.md").read_text()
    assert "| portraits | gender accuracy | 140 |" in card
    assert "| scenes | activity as the judge reads it | 27 |" in card


def test_its_tag_makes_it_from_shipped_models_alone():
    pipeline = create_pipeline().only_nodes_with_tags("classifier")
    needed = {name for name in pipeline.inputs() if not name.startswith("params:")}
    assert needed == {"miniature_judge", "generator"}
    assert {"miniature_classifier", "quality_classifier"} <= pipeline.all_outputs()
