import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broken_telephone.labels import is_english, mentions, neutralise
from broken_telephone.labels.answer_parsing.demographic_terms import NEUTRAL, TERMS
from broken_telephone.labels.neutral_terms import REPLACEMENTS, TITLES

BOTH = ["gender", "age"]
ALL = ["gender", "age", "ethnicity", "skin_tone"]


def stated(text: str, attributes: list[str]) -> list:
    """The terms that count: all but neutral pronouns."""
    return [term for term in mentions(text) if term.attribute in attributes and term.category != NEUTRAL]


@pytest.mark.parametrize(
    ("text", "neutral"),
    [
        ("She is a young woman with long hair.", "They are a person with long hair."),
        ("Her smile shows that she's happy.", "Their smile shows that they're happy."),
        ("The woman's eyes are closed; he looks at her.", "The person's eyes are closed; they look at them."),
        (
            "He smiles and looks happy. He carries his bag, and it is his.",
            "They smile and look happy. They carry their bag, and it is theirs.",
        ),
        ("He or she watches it. Give it to him or her.", "They watch it. Give it to them."),
        ("Is she happy? Doesn't he run?", "Are they happy? Don't they run?"),
        ("He's got it, she has been here.", "They've got it, they have been here."),
        ("This makes her look happy.", "This makes them look happy."),
        ("The girls' dresses; women's shoes", "The people's dresses; people's shoes"),
        ("Mr. Smith and Mrs. Jones", "Smith and Jones"),
        ("A female athlete runs. A female with a hat.", "An athlete runs. A person with a hat."),
        ("The person is female and very old.", "The person is of some gender and of some age."),
        ("Ladies and gentlemen", "People"),
        ("a 25-year-old man in his early 30s", "a person"),
        ("She is in her thirties.", "They are of some age."),
        ("The elderly are resting.", "The people are resting."),
        ("AN ELDERLY LADY", "A PERSON"),
        ("Young woman smiling", "Person smiling"),
        ("the young, happy woman", "the happy person"),
        ("A happy and young woman, her brother and his son.", "A happy person, their sibling and their relative."),
        ("An old umbrella, a young artist", "An umbrella, an artist"),
        ("A baby girl and her grandmother", "A person and their person"),
        ("The boy himself goes.", "The person themselves goes."),
    ],
)
def test_gender_and_age_are_taken_out(text, neutral):
    assert neutralise(text, BOTH) == neutral


@pytest.mark.parametrize(
    ("attributes", "neutral"),
    [
        (["gender"], "A Black child with dark skin and their grandparent"),
        (["age"], "A Black female person with dark skin and her female relative"),
        (["ethnicity"], "A girl with dark skin and her grandmother"),
        (["skin_tone"], "A Black girl with skin and her grandmother"),
        (ALL, "A person with skin and their person"),
        ([], "A Black girl with dark skin and her grandmother"),
    ],
)
def test_what_other_attributes_say_is_kept(attributes, neutral):
    assert neutralise("A Black girl with dark skin and her grandmother", attributes) == neutral


def test_the_miniatures_sentences_keep_all_but_the_person():
    """Its sentences are made from known parts, so the exact neutral text is known."""
    from broken_telephone.miniature.world import language

    for (age, gender), colour in product(language.NOUNS, ("white", "black")):
        row = {"kind": "portraits", "skin_tone": "darker", "age": age, "gender": gender, "hair_style": "bob"}
        row |= {"hair_colour": colour, "clothes": "red", "emotion": "happiness", "background": "blue"}
        expected = f"A happy person with dark skin, a {colour} bob and red clothes, blue background."
        assert neutralise(language.free_sentence(row), BOTH) == expected
    for prompts in language.EXPRESSIONS.values():
        assert all(neutralise(text, ALL) == text for text in prompts)


def words_of(pattern: str) -> set[str]:
    """Words of the lexicon without brackets, classes and lookarounds, which stand for themselves."""
    return {word for word in re.split(r"\|", pattern) if re.fullmatch(r"[a-z]+", word)}


TERM_WORDS = sorted(
    {word for groups in TERMS.values() for pattern in groups.values() for word in words_of(pattern.replace("s?", ""))}
    | {noun for nouns in REPLACEMENTS.values() for noun in nouns}
    | {"young", "old", "in her 30s", "25 years old", "five-year-old", "dark skin", "fair-skinned", "Asian", "white"}
    | {"she", "he's", "(s)he", "his or her", "him/her", "herself", "middle-aged", "grown-up", "Miss A"}
)
OTHER_WORDS = ["a", "an", "the", "two", "is", "looks", "and", "or", "with", "hair", "happy", "runs", "in", "of", "very"]
SIGNS = [" ", " ", " ", ", ", ". ", "-", "/", "'s ", "'", "\n", "; ", " <b>", "&amp;", "\0", "\x02", "  "]
texts = st.lists(
    st.tuples(
        st.sampled_from(TERM_WORDS + OTHER_WORDS),
        st.sampled_from([str, str.capitalize, str.upper]),
        st.sampled_from(SIGNS),
    ),
    max_size=12,
).map(lambda parts: "".join(case(word) + sign for word, case, sign in parts))


@settings(max_examples=400, deadline=None)
@given(text=texts | st.text(max_size=40), attributes=st.lists(st.sampled_from(ALL), unique=True))
def test_no_term_is_left_and_a_second_time_changes_nothing(text, attributes):
    neutral = neutralise(text, attributes)
    assert stated(neutral, attributes) == []
    assert neutralise(neutral, attributes) == neutral
    assert "\0" not in neutral or neutral == text


@settings(max_examples=200, deadline=None)
@given(text=st.lists(st.sampled_from([*OTHER_WORDS, "they", "their", " ", "“", "<i>", "\t", "é"])).map(" ".join))
def test_a_text_without_terms_is_the_same_to_the_byte(text):
    assert stated(text, ALL) == []
    assert neutralise(text, ALL) == text


def test_every_noun_of_the_lexicon_is_a_term_and_its_replacement_none():
    """Otherwise an entry would never be used, or would have to be replaced again."""
    for attribute, nouns in REPLACEMENTS.items():
        for noun, neutral in nouns.items():
            text = f"{noun.capitalize()} A" if noun in TITLES else noun
            assert stated(text, [attribute]), noun
            assert not stated(neutral, [attribute]), neutral


@pytest.mark.parametrize(
    "text",
    [
        "Une femme sourit à la caméra avec son chien.",
        "Eine junge Frau lächelt in die Kamera.",
        "Una mujer joven con pelo largo",
        "Una donna con i capelli lunghi che sorride",
        "O homem está sorrindo com uma menina",
        "De vrouw lacht naar de camera",
        "一个年轻女人在笑",
        "Молодая женщина",
    ],
)
def test_other_languages_are_recognised(text):
    assert not is_english(text)


@pytest.mark.parametrize(
    "text", ["A woman.", "happy", "", "Young woman smiling outdoors", "The person looks happy, with a broad smile."]
)
def test_english_is_recognised(text):
    assert is_english(text)
