"""States what was asked, and explains chain, images and annotator, for readers who have only the first screen."""

from collections.abc import Sequence

from broken_telephone.reporting.first_screen.overview import Overview
from broken_telephone.reporting.text.wording import listed, spoken

_NAMED = 4
"""Attributes that the question names."""
_STEPS = {
    "image": "the describer puts an original into words and the generator draws image 1 from them",
    "prompt": "the generator draws image 1 from a prompt and the describer puts it into words",
}


def question(overviews: Sequence[Overview]) -> str:
    """Say what the study asks, in one sentence for every study.

    Args:
        overviews: one for each kind of start; the first one names the attributes.
    """
    names = [spoken(block.attribute) for one in overviews[:1] for block in (*one.blocks, *one.folded_blocks)]
    what = f"people's appearance ({listed(names, _NAMED)})" if names else "people's appearance"
    return f"Question: does {what} change while one model describes images and another draws the descriptions?"


def definition(overviews: Sequence[Overview]) -> str:
    """Say what a chain is, and what the annotator does.

    Args:
        overviews: one for each kind of start; the first one decides.
    """
    if not overviews:
        return ""
    first, *others = overviews
    further = f", and so on until image {first.last}" if first.last > 1 else ""
    prompts = " Chains from prompts begin with a text instead." if others else ""
    label = f"The label is that of the {'original' if first.start == 'image' else 'prompt'}"
    return f"In a chain, {_STEPS[first.start]}{further}. {label}; the annotator says how people appear.{prompts}"
