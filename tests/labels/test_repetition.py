"""Output that repeats itself to the limit, and texts that merely repeat a word."""

import pytest

from broken_telephone.labels.answer_parsing.degenerate_output import is_degenerate

SENTENCE = "The person in the picture is smiling at the camera. "


@pytest.mark.parametrize(
    "text",
    [
        "!" * 77,
        "! " * 77,
        "the " * 77,
        "happy " * 20,
        "a happy, happy person, " * 12,
        "A woman smiles. " + SENTENCE * 4,
        (SENTENCE * 4)[:-17],
        "Ha ha HA ha ha Ha ha ha ha ha ha ha ha",
        "\u5feb\u4e50" * 30,
        "\U0001f600" * 20 + "\ufffd",
        "0" * 40,
        ". . . . . . . . . . . . . . . . . . . .",
        "The man is sad.\n" * 8,
        "\ufffd" * 50,
        "!" * 15,
        "0123456789" * 8,
        "ababab",
        "\n".join(f"{place}. happy" for place in range(1, 12)),
        "\n".join(f"{place}) happy" for place in range(1, 15)) + "\n15",
        "<unk>" * 50,
    ],
)
def test_one_character_phrase_or_sentence_to_the_limit_is_degenerate(text):
    assert is_degenerate(text, truncated=True)


@pytest.mark.parametrize("text", ["!" * 77, "the " * 40, SENTENCE * 12, "-" * 60])
def test_a_long_repetition_is_degenerate_though_it_ended(text):
    assert is_degenerate(text, truncated=False)


@pytest.mark.parametrize("truncated", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes",
        "No.",
        "aaah",
        "Noooooo!",
        "...",
        "!!!",
        "Hmm...",
        "very very happy",
        "a very, very, very happy person",
        "no, no, no",
        "happy happy happy happy happy happy",
        "1. white\n2. male\n3. old",
        "1. white\n2. male\n3. old\n4. yes\n5. yes\n6. yes\n7. no\n8. no\n9. no",
        "1. ethnicity: white\n2. gender: male\n3. age: 20-39\n4. emotion: happy\n5. hair: brown",
        "- smile\n- eyes\n- hair\n- smile",
        "Person 1: happy, person 2: happy, person 3: happy, person 4: sad, person 5: happy.",
        "The man is happy. The woman is happy. The child is happy. The dog is happy.",
        "The person is happy. The person is happy. The per",
        "The woman smiles ............",
        "A young woman with long hair smiles at the camera, and behind her a man looks sad and tired!!!!!!!!!!!!!!!!!!",
        "1",
        "11",
        "no\nno\nno",
        "\n".join(f"{place}. {word}" for place, word in enumerate(["yes", "no", "unsure"] * 4)),
        "Bora Bora, Walla Walla, New York, New York",
    ],
)
def test_texts_that_repeat_a_little_are_not(text, truncated):
    assert not is_degenerate(text, truncated)
