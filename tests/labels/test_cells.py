"""Cells of researchers' own tables: what is translated, what stays unknown, and why."""

import pytest

from broken_telephone.labels import FREE, RAF, SCHEMES, Variable, read_cell, years_or_codes


@pytest.mark.parametrize(
    ("scheme", "name", "texts", "value"),
    [
        (
            "free",
            "age",
            ["36", "35.0", "35,5", "36 yrs", "36-year-old", "about 40", "in their 40s", "35\u201359"],
            "middle-aged",
        ),
        ("free", "age", ["0-3", "0", "<18", "18 months", "teen", "Toddler", "(4, 6)", "aged 12"], "child or teenager"),
        ("free", "age", ["more than 70", "70+", "65 plus", ">= 60", "60 or older", "seventies", "(60, 100)"], "old"),
        ("raf", "age", ["thirties", "25 to 34", "(25, 32)"], "20-39"),
        ("phase", "age", ["senior citizen", "70"], "senior"),
        ("free", "gender", ["F", "f", "W", "(f)", "F.", "lady", "a woman"], "female"),
        ("free", "gender", ["M", " m ", "gentleman"], "male"),
        ("free", "ethnicity", ["African American", "african_american"], "Black"),
        ("phase", "ethnicity", ["latina", "Hispanic"], "Latino"),
        ("free", "skin_tone", ["dark skin", "dark-skinned"], "darker"),
        ("free", "emotion", ["joy", "Cheerful"], "happiness"),
        ("free", "gender", ["unknown", "cannot tell"], "unsure"),
    ],
)
def test_words_that_the_form_reader_knows_are_translated(scheme, name, texts, value):
    variable = SCHEMES[scheme].variables[name]
    assert {text: read_cell(text, name, variable)[:2] for text in texts} == dict.fromkeys(texts, ("translated", value))


@pytest.mark.parametrize(
    ("scheme", "name", "text", "kind", "reason"),
    [
        ("free", "age", "20-39", "ambiguous", "young adult (18 to 34), middle-aged (35 to 59)"),
        ("free", "age", "thirties", "ambiguous", "covers several categories"),
        ("free", "age", "> 34", "ambiguous", "middle-aged (35 to 59), old (from 60)"),
        ("free", "age", "(15, 20)", "ambiguous", "names several categories: child or teenager, young adult"),
        ("free", "age", "30-", "unknown", "or an age in years"),
        ("free", "age", "young woman", "unknown", "Accepted: child or teenager"),
        ("free", "age", "midle-aged", "unknown", "did you mean middle-aged?"),
        ("free", "age", "1985", "unknown", "Accepted"),
        ("free", "age", "121", "unknown", "Accepted"),
        ("raf", "age", "19-Apr", "unknown", "this looks like a date"),
        ("free", "gender", "M/F", "ambiguous", "male, female"),
        ("free", "gender", "non-binary", "ambiguous", "a category that the scheme lacks"),
        ("free", "gender", "not male", "unknown", "Accepted: male, female, unsure"),
        ("free", "gender", "male?", "unknown", "did you mean male?"),
        ("free", "gender", "trans woman", "unknown", "Accepted"),
        ("free", "gender", "1", "unknown", "dataset.scheme"),
        ("free", "ethnicity", "latina", "ambiguous", "a category that the scheme lacks"),
        ("free", "ethnicity", "white/Black", "ambiguous", "white, Black"),
        ("free", "ethnicity", "asian", "unknown", "Accepted: white, Black, east Asian"),
        ("free", "emotion", "x" * 500, "unknown", "500 characters"),
    ],
)
def test_what_is_not_plain_has_no_value_and_a_reason(scheme, name, text, kind, reason):
    cell = read_cell(text, name, SCHEMES[scheme].variables[name])
    assert cell[:2] == (kind, None)
    assert reason in cell.reason


def test_own_words_and_codes_come_before_everything_else():
    mood = Variable(("none", "NA", "some"), codes={"1": "some"})
    assert [read_cell(text, "mood", mood)[:2] for text in ("None", "na", "1", "1.0", "-", "null")] == [
        ("exact", "none"),
        ("exact", "NA"),
        ("exact", "some"),
        ("exact", "some"),
        ("missing", None),
        ("missing", None),
    ]
    assert read_cell("20\u201339", "age", RAF.attributes["age"]) == ("exact", "20-39", "")


def test_a_message_lists_a_dozen_words_at_most():
    trades = Variable(tuple(f"trade{number}" for number in range(300)))
    reason = read_cell("smith", "trade", trades).reason
    assert "trade11 and 291 more" in reason
    assert len(reason) < 200


@pytest.mark.parametrize(
    ("counts", "years"),
    [
        ({"0": 9, "4": 1, "20-39": 5}, False),
        ({"0": 1, "36": 1, "80.0": 1}, True),
        ({"4": 1, "36": 1}, True),
        ({"0": 3, "999": 2}, False),
        ({"20-39": 3}, False),
    ],
)
def test_a_whole_column_decides_between_codes_and_years(counts, years):
    age = RAF.attributes["age"]
    assert years_or_codes(counts, age) == years
    assert read_cell("3", "age", age, years).value == ("0-3" if years else "40-69")
    assert years_or_codes(counts, FREE.attributes["age"])
    assert not years_or_codes(counts, RAF.attributes["gender"])


def test_a_column_of_codes_with_few_years_is_refused():
    with pytest.raises(ValueError, match=r"9 cells hold codes of the scheme \(0, 1, 2, 3, 4\), and 2 hold .* as 36"):
        years_or_codes({"1": 9, "36": 2}, RAF.attributes["age"])
