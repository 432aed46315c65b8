"""Answers the question of a study: the surest change in words, then how many shares changed."""

from collections.abc import Sequence

from broken_telephone.reporting.first_screen.leading_changes import LeadingChange
from broken_telephone.reporting.first_screen.overview import Overview
from broken_telephone.reporting.text.wording import counted


def answer(overview: Overview | None, findings: Sequence[LeadingChange], why_not: str) -> str:
    """Say what changed most surely, that nothing did, or why nothing can be said.

    Args:
        overview: of the chains that the first screen is about; None if nothing was compared.
        findings: of the first screen, the surest first.
        why_not: why nothing was compared.
    """
    if overview is None or not overview.counts.total:
        return why_not
    counts = overview.counts
    if findings:
        return findings[0].headline
    if not counts.quiet:
        return "There is not enough data to tell whether any share changed."
    if counts.untold:
        rest = f"for {counts.untold}, there is not enough data to tell"
        return f"No significant change in {counts.quiet} of {counted(counts.total, 'share')}; {rest}."
    return "No share changed significantly."


def count_line(overview: Overview, n_findings: int) -> str:
    """Say how many shares changed, between which images: `13 of 80 shares changed`.

    Args:
        overview: of the chains that the first screen is about.
        n_findings: pairs of label and attribute with a significant change.
    """
    counts = overview.counts
    rows = len(overview.rows) + overview.folded_labels
    categories = sum(len(block.categories) + block.folded for block in (*overview.blocks, *overview.folded_blocks))
    size = ""
    if rows * categories == counts.total:
        names = "category" if categories == 1 else "categories"
        size = f" ({counted(rows, 'row')} \N{MULTIPLICATION SIGN} {categories} {names})"
    if not counts.changed:
        verb = "was" if counts.total == 1 else "were"
        return f"{counted(counts.total, 'share')}{size} {verb} compared {span(overview)}."
    all_findings = f", in {counted(n_findings, 'finding')}"
    return f"{counts.changed} of {counted(counts.total, 'share')} changed{size} {span(overview)}{all_findings}."


def span(overview: Overview) -> str:
    """Name the compared images: `between the originals and image 3`."""
    first = "the originals" if overview.since == 0 else f"image {overview.since}"
    return f"between {first} and image {overview.last}"
