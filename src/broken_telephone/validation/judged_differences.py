"""Lets the judge decide whether a factor without a planted effect makes a difference.

A generator never draws exactly what it learned. So a factor that nobody planted can differ all the same. The decision
rests on the judge's paired readings of the last images, never on the annotator's answers, which the blame rests on.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from broken_telephone.statistics import ABSENT, Panel
from broken_telephone.statistics.estimates.factor_designs import Term, whole_factor
from broken_telephone.statistics.estimates.panel import label_groups
from broken_telephone.statistics.hypothesis_tests.exact_sign_flips import exact_sign_flips
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import holm

DIFFERS, SAME, UNDECIDED = "difference", "no difference", "undecided"
"""The judge's decisions about a factor."""
JUDGE_LEVEL = 0.01
"""Level of the exact tests, after adjustment for all shares. It is as strict as that of a blame."""
MARGIN = 0.1
"""No difference: the exact limits of every effect are below 10 points, half of the planted effect that must be
blamed."""
CONFIRM_LEVEL = 0.05
"""Level of the single one-sided test in the other replicates."""
_LIMIT_LEVEL = 0.05
"""Level of each one-sided limit."""
_POWER = 0.8

Panels = Mapping[str, Panel]
"""Attribute -> the categories of one arm's chains."""


class Decision(NamedTuple):
    """What the judge's readings tell about one factor."""

    decision: str
    """The judge decides DIFFERS, SAME or UNDECIDED."""
    effect: float
    """The effect on the share with the smallest p-value. It is at most 1 in size, and at most 2 for an interaction."""
    share: str
    """The label, attribute and category of that share."""
    p_adjusted: float
    """The p-value of that share, adjusted for all shares (Holm)."""
    detectable: float
    """The share of the starts of a label that must change in one direction, so that the test finds it with a power of
    80 %; null if the test can never find a difference with so few starts."""
    changed_starts: float
    """The largest share of starts that change in either direction, over all shares. If hardly any start changes, the
    arms have almost the same images, and not to blame the factor is easy."""


class PairedShare(NamedTuple):
    """The effect of a factor on one share, counted in starts."""

    start: str
    label: str
    attribute: str
    category: str
    effect: float
    """The mean effect over all chains."""
    up: int
    """The number of starts whose chains change upwards in sum."""
    down: int
    starts: int
    """The number of starts with categories in all arms."""
    p_value: float
    """The two-sided p-value."""
    p_larger: float
    """The one-sided p-value of an effect upwards."""
    p_smaller: float
    """The one-sided p-value of an effect downwards."""
    possible: float
    """The largest possible effect."""

    @property
    def name(self) -> str:
        """Label, attribute and category in words."""
        return f"{self.label}, {self.attribute}: {self.category}"


def decide(arms: Sequence[Panels], term: Term) -> Decision:
    """Decide whether a factor makes a difference in the last images.

    1. Per share and start, the contrast of the arms is summed over the chains. The sum over the starts is tested by
       `exact_sign_flips`.
    2. DIFFERS: a p-value is below JUDGE_LEVEL after the adjustment of Holm over all shares: of all labels and
       categories, and of all labels together.
    3. SAME: not so, and for every share the exact limits of the effect in both directions are below MARGIN. They are
       the one-sided 95 % limits of the share of starts that change in that direction (Clopper and Pearson), times the
       largest possible change. UNDECIDED: neither.

    Args:
        arms: the judge's readings of the arms, in the order of the term's weights.
        term: main effect or interaction.
    """
    shares = list(paired_shares(arms, term))
    if not shares:
        return Decision(UNDECIDED, np.nan, "", np.nan, np.nan, np.nan)
    adjusted = holm(np.array([one.p_value for one in shares]))
    place = min(range(len(shares)), key=lambda k: (adjusted[k], shares[k].p_value, -abs(shares[k].effect)))
    if adjusted[place] < JUDGE_LEVEL:
        decision = DIFFERS
    else:
        decision = SAME if max(_furthest_limit(one) for one in shares) < MARGIN else UNDECIDED
    fewest = min(one.starts for one in shares)
    best = shares[place]
    changed = max((one.up + one.down) / one.starts for one in shares)
    detectable = _detectable(fewest, len(shares))
    return Decision(decision, best.effect, best.name, float(adjusted[place]), detectable, changed)


