"""Settings of a comparison, and the settings in which studies differ."""

import pytest

from broken_telephone.comparison import ComparisonSettings, differing_settings
from broken_telephone.errors import StudyError

ARMS = {"one": "study_a", "two": "study_b"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"arms": {"one": "study_a"}}, "has one arm, 'one'. A comparison needs two"),
        ({"arms": ARMS, "reference": "three"}, "'three' is none of comparison.arms (one, two)"),
        ({"arms": {"one": "study_a", "One": "study_b"}}, "the arm 'one' is named twice"),
        ({"arms": {"one": "study_a", "two": "Study_A"}}, "the study 'study_a' is named twice"),
        ({"arms": {" one": "study_a", "two": "study_b"}}, "' one' is no name"),
        ({"arms": {"one": "study/a", "two": "study_b"}}, "'study/a' cannot be the name of a study"),
        ({"arms": ARMS, "factors": {"three": {"prompt": "a"}}}, "'three' is none of comparison.arms"),
        ({"arms": ARMS, "factors": {"one": {"prompt": "a"}}}, "the arm 'two' has no levels"),
        ({"arms": ARMS, "factors": {"one": {"prompt": "a"}, "two": {"model": "b"}}}, "must state the same factors"),
        ({"arms": ARMS, "factors": {"one": {}, "two": {}}}, "states no factor"),
        ({"arms": ARMS, "shown": 3}, "'shown' is not a setting here"),
    ],
)
def test_wrong_settings_are_refused_and_named(settings, message):
    with pytest.raises(StudyError) as error:
        ComparisonSettings.model_validate(settings)
    assert message in str(error.value)


def test_the_first_arm_is_the_reference_unless_another_is_named():
    assert ComparisonSettings.model_validate({"arms": ARMS}).reference_arm == "one"
    assert ComparisonSettings.model_validate({"arms": ARMS, "reference": "two"}).reference_arm == "two"
    assert ComparisonSettings.model_validate({}).arms == {}


def test_settings_that_differ_are_listed_with_their_names():
    table = differing_settings(
        {
            "one": {"generator": {"guidance": 3.0, "steps": 12}, "loop": {"prompt": "x"}},
            "two": {"generator": {"guidance": 1.0, "steps": 12, "lora": {"path": "p"}}, "loop": {"prompt": "x"}},
        }
    )
    assert table.to_dict("records") == [
        {"setting": "generator.guidance", "one": "3.0", "two": "1.0"},
        {"setting": "generator.lora.path", "one": "(not set)", "two": "p"},
    ]
