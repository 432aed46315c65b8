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
