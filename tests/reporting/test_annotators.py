"""Several annotators in the report: their agreement on originals and drawn images apart."""

import numpy as np
import pandas as pd
import pytest

from broken_telephone.reporting.figures.annotators import annotators_figure
from broken_telephone.reporting.text.annotators import annotator_sentences, unlabelled_sentences
from broken_telephone.reporting.text.limits import shared_model_sentences
from broken_telephone.statistics import Resampling, agreement_by_kind, agreement_table
from broken_telephone.statistics.tables.agreement_table import every_two

GENDERS = {"gender": ("male", "female")}
SHARES = pd.DataFrame({"annotator": ["data set", "small (free)"]})


@pytest.fixture(scope="module")
def labels():
    """Two annotators that agree on originals, and differ on every third drawn image."""
    rng = np.random.default_rng(2)
    rows = []
    for k in range(200):
        iteration, truth = int(k >= 80), GENDERS["gender"][rng.integers(2)]
        differs = iteration == 1 and k % 3 == 0
        for name in ("small (free)", "big (free)", "third (free)"):
            answer = truth if name != "big (free)" or not differs else {"male": "female", "female": "male"}[truth]
            rows.append((f"i{k}", iteration, name, "gender", answer, k))
    return pd.DataFrame(rows, columns=["item", "iteration", "annotator", "attribute", "category", "cluster"])


@pytest.fixture(scope="module")
def table(labels):
    return agreement_by_kind(labels, GENDERS, [], {}, every_two(labels["annotator"].unique()), Resampling(300, 1))


def test_originals_and_drawn_images_are_compared_apart(labels, table):
    big = table[(table["annotator_a"] == "small (free)") & (table["annotator_b"] == "big (free)")]
    big = big.set_index("pictures")
    assert big["n"].to_dict() == {"originals": 80, "drawn images": 120}
    assert big["share_agreeing"].to_dict() == pytest.approx({"originals": 1.0, "drawn images": 1 - 40 / 120})
    together = agreement_table(labels, GENDERS, comparisons=every_two(["small (free)", "big (free)"]), resampling=None)
    assert big["alpha"]["drawn images"] < together["alpha"].iloc[0] < big["alpha"]["originals"] == 1
    assert len(table) == 2 * 3


def test_a_study_with_one_annotator_has_an_empty_table_and_no_sentence(labels):
    nothing = agreement_by_kind(labels, GENDERS, [], {}, [])
    assert nothing.empty
    assert annotator_sentences(nothing, SHARES) == []


def test_the_summary_names_the_measured_annotator_and_less_agreement_on_drawn_images(table):
    lead, *pairs = annotator_sentences(table, SHARES)
    assert lead.startswith("Several annotators labelled the images. The results are those of small (free)")
    assert len(pairs) == 2
    with_big, with_third = pairs
    assert "small (free) and big (free) give the same category to 100 % of 80 originals (alpha 1.00" in with_big
    assert "67 % of 120 drawn images (alpha 0.3" in with_big
    assert "They agree less on drawn images" in with_big
    assert "less" not in with_third


def test_attributes_that_the_measured_annotator_does_not_label_are_named():
    rows = [("small", "gender"), ("big", "gender"), ("big", "head_covering"), ("third", "head_covering")]
    annotations = pd.DataFrame(rows, columns=["annotator", "attribute"])
    form = ["gender", "head_covering", "head_covering", "age"]
    assert unlabelled_sentences(annotations, "small", form) == [
        "small does not label head covering, so its own answers show no drift of it. big and third labelled it; the "
        "setting `report.annotator` can name one of them.",
        "small does not label age, so its own answers show no drift of it.",
    ]
    assert unlabelled_sentences(annotations, "big", form[:3]) == []
    assert unlabelled_sentences(annotations.head(0), "small", form) == []


def test_the_figure_has_a_mark_for_each_pair_and_kind(table):
    axes = annotators_figure(table).axes[0]
    marks = [line for line in axes.lines if line.get_marker() in ("o", "s")]
    assert sorted(float(line.get_xdata()[0]) for line in marks) == pytest.approx(sorted(table["alpha"]))
    assert next(label.get_text().replace("\n", " ") for label in axes.get_yticklabels()) == "small (free) | big (free)"


def test_only_the_annotators_that_are_the_describer_are_named():
    model, other = {"weights": "a"}, {"weights": "b"}
    asked = {"free": {"by": "a", "settings": model}, "last": {"by": "a", "settings": model}}
    (single,) = shared_model_sentences({"annotation": {"asked": asked}})
    assert "annotator and describer are one model" in single
    several = asked | {"free by big": {"by": "big", "settings": other}}
    (named,) = shared_model_sentences({"annotation": {"asked": several}})
    assert "annotator (a) and describer are one model" in named
    assert shared_model_sentences({"annotation": {"asked": several | {"free": {"by": "c", "settings": other}}}}) == []
