"""The check of changed originals: what passes, what is left out and why, and the data set of the rest."""

import io

import pandas as pd
import pytest

from broken_telephone.counterfactuals import (
    CounterfactualSettings,
    checked_originals,
    data_set_files,
    originals_of,
    outcome_sentence,
)
from broken_telephone.errors import StudyError
from broken_telephone.labels import RAF

TARGET = ("gender", "female")
SETTINGS = CounterfactualSettings(attribute="gender", category="female", prompt="{category}, {label}")
MAN = {"gender": "male", "age": "20-39", "emotion": "fear"}
WOMAN = MAN | {"gender": "female"}


def tables(genders: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = [f"p{number}" for number in range(len(genders))]
    people = pd.DataFrame(
        {"person_id": names, "image_id": names, "is_main": True, "split": "test", "gender": genders}
        | {"emotion": "fear", "age": "20-39", "x": 1, "y": 2, "width": 3, "height": 4}
    )
    rows = [
        {"chain_id": f"{name}_r{k}", "start": "image", "image_id": name, "image_path": f"in/{name}_aligned.jpg"}
        | {"image_digest": f"digest {name}", "label": "fear"}
        for name in names
        for k in range(2)
    ]
    prompt = {"chain_id": "prompt_r0", "start": "prompt", "image_id": None, "label": "fear"}
    return pd.DataFrame([*rows, prompt]), people


def checked(answers, failures=None, genders=("male", "female", "male", "male", "male", "male")):
    chains, people = tables(list(genders))
    wanted = originals_of(chains, people, SETTINGS, TARGET, 1)
    return checked_originals(chains, people, wanted, failures or {}, answers, TARGET), wanted, people


def test_originals_without_the_category_are_changed_once_each_with_seeds_of_their_own():
    chains, people = tables(["male", "female", "male"])
    wanted = originals_of(chains, people, SETTINGS, TARGET, 1)
    assert [one.name for one in wanted] == ["p0", "p2"]
    assert {one.prompt for one in wanted} == {"female, fear"}
    assert len({one.seed for one in wanted}) == 2
    assert [one.seed for one in originals_of(*tables(["female", "female", "male"]), SETTINGS, TARGET, 1)] == [
        wanted[1].seed
    ]


def test_outcomes_state_what_is_wrong():
    answers = {
        "p0": (MAN, WOMAN),
        "p2": (MAN, MAN),
        "p3": (MAN, WOMAN | {"emotion": "anger"}),
        "p4": (MAN, None),
    }
    table, _, _ = checked(answers, {"p5": "a black picture"})
    found = table.set_index("image_id")
    assert found["outcome"].to_dict() == {
        **{"p0": "exchanged", "p1": "as it was"},
        **dict.fromkeys(("p2", "p3", "p4", "p5"), "left out"),
    }
    assert found.loc["p2", ["problem", "reason"]].to_list() == ["attribute not exchanged", "gender: male"]
    assert found.loc["p3", ["problem", "reason"]].to_list() == ["something else changed", "emotion: fear became anger"]
    assert found.loc["p4", "reason"] == "the annotator gave no answer"
    assert found.loc["p5", ["problem", "reason"]].to_list() == ["no picture", "a black picture"]
    assert outcome_sentence(table, TARGET) == (
        "Of 6 originals, 1 were changed to gender female, 1 have it already, and 4 are left out "
        "(attribute not exchanged: 2; something else changed: 1; no picture: 1)"
    )


def test_an_error_of_the_annotator_about_both_pictures_is_no_change():
    wrong = {"age": "70+"}
    table, _, _ = checked({"p0": (MAN | wrong, WOMAN | wrong)}, genders=("male",))
    assert table["outcome"].to_list() == ["exchanged"]


def test_the_data_set_has_the_originals_names_and_the_wanted_category():
    table, _, people = checked({"p0": (MAN, WOMAN), "p2": (MAN, MAN)}, genders=("male", "female", "male"))
    contents = {"p0": b"changed", "p1": b"original"}
    files = data_set_files(table, people, ("emotion", "gender", "age"), TARGET, contents)
    assert {name: files[name] for name in files if name != "people.csv"} == {
        "p0.png": b"changed",
        "p1.jpg": b"original",
    }
    written = pd.read_csv(io.BytesIO(files["people.csv"]))
    assert written["image"].to_list() == ["p0.png", "p1.jpg"]
    assert written["gender"].to_list() == ["female", "female"]
    assert written["emotion"].to_list() == ["fear", "fear"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "are not stated"),
        ({"attribute": "hair", "category": "red"}, "RAF has no 'hair'"),
        ({"attribute": "gender", "category": "woman"}, "gender has no category 'woman'"),
    ],
)
def test_a_target_that_does_not_exist_is_refused(settings, message):
    with pytest.raises(StudyError, match=f"(?i){message}"):
        CounterfactualSettings(**settings).target(RAF)


def test_nothing_to_change_is_refused():
    with pytest.raises(StudyError, match="all 2 originals have gender 'female' already"):
        originals_of(*tables(["female", "female"]), SETTINGS, TARGET, 1)


def test_a_prompt_with_an_unknown_place_is_refused():
    with pytest.raises(ValueError, match="has a place that nothing fills"):
        CounterfactualSettings(prompt="a {person}")
