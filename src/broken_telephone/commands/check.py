"""The result of one check of `kedro doctor`."""

from typing import NamedTuple

OK, NOTE, MISSING = "OK", "note", "MISSING"
"""All right; worth knowing; the study cannot run without it."""


class Check(NamedTuple):
    """One line of the output."""

    what: str
    outcome: str
    """OK, NOTE or MISSING."""
    text: str
    """What is there, or what to do."""


def shown_size(size: float) -> str:
    """Write a number of bytes, such as `1.4 GB` or `26.6 MB`."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
