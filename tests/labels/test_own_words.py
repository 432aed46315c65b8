"""Attributes of a study's own in texts: how answers to their questions are read, and where descriptions name them."""

import pytest
from own_attributes import GLASSES, HAIR_COLOUR, HEAD, dataset

from broken_telephone.annotation import AnnotationSettings, form_of
from broken_telephone.labels import own_mentions, parse_form
from broken_telephone.labels.answer_parsing.own_attributes import NEGATED

OWN = dataset(glasses=GLASSES, hair_colour=HAIR_COLOUR, head_covering=HEAD)
FORM = form_of(AnnotationSettings(), OWN.words)
KNOWN = "1. Asian\n2. female\n3. 20-39\n"


def read(text):
    """Return the category or the status of the own attributes."""
    answers = parse_form(text, FORM)
    return [answers[name].category or answers[name].status for name in OWN.attributes]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (KNOWN + "4. glasses\n5. black\n6. hat or cap", ["glasses", "black", "hat or cap"]),
        # The title of a question is one of its options, too.
        (KNOWN + "4. glasses\n5. hair colour: grey\n6. nothing on it", ["glasses", "grey", "nothing on it"]),
        (KNOWN + "4. Glasses: glasses\n5. Hair color: black hair\n6. a cap", ["glasses", "black", "hat or cap"]),
        (
            "Gender: female\nGlasses: no\nHair colour: blonde\nWhat does the person wear on the head? A hijab.",
            ["no glasses", "blond", "headscarf"],
        ),
        ("Asian, female, 20-39, sunglasses, dark brown, bare-headed", ["sunglasses", "brown", "nothing on it"]),
        (
            "| Ethnicity | Gender | Age | Glasses | Hair colour | Head covering |\n|-|-|-|-|-|-|\n"
            "| Asian | male | 70+ | glasses | gray | hat |",
            ["glasses", "grey", "hat or cap"],
        ),
        (
            '{"ethnicity": "Asian", "gender": "male", "age": "70+", "glasses": "spectacles", "hair_colour": "black", '
            '"head_covering": "hat"}',
            ["glasses", "black", "hat or cap"],
        ),
        ("1. Asian | 2. male | 3. 20-39 | 4. glasses | 5. black | 6. cap", ["glasses", "black", "hat or cap"]),
        (KNOWN + "4. cannot tell\n5. not visible\n6. unsure", ["unsure", "unsure", "unsure"]),
        # Two options, a denied one, a word that no option covers.
        (KNOWN + "4. glasses or sunglasses\n5. green\n6. not a hat", ["invalid", "invalid", "invalid"]),
        (KNOWN + "4. not wearing glasses\n5. \n6. crown", ["invalid", "invalid", "invalid"]),
        # Text about anything: clothes say nothing of the hair, and what is not named is not guessed.
        ("An Asian woman of 25 years in a black shirt, wearing sunglasses.", ["sunglasses", "invalid", "invalid"]),
        ("An Asian woman of 25 years with black, curly hair.", ["invalid", "black", "invalid"]),
    ],
)
def test_answers_are_read_as_those_of_the_published_forms(text, expected):
    assert read(text) == expected


def test_the_published_questions_are_read_as_before():
    answers = parse_form(KNOWN + "4. glasses\n5. white shirt\n6. cap", FORM)
    assert [answers[name].category for name in ("ethnicity", "gender", "age")] == ["Asian", "female", "20-39"]


def test_a_short_answer_counts_only_where_one_category_denies():
    two_denials = {"categories": ["no hat", "no hair", "hat"]}
    form = form_of(AnnotationSettings(), dataset(head=two_denials).words)
    assert parse_form(KNOWN + "4. no", form)["head"].status == "invalid"
    one_denial = {"categories": ["no hat", "hat"]}
    form = form_of(AnnotationSettings(), dataset(head=one_denial).words)
    assert [parse_form(KNOWN + f"4. {word}", form)["head"].category for word in ("none", "yes")] == ["no hat", "hat"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A woman with long grey hair in a black shirt.", [("hair_colour", "grey", "grey", 1)]),
        ("Her hair is black, and she wears a black coat.", [("hair_colour", "black", "black", 1)]),
        ("His hair is long and grey.", [("hair_colour", "grey", "grey", 1)]),
        ("A black-haired man.", [("hair_colour", "black", "black", 1)]),
        (
            "A blonde woman in sunglasses. Sunglasses hide her eyes.",
            [
                ("glasses", "sunglasses", "sunglasses", 2),
                ("hair_colour", "blond", "blonde", 1),
            ],
        ),
        ("He is not wearing glasses.", [("glasses", NEGATED, "glasses", 1)]),
        (
            "A man without glasses and with no hat.",
            [
                ("glasses", "no glasses", "without glasses", 1),
                ("head_covering", NEGATED, "hat", 1),
            ],
        ),
        ("A man with a broad smile on a grey background.", []),
    ],
)
def test_descriptions_mention_them_only_where_the_person_is_meant(text, expected):
    assert [tuple(mention) for mention in own_mentions(text, OWN.own_variables)] == expected


def test_own_words_for_a_published_attribute_are_found_beside_the_lexicon_once():
    own = dataset("image_folder", ethnicity={"categories": ["Asian", "Maori"]}).own_variables
    assert [mention.term for mention in own_mentions("An Asian woman beside a Maori man.", own)] == ["maori"]
