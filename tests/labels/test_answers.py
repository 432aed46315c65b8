"""Forms are read as a person would: a table of answers as models write them, and what it does not hold."""

from pathlib import Path

import pytest
import yaml

from broken_telephone.labels import FORMS, RAF, concept_form, parse_form

TABLES = ("answers.yml", "answers_blind.yml")
ANSWERS = [
    answer for table in TABLES for answer in yaml.safe_load(Path(__file__).with_name(table).read_text(encoding="utf-8"))
]


def read(text: str, form: str, **more) -> dict[str, str]:
    readings = parse_form(text, FORMS[form], **more)
    return {name: r.category if r.status == "valid" else r.status for name, r in readings.items()}


def test_the_tables_hold_four_hundred_answers_to_all_forms():
    assert len(ANSWERS) >= 400
    assert {answer["form"] for answer in ANSWERS} == set(FORMS)


@pytest.mark.parametrize("answer", ANSWERS, ids=[f"{a['form']}-{a['about']}" for a in ANSWERS])
def test_answers_are_read_as_a_person_would(answer):
    assert read(answer["text"], answer["form"]) == answer["expect"]


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("The main person is an old man with dark hair.", "phase", ("invalid", "male", "senior")),
        ("A woman in a black dress, about 30 years old", "raf", ("invalid", "female", "20-39")),
        ("The person wears a white shirt.", "raf", ("invalid", "invalid", "invalid")),
        ("A man in an old house, light clothing", "phase", ("invalid", "male", "invalid")),
        ("1. dark blonde hair, light skin\n2. female\n3. adult", "phase", ("lighter", "female", "adult")),
        ("1. light-medium\n2. male\n3. adult", "phase", ("invalid", "male", "adult")),
        ("male\n20-39\nAsian", "raf", ("Asian", "male", "20-39")),
        ("female, adult, lighter", "phase", ("lighter", "female", "adult")),
        (
            "An afraid young woman with light skin, a black ponytail and a green shirt.",
            "raf",
            ("invalid", "female", "invalid"),
        ),
        ("An afraid young woman, black ponytail, green shirt", "raf", ("invalid", "female", "invalid")),
        ("1. a man with a black afro\n2. male\n3. 20-39", "raf", ("invalid", "male", "20-39")),
        ("1. dark braids\n2. female\n3. adult", "phase", ("invalid", "female", "adult")),
        ("1. white, with a black bob\n2. female\n3. old", "free", ("white", "female", "old")),
    ],
)
def test_words_about_hair_clothes_and_houses_are_no_answers(text, form, expected):
    assert tuple(read(text, form).values()) == expected


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("1. 2\n2. 1\n3. 4", "raf", ("invalid", "invalid", "invalid")),
        ("1. Option 7\n2. Option 4\n3. Option 7", "raf", ("invalid", "invalid", "invalid")),
        ("1. Asian\n2. male\n3. 3 (20-39)", "raf", ("Asian", "male", "invalid")),
        ("1. Hispanic or white\n2. M/F\n3. not 20-39", "raf", ("invalid", "invalid", "invalid")),
        (
            "1. A black-and-white photo\n2. I'm, well, a machine\n3. 36 months",
            "raf",
            ("invalid", "invalid", "0-3"),
        ),
        ("1. medium to dark\n2. male, the other female\n3. 36 months", "phase", ("invalid", "invalid", "child")),
        ("1. It is too dark.\n2. male\n3. adult, about 25", "phase", ("invalid", "male", "invalid")),
        ("1. white\n2. male\n3.\n\nThe other people are far away.", "free", ("white", "male", "invalid")),
        ("1. white\n2. male\n3. <18", "free", ("white", "male", "child or teenager")),
        ("1. white\n2. male\n3. almost 60", "free", ("white", "male", "middle-aged")),
        ("1. white\n2. male\n3. no older than 17", "free", ("white", "male", "child or teenager")),
        ("<think>An old man?</think>1. white\n2. male", "free", ("white", "male", "invalid")),
    ],
)
def test_what_looks_like_an_answer_is_not_taken_for_one(text, form, expected):
    assert tuple(read(text, form).values()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Person 1: Asian, male, 20-39\nPerson 2: Caucasian, female, 40-69", ("invalid", "invalid", "invalid")),
        ("Person 1 (main): Asian, male, 20-39\nPerson 2: Caucasian, female, 40-69", ("Asian", "male", "20-39")),
        (
            "# Main person\n1. Asian\n2. male\n3. 20-39\n# Woman\n1. white\n2. female\n3. 9",
            ("Asian", "male", "20-39"),
        ),
        ("1. Asian\n2. male\n3. 20-39\n\nOther person:\n\n1. white\n2. female\n3. 70+", ("Asian", "male", "20-39")),
        ("The main person is an Asian man over 70. Next to him is a white woman.", ("Asian", "male", "70+")),
        ("Main person: a man\nOther people: two women\n1. Asian\n2. male\n3. 20-39", ("Asian", "male", "20-39")),
        (
            '{"main_person": {"ethnicity": "Asian", "gender": "M"}, "other_person": {"gender": "F", "age": 9}}',
            ("Asian", "male", "invalid"),
        ),
    ],
)
def test_only_what_is_said_of_the_main_person_counts(text, expected):
    assert tuple(read(text, "raf").values()) == expected


