"""Reads a describer's output: separates the thought, and turns output without an answer into a failure."""

from typing import Any

from broken_telephone.labels import is_refusal
from broken_telephone.labels.answer_parsing.degenerate_output import is_degenerate
from broken_telephone.labels.answer_parsing.thinking_marks import Separated, separate
from broken_telephone.models.failures import DEGENERATE, NO_ANSWER
from broken_telephone.models.protocols import Description, Failure

_SHOWN = 80


def read_answer(
    separated: Separated,
    by: str,
    tokens: int | None,
    truncated: bool,
    refused: bool = False,
    thought: str | None = None,
) -> Description | Failure:
    """Return a describer's answer, or why there is none.

    Args:
        separated: what it wrote.
        by: its name, for the reason of a failure.
        tokens: how many it wrote.
        truncated: whether the limit of tokens came before its end.
        refused: whether a content filter stepped in.
        thought: what a server told apart already.
    """
    answer = separated.answer
    thought = "\n".join(part.strip() for part in (thought, separated.thought) if part and part.strip()) or None
    thought = thought and thought.encode("utf-8", "replace").decode()
    refused = refused or is_refusal(answer)
    if truncated and not answer and not refused:
        reason = (
            f"{by} wrote no answer before its limit of tokens: raise max_new_tokens, or turn its thoughts off where "
            "its chat template has a switch, such as chat_template_kwargs: {enable_thinking: false}"
        )
        return Failure(NO_ANSWER, reason, thought)
    if not refused and is_degenerate(answer, truncated):
        return Failure(DEGENERATE, f"{by} repeated one phrase: {answer[:_SHOWN]}", thought, answer)
    return Description(answer, tokens, truncated, refused, thought)


def checked(written: Description | Failure, by: str) -> Description | Failure:
    """Read a description's text as the adapters do; one of theirs, which is clean, stays as it is."""
    if isinstance(written, Failure):
        return written
    separated = separate(written.text, truncated=written.truncated)
    return read_answer(separated, by, written.tokens, written.truncated, written.refused, written.thought)


def kept_thought(thought: str | None) -> dict[str, str]:
    """Return what a record keeps of a thought: nothing where there is none."""
    return {} if thought is None else {"thought": thought}


def without_thought(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record for a summary, where a long thought would be in the way."""
    return {name: value for name, value in record.items() if name != "thought"}
