"""Sentences and figures of where a loop is heading."""

import pandas as pd
import pytest

from broken_telephone.reporting.figures.all_figures import figures
from broken_telephone.reporting.figures.diversity import diversity_figure
from broken_telephone.reporting.text.heading import (
    diversity_sentences,
    markov_sentences,
    motif_sentences,
    predicted_sentences,
)
from broken_telephone.reporting.text.summary import HEADING, summary
from broken_telephone.statistics import ALL

KEY = {"start": "image", "label": "joy", "attribute": "age"}


def markov(p_adjusted=0.4, kind="homogeneity"):
    rows = [
        KEY | {"label": "fear", "kind": "homogeneity", "p_adjusted": 0.6},
        KEY | {"kind": kind, "p_adjusted": p_adjusted},
    ]
    return pd.DataFrame(rows)


def predictions(passed=True, observed=0.32):
    where = KEY | {"predicted_from": 3, "passed": passed, "note": "", "ci_low": 0.2, "ci_high": 0.4}
    nothing = {"observed_low": None, "observed_high": None}
    return pd.DataFrame(
        [
            where
            | {"kind": kind, "category": category, "iteration": iteration, "value": value, "observed": seen}
            | nothing
            for category, value in (("young", 0.3), ("old", 0.31))
            for kind, iteration, seen in (("later image", 20, observed), ("fixed point", None, None))
        ]
    ).astype({"observed": float})


def diversity(p_adjusted=0.001):
    level = {"start": "image", "ci_low": 0.3, "ci_high": 0.5, "n": 40, "clusters": 20, "example": "", "note": ""}
    measures = {
        ("images", "distance between starts"): (0.9, 0.4),
        ("images", "effective number"): (20.0, 4.0),
        ("images", "start recognised"): (0.95, 0.55),
        ("texts", "vocabulary"): (90.0, 40.0),
        ("texts", "most frequent sentence"): (0.1, 0.6),
    }
    levels, changes = [], []
    for label in ("joy", "fear", ALL):
        for (kind, measure), values in measures.items():
            key = {"label": label, "kind": kind, "measure": measure}
            for iteration, value in zip((1, 4), values, strict=True):
                levels.append(level | key | {"iteration": iteration, "value": value, "example": "A <b>face</b>."})
            test = {"p_adjusted": p_adjusted if label != "fear" else 0.5, "value": values[1] - values[0]}
            changes.append({"start": "image", **key, **test})
    return pd.DataFrame(levels), pd.DataFrame(changes)


def motifs(shares=(0.6, 0.4)):
    rows = [
        {"start": "image", "label": label, "motif": motif, "iteration": 4, "value": share, "ci_low": 0.2}
        | {"ci_high": 0.6, "exemplars": "c3, c5" if motif and label == ALL else ""}
        for label in ("joy", "fear", ALL)
        for motif, share in enumerate(shares)
    ]
    return pd.DataFrame(rows)


def test_rejected_groups_are_not_to_be_relied_on():
    (sentence,) = markov_sentences(markov(0.01))
    assert "reject this in 1 of 2 groups of chains: age for joy." in sentence
    assert "not to be relied on" in sentence
    sentences = markov_sentences(markov(0.01, "memory of the first image"))
    assert "Annotator error alone" in sentences[1]


def test_no_rejection_is_not_a_proof():
    (sentence,) = markov_sentences(markov())
    assert "No test rejects this, in 2 groups of chains" in sentence
    assert "may still be missed" in sentence
    assert markov_sentences(pd.DataFrame()) == []
    assert markov_sentences(markov().assign(p_adjusted=float("nan"))) == []


def test_predictions_are_compared_with_what_was_observed():
    first, ends = predicted_sentences(predictions())
    assert "The steps up to image 3 predict image 20" in first
    assert "2 of 2 observed shares lie within their 95 % prediction interval, 2 within 5 points" in first
    assert ends.startswith("The largest predicted end points are old (age) for joy at 31 %")
    outside, _ = predicted_sentences(predictions(observed=0.5))
    assert "0 of 2 observed shares lie within their 95 % prediction interval, 0 within" in outside


@pytest.mark.parametrize("passed", [False, None])
def test_nothing_is_predicted_without_the_markov_assumption(passed):
    assert predicted_sentences(predictions(passed)) == []


def test_diversity_is_claimed_to_fall_only_with_a_test():
    levels, changes = diversity()
    text = " ".join(diversity_sentences(levels, changes))
    assert "distance of images from different starts fell from 0.90 in iteration 1 to 0.40 in iteration 4" in text
    assert "fell significantly for joy, of 2 labels" in text
    assert "as diverse as 4.0 entirely different ones" in text
    assert "in 55 % of comparisons" in text
    assert "apart from the tests of shares" in text
    quiet = " ".join(diversity_sentences(*diversity(0.3)))
    assert "was 0.90 in iteration 1 and 0.40 in iteration 4 (95 % interval 0.30 to 0.50), without" in quiet
    assert "fell" not in quiet
    assert diversity_sentences(pd.DataFrame(), pd.DataFrame()) == []


def test_motifs_name_their_share_and_a_chain():
    (sentence,) = motif_sentences(motifs())
    assert "40 % of the images of iteration 4 are in 1 motif. The largest holds 40 %" in sentence
    assert "such as chain c3. Shares of the labels in it: joy (40 %) and fear (40 %)." in sentence
    (none,) = motif_sentences(motifs((1.0,)))
    assert "no three images of iteration 4 form a motif" in none.lower()


def test_the_summary_has_the_topic_only_with_something_to_say():
    levels, changes = diversity()
    told = summary({"markov_tests": markov(0.01), "diversity": levels, "diversity_changes": changes})
    assert any("not to be relied on" in sentence for sentence in told[HEADING])
    assert HEADING not in summary({})


def test_figures_draw_predictions_diversity_and_motifs():
    levels, _ = diversity()
    plans = figures({"predicted_shares": predictions(), "diversity": levels, "attractors": motifs()})
    assert set(plans) == {"predicted_age", "diversity", "motifs"}
    drawn = {name: plan() for name, plan in plans.items()}
    crosses = [line for line in drawn["predicted_age"].axes[0].lines if line.get_marker() == "x"]
    assert [line.get_ydata()[0] for line in crosses] == [0.32, 0.32]
    assert [axes.get_title() for axes in drawn["diversity"].axes] == ["joy", "fear", "all labels"]
    solid = drawn["diversity"].axes[0].lines[0]
    assert solid.get_ydata().tolist() == [0.9, 0.4]
    assert [text.get_text() for text in drawn["motifs"].axes[0].texts] == ["40", "60"] * 3
    blank = figures({"predicted_shares": predictions().assign(value=float("nan"))})
    assert "predicted_age" not in blank


def test_a_study_of_single_prompts_has_a_figure_without_distances():
    levels, _ = diversity()
    nothing = dict.fromkeys(("value", "ci_low", "ci_high"), float("nan"))
    figure = diversity_figure(levels.assign(start="prompt", note="one start", **nothing), "prompt")
    limits = [axes.get_ylim() for axes in figure.axes if axes.lines]
    assert limits
    assert all(0 <= low < high < 1 for low, high in limits)
