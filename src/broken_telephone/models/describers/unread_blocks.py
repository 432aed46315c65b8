"""Leaves out the last blocks of a vision tower if nothing reads them.

LLaVA, for one, takes its features from the block before the last. The library computes the last one all the same.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

logger = logging.getLogger(__name__)


def skip_unread_blocks(blocks: Sequence[Any], logits: Callable[[], Any]) -> int:
    """Let the last blocks return their input, as long as that changes no bit of the logits.

    Args:
        blocks: torch modules, one after the other.
        logits: reads a picture with a pattern, so that a difference would show.

    Returns:
        How many blocks are left out.
    """
    import torch

    try:
        before = logits()
    # Whatever a model raises that does not read without an answer. Then all blocks stay.
    except Exception as error:
        logger.debug("All blocks of the vision tower stay: %s", error)
        return 0
    for count, block in enumerate(reversed(blocks)):
        # A library that spreads a model over devices gives its blocks a `forward` of their own.
        own_forward = vars(block).get("forward")
        pass_through([block])
        try:
            same = torch.equal(logits(), before)
        # The block may take or give out anything.
        except Exception:
            same = False
        if not same:
            if own_forward is None:
                del block.forward
            else:
                block.forward = own_forward
            return count
    return len(blocks)


def pass_through(blocks: Sequence[Any]) -> None:
    """Let blocks return their first input, by an attribute `forward` in place of the one of their class."""
    for block in blocks:
        # The module itself stays where it is: the library counts outputs by the modules' classes.
        block.forward = _first_input


def _first_input(*args: Any, **kwargs: Any) -> Any:
    return args[0] if args else next(iter(kwargs.values()))
