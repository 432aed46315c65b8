"""Answers the question of a study in one sentence."""

from broken_telephone.reporting.first_screen.overview import Overview
from broken_telephone.reporting.text.wording import counted, listed, spoken

_NAMED = 4
"""Attributes that are named; more would make the sentence too long."""


def answer(overview: Overview | None, why_not: str) -> str:
    """Say how many shares changed, or why nothing can be said.

    Args:
        overview: of the chains that the first screen is about; None if nothing was compared.
        why_not: why nothing was compared.
    """
    if overview is None or not overview.counts.total:
        return why_not
    counts, when = overview.counts, span(overview)
    attributes = [spoken(block.attribute) for block in (*overview.blocks, *overview.folded_blocks)]
    shares = counted(counts.total, "share")
    if len(attributes) <= _NAMED:
        shares += f" of {listed(attributes, _NAMED)}"
    if counts.changed:
        return f"{counts.changed} of {shares} changed {when}."
    if not counts.quiet:
        return f"There is not enough data to tell whether any of {shares} changed {when}."
    return f"No drift was detected: none of {shares} changed significantly {when}."


def span(overview: Overview) -> str:
    """Name the compared images: `between the originals and image 3`."""
    first = "the originals" if overview.since == 0 else f"image {overview.since}"
    return f"between {first} and image {overview.last}"
