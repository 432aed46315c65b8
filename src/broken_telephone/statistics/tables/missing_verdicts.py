"""Verdicts that hold for every completion of missing answers: shared by `findings` and `contrasts`."""

from collections.abc import Callable

import numpy as np

NOT_ENOUGH_DATA = "not enough data to tell"
CONTRADICTION = "the test is significant, but the interval includes zero"


def with_bounds(rows, has_missing):  # type: ignore[no-untyped-def]
    """Return the p-values of rows: where answers are missing, the larger one of two tests.

    Args:
        rows: columns p_value, of the complete pairs, and p_bounds, of the worst-case bounds.
        has_missing: bool, whether missing answers matter.
    """
    is_bounded = has_missing & rows["p_value"].notna()
    return np.where(is_bounded, np.fmax(rows["p_value"], rows["p_bounds"]), rows["p_value"])


def refused_claim(row, has_missing: bool, reason: Callable) -> str:  # type: ignore[no-untyped-def]
    """Return why a significant row is no claim; empty if it is one.

    Args:
        row: value, ci_low, ci_high, change_low and change_high.
        has_missing: whether missing answers matter.
        reason: row -> the text about its missing answers.
    """
    if not row.value or row.ci_low <= 0 <= row.ci_high:
        # Test and interval contradict each other, so neither decides.
        return CONTRADICTION
    return str(reason(row)) if has_missing and row.change_low <= 0 <= row.change_high else ""


def widest_change(row) -> float:  # type: ignore[no-untyped-def]
    """Return the largest absolute change that missing answers and their sampling error allow, at least 0."""
    # Sampling error adds to the bounds, as it does to every estimate.
    return float(np.nanmax([-row.change_low, row.change_high, -row.limit_low, row.limit_high, 0]))


def is_left_open(row, has_missing: bool) -> bool:  # type: ignore[no-untyped-def]
    """Return whether missing answers alone may hide a change that the test would detect."""
    return has_missing and bool(
        widest_change(row) > row.minimum_detectable_change or row.pairs_p_value <= row.rejection_level
    )


def missing_numbers(row, names: tuple[str, str]) -> list[str]:  # type: ignore[no-untyped-def]
    """Return two shares of missing answers and the bounds on the change as texts, in per cent and points."""
    return [
        f"{100 * getattr(row, name):.0f}".replace("-", "\N{MINUS SIGN}")
        for name in (*names, "change_low", "change_high")
    ]
