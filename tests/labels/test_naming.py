import pytest

from broken_telephone.labels import PHASE, RAF, mentions, named

EMOTION, ACTIVITY = RAF.concepts["emotion"], PHASE.concepts["activity"]


@pytest.mark.parametrize(
    ("text", "status", "label"),
    [
        ("The person looks happy, with a broad smile.", "named", "happiness"),
        ("Her face shows HAPPINESS and joy.", "named", "happiness"),
        ("He is unhappy.", "named", "sadness"),
        ("She is not sad, but angry.", "named", "anger"),
        ("There is no sign of anger; the face is neutral.", "named", "neutral"),
        ("She doesn't look happy or angry. She is afraid.", "named", "fear"),
        ("Neither sad nor angry, the man seems surprised.", "named", "surprise"),
        ("A look of disgust rather than of anger", "named", "disgust"),
        ("It conveys anger more than sadness.", "named", "anger"),
        ("Without any fear, he looks delighted.", "named", "happiness"),
        ("Not only sad but in tears.", "named", "sadness"),
        ("A happy man before a neutral background.", "named", "happiness"),
        ("The expression could be sadness or fear.", "ambiguous", None),
        ("She looks surprised and happy.", "ambiguous", None),
        ("The person is not smiling and looks sad.", "named", "sadness"),
        ("The man with no hair looks happy.", "named", "happiness"),
        ("She can't hide her joy.", "named", "happiness"),
        ("No doubt he is angry.", "named", "anger"),
        ("He looks straight into the camera.", "none", None),
        ("He does not look happy.", "none", None),
        ("", "none", None),
    ],
)
def test_emotions_are_read_from_descriptions(text, status, label):
    assert named(text, EMOTION) == (status, label)


@pytest.mark.parametrize(
    ("text", "status", "label"),
    [
        ("The person is doing household work with a broom.", "named", "household"),
        ("Someone is working at a desk.", "named", "work"),
        ("The main person is dancing to music.", "named", "dance and music"),
        ("The activity is sports: she kicks a ball.", "named", "sports"),
        ("He is helping a child who is eating.", "ambiguous", None),
        ("A man stands in a street.", "none", None),
    ],
)
def test_activities_are_read_from_descriptions(text, status, label):
    assert named(text, ACTIVITY) == (status, label)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A woman holds her bag.", {("gender", "female", "woman", 1), ("gender", "female", "her", 1)}),
        ("The man's human smile", {("gender", "male", "man", 1)}),
        ("A boy", {("gender", "male", "boy", 1), ("age", "child", "boy", 1)}),
        (
            "an elderly white lady in a white shirt",
            {("age", "old", "elderly", 1), ("ethnicity", "white", "white", 1), ("gender", "female", "lady", 1)},
        ),
        ("a black car", set()),
        ("She has dark skin.", {("gender", "female", "she", 1), ("skin_tone", "darker", "dark skin", 1)}),
        ("a light-skinned person", {("skin_tone", "lighter", "light-skinned", 1)}),
        ("a 5 years old child", {("age", "years", "5 years old", 1), ("age", "child", "child", 1)}),
        ("They look young, young, young", {("gender", "neutral", "they", 1), ("age", "young", "young", 3)}),
        ("The person feels happy.", set()),
    ],
)
def test_demographic_terms_are_found(text, expected):
    assert set(mentions(text)) == expected
