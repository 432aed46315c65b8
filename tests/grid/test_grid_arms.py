"""The arms of a grid: names, levels, settings, and what is refused."""

import pytest

from broken_telephone.errors import StudyError
from broken_telephone.grid import GridSettings, arms_of
from broken_telephone.grid.arms import comparison_settings

FACTORS = {
    "generator": {"shipped": None, "null_world": {"generator": {"lora": {"path": "even"}}}},
    "describer": {"shipped": {}, "leaking": {"describer": {"adapter": {"path": "leak"}}}},
}


def arms(**stated):
    return arms_of(GridSettings.model_validate({"factors": FACTORS} | stated), "base")


def test_all_combinations_are_arms_and_the_first_levels_are_the_reference():
    assert [arm.study for arm in arms()] == [
        "base-shipped-shipped",
        "base-shipped-leaking",
        "base-null_world-shipped",
        "base-null_world-leaking",
    ]
    assert arms()[0].settings == {}
    assert arms()[3].settings == {"generator": {"lora": {"path": "even"}}, "describer": {"adapter": {"path": "leak"}}}


def test_a_list_of_arms_and_a_reference():
    listed = [
        {"generator": "shipped", "describer": "shipped"},
        {"describer": "leaking", "generator": "null_world"},
    ]
    assert [arm.study for arm in arms(arms=listed, reference=listed[1])] == [
        "base-null_world-leaking",
        "base-shipped-shipped",
    ]
    assert comparison_settings(arms(arms=listed)) == {
        "reference": "shipped + shipped",
        "arms": {"shipped + shipped": "base-shipped-shipped", "null_world + leaking": "base-null_world-leaking"},
        "factors": {
            "shipped + shipped": {"generator": "shipped", "describer": "shipped"},
            "null_world + leaking": {"generator": "null_world", "describer": "leaking"},
        },
    }


def test_without_explanations_the_arms_explain_no_chain():
    assert arms(explain=False)[1].settings["explain"] == {"chains_per_label": 0}


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"factors": {}}, "at least one factor with two levels"),
        ({"factors": {"generator": {"one": {}}}}, "at least one factor with two levels"),
        ({"factors": {"generator": {}}}, "has no levels"),
        ({"factors": {"generator": {"a b": {}, "c": {}}}}, "'a b' is no name"),
        ({"factors": {"generator": {"a": {"study": "x"}, "b": {}}}}, "cannot set 'study'"),
        ({"factors": {"generator": {"a": {}, "A": {}}}}, "Rename one of the levels"),
        ({"factors": {"generator": {"a" * 70: {}, "b": {}}}}, "longer than 64"),
        ({"factors": {"generator": {"a" * 45: {}, "b": {}}}}, "longer than 40"),
        ({"arms": [{"generator": "shipped"}]}, "states a level of each factor"),
        ({"arms": [{"generator": "x", "describer": "shipped"}]}, "'x' is no level of generator"),
        ({"arms": [{"generator": "shipped", "describer": "shipped"}]}, "at least two arms"),
        ({"reference": {"generator": "shipped", "describer": "x"}}, "'x' is no level"),
        (
            {"factors": {"a": {"x": {"loop": {"iterations": 1}}, "y": {}}, "b": {"z": {"loop": {"iterations": 2}}}}},
            "another level of the same arm sets 1",
        ),
    ],
)
def test_what_is_wrong_is_named(stated, message):
    with pytest.raises(StudyError, match=message):
        arms(**stated)
