"""Where words come from, in sentences."""

import numpy as np
import pandas as pd

from broken_telephone.explainability.maps.picture_scores import OTHER_SIZES
from broken_telephone.reporting.text.region_support import region_sentences
from broken_telephone.statistics import ALL


def sentences(*kinds: str) -> pd.DataFrame:
    return pd.DataFrame([{"kind": kind, "label": "anger", "sentence": f"Words, {kind}."} for kind in kinds])


def compared(*rows: tuple) -> pd.DataFrame:
    columns = ["kind", "attribute", "label", "region", "measure", "value", "ci_low", "ci_high", "p_adjusted"]
    return pd.DataFrame(rows, columns=[*columns, "iteration", "note"])


def test_differences_are_told_largest_first_and_only_where_they_are_shown():
    lines = region_sentences(
        sentences("a"),
        compared(
            ("a", "gender", "anger", "hair", "density", 0.2, 0.1, 0.3, 0.01, 2, ""),
            ("a", "gender", ALL, "face", "density", -0.5, -0.8, -0.2, 0.02, 2, ""),
            ("a", "gender", "anger", "body", "density", 3.0, -1.0, 7.0, 0.2, 2, ""),
            ("a", "gender", "anger", "body", "log_probability_drop", 9.0, 8.0, 10.0, 0.001, 2, ""),
            ("a", "answer", "anger", "face", "density", 0.1, -0.2, 0.4, 0.9, 2, ""),
        ),
    )
    assert lines == [
        "Words, a.",
        "Density differs between women and men (first − second): face over all labels in iteration 2 (−0.50, −0.80 to "
        "−0.20) and hair for anger in iteration 2 (+0.20, +0.10 to +0.30).",
        "No difference in density between right answers and wrong answers is significant.",
        "The last pictures and the first ones cannot be compared: neither was measured.",
    ]


def test_pictures_of_several_sizes_are_told_apart_and_nothing_is_said_of_nothing():
    lines = region_sentences(sentences("a", "b"), compared())
    assert lines[0] == "Images of a: Words, a."
    assert sum(sentence.startswith("Images of b: ") for sentence in lines) == 4
    assert region_sentences(pd.DataFrame(), pd.DataFrame()) == []


def test_what_is_missing_for_a_comparison_is_told_as_it_is():
    nothing = ("any", "density", np.nan, np.nan, np.nan, np.nan, None)
    lines = region_sentences(
        sentences("a"),
        compared(
            ("a", "gender", ALL, *nothing, "there are no men"),
            ("a", "answer", ALL, *nothing, "no iteration has 6 starts of either"),
            ("a", "iteration", ALL, None, "density", 0.5, 0.4, 0.6, 0.01, None, ""),
        ),
    )
    assert lines[1:3] == [
        "Women and men cannot be compared: there are no men.",
        "Right answers and wrong answers cannot be compared: no iteration has 6 starts of either.",
    ]
    # Comparisons of iterations are in none.
    assert "in iteration" not in lines[3]


def test_what_is_left_out_is_told_last():
    rest = pd.DataFrame([{"kind": OTHER_SIZES, "label": ALL, "sentence": "Pictures are left out."}])
    lines = region_sentences(pd.concat([rest, sentences("a")]), compared())
    assert lines[0] == "Words, a."
    assert lines[-1] == "Pictures are left out."
    assert len(lines) == 5
    assert region_sentences(rest, compared()) == ["Pictures are left out."]
