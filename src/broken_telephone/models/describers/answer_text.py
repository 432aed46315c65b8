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
    """Return a describer's answer, or the failure if there is none.

    Args:
        separated: its output, separated into answer and thought.
        by: its name, for the reason of a failure.
        tokens: how many tokens it wrote.
        truncated: whether the token limit was reached before the end token.
        refused: whether a content filter stepped in.
        thought: a thought that the server had separated already.
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
    """Read a description's text as the adapters do. Descriptions of the adapters do not change."""
    if isinstance(written, Failure):
        return written
    separated = separate(written.text, truncated=written.truncated)
    return read_answer(separated, by, written.tokens, written.truncated, written.refused, written.thought)


def kept_thought(thought: str | None) -> dict[str, str]:
    """Return the fields by which a record keeps a thought; none if there is no thought."""
    return {} if thought is None else {"thought": thought}


def without_thought(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without its thought, which would be too long for a summary."""
    return {name: value for name, value in record.items() if name != "thought"}
