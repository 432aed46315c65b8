"""Lets the judge decide whether a factor without a planted effect makes a difference.

A generator never draws exactly what it learned. So a factor that nobody planted can differ all the same. The decision
rests on the judge's paired readings of the last images, never on the annotator's answers, which the blame rests on.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from broken_telephone.statistics import ABSENT, Panel
from broken_telephone.statistics.estimates.factor_designs import Term
from broken_telephone.statistics.estimates.panel import label_groups
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import holm

DIFFERS, SAME, UNDECIDED = "difference", "no difference", "undecided"
"""The judge's decisions about a factor."""
JUDGE_LEVEL = 0.01
"""Level of the exact tests, after adjustment for all shares. It is as strict as that of a blame."""
MARGIN = 0.1
"""No difference: the exact limits of every share lie within 10 points, half of the effect that must be blamed."""
CONFIRM_LEVEL = 0.05
"""Level of the single one-sided test in further images."""
_LIMIT_LEVEL = 0.05
"""Level of each one-sided limit."""
_POWER = 0.8

Panels = Mapping[str, Panel]
"""Attribute -> the categories of one arm's chains."""


class Decision(NamedTuple):
    """What the judge's readings tell about one factor."""

    decision: str
    """DIFFERS, SAME or UNDECIDED."""
    effect: float
    """The effect on the share with the smallest p-value, at most 1 in size; twice that for an interaction."""
    share: str
    """That share: label, attribute and category."""
    p_adjusted: float
    """Its p-value, adjusted for all shares (Holm)."""
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
    """Mean over chains."""
    up: int
    """Starts whose chains change upwards in sum."""
    down: int
    starts: int
    """Starts with categories in all arms."""

    @property
    def name(self) -> str:
        """Label, attribute and category in words."""
        return f"{self.label}, {self.attribute}: {self.category}"


def decide(arms: Sequence[Panels], term: Term) -> Decision:
    """Decide whether a factor makes a difference in the last images.

    1. Per share and start, the contrast of the arms is summed over the chains. Its sign is tested with an exact sign
       test (binomial; McNemar's test for single chains). If the levels are exchangeable, it is exact.
    2. DIFFERS: a p-value is below JUDGE_LEVEL after the adjustment of Holm over all shares: of all labels and
       categories, and of all labels together.
    3. SAME: not so, and for every share the exact limits of the net share of starts that change (Clopper and Pearson
       for either direction) lie within MARGIN. UNDECIDED: neither.

    Args:
        arms: the judge's readings of the arms, in the order of the term's weights.
        term: main effect or interaction.
    """
    found = list(paired_shares(arms, term))
    if not found:
        return Decision(UNDECIDED, np.nan, "", np.nan, np.nan, np.nan)
    adjusted = holm(np.array([sign_test(one.up, one.down) for one in found]))
    place = min(range(len(found)), key=lambda k: (adjusted[k], -abs(found[k].up - found[k].down)))
    if adjusted[place] < JUDGE_LEVEL:
        decision = DIFFERS
    else:
        decision = SAME if max(_furthest_limit(one) for one in found) < MARGIN else UNDECIDED
    fewest = min(one.starts for one in found)
    best = found[place]
    changed = max((one.up + one.down) / one.starts for one in found)
    detectable = _detectable(fewest, len(found))
    return Decision(decision, best.effect, best.name, float(adjusted[place]), detectable, changed)


def confirmed(answered: Sequence[Panels], judged: Sequence[Panels], term: Term) -> bool | None:
    """Test in other images what the annotator's answers show best.

    The annotator's answers choose one share and its direction. The judge's readings of other images test only that,
    with a one-sided exact sign test at CONFIRM_LEVEL. So neither the images nor their reader are the same.

    Args:
        answered: the annotator's answers about some replicates.
        judged: the judge's readings of the other replicates.
        term: main effect or interaction.

    Returns:
        Whether the judge confirms the share and its direction; null if there is no share to test.
    """
    from scipy.stats import binom

    shares = [one for one in paired_shares(answered, term) if one.up != one.down]
    again = {one[:4]: one for one in paired_shares(judged, term)}
    if not shares or not again:
        return None
    best = min(shares, key=lambda one: (sign_test(one.up, one.down), -abs(one.effect)))
    other = again.get(best[:4])
    if other is None:
        return None
    same, total = (other.up if best.up > best.down else other.down), other.up + other.down
    return bool(binom.sf(same - 1, total, 0.5) < CONFIRM_LEVEL)


def paired_shares(arms: Sequence[Panels], term: Term) -> Iterator[PairedShare]:
    """Yield the effects on the shares of the last image; of two categories only the first, as the other mirrors it.

    Factors have two levels here, so a term has one contrast.
    """
    (weights,) = term.contrasts
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
                sums = np.round(np.bincount(clusters, numbers), 9)  # Rounding errors are no change.
                up, down = int((sums > 0).sum()), int((sums < 0).sum())
                effect = float(numbers.mean())
                yield PairedShare(start, label, attribute, category, effect, up, down, len(starts))


def sign_test(up: int, down: int) -> float:
    """Return the two-sided exact p-value of a sign test; 1 without any change."""
    from scipy.stats import binom

    return float(min(1.0, 2 * binom.cdf(min(up, down), up + down, 0.5)))


def _furthest_limit(one: PairedShare) -> float:
    """Return the larger one-sided limit of the net share of starts that change, upwards or downwards."""
    low_up, high_up = _clopper_pearson(one.up, one.starts)
    low_down, high_down = _clopper_pearson(one.down, one.starts)
    return max(high_up - low_down, high_down - low_up)


def _clopper_pearson(count: int, n: int) -> tuple[float, float]:
    """Return exact limits of a share; either is missed with half of _LIMIT_LEVEL, so two of them keep the level."""
    from scipy.stats import beta

    tail = _LIMIT_LEVEL / 2
    low = float(beta.ppf(tail, count, n - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - tail, count + 1, n - count)) if count < n else 1.0
    return low, high


def _detectable(starts: int, tests: int) -> float:
    """Return the chance of a change in one direction that the test with the strictest level finds often enough."""
    from scipy.stats import beta

    needed = next((k for k in range(1, starts + 1) if 2 * 0.5**k * tests < JUDGE_LEVEL), None)
    # The chance p with P(at least k of n) = power is a quantile of a beta distribution.
    return float(beta.ppf(_POWER, needed, starts - needed + 1)) if needed else np.nan


def of_replicates(arms: Sequence[Panels], chosen: np.ndarray) -> list[Panels]:
    """Return the panels of the chosen chains, bool (n,)."""
    return [{name: panel.of(chosen) for name, panel in own.items()} for own in arms]
