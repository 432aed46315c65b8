"""Finds where each imported chain ends, by the rules of the loop: the first missing link ends it."""

import zlib

from broken_telephone.importing.chain_record import End, ImportedChain
from broken_telephone.labels import is_refusal
from broken_telephone.labels.answer_parsing.degenerate_output import is_degenerate
from broken_telephone.loop.journal import EMPTY, REFUSED
from broken_telephone.models.failures import DEGENERATE
from broken_telephone.visible import shortened

MISSING = "missing in the results"
_SHOWN = 80


def end_of(chain: ImportedChain, iterations: int) -> End | None:
    """Return where a chain ends before the last iteration; None if it reaches it.

    Descriptions that the loop would refuse (empty, refused, degenerate) end a chain here, too, although the other
    program went on, so that shares of failures mean the same in all studies.

    Args:
        chain: the chain.
        iterations: the last iteration of the study.
    """
    for iteration in range(1, iterations + 1):
        if chain.has_texts:
            problem = _problem_of_text(chain, iteration)
            if problem is not None:
                return End(iteration, "describe", *problem)
        if chain.end is not None and chain.end.iteration <= iteration:
            return chain.end
        if iteration not in chain.images:
            return End(iteration, "draw", MISSING, f"the results hold no image {iteration} of this chain")
    return None


def _problem_of_text(chain: ImportedChain, iteration: int) -> tuple[str, str] | None:
    text = chain.descriptions.get(iteration)
    if text is None:
        return EMPTY, f"the results hold no description {iteration} of this chain"
    if iteration == 1 and chain.original is None:
        return None  # a prompt, which nobody described
    if is_refusal(text):
        return REFUSED, f"the description is: {shortened(text, _SHOWN)}"
    # Whether a text was cut off is unknown, so it counts as complete.
    if _may_repeat(text) and is_degenerate(text, truncated=False):
        return DEGENERATE, f"one phrase is repeated: {shortened(text, _SHOWN)}"
    return None


def _may_repeat(text: str) -> bool:
    """Return whether a text compresses as well as ten repetitions of a phrase do, which takes a tenth of their test."""
    content = text.casefold().encode()
    return len(zlib.compress(content, 1)) < 0.5 * len(content) + 20
