"""Figures leave out labels with too few starts and say so, and the page names them."""

import pandas as pd
import pytest
from figure_contents import text_of
from pages import page_of
from small_study import small_study

from broken_telephone.reporting.figures.all_figures import figures
from broken_telephone.reporting.figures.undecided_labels import undecided_labels, undecided_note, undecided_sentence
from broken_telephone.reporting.text.verdicts import NOT_ENOUGH_DATA

FEW = "too few independent starts to detect any change after adjustment for all tests"
MISSING = "10 % of answers missing before and 20 % after: a change of -3 to 9 points is possible"


@pytest.fixture(scope="module")
def study():
    return small_study(labels=("happiness", "anger", "fear"))


def undecided(study, *labels, start="image", reason=FEW) -> dict[str, pd.DataFrame]:
    """The study's tables, in which these labels of one start are undecided for a reason."""
    findings = study.tables["findings"]
    few = findings["label"].isin(labels) & (findings["start"] == start)
    verdict = findings["verdict"].mask(few, NOT_ENOUGH_DATA).mask(~few, "no significant change")
    reasons = findings["reason"].mask(few, reason).mask(~few, "")
    return study.tables | {"findings": findings.assign(verdict=verdict, reason=reasons)}


def test_figures_show_the_other_labels(study):
    drawn = {name: draw() for name, draw in figures(undecided(study, "fear")).items()}
    for name in ("forest", "shares_age", "trajectories_age"):
        words = text_of(drawn[name]).split()
        assert "anger" in words
        assert "fear" not in words
        assert "Left out because of too few independent starts: fear." in text_of(drawn[name])
        assert "Left out" not in text_of(drawn[f"{name}_prompt"])
        assert "fear" in text_of(drawn[f"{name}_prompt"]).split()
    # The decomposition compares the annotator with the data set, for which a few starts suffice.
    assert "fear" in text_of(drawn["decomposition_age"]).split()


@pytest.mark.parametrize(
    "reason", [MISSING, "planned: the interim looks judge it", "too few ratings to detect any change"]
)
def test_labels_that_are_open_for_another_reason_are_drawn(study, reason):
    tables = undecided(study, "fear", reason=reason)
    assert undecided_labels(tables["findings"]) == {}
    assert "fear" in text_of(figures(tables)["shares_age"]()).split()
    # One share that is open for another reason suffices.
    findings = undecided(study, "fear")["findings"]
    first = findings.index[(findings["label"] == "fear") & (findings["start"] == "image")][0]
    findings.loc[first, "reason"] = reason
    assert undecided_labels(findings) == {}


def test_crossed_cells_of_a_label_that_is_left_out_keep_their_verdict(study):
    tables = undecided(study, "fear")
    cell = {"start": "image", "label": "fear", "attribute": "age x gender", "category": "20-39 x female"}
    change = cell | {"since": 0, "iteration": 3, "value": 0.3, "ci_low": 0.1, "ci_high": 0.5, "p_adjusted": 0.5}
    crossed = pd.DataFrame([change | {"starts_in_category": 20, "pooled_value": 0.25, "note": ""}])
    claim = change | {"family": "intersections", "verdict": "rise", "p_adjusted": 0.01, "shrunken_value": 0.25}
    findings = pd.concat([tables["findings"], pd.DataFrame([claim])], ignore_index=True)
    drawn = figures(tables | {"intersection_changes": crossed, "findings": findings})["intersections_age_x_gender"]()
    assert sum(not patch.get_fill() for patch in drawn.axes[0].patches) == 1
    assert "+25" in text_of(drawn)


def test_a_long_list_of_labels_is_cut():
    names = [f"label {number}" for number in range(300)]
    reasons = {"reason": [*[FEW] * 300, ""], "verdict": [*[NOT_ENOUGH_DATA] * 300, "rise"]}
    table = pd.DataFrame({"label": [*names, "anger"], **reasons}).assign(
        family="shares", start="image", attribute="age", category="70+", method="annotator"
    )
    assert "label 5 and 294 more in chains from images" in undecided_sentence(table)
    assert len(undecided_sentence(table)) < 300
    assert "label 5 and 294 more." in undecided_note(undecided_labels(table), "image")
    assert undecided_note(undecided_labels(table), "prompt") == ""


def test_the_page_names_them_and_its_tables_keep_them(study):
    page = page_of(study, tables=undecided(study, "fear", "anger"))
    names = "leave out labels that have too few independent starts for any share: anger and fear in chains from images"
    assert page.count(names) == 1
    assert undecided_labels(undecided(study, "fear", "anger")["findings"]) == {"image": ["anger", "fear"]}
    assert "leave out labels" not in page_of(study, tables=undecided(study))


def test_if_no_label_has_enough_data_all_are_drawn(study):
    tables = undecided(study, "happiness", "anger", "fear", "(all)")
    assert undecided_labels(tables["findings"]) == {}
    assert "fear" in text_of(figures(tables)["forest"]()).split()
    assert undecided_labels(None) == {}
