"""Answers the question of a study: the surest change in words, and how many shares changed."""

from collections.abc import Sequence

from broken_telephone.reporting.first_screen.leading_changes import LeadingChange
from broken_telephone.reporting.first_screen.overview import Counts, Overview
from broken_telephone.reporting.text.wording import counted


def answer(counts: Counts, findings: Sequence[LeadingChange], why_not: str) -> str:
    """Say what changed most surely, that nothing did, or why nothing can be said.

    Args:
        counts: of all shares that the first screen shows.
        findings: of the first screen, the surest first.
        why_not: why nothing was compared.
    """
    if not counts.total:
        return why_not
    if findings:
        return findings[0].headline
    if not counts.quiet:
        return "There is not enough data to tell whether any share changed."
    if counts.undecided:
        known = f"the {counted(counts.quiet, 'share')} with enough data"
        return f"No significant change in {known}; not enough data: {counts.undecided}."
    return "No share changed significantly."


def count_line(overviews: Sequence[Overview], n_findings: int) -> str:
    """Say how many shares changed: `13 of 80 shares changed between the originals and image 3`.

    Args:
        overviews: one for each kind of start.
        n_findings: one finding covers all changed shares of a label and attribute, which sum to 100 %.
    """
    counts = counts_of(overviews)
    mirrored = "; a rise and the falls that go with it are one finding" if counts.changed > n_findings else ""
    if len(overviews) == 1 and not counts.changed:
        verb = "was" if counts.total == 1 else "were"
        return f"{counted(counts.total, 'share')} {verb} compared {span(overviews[0])}."
    first, *others = overviews
    further = "".join(f" (in chains from {one.start}s {span(one)})" for one in others)
    return f"{counts.changed} of {counted(counts.total, 'share')} changed {span(first)}{further}{mirrored}."


def counts_of(overviews: Sequence[Overview]) -> Counts:
    """Add up the counts of several overviews."""
    return sum((one.counts for one in overviews), Counts())


def span(overview: Overview) -> str:
    """Name the compared images: `between the originals and image 3`."""
    first = "the originals" if overview.since == 0 else f"image {overview.since}"
    return f"between {first} and image {overview.last}"
