import pytest

from broken_telephone.labels import PHASE, RAF, SCHEMES


def test_raf_codes_are_the_official_ones():
    assert [RAF.concepts["emotion"].read_code(str(code)) for code in range(1, 8)] == [
        "surprise",
        "fear",
        "disgust",
        "happiness",
        "sadness",
        "anger",
        "neutral",
    ]
    assert RAF.attributes["gender"].read_code("2") == "unsure"
    assert RAF.attributes["ethnicity"].read_code("1") == "African-American"
    assert RAF.attributes["age"].years["70+"] == (70, None)


def test_an_unknown_code_is_refused_with_the_codes_there_are():
    with pytest.raises(ValueError, match=r"'9' is not one of the codes .*1 surprise"):
        RAF.concepts["emotion"].read_code("9")


@pytest.mark.parametrize(
    ("variable", "word", "value"),
    [
        ("age", "children", "child"),
        ("age", "young", "young adult"),
        ("age", "Young_Adult", "young adult"),
        ("ethnicity", "southeast_asian", "Southeast Asian"),
        ("gender", "woman", "female"),
        ("skin_tone", "disagreement", "disagreement"),
        ("activity", " Dance  and music", "dance and music"),
        ("activity", "other", "other"),
        ("emotion", "unsure", "unsure"),
    ],
)
def test_phase_reads_words_as_they_occur(variable, word, value):
    assert PHASE.variables[variable].read_word(word) == value


def test_an_unknown_word_is_refused_with_the_values_there_are():
    with pytest.raises(ValueError, match=r"'purple' is not one of the values .*lighter, darker"):
        PHASE.attributes["skin_tone"].read_word("purple")


@pytest.mark.parametrize("scheme", SCHEMES.values())
def test_schemes_are_consistent(scheme):
    assert not scheme.concepts.keys() & scheme.attributes.keys()
    assert scheme.variables
    for variable in scheme.variables.values():
        assert set(variable.codes.values()) <= set(variable.categories)
        assert set(variable.synonyms.values()) <= set(variable.categories)
        assert set(variable.years) <= set(variable.values)