def confirmed(answered: Sequence[Panels], judged: Sequence[Panels], term: Term) -> bool | None:
    """Test in other replicates what the annotator's answers show best.

    The annotator's answers choose one share and its direction. The judge's readings of the other replicates test only
    that, one-sided at CONFIRM_LEVEL. The error rate holds for a factor that is chosen without a look at these
    replicates. `blame_table` tests only blamed factors, and the blame uses all replicates.

    Args:
        answered: the annotator's answers about some replicates.
        judged: the judge's readings of the other replicates.
        term: main effect or interaction.

    Returns:
        Whether the judge confirms the share and its direction; null if there is no share to test.
    """
    shares = [one for one in paired_shares(answered, term) if one.effect]
    again = {one[:4]: one for one in paired_shares(judged, term)}
    if not shares or not again:
        return None
    best = min(shares, key=lambda one: (one.p_value, -abs(one.effect)))
    other = again.get(best[:4])
    if other is None:
        return None
    return (other.p_larger if best.effect > 0 else other.p_smaller) < CONFIRM_LEVEL


def paired_shares(arms: Sequence[Panels], term: Term) -> Iterator[PairedShare]:
    """Yield the effects on the shares of the last image; of two categories only the first, as the other mirrors it.

    Factors have two levels here, so a term has one contrast.
    """
    (weights,) = term.contrasts
    whole, possible = whole_factor(weights), float(weights[weights > 0].sum())
    for attribute, panel in arms[0].items():
        codes = np.stack([own[attribute].codes[:, -1] for own in arms])
        known = (codes != ABSENT).all(0)
        distinct = panel.categories[:1] if len(panel.categories) == 2 else panel.categories
        for start, label, chosen in label_groups(panel.starts, panel.labels):
            own = chosen & known
            if not own.any():
                continue
            starts, clusters = np.unique(panel.clusters[own], return_inverse=True)
            for code, category in enumerate(distinct):
                numbers = weights @ (codes[:, own] == code)
                sums = np.rint(np.bincount(clusters, numbers * whole)).astype(int)
                up, down = int((sums > 0).sum()), int((sums < 0).sum())
                (p_value, larger), (_, smaller) = exact_sign_flips(sums), exact_sign_flips(-sums)
                numbers_of_share = (float(numbers.mean()), up, down, len(starts), p_value, larger, smaller, possible)
                yield PairedShare(start, label, attribute, category, *numbers_of_share)


def _furthest_limit(one: PairedShare) -> float:
    """Return the larger exact limit of the effect in either direction.

    No start changes by more than `possible`, so that the effect is at most this times the share of starts that change
    in its direction. Starts that change in the other direction would make it smaller.
    """
    from scipy.stats import beta

    limits = [
        float(beta.ppf(1 - _LIMIT_LEVEL, count + 1, one.starts - count)) if count < one.starts else 1.0
        for count in (one.up, one.down)
    ]
    return one.possible * max(limits)


def _detectable(starts: int, tests: int) -> float:
    """Return the chance of a change in one direction that the test with the strictest level finds often enough."""
    from scipy.stats import beta

    needed = next((k for k in range(1, starts + 1) if 2 * 0.5**k * tests < JUDGE_LEVEL), None)
    # The chance p with P(at least k of n) = power is a quantile of a beta distribution.
    return float(beta.ppf(_POWER, needed, starts - needed + 1)) if needed else np.nan


def of_replicates(arms: Sequence[Panels], chosen: np.ndarray) -> list[Panels]:
    """Return the panels of the chosen chains.

    Args:
        arms: the panels of each arm.
        chosen: bool (n,).
    """
    return [{name: panel.of(chosen) for name, panel in own.items()} for own in arms]
