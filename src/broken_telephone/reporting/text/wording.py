"""Numbers and names in plain words."""

from collections.abc import Sequence

import pandas as pd

from broken_telephone.statistics import ALL

MINUS = "\N{MINUS SIGN}"
NO_VALUE = "\N{EN DASH}"
"""What stands in place of a value that is not there."""


def points(value: float, unit: bool = True) -> str:
    """Write a difference of shares: 0.21 is `21 points`; below one point with a decimal."""
    size = f"{100 * value:.1f}" if 0 < abs(value) < 0.0095 else f"{100 * value:.0f}"
    size = size.replace("-", MINUS) if float(size) else "0"
    return size if not unit else f"{size} point{'' if size.strip(MINUS) == '1' else 's'}"


def percent(share: float) -> str:
    """Write a share: 0.59 is `59 %`; nearly none and nearly all with a decimal."""
    near = 0.0005 <= share < 0.0095 or 0.9905 < share < 0.9995
    return f"{100 * share:.1f} %" if near else f"{100 * share:.0f} %"


def interval(low: float, high: float) -> str:
    """Write the ends of an interval of differences, in points."""
    if pd.isna(low) or pd.isna(high):
        return "no interval"
    return f"95 % interval {points(low, unit=False)} to {points(high, unit=False)}"


def share_interval(low: float, high: float) -> str:
    """Write the ends of an interval of shares."""
    if pd.isna(low) or pd.isna(high):
        return "no interval"
    return f"95 % interval {percent(low).removesuffix(' %')} to {percent(high)}"


def ratio_interval(low: float, high: float) -> str:
    """Write the ends of an interval of ratios; a profile's end may be missing where its test is not."""
    if pd.isna(low) or pd.isna(high):
        return "no interval"
    return f"95 % interval {low:.2g} to {high:.2g}"


def the_share(attribute: str, category: str, label: str) -> str:
    """Name a share: `the share shown as female among happiness`."""
    return f"the share shown as {shown_as(attribute, category)} {among(label)}"


def shown_as(attribute: str, category: str) -> str:
    """Name a category; genders speak for themselves, others are said to be ages, skin tones and so on."""
    return category if attribute == "gender" else f"{category} ({attribute.replace('_', ' ')})"


def among(label: str) -> str:
    """Name whose share it is."""
    return "over all labels together" if label == ALL else f"among {label}"


def listed(items: Sequence[str], most: int) -> str:
    """List some things in words: `a, b and 3 more`."""
    shown = list(items[:most])
    if len(items) > most:
        return f"{', '.join(shown)} and {len(items) - most} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def capital(text: str) -> str:
    """Begin a sentence."""
    return text[:1].upper() + text[1:]


def counted(number: int, what: str) -> str:
    """Write a number of things: `1 chain`, `1,080 rows`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
