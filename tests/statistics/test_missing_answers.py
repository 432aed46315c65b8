"""Missing answers are counted and tested, and bounds show what they leave open."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from broken_telephone.reporting.figures.missing_answers import missing_answers_figure
from broken_telephone.reporting.text.summary import summary
from broken_telephone.statistics import (
    ALL,
    Panel,
    Resampling,
    answer_kinds,
    drift_table,
    findings_table,
    missing_answers_table,
    missing_changes,
    power_table,
    share_bounds_table,
    shares_table,
    with_adjusted_p_values,
)
from broken_telephone.statistics.estimates.panel import ABSENT
from broken_telephone.statistics.tables.findings import NOT_ENOUGH_DATA

RESAMPLING = Resampling(400, 1)
MEN, WOMEN = 0, 1


def panel(codes) -> Panel:
    codes, n = np.asarray(codes, np.int8), len(codes)
    joy, image = (np.full(n, text, dtype=object) for text in ("joy", "image"))
    return Panel("gender", ("male", "female"), codes, np.full(n, ABSENT, np.int8), np.arange(n), joy, image)


def kinds(*panels) -> dict[str, np.ndarray]:
    return {one.attribute: np.where(one.codes == ABSENT, "unsure", "valid").astype(object) for one in panels}


def vanishing_women() -> Panel:
    """60 chains, 30 women; from image 1 on, the gender of every woman is unsure."""
    first = np.repeat([MEN, WOMEN], 30)
    return panel(np.stack([first, *[np.where(first == WOMEN, ABSENT, first)] * 3], axis=1))


def test_women_without_answers_are_counted_and_bounded():
    table = missing_answers_table([vanishing_women()], kinds(vanishing_women()), RESAMPLING)
    last = table[table["iteration"] == 3].set_index("category")
    assert last.loc[ALL, ["before", "after", "unsure", "no_image", "value"]].tolist() == [0, 0.5, 0.5, 0, 0.5]
    assert last.loc[["female", "male"], "after"].tolist() == [1, 0]
    assert last.loc["female", "value"] == 1
    assert (last.loc[[ALL, "female"], "p_value"] < 0.001).all()
    bounds = share_bounds_table([vanishing_women()])
    women = bounds[(bounds["iteration"] == 3) & (bounds["category"] == "female")].iloc[0]
    assert women[["missing_before", "missing_after", "share_low", "share_high"]].tolist() == [0, 0.5, 0, 0.5]
    assert women[["change_low", "change_high"]].tolist() == [-0.5, 0]


def test_the_report_does_not_call_a_share_unchanged_whose_answers_vanish():
    study = vanishing_women()
    missing = with_adjusted_p_values(missing_answers_table([study], kinds(study), RESAMPLING), ["iteration", "kind"])
    bounds, shares = share_bounds_table([study]), shares_table([study], "annotator (free)")
    drift = drift_table([study], [(None, 3)], RESAMPLING)
    families = {"missing answers": missing_changes(missing)}
    findings = findings_table(drift, power_table([study]), shares, share_bounds=bounds, families=families)
    of_shares = findings[findings["family"] == "shares"]
    assert (of_shares["verdict"] == NOT_ENOUGH_DATA).all()
    tables = {"findings": findings, "shares": shares, "missing_answers": missing, "share_bounds": bounds}
    topics = summary(tables | {"power": power_table([study])})
    assert topics["Missing answers"][0].startswith(
        "From image 0 to image 3 of chains from images, the share of images without a valid answer about gender for "
        "joy rose from 0 % to 50 %, by 50 points ("
    )
    assert topics["Missing answers"][0].endswith(
        "), only for chains whose first image is female. The share shown as male is therefore between 50 % and 100 %."
    )
    assert "Missing answers leave 2 of 2 shares open" in topics["Missing answers"][1]
    everything = " ".join(sentence for sentences in topics.values() for sentence in sentences)
    assert "No significant change of any share" not in everything
    figure = missing_answers_figure(missing, "gender")
    assert [line.get_ydata()[-1] for line in figure.axes[0].lines] == [0, 1, 0.5]


def test_every_completion_of_the_missing_answers_lies_within_the_bounds_which_are_reached():
    rng = np.random.default_rng(0)
    codes = rng.integers(-1, 2, size=(12, 2))
    changes = []
    for _ in range(3000):
        filled = np.where(codes == ABSENT, rng.integers(2, size=codes.shape), codes)
        changes.append((filled[:, 1] == WOMEN).mean() - (filled[:, 0] == WOMEN).mean())
    for before, after in ((MEN, WOMEN), (WOMEN, MEN)):
        filled = np.where(codes == ABSENT, [before, after], codes)
        changes.append((filled[:, 1] == WOMEN).mean() - (filled[:, 0] == WOMEN).mean())
    table = share_bounds_table([panel(codes)])
    row = table[(table["iteration"] == 1) & (table["category"] == "female")].iloc[0]
    assert [row["change_low"], row["change_high"]] == pytest.approx([min(changes), max(changes)])
    # Sampling error makes the limits of the bounds wider than the bounds.
    assert row["ci_low"] < row["change_low"]
    assert row["ci_high"] > row["change_high"]


def test_the_test_of_change_is_that_of_mcnemar():
    codes = np.zeros((40, 2), int)
    codes[:9, 1], codes[9:11, 0] = ABSENT, ABSENT
    table = missing_answers_table([panel(codes)], kinds(panel(codes)), RESAMPLING)
    row = table[(table["iteration"] == 1) & (table["category"] == ALL)].iloc[0]
    assert row["p_value"] == pytest.approx(binomtest(9, 11).pvalue)
    assert row["value"] == pytest.approx(7 / 40)


def test_constant_missing_answers_are_rarely_called_a_change():
    rng, claims = np.random.default_rng(1), []
    for _ in range(60):
        codes = np.where(rng.random((60, 2)) < 0.25, ABSENT, rng.integers(2, size=(60, 2)))
        table = missing_answers_table([panel(codes)], kinds(panel(codes)), Resampling(200, 1))
        claims.append((table["p_value"].dropna() < 0.05).to_numpy())
    assert np.mean(np.concatenate(claims)) < 0.1


def test_pictures_without_an_answer_are_not_called_missing_pictures():
    chains = pd.DataFrame({"chain_id": ["a", "b", "c"]})
    pictures = pd.DataFrame([(name, k) for name in "ab" for k in (0, 1)], columns=["chain_id", "iteration"])
    rows = [("a", 0, "gender", "male", "valid"), ("a", 1, "gender", None, "refused"), ("b", 1, "age", None, "unsure")]
    answers = pd.DataFrame(rows, columns=["chain_id", "iteration", "attribute", "category", "status"])
    kinds = answer_kinds(answers, chains, ["gender"], 1, pictures)
    assert kinds["gender"].tolist() == [
        ["valid", "refused"],
        ["not answered", "not answered"],
        ["no image", "no image"],
    ]
    codes = np.array([[MEN, ABSENT], [ABSENT, ABSENT], [ABSENT, ABSENT]], np.int8)
    table = missing_answers_table([panel(codes)], kinds, RESAMPLING)
    row = table[(table["iteration"] == 1) & (table["category"] == ALL)].iloc[0]
    assert row[["refused", "not_answered", "no_image"]].astype(float).tolist() == pytest.approx([1 / 3] * 3)
