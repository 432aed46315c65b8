"""From what a describer wrote to its answer: the thought is set apart, and what is no answer becomes a failure.

Both adapters read their texts here, so that no later reader meets a thought or an end token.
"""

from typing import Any

from broken_telephone.labels import is_refusal
from broken_telephone.labels.repetition import is_degenerate
from broken_telephone.labels.thoughts import separate
from broken_telephone.models.base import Description, Failure
from broken_telephone.models.outcomes import DEGENERATE, NO_ANSWER

_SHOWN = 80


def read_answer(
    text: str,
    by: str,
    tokens: int | None,
    truncated: bool,
    refused: bool = False,
    opened: bool = False,
    thought: str | None = None,
) -> Description | Failure:
    """Return a describer's answer, or why there is none.

    Args:
        text: what it wrote, with the marks of its thought.
        by: its name, for the reason of a failure.
        tokens: how many it wrote.
        truncated: whether the limit of tokens came before its end.
        refused: whether a content filter stepped in.
        opened: whether the prompt opened a thought.
        thought: what a server told apart already.
    """
    # Some tokenizers leave halves of characters, which no file can hold.
    answer, own, _, _ = separate(text.encode("utf-8", "replace").decode(), opened)
    thought = "\n".join(part.strip() for part in (thought, own) if part and part.strip()) or None
    thought = thought and thought.encode("utf-8", "replace").decode()
    refused = refused or is_refusal(answer)
    if truncated and not answer and not refused:
        reason = (
            f"{by} wrote no answer before its limit of tokens: raise max_new_tokens, or turn its thoughts off where "
            "its chat template has a switch, such as chat_template_kwargs: {enable_thinking: false}"
        )
        return Failure(NO_ANSWER, reason, thought)
    if not refused and is_degenerate(answer, truncated):
        return Failure(DEGENERATE, f"{by} wrote the same over and over: {answer[:_SHOWN]}", thought)
    return Description(answer, tokens, truncated, refused, thought)


def checked(written: Description | Failure, by: str) -> Description | Failure:
    """Read a description's text as `read_answer` does; one that is read already stays as it is."""
    if isinstance(written, Failure):
        return written
    return read_answer(written.text, by, written.tokens, written.truncated, written.refused, thought=written.thought)


def kept_thought(thought: str | None) -> dict[str, str]:
    """Return what a record keeps of a thought: nothing where there is none."""
    return {} if thought is None else {"thought": thought}


def without_thought(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record for a summary, where a long thought would be in the way."""
    return {name: value for name, value in record.items() if name != "thought"}
