"""Latent classes: planted truth, a slow direct computation, clusters, and what identifies no classes."""

import numpy as np
import pandas as pd
import pytest

from broken_telephone.statistics import Resampling
from broken_telephone.statistics.estimates.latent_classes import answer_patterns, latent_classes
from broken_telephone.statistics.tables.latent_classes import ANNOTATOR_CONFUSIONS, LATENT, latent_class_tables

RESAMPLING = Resampling(60, 1)
CATEGORIES = ("woman", "man")
ERRORS = {"one": (0.05, 0.3), "two": (0.15, 0.1), "rater Ann": (0.03, 0.03)}
"""Annotator -> shares of women called men, and of men called women, in drawn pictures."""


def simulate(rng, n=1500, shares=((0.5, 0.3), (0.5, 0.7)), rated=1.0, copies=0.0) -> pd.DataFrame:
    """Simulate the labels of two labels of the chains, at iterations 0 and 1. `copies`: annotator two repeats one."""
    frames = []
    for place, (label, men) in enumerate(zip(("joy", "fear"), shares, strict=True)):
        for iteration in (0, 1):
            truth = rng.random(n) < men[iteration]
            given = {}
            for name, errors in ERRORS.items():
                wrong = rng.random(n) < np.where(truth, errors[1], errors[0]) * (1 if iteration else 0.3)
                given[name] = truth ^ wrong
            given["two"] = np.where(rng.random(n) < copies, given["one"], given["two"])
            for name, answers in given.items():
                chosen = rng.random(n) < (rated if name.startswith("rater") else 1.0)
                frame = pd.DataFrame({"category": np.array(CATEGORIES, dtype=object)[answers.astype(int)]})
                frame["cluster"] = np.arange(n) + place * n
                frame = frame.assign(item=frame["cluster"].astype(str) + f"/{iteration}", iteration=iteration)
                frames.append(frame.assign(annotator=name, label=label)[chosen])
    return pd.concat(frames, ignore_index=True).assign(attribute="gender", start="image")


def tables(labels, resampling=RESAMPLING):
    return latent_class_tables(labels, {"gender": CATEGORIES}, list(ERRORS), resampling)


def test_shares_and_errors_are_recovered_from_answers_alone_and_from_a_rated_sample():
    for rated in (1.0, 0.2):
        shares, confusions = tables(simulate(np.random.default_rng(0), rated=rated))
        assert (list(shares.columns), list(confusions.columns)) == (list(LATENT), list(ANNOTATOR_CONFUSIONS))
        men = shares[shares["category"] == "man"].set_index(["label", "iteration"])
        expected = {("joy", 0): 0.5, ("joy", 1): 0.3, ("fear", 0): 0.5, ("fear", 1): 0.7, ("(all)", 1): 0.5}
        for key, share in expected.items():
            assert men.loc[key, "value"] == pytest.approx(share, abs=0.04)
            assert men.loc[key, "ci_low"] <= share <= men.loc[key, "ci_high"]
        of_one = confusions[(confusions["annotator"] == "one") & (confusions["category"] == "man")]
        missed = of_one[of_one["to_category"] == "woman"].set_index("kind")["value"]
        assert missed["drawn images"] == pytest.approx(0.3, abs=0.04)
        assert missed["originals"] == pytest.approx(0.09, abs=0.04)


def test_the_estimate_is_that_of_a_direct_computation():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 120)
    answers = np.array([[t if rng.random() < 0.7 else rng.integers(0, 3) for _ in range(4)] for t in truth])
    answers[rng.random(answers.shape) < 0.2] = -1
    answers[0] = -1
    cells = rng.integers(0, 2, 120)
    # Dawid and Skene, picture by picture.
    posterior = np.array(
        [[np.mean(row[row >= 0] == c) if (row >= 0).any() else 0.0 for c in range(3)] for row in answers]
    )
    for _ in range(300):
        confusion = np.full((4, 3, 3), 0.01)
        share = np.full((2, 3), 0.01)
        for i in range(120):
            share[cells[i]] += posterior[i]
            for a in range(4):
                if answers[i, a] >= 0:
                    confusion[a, :, answers[i, a]] += posterior[i]
        confusion /= confusion.sum(2, keepdims=True)
        for k in (0, 1):
            share[k] /= (cells == k).sum() + 0.03
        for i in range(120):
            product = share[cells[i]].copy()
            for a in range(4):
                if answers[i, a] >= 0:
                    product *= confusion[a, :, answers[i, a]]
            posterior[i] = product / product.sum()
    of_cells, patterns, pattern = answer_patterns(cells, answers)
    estimate = latent_classes(of_cells, patterns, np.bincount(pattern).astype(float), 3)
    assert estimate.converged
    assert estimate.confusions == pytest.approx(confusion, abs=0.01)
    assert estimate.shares == pytest.approx(share, abs=0.01)


def test_pictures_of_one_start_do_not_make_the_interval_narrower():
    labels = simulate(np.random.default_rng(2), n=300)
    copies = [labels.assign(item=labels["item"] + f" copy {k}") for k in range(3)]
    widths = []
    for some in (labels, pd.concat(copies, ignore_index=True)):
        shares, _ = tables(some)
        widths.append((shares["ci_high"] - shares["ci_low"]).mean())
    assert widths[1] == pytest.approx(widths[0], rel=0.05)


def test_two_annotators_or_few_common_pictures_identify_nothing():
    labels = simulate(np.random.default_rng(3), n=60)
    for some, reason in (
        (labels[labels["annotator"] != "rater Ann"], "3 annotators that err independently are needed, there are 2"),
        (labels[(labels["annotator"] != "two") | (labels["cluster"] < 10)], "10 pictures have 3 answers"),
    ):
        shares, confusions = tables(some)
        # One row for the originals and one for the drawn pictures.
        assert len(shares) == 2
        assert shares["value"].isna().all()
        assert shares["note"].str.contains(reason).all()
        assert confusions.empty


def test_errors_that_annotators_share_are_taken_for_the_truth():
    """The assumption fails here, which the documentation says: correlated errors bias the shares."""
    labels = simulate(np.random.default_rng(4), shares=((0.5, 0.5), (0.5, 0.5)), copies=0.8)
    shares, _ = tables(labels)
    drawn = shares[(shares["category"] == "man") & (shares["iteration"] == 1) & (shares["label"] == "(all)")]
    assert drawn["ci_high"].iloc[0] < 0.48
