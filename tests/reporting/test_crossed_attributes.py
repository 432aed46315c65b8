"""Crossed attributes in the report: which are crossed, their figure, and their sentences."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from figure_contents import outside_or_overlapping, text_of
from pydantic import ValidationError

from broken_telephone.errors import StudyError
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.crossed_attributes import crossed_attributes
from broken_telephone.reporting.figures.all_figures import figures
from broken_telephone.reporting.figures.intersections import intersections_figure
from broken_telephone.reporting.text.intersections import intersection_sentences
from broken_telephone.reporting.text.summary import CROSSED, summary
from broken_telephone.reporting.text.verdicts import judged_together
from broken_telephone.statistics import Panel, Resampling, intersections_table, with_adjusted_p_values
from broken_telephone.tables import as_result, check_result, with_plain_numbers

ATTRIBUTES = ["age", "gender", "ethnicity"]
AGES, GENDERS = ("0-3", "20-39", "70+"), ("male", "female")
CROSS = "age x gender"


@cache
def changes(moves: bool = True, starts: tuple[str, ...] = ("image",), n: int = 60) -> pd.DataFrame:
    """Return the changes of a study in which all young men for happiness become young women; nobody is old at anger."""
    ages, genders, labels, kinds = [], [], [], []
    for start in starts:
        for label in ("happiness", "anger"):
            for chain in range(n):
                old, woman = chain % 10 == 0 and label == "happiness", chain % 2 == 0
                ages.append([2 if old else 1] * 3)
                becomes = moves and label == "happiness" and not old
                genders.append([int(woman), int(woman), int(woman or becomes)])
                labels.append(label)
                kinds.append(start)
    size = len(labels)
    common = (np.full(size, -1, np.int8), np.arange(size), np.array(labels, object), np.array(kinds, object))
    pair = (
        Panel("age", AGES, np.array(ages, np.int8), *common),
        Panel("gender", GENDERS, np.array(genders, np.int8), *common),
    )
    table = with_adjusted_p_values(intersections_table([pair], Resampling(300, 1)), ["start", "iteration"])
    result = as_result(table)
    check_result(result)
    return with_plain_numbers(result)


def test_age_and_gender_are_crossed_by_default_if_the_form_asks_for_both():
    assert crossed_attributes(ReportSettings(), ATTRIBUTES) == [("age", "gender")]
    assert crossed_attributes(ReportSettings(), ["gender", "ethnicity"]) == []


def test_a_study_names_other_pairs_or_none():
    pairs = [["gender", "ethnicity"], ["age", "ethnicity"]]
    assert crossed_attributes(ReportSettings(intersections=pairs), ATTRIBUTES) == [tuple(pair) for pair in pairs]
    assert crossed_attributes(ReportSettings(intersections=[]), ATTRIBUTES) == []


def test_an_unknown_attribute_is_refused_with_the_known_ones():
    with pytest.raises(StudyError, match=r"intersections: hair is no .* form \(age, gender, ethnicity\)"):
        crossed_attributes(ReportSettings(intersections=[["age", "hair"]]), ATTRIBUTES)


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        ([["age", "age"]], "cannot be crossed with itself"),
        ([["age", "gender"], ["gender", "age"]], "occurs twice"),
        ([["age", "gender", "ethnicity"]], "at most 2"),
        ([["age"]], "at least 2"),
    ],
)
def test_pairs_are_checked(pairs, why):
    with pytest.raises(ValidationError, match=why):
        ReportSettings(intersections=pairs)


def test_the_figure_writes_signs_frames_significant_cells_and_hatches_cells_with_few_starts():
    figure = intersections_figure(changes(), CROSS)
    axes = figure.axes[0]
    texts = [(text.get_text(), text.get_weight()) for text in axes.texts]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["happiness", "anger", "all labels"]
    # Nobody is 0-3, and all the old are women.
    assert [label.get_text() for label in axes.get_yticklabels()] == ["20-39 x male", "20-39 x female", "70+ x female"]
    bold = [text for text, weight in texts if weight == "bold"]
    assert len(bold) == 4
    assert sorted(text[0] for text in bold) == ["+", "+", "\N{MINUS SIGN}", "\N{MINUS SIGN}"]
    assert sum(not patch.get_fill() for patch in axes.patches) == len(bold)
    assert sum(bool(patch.get_hatch()) for patch in axes.patches) == 1
    notes = text_of(figure)
    assert "no single label has 6 starts in the category" in notes
    assert "0-3 x male, 0-3 x female, 70+ x male." in notes
    assert "fewer than 6 starts" in notes
    assert not outside_or_overlapping(figure)


def test_long_names_neither_overlap_nor_break_within_a_word():
    table = changes().astype({"label": str, "category": str})
    table["label"] = table["label"].replace("happiness", "transportation of many people")
    table["category"] = table["category"].str.replace("20-39", "a very long age of people")
    wide = [table.assign(label=table["label"] + f" {k}") for k in range(4)]
    figure = intersections_figure(pd.concat(wide), CROSS)
    assert "transportation" in text_of(figure)
    assert not outside_or_overlapping(figure)


def test_a_category_that_only_all_labels_show_has_a_row_if_it_changed():
    table = changes()
    few = (table["category"] == "70+ x female") & (table["label"] != "(all)")
    table["starts_in_category"] = table["starts_in_category"].mask(few, 5)
    names = [label.get_text() for label in intersections_figure(table, CROSS).axes[0].get_yticklabels()]
    assert names == ["20-39 x male", "20-39 x female"]
    changed = (table["category"] == "70+ x female") & (table["label"] == "(all)")
    table["p_adjusted"] = table["p_adjusted"].mask(changed, 0.01)
    names = [label.get_text() for label in intersections_figure(table, CROSS).axes[0].get_yticklabels()]
    assert names == ["20-39 x male", "20-39 x female", "70+ x female"]


def test_without_a_change_there_is_no_frame_and_no_sentence():
    table = changes(moves=False)
    figure = intersections_figure(table, CROSS)
    assert all(patch.get_fill() for patch in figure.axes[0].patches)
    assert {text.get_text() for text in figure.axes[0].texts} == {"0"}
    assert intersection_sentences(table, 0.05) == []
    assert CROSSED not in summary({"intersection_changes": table})


def test_a_table_without_changes_gives_a_figure_with_the_reason():
    table = changes().assign(value=np.nan, note="a single picture: there is no change")
    assert "a single picture: there is no change" in text_of(intersections_figure(table, CROSS))


def test_all_figures_hold_one_matrix_for_each_start():
    plans = figures({"intersection_changes": changes(starts=("image", "prompt"))})
    assert list(plans) == ["intersections_age_x_gender", "intersections_age_x_gender_prompt"]
    few = changes().assign(starts_in_category=5)
    assert not figures({"intersection_changes": few})


def test_sentences_name_the_surest_changes_and_what_the_attributes_predict():
    table = judged_together(changes(), None, "intersections")
    sentences = intersection_sentences(table, 0.05)
    assert len(sentences) == 2
    # 30 of the 60 chains for happiness change.
    assert "by 50 points (95 % interval " in sentences[0]
    assert sentences[0].startswith("From image 0 to image 2, the share shown as 20-39 x ")
    assert "(age x gender) for happiness" in sentences[0]
    assert "according to the annotator's answers" in sentences[0]
    assert "The changes of age and of gender alone predict a " in sentences[0]
    assert "over all labels" in sentences[1]
    assert sentences[1].endswith("The table of crossed attributes lists 2 more significant changes.")
    assert summary({"intersection_changes": changes()})[CROSSED] == sentences
    shrunken = table.assign(shrunken_value=table["value"] / 2)
    assert "; corrected for selection 25 points) according to" in intersection_sentences(shrunken, 0.05)[0]


def test_sentences_name_the_attributes_that_ratings_contradict():
    table = judged_together(changes(), None, "intersections")
    assert intersection_sentences(table, 0.05, ["gender", "ethnicity"])[-1] == (
        "Human ratings contradict the annotator's drift of gender, and nothing corrects crossed attributes. Do not "
        "rely on these changes."
    )
    bias = pd.DataFrame({"start": "image", "label": "(all)", "attribute": "gender", "since": 0, "iteration": [2]})
    for p, number in ((0.01, 3), (0.2, 2)):
        tested = bias.assign(p_value=p, p_adjusted=p, n_checked=40, method="human ratings")
        sentences = summary({"intersection_changes": changes(), "annotator_bias": tested})[CROSSED]
        assert len(sentences) == number


def test_sentences_name_the_start_if_there_are_two():
    both = judged_together(changes(starts=("image", "prompt")), None, "intersections")
    sentences = intersection_sentences(both, 0.05)
    assert all("in chains from " in sentence for sentence in sentences)
