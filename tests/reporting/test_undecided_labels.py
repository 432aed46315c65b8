"""Figures leave out labels without enough data, and the page names them."""

import pandas as pd
import pytest
from figure_contents import text_of
from pages import page_of
from small_study import small_study

from broken_telephone.reporting.figures.all_figures import figures
from broken_telephone.reporting.figures.undecided_labels import undecided_labels
from broken_telephone.reporting.text.verdicts import NOT_ENOUGH_DATA


@pytest.fixture(scope="module")
def study():
    return small_study(labels=("happiness", "anger", "fear"))


def undecided(study, *labels, start="image") -> dict[str, pd.DataFrame]:
    """The study's tables, in which these labels of one start have too few data."""
    findings = study.tables["findings"]
    few = findings["label"].isin(labels) & (findings["start"] == start)
    verdict = findings["verdict"].mask(few, NOT_ENOUGH_DATA).mask(~few, "no significant change")
    return study.tables | {"findings": findings.assign(verdict=verdict)}


def test_figures_show_the_other_labels(study):
    drawn = {name: draw() for name, draw in figures(undecided(study, "fear")).items()}
    for name in ("forest", "shares_age", "trajectories_age"):
        words = text_of(drawn[name]).split()
        assert "anger" in words
        assert "fear" not in words
        assert "fear" in text_of(drawn[f"{name}_prompt"]).split()
    # The decomposition compares the annotator with the data set, for which a few starts suffice.
    assert "fear" in text_of(drawn["decomposition_age"]).split()


def test_the_page_names_them_and_its_tables_keep_them(study):
    page = page_of(study, tables=undecided(study, "fear", "anger"))
    assert "leave out labels that do not have enough data for any share: anger, fear in chains from images" in page
    assert undecided_labels(undecided(study, "fear", "anger")["findings"]) == {"image": ["anger", "fear"]}
    assert "leave out labels" not in page_of(study, tables=undecided(study))


def test_if_no_label_has_enough_data_all_are_drawn(study):
    tables = undecided(study, "happiness", "anger", "fear", "(all)")
    assert undecided_labels(tables["findings"]) == {}
    assert "fear" in text_of(figures(tables)["forest"]()).split()
    assert undecided_labels(None) == {}
