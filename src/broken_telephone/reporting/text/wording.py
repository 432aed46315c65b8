"""Formats numbers, names and lists for sentences."""

from collections.abc import Sequence

import pandas as pd

from broken_telephone.statistics import ALL

MINUS = "\N{MINUS SIGN}"
_SAME = 1e-9
"""Values that differ by less are equal."""
NO_VALUE = "\N{EN DASH}"
"""Stands in place of a missing value."""


def with_minus(number: str) -> str:
    """Write a formatted number with the minus sign in place of the hyphen."""
    return number.replace("-", MINUS)


def points(value: float, unit: bool = True) -> str:
    """Write a difference of shares in percentage points: 0.21 is `21 points`; below one point with a decimal."""
    size = f"{100 * value:.1f}" if 0 < abs(value) < 0.0095 else f"{100 * value:.0f}"
    size = with_minus(size) if float(size) else "0"
    return size if not unit else f"{size} point{'' if size.strip(MINUS) == '1' else 's'}"


def percent(share: float) -> str:
    """Write a share: 0.59 is `59 %`; shares close to 0 or 1 have a decimal."""
    near = 0.0005 <= share < 0.0095 or 0.9905 < share < 0.9995
    return f"{100 * share:.1f} %" if near else f"{100 * share:.0f} %"


def p_value(value: float) -> str:
    """Write a p-value with two digits: `0.031`, or `< 0.001`."""
    return "< 0.001" if value < 0.001 else f"{value:.2g}"


def interval(low: float, high: float) -> str:
    """Write a confidence interval of differences, in points."""
    return _limits(low, high, points(low, unit=False), points(high, unit=False))


def after_selection(size: str, value: float, shrunken: float, nearest_limit: float = float("nan")) -> str:
    """Write a change corrected for its selection, if there is a correction and rounding does not hide it.

    Args:
        size: the change before the correction, as it is written: the difference of rounded shares, or the value.
        value: the change before the correction.
        shrunken: the change corrected for its selection; NaN without a correction.
        nearest_limit: the limit of the interval that is closer to zero. A change that is shrunken to it is a bound, not
            an estimate.
    """
    if pd.isna(shrunken) or points(shrunken) in (size, points(value)):
        return ""
    is_bound = abs(shrunken - nearest_limit) < _SAME
    return f"; corrected for selection {'at least ' if is_bound else ''}{points(shrunken)}"


def share_interval(low: float, high: float) -> str:
    """Write a confidence interval of shares."""
    return _limits(low, high, percent(low).removesuffix(" %"), percent(high))


def number_interval(low: float, high: float, form: str = ".2g") -> str:
    """Write a confidence interval of other numbers, by default of ratios; a limit may be missing beside a test."""
    return _limits(low, high, with_minus(f"{low:{form}}"), with_minus(f"{high:{form}}"))


def _limits(low: float, high: float, low_text: str, high_text: str) -> str:
    return "no interval" if pd.isna(low) or pd.isna(high) else f"95 % interval {low_text} to {high_text}"


def spoken(name: object) -> str:
    """Return the name of an attribute, a label or a column without underscores."""
    return "all labels" if name == ALL else str(name).replace("_", " ")


def the_share(attribute: str, category: str, label: str) -> str:
    """Name a share: `the share shown as female for happiness`."""
    return f"the share shown as {shown_as(attribute, category)} {for_label(label)}"


def shown_as(attribute: str, category: str) -> str:
    """Name a category; all but genders carry their attribute, such as `20-39 (age)`."""
    return category if attribute == "gender" else f"{category} ({spoken(attribute)})"


def for_label(label: str) -> str:
    """Name the label that a share belongs to."""
    return "over all labels" if label == ALL else f"for {label}"


def listed(items: Sequence[str], most: int) -> str:
    """List items in words: `a, b and 3 more`."""
    shown = list(items[:most])
    if len(items) > most:
        return f"{', '.join(shown)} and {len(items) - most} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def capital(text: str) -> str:
    """Begin a text with a capital letter."""
    return text[:1].upper() + text[1:]


def counted(number: int, noun: str) -> str:
    """Write a number of things: `1 chain`, `1,080 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
