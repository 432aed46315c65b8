"""Explains chain, images and annotator in one sentence, for readers who have only the first screen."""

from collections.abc import Sequence

from broken_telephone.reporting.first_screen.overview import Overview

_STEPS = {
    "image": "the describer puts an original into words and the generator draws image 1 from them",
    "prompt": "the generator draws image 1 from a prompt and the describer puts it into words",
}


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
    return f"In a chain, {_STEPS[first.start]}{further}. The annotator labels the people in the images.{prompts}"
