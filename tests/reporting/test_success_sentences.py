"""Sentences about adjusted differences in success: significant ones, their corrections, and what checks nothing."""

import numpy as np
import pandas as pd

from broken_telephone.reporting.text.success_differences import success_difference_sentences

NOTHING = pd.DataFrame()


def row(method="annotator", value=-0.12, p=0.001, attribute="gender", category="female", **other):
    where = {"start": "image", "label": "(all)", "attribute": attribute, "category": category, "reference": "male"}
    ends = {"ci_low": value - 0.05, "ci_high": value + 0.05, "p_value": p, "p_adjusted": p, "n": 300, "note": ""}
    sizes = {"n_checked": 0 if method == "annotator" else 140, "clusters": 100, "iteration": 3, "method": method}
    return where | {"value": value, "rate": 0.6, "reference_rate": 0.72} | ends | sizes | other


def told(differences, changes=(), level=0.05):
    return success_difference_sentences(pd.DataFrame(differences), pd.DataFrame(changes), pd.DataFrame(), level)


def test_a_difference_names_the_reference_and_that_nothing_checks_the_annotator():
    # Other iterations are in the table only.
    assert told([row(), row(iteration=1, value=0.4)]) == [
        "In images of iteration 3 of chains from images, the success rate for female is 12 points below that for male, "
        "adjusted for the label (95 % interval −17 to −7, by the annotator's categories).",
        "Nothing checks the annotator's categories of gender in these comparisons. An annotator that errs more often "
        "for one group, or in drawn images, would change them.",
    ]


def test_where_there_are_ratings_the_corrected_value_is_told_and_the_annotators_beside_it():
    assert told([row(), row("human ratings", 0.2)]) == [
        "In images of iteration 3 of chains from images, the success rate for female is 20 points above that for male, "
        "adjusted for the label (95 % interval 15 to 25, corrected with 140 rated images; by the annotator "
        "−12 points).",
    ]
    by_reference = told([row(), row("big", 0.2)])
    assert len(by_reference) == 1
    assert by_reference[0].endswith(
        "(95 % interval 15 to 25, corrected with the answers of big to 140 images; the error of big itself is not "
        "corrected; by the annotator −12 points)."
    )
    few = row("human ratings", 0.2, p=np.nan, ci_low=np.nan, ci_high=np.nan)
    assert told([row(), few])[-1] == (
        "For some categories of gender, too few images are checked to correct these comparisons."
    )
    # What only the annotator sees is no finding.
    assert "no category of the last image differs significantly" in told([row(), row("human ratings", p=0.4)])[0]


def test_changes_are_told_from_the_first_image_to_the_last():
    change = {"since": 0, "before": -0.02, "after": -0.14}
    sentences = told([row(p=0.5)], [row(**change), row("human ratings", -0.2, **change)])
    assert sentences[0] == (
        "For gender, no category of the last image differs significantly in success from the reference, male; the "
        "intervals reach up to 5 points to either side."
    )
    assert sentences[1] == (
        "In chains from images, the difference in success between female and male changes from −2 points to −14 points "
        "between image 0 and image 3, by −20 points (95 % interval −25 to −15, corrected with 140 rated images; by the "
        "annotator −12 points)."
    )
    assert told([row()], [row(p=0.3, **change)])[1] == (
        "No difference in success by gender changes significantly from the first image of chains from images to the "
        "last."
    )


def test_only_the_surest_differences_are_told_one_by_one():
    rows = [row(category=f"c{k}", p=0.001 * (k + 1)) for k in range(5)]
    sentences = told(rows, [one | {"since": 0, "before": 0.0, "after": -0.12} for one in rows])
    assert [f"for c{k} is" in sentences[k] for k in range(3)] == [True] * 3
    assert sentences[3] == "The table of differences lists 2 more such differences."
    assert sentences[7] == "The table of changes in success lists 2 more such changes."
    assert told(NOTHING) == []
