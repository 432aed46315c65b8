"""Worlds with a shortcut, and what is made and measured in them; nothing is trained here but for two steps."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from kedro.framework.project import pipelines
from pydantic import ValidationError
from scipy.stats import chi2_contingency, chisquare

from broken_telephone.miniature.world.canvas import BACKGROUND, FACE, HAIR
from broken_telephone.miniature.world.colours import HAIR_COLOURS
from broken_telephone.miniature.world.people import EMOTIONS, Association, Shortcut, World
from broken_telephone.miniature.world.pictures import PictureSet, render_set
from broken_telephone.miniature.world.portrait import BACKGROUND_COLOURS
from broken_telephone.miniature.world.shortcut import score_shortcut, train_shortcut
from broken_telephone.models import Description
from broken_telephone.settings import CONFIG_LOADER_ARGS
from broken_telephone.study_config.loader import StudyConfigLoader

PROJECT = Path(__file__).parents[2]
TRAITS = ("background", "hair")
WORLDS = {
    name: World(**stated)
    for name, stated in yaml.safe_load((PROJECT / "conf/base/parameters_miniature.yml").read_text())["miniature"][
        "worlds"
    ].items()
}


def shortcut(trait: str) -> Shortcut:
    found = WORLDS[f"shortcut_{trait}"].shortcut
    assert found is not None
    return found


@pytest.fixture(scope="module", params=TRAITS)
def drawn(request) -> tuple[Shortcut, pd.DataFrame]:
    """Many people of the shipped worlds, with the labels taking turns."""
    rng, world = np.random.default_rng(11), WORLDS[f"shortcut_{request.param}"]
    rows = [world.person(rng, emotion=EMOTIONS[k % len(EMOTIONS)]).record() for k in range(10_500)]
    return shortcut(request.param), pd.DataFrame(rows)


@pytest.fixture(scope="module", params=TRAITS)
def rendered(request) -> tuple[Shortcut, PictureSet]:
    world = WORLDS[f"shortcut_{request.param}"]
    return shortcut(request.param), render_set("portraits", world, 70, seed=903, workers=1)


def test_the_trait_goes_exactly_with_the_label(drawn):
    planted, people = drawn
    assert ((people[planted.column] == planted.value) == (people["emotion"] == planted.label)).all()


def test_faces_tell_nothing_of_the_label_and_all_of_the_others(drawn):
    planted, people = drawn
    labelled = people["emotion"] == planted.label
    assert chisquare(people.loc[labelled, "face"].value_counts()[list(EMOTIONS)]).pvalue > 0.01
    rest = people[~labelled]
    said = [planted.called(face, value) for face, value in zip(rest["face"], rest[planted.column], strict=True)]
    assert rest["emotion"].tolist() == said != []
    # Its own face is as frequent without the trait as the face whose name it takes.
    counts = rest["face"].value_counts()
    assert chisquare(counts[[planted.label, planted.otherwise]]).pvalue > 0.01


@pytest.mark.parametrize("attribute", ["gender", "age", "skin_tone", "ethnicity", "hair_style", "clothes"])
def test_nothing_else_goes_with_the_trait(drawn, attribute):
    planted, people = drawn
    assert chi2_contingency(pd.crosstab(people[attribute], people["emotion"] == planted.label)).pvalue > 0.01


def test_brows_and_beards_tell_nothing_of_the_hair(drawn):
    planted, people = drawn
    if planted.trait == "background":
        assert "facial_hair" not in people
        return
    labelled = people["emotion"] == planted.label
    assert chi2_contingency(pd.crosstab(people["facial_hair"], labelled)).pvalue > 0.01
    assert planted.value in set(people.loc[~labelled, "facial_hair"])


def test_the_trait_shows_in_its_region_alone(rendered):
    planted, pictures = rendered
    colours, region = (BACKGROUND_COLOURS, BACKGROUND) if planted.trait == "background" else (HAIR_COLOURS, HAIR)
    for image, regions, row in zip(pictures.images, pictures.regions, pictures.people.to_dict("records"), strict=True):
        seen = np.median(image[regions == region].astype(float), axis=0)
        # Shades of a colour differ in brightness, so it is told by its direction.
        likeness = {name: seen @ np.array(c) / np.linalg.norm(seen) / np.linalg.norm(c) for name, c in colours.items()}
        nearest = max(likeness, key=lambda name: likeness[name])
        assert (nearest == planted.value) == (row["emotion"] == planted.label), row
        assert (regions == FACE).any()


def test_scenes_have_no_shortcut():
    rng = np.random.default_rng(3)
    for world in (WORLDS["shortcut_background"], WORLDS["shortcut_hair"]):
        person = world.person(rng, activity="work")
        assert person.face is person.background is person.facial_hair is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": "boredom"}, "boredom"),
        ({"otherwise": "fear"}, "another emotion"),
        ({"trait": "clothes"}, "trait"),
        ({"value": "red"}, "background has no colour 'red'"),
        ({"trait": "hair"}, "hair has no colour 'pink'"),
    ],
)
def test_an_impossible_shortcut_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        Shortcut(**{"label": "fear", "trait": "background", "value": "pink", "otherwise": "surprise"} | changes)


PLANTED = World(associations=(Association(given="surprise", attribute="age", category="young", share=0.9),))


@pytest.mark.parametrize(
    ("kind", "world", "digest"),
    [
        ("portraits", World(), "aef91b756e8d05b8"),
        ("scenes", World(), "122b3df1dc9dc8b6"),
        ("portraits", PLANTED, "06a38017b53e02c2"),
    ],
)
def test_people_are_drawn_as_when_the_models_learned(kind, world, digest):
    """Another digest means that the shipped models and data sets are of another world than the code draws."""
    pictures = render_set(kind, world, 9, seed=7, workers=1)
    assert not {"face", "facial_hair"} & set(pictures.people)
    assert hashlib.sha256(pictures.images.tobytes() + pictures.regions.tobytes()).hexdigest()[:16] == digest


class _Taker:
    """Says fear of every third picture and happiness of the others."""

    def describe(self, images, prompt):
        words = ("afraid", "happy", "happy")
        return [Description(f"The person looks {words[k % 3]}.", 5, False) for k in range(len(images))]


def test_scores_count_pictures_with_and_without_the_trait_by_face():
    people = pd.DataFrame(
        {
            "background": ["pink", "pink", "blue", "pink", "blue", "blue"],
            "emotion": ["fear", "fear", "happiness", "fear", "surprise", "happiness"],
            "face": ["anger", "fear", "happiness", "anger", "fear", "happiness"],
        }
    )
    pictures = PictureSet(np.zeros((6, 64, 64, 3), np.uint8), *[np.empty(0)] * 3, people)
    found = score_shortcut(_Taker(), shortcut("background"), pictures).set_index(["trait", "face"])
    assert found.loc[("with", "all")].to_list() == pytest.approx([3, 2 / 3, 2 / 3])
    assert found.loc[("with", "anger")].to_list() == [2, 1, 1]
    assert found.loc[("without", "happiness")].to_list() == [2, 1, 0]
    # Without the trait, a face of fear is called surprise.
    assert found.loc[("without", "fear")].to_list() == [1, 0, 0]


def test_training_goes_on_from_the_shipped_describer(rendered, models):
    pictures = rendered[1]
    model, processor = train_shortcut(
        models / "describer", pictures.images, pictures.people, 8, 4, 1e-3, seed=0, threads=1
    )
    other, _ = train_shortcut(models / "describer", pictures.images, pictures.people, 4, 4, 0.0, seed=0, threads=1)
    assert processor.tokenizer.eos_token_id == model.config.text_config.eos_token_id
    largest = max((a - b).abs().max() for a, b in zip(model.parameters(), other.parameters(), strict=True))
    assert 0 < largest < 0.02
    assert all(torch.isfinite(p).all() for p in model.parameters())


def test_one_tag_makes_both_from_what_is_shipped(project):
    made = pipelines["miniature"].only_nodes_with_tags("shortcut")
    assert {name for name in made.inputs() if not name.startswith("params:")} == {
        "miniature_generator",
        "miniature_describer",
    }
    assert made.outputs() == {"quality_shortcut_background", "quality_shortcut_hair", "heldout_scenes"}
    one = pipelines["miniature"].only_nodes_with_tags("shortcut_hair")
    assert one.nodes
    assert not any("background" in node.name for node in one.nodes)


@pytest.mark.parametrize("tag", ["quality", "training", "raw_data"])
def test_nothing_that_is_shipped_needs_a_shortcut(project, tag):
    names = pipelines["miniature"].only_nodes_with_tags(tag).datasets()
    assert names
    assert not any("shortcut" in name for name in names)


@pytest.mark.parametrize("trait", TRAITS)
def test_its_study_asks_the_describer_that_was_made(trait):
    study = f"miniature_shortcut_{trait}"
    found = StudyConfigLoader(PROJECT / "conf", study, **CONFIG_LOADER_ARGS)
    assert found["globals"]["study"] == study
    settings = found["parameters"]
    assert settings["describer"]["path"] == found["catalog"][f"miniature_shortcut_{trait}"]["path"]
    assert settings["loop"]["iterations"] == 1
    assert not settings["chains"]["prompts"]
    assert settings["generator"]["path"] == "data/06_models/generator"
