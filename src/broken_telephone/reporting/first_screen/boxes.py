"""Holds what the boxes below the counts share."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """Holds a question, its answer in a few words, and what the answer rests on."""

    question: str
    answer: str
    sentences: Sequence[str]
    link: str
    """Name of the section of the page with the details, if the page has it."""
    command: str = ""
    """A command that the answer recommends."""
