"""Crosses two attributes: a panel whose categories are pairs of categories."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from broken_telephone.statistics.estimates.panel import ABSENT, Panel

CROSS = " x "
"""Joins the names of two attributes, and the names of their categories."""


def crossed_panel(first: Panel, second: Panel) -> Panel:
    """Cross two attributes of the same chains.

    Args:
        first: an attribute with A categories.
        second: another attribute with B categories.

    Returns:
        The panel of `first x second` with A * B categories, those of `first` varying slowest. A picture has a crossed
        category only if both attributes have a valid one. The codes are int16.
    """
    size = len(second.categories)

    def crossed(slow: np.ndarray, fast: np.ndarray) -> np.ndarray:
        valid = (slow != ABSENT) & (fast != ABSENT)
        return np.where(valid, slow.astype(np.int16) * size + fast, ABSENT).astype(np.int16)

    return replace(
        first,
        attribute=f"{first.attribute}{CROSS}{second.attribute}",
        categories=tuple(f"{a}{CROSS}{b}" for a in first.categories for b in second.categories),
        codes=crossed(first.codes, second.codes),
        stated=crossed(first.stated, second.stated),
    )


def crossed_panels(panels: Mapping[str, Panel], pairs: Sequence[tuple[str, str]]) -> dict[str, Panel]:
    """Cross each of the pairs of attributes, all of which `panels` has; returns crossed attribute -> panel."""
    crossed = [crossed_panel(panels[first], panels[second]) for first, second in pairs]
    return {panel.attribute: panel for panel in crossed}