@pytest.mark.parametrize(
    ("text", "truncated", "expected"),
    [
        ("1. African-", False, ("invalid", "invalid", "invalid")),
        ("1. Asian\n2. female\n3. 20-", False, ("Asian", "female", "invalid")),
        ("1. African-American\n2. male\n3. 20-39", False, ("African-American", "male", "20-39")),
        ("1. Asian\n2. female\n3. 4", True, ("Asian", "female", "invalid")),
        ("1. Asian\n2. female\n3. 70+\n", True, ("Asian", "female", "70+")),
        ("1. Asian\n2. female\n3. 20\u201339. The person", True, ("Asian", "female", "20-39")),
    ],
)
def test_a_word_that_was_cut_off_is_no_answer(text, truncated, expected):
    assert tuple(read(text, "raf", truncated=truncated).values()) == expected


def test_a_line_that_declines_is_refused_alone_and_names_nothing():
    answer = "1. I decline to say whether he is Asian or Caucasian.\n2. I won't guess, but male\n3. I'd rather not"
    assert tuple(read(answer, "raf").values()) == ("refused", "male", "refused")


def test_a_content_filter_refuses_for_the_model():
    assert set(read("1. Caucasian", "raf", refused=True).values()) == {"refused"}


def test_a_category_is_null_unless_the_answer_is_valid():
    readings = parse_form("1. Asian\n2. unsure\n3. 20-39 or 40-69", FORMS["raf"])
    assert [(r.status, r.category) for r in readings.values()] == [
        ("valid", "Asian"),
        ("unsure", None),
        ("invalid", None),
    ]


def test_prompts_offer_what_is_read():
    assert FORMS["phase"].prompt == (
        "Fill in this form about the main person. 1. Skin tone: lighter / darker 2. Gender: male / female / unsure "
        "3. Age: baby (0-2) / child (3-14) / young adult (15-29) / adult (30-64) / senior (65+) / unsure"
    )
    for form in FORMS.values():
        assert form.questions
        for question in form.questions:
            assert question.options
            for word, category in question.options.items():
                found = parse_form(word, type(form)("one", (question,)))[question.variable]
                assert (found.category or found.status) == category


def test_the_form_of_a_concept_asks_one_question():
    form = concept_form("emotion", RAF.concepts["emotion"])
    assert "1. Emotion: surprise / fear / disgust" in form.prompt
    assert parse_form("The person looks sad.", form)["emotion"].category == "sadness"
