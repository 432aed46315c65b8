import random

import pytest

from broken_telephone.labels import PHASE, RAF, find_label_words, match_label, mentions

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
    assert match_label(text, EMOTION) == (status, label)


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
    assert match_label(text, ACTIVITY) == (status, label)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The person looks happy.", [("happiness", "happy")]),
        ("HAPPY, and sad", [("happiness", "HAPPY"), ("sadness", "sad")]),
        ("She is not sad, but angry.", [("anger", "angry")]),
        ("Not happy. Unhappy! Happy, happy.", [("sadness", "Unhappy"), ("happiness", "Happy"), ("happiness", "happy")]),
        ("He is not happy; she is happy", [("happiness", "happy")]),
        ("**Happy**: <b>joyful</b> __sad__", [("happiness", "Happy"), ("happiness", "joyful")]),
        (
            "\u201cHappy\u201d \u2014 it\u2019s  a\u00a0sad   face &amp; an angry one",
            [("happiness", "Happy"), ("sadness", "sad"), ("anger", "angry")],
        ),
        ("🙂🙂 a happy person", [("happiness", "happy")]),
        ("A neutral background. A neutral face.", [("neutral", "neutral")]),
        # What is written otherwise is left out, and so is what cannot be told from it.
        ("\uff48\uff41\uff50\uff50\uff59", []),
        ("\uff48\uff41\uff50\uff50\uff59, not happy.", []),
        ("<img alt=happy> A happy, sad man.", [("sadness", "sad")]),
        ("A portrait.", []),
        ("He does not look happy.", []),
        ("", []),
    ],
)
def test_words_that_name_a_label_are_found_where_they_stand(text, expected):
    found = find_label_words(text, EMOTION)
    assert [(mention.category, text[mention.start : mention.end]) for mention in found] == expected
    assert sorted(found, key=lambda mention: mention.start) == found
    # Each stands alone: the letters beside it are none of the word.
    for mention in found:
        assert not text[mention.end : mention.end + 1].isalpha()
        assert not text[: mention.start][-1:].isalpha()


@pytest.mark.parametrize("seed", range(3))
def test_the_places_of_words_are_those_of_the_text_whatever_stands_around(seed):
    """Words with a number in front of each, among all that a plain text leaves out: the number tells which is meant."""
    chance = random.Random(seed)
    fillers = ["&amp;", "<b>so</b>", "\u2014", "  ", "**very**", "🙂", "\u2019tis", "\n", "x&lt;y", "<br>"]
    words = [chance.choice(["happy", "sad", "angry", "not happy"]) for _ in range(30)]
    text = ""
    for number, word in enumerate(words):
        text += f" {chance.choice(fillers)} {number}. {word}."
    expected = [text.index(f" {k}. {word}.") + len(f" {k}. ") for k, word in enumerate(words) if "not" not in word]
    assert [mention.start for mention in find_label_words(text, EMOTION)] == expected


def test_words_and_the_label_they_name_agree():
    for text in ("He is happy.", "She is sad, sad.", "No anger at all.", "Happy or sad?"):
        labels = {mention.category for mention in find_label_words(text, EMOTION)}
        assert match_label(text, EMOTION).label == (labels.pop() if len(labels) == 1 else None)


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
