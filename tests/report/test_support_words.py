"""Where words come from, in sentences."""

import pandas as pd

from broken_telephone.measures import ALL
from broken_telephone.report.support_words import support_words


def said(*kinds: str) -> pd.DataFrame:
    return pd.DataFrame([{"kind": kind, "label": "anger", "sentence": f"Words, {kind}."} for kind in kinds])


def compared(*rows: tuple) -> pd.DataFrame:
    columns = ["kind", "attribute", "label", "region", "measure", "value", "ci_low", "ci_high", "p_adjusted"]
    return pd.DataFrame(rows, columns=columns)


def test_differences_are_told_largest_first_and_only_where_they_are_shown():
    found = support_words(
        said("a"),
        compared(
            ("a", "gender", "anger", "hair", "density", 0.2, 0.1, 0.3, 0.01),
            ("a", "gender", ALL, "face", "density", -0.5, -0.8, -0.2, 0.02),
            ("a", "gender", "anger", "body", "density", 3.0, -1.0, 7.0, 0.2),
            ("a", "gender", "anger", "body", "fall", 9.0, 8.0, 10.0, 0.001),
            ("a", "answer", "anger", "face", "density", 0.1, -0.2, 0.4, 0.9),
        ),
    )
    assert found == [
        "Words, a.",
        "Density differs between women and men (the first less the second): face for all labels together (-0.50, -0.80 "
        "to -0.20) and hair for anger (+0.20, +0.10 to +0.30).",
        "No difference of density is shown between right answers and wrong answers.",
        "The last pictures and the first ones cannot be compared: there are too few starts of one of them.",
    ]


def test_pictures_of_several_sizes_are_told_apart_and_nothing_is_said_of_nothing():
    found = support_words(said("a", "b"), compared())
    assert found[0] == "Pictures of a: Words, a."
    assert sum(sentence.startswith("Pictures of b: ") for sentence in found) == 4
    assert support_words(pd.DataFrame(), pd.DataFrame()) == []
