"""Figures of all arms and of similarities: marks at means counted directly, one axis, fillings by verdict."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from compared_arms import chains_of, pulled_arm
from matplotlib.figure import Figure
from matplotlib.text import Text

from broken_telephone.reporting.figures.arm_changes import MOST, arm_changes_figure
from broken_telephone.reporting.figures.comparison_figures import comparison_figures
from broken_telephone.reporting.figures.label_rows import value_axis
from broken_telephone.reporting.figures.similarity_contrasts import similarity_contrasts_figure
from broken_telephone.statistics.outcomes import Outcome
from broken_telephone.statistics.tables.contrasts import contrasts_table

SIMILAR = {"base": 0.9, "far": 0.4, "same": 0.9, "third": 0.9}
PULLS = {"base": (0.6, 0.0), "far": (0.0, 0.0), "same": (0.6, 0.0), "third": (0.6, 0.0)}


@cache
def compared(count=4):
    """Return the arms and their contrasts; `far` drifts less, and its images are less similar to the first."""
    rng = np.random.default_rng(7)
    chains = chains_of(120, 2)
    first = rng.integers(0, 2, len(chains))
    number = chains["label"].str[-1].astype(int).to_numpy()
    arms = []
    for place in range(count):
        name = list(PULLS)[place] if place < 4 else f"further {place}"
        pull = np.array(PULLS.get(name, (0.6, 0.0)))[number]
        arm = pulled_arm(name, chains, first, pull, rng, churn=0.1)
        values = rng.normal(SIMILAR.get(name, 0.9), 0.05, (len(chains), 2))
        similarity = Outcome("similarity", "origin", "image-image", values, False, 0)
        arms.append(arm._replace(outcomes=[*arm.outcomes, similarity]))
    return arms, contrasts_table(arms, "base")


def marks(axes, marker):
    return [line for line in axes.lines if line.get_marker() == marker]


def is_filled(line):
    return str(line.get_markerfacecolor()).lower() not in ("white", "w", "#ffffff")


def mean_change(arm, category, label):
    outcome = next(one for one in arm.outcomes if one[:3] == ("shares", "gender", category))
    own = (arm.chains["label"].astype(str) == label).to_numpy()
    return float((outcome.values[own, -1] - outcome.values[own, 0]).mean())


def test_marks_of_all_arms_stand_at_their_mean_changes():
    arms, contrasts = compared()
    figure = arm_changes_figure(contrasts, "gender")
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    for axes in figure.axes:
        category = axes.get_title()
        for arm, marker in zip(arms, ("o", "D", "s", "^"), strict=True):
            drawn = sorted(float(line.get_xdata()[0]) for line in marks(axes, marker))
            expected = [mean_change(arm, category, label) for label in labels[:2]]
            assert set(np.round(expected, 9)) <= set(np.round(drawn, 9))
            assert len(drawn) == len(labels) == 3


def test_only_what_differs_significantly_is_filled():
    _, contrasts = compared()
    figure = arm_changes_figure(contrasts, "gender")
    rows = contrasts[(contrasts["family"] == "shares") & (contrasts["iteration"] == 1)]
    for arm, marker in (("far", "D"), ("same", "s")):
        significant = rows[(rows["arm"] == arm) & rows["verdict"].isin(["higher", "lower"])]
        filled = [line for axes in figure.axes for line in marks(axes, marker) if is_filled(line)]
        assert len(filled) == len(significant)
    assert any(is_filled(line) for line in marks(figure.axes[0], "D"))
    assert not any(is_filled(line) for axes in figure.axes for line in marks(axes, "o"))


def test_all_panels_and_attributes_have_one_axis():
    _, contrasts = compared()
    other = contrasts[contrasts["attribute"] == "gender"].assign(attribute="age", value_arm=0.01, value_reference=0.0)
    both = pd.concat([contrasts, other])
    limits = {axes.get_xlim() for attribute in ("gender", "age") for axes in arm_changes_figure(both, attribute).axes}
    assert len(limits) == 1
    low, high = limits.pop()
    assert low == pytest.approx(-high)
    assert high > contrasts.loc[contrasts["family"] == "shares", ["value_arm", "value_reference"]].abs().max().max()


def test_many_arms_have_a_row_each():
    _, contrasts = compared(MOST + 3)
    figure = arm_changes_figure(contrasts, "gender")
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names == ["base", *dict.fromkeys(contrasts["arm"].astype(str))]
    assert len(marks(figure.axes[0], "D")) == MOST + 2


def test_claims_of_all_arms_have_one_axis():
    _, contrasts = compared()
    louder = contrasts[contrasts["arm"] == "far"].assign(arm="loud", value_arm=0.97, verdict="higher")
    both = pd.concat([contrasts, louder])
    plans = comparison_figures(both, pd.DataFrame(columns=["kind", "start", "value", "factor"]))
    limits = {plans[f"claims_{arm}"]().axes[0].get_xlim() for arm in ("far", "loud")}
    assert len(limits) == 1
    assert limits.pop()[1] >= 0.97


def test_similarities_stand_at_their_means_with_the_interval_of_the_difference():
    arms, contrasts = compared()
    figure = similarity_contrasts_figure(contrasts, "far")
    (axes,) = figure.axes
    assert axes.get_title() == "image and first image"
    labels = [text.get_text() for text in axes.get_yticklabels()]
    for arm, marker in ((arms[0], "o"), (arms[1], "D")):
        own = {int(line.get_ydata()[0]): float(line.get_xdata()[0]) for line in marks(axes, marker)}
        values = next(one for one in arm.outcomes if one.family == "similarity").values[:, -1]
        for place, label in enumerate(labels[:2]):
            assert own[place] == pytest.approx(values[arm.chains["label"].astype(str) == label].mean())
    assert all(is_filled(line) for line in marks(axes, "D"))
    assert not any(is_filled(line) for line in marks(similarity_contrasts_figure(contrasts, "same").axes[0], "D"))
    low, high = axes.get_xlim()
    assert all(
        low <= x <= high for line in axes.lines if line.get_transform() == axes.transData for x in line.get_xdata()
    )


def test_similarities_of_all_arms_have_one_axis():
    _, contrasts = compared()
    limits = {similarity_contrasts_figure(contrasts, arm).axes[0].get_xlim() for arm in ("far", "same")}
    assert len(limits) == 1


def test_nothing_is_planned_that_has_no_value():
    _, contrasts = compared()
    empty = contrasts.assign(value_arm=np.nan)
    plans = comparison_figures(empty, pd.DataFrame(columns=["kind", "start", "value", "factor"]))
    assert not [name for name in plans if name.startswith(("arms_", "similarities_"))]
    assert "no similarity" in similarity_contrasts_figure(empty, "far").get_supxlabel()


def notes_of(figure):
    return " ".join(text.get_text().replace("\n", " ") for text in figure.findobj(Text))


@pytest.mark.parametrize("count", [4, MOST + 3])
def test_an_arm_that_ratings_correct_has_the_corrected_reference_beside_it(count):
    _, contrasts = compared(count)
    is_own = (contrasts["arm"] == "far") & (contrasts["family"] == "shares")
    mixed = contrasts.copy()
    mixed.loc[is_own, ["method", "value_reference"]] = ["paired, human ratings", 0.123]
    figure = arm_changes_figure(mixed, "gender")
    for axes in figure.axes:
        assert {float(line.get_xdata()[0]) for line in marks(axes, "|")} == {0.123}
        assert 0.123 not in {float(line.get_xdata()[0]) for line in marks(axes, "o")}
        assert len(marks(axes, "o")) == len(marks(axes, "|")) == (3 if count <= MOST else 1)
    text = notes_of(figure)
    assert "Human ratings correct the changes of far and those of base beside them." in text
    assert "other chains" not in text
    assert "Human ratings" not in notes_of(arm_changes_figure(contrasts, "gender"))
    partly = contrasts.copy()
    partly.loc[is_own & (contrasts["label"] == "label 0"), "method"] = "paired, human ratings"
    if count <= MOST:
        assert "changes of far (label 0) and" in notes_of(arm_changes_figure(partly, "gender"))


def test_rows_without_a_value_say_so():
    _, contrasts = compared(MOST + 3)
    is_own = (contrasts["arm"] == "far") & (contrasts["family"] == "shares") & (contrasts["category"] == "man")
    first, second = arm_changes_figure(contrasts.mask(is_own & (contrasts["attribute"] == "gender")), "gender").axes
    absent = [[text for text in axes.texts if text.get_text() == "no value"] for axes in (first, second)]
    assert sorted(map(len, absent)) == [0, 1]
    similar = contrasts[contrasts["family"] == "similarity"]
    both = pd.concat([similar, similar[similar["label"] != "label 1"].assign(attribute="previous")])
    absent = {
        axes.get_title(): [(text.get_text(), text.get_position()[1]) for text in axes.texts]
        for axes in similarity_contrasts_figure(both, "same").axes
    }
    assert sorted(absent.values()) == [[], [("no value", 1)]]


@pytest.mark.parametrize("limits", [(0.82, 0.97), (0.895, 0.905), (0.3, 1.0), (-0.1, 0.9), (0.4119, 0.4371)])
def test_an_axis_of_values_has_from_two_to_eight_numbers(limits):
    axes = Figure().subplots()
    value_axis(axes, limits)
    ticks = axes.get_xticks()
    assert 2 <= len(ticks) <= 8
    assert all(limits[0] <= tick <= limits[1] for tick in ticks)
    texts = [text.get_text().replace("\N{MINUS SIGN}", "-") for text in axes.get_xticklabels()]
    assert [float(text) for text in texts] == pytest.approx(list(ticks))
