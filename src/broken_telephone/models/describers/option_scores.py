"""Scores the options of a form from the tokens that a server wrote and the alternatives that it states for each.

The server writes the form. A line is scored at the token with which its option begins: each alternative there is the
beginning of one option, or of none. So a line is scored after the picture, the prompt and the lines before it as they
were written, which is what a local model does that weighs the options (`form_filling.fill_in`). Two things differ:

- An option has the probability of the token that tells it from the others. The rest of its word counts as certain.
- Upper and lower case, and marks around an option such as `**`, count as the same answer.
"""

import math
import re
from collections.abc import Mapping, Sequence
from itertools import accumulate, takewhile
from typing import Any, NamedTuple

from broken_telephone.models.protocols import Likelihoods

_SPACES = {"Ġ": " ", "Ċ": "\n", "▁": " "}
"""Signs of tokenizers that some servers leave in the text of tokens."""


_LEAST = -1000.0
"""Servers state a lower value, such as -9999, where they know none; so do those that tell of greedy choices only."""


class Token(NamedTuple):
    """A token that was written."""

    text: str
    alternatives: Mapping[str, float]
    """Text -> natural logarithm of its probability, of the most likely tokens here and the one that was written."""


def tokens_of(completion: Any) -> list[Token]:
    """Return the tokens of a chat completion with the alternatives of each; none if the server states none."""
    content = getattr(getattr(completion.choices[0], "logprobs", None), "content", None) or []
    tokens = []
    for one in content:
        others = getattr(one, "top_logprobs", None) or []
        stated = {_text(other): float(other.logprob) for other in others if other.logprob > _LEAST}
        tokens.append(Token(_text(one), stated | {_text(one): float(one.logprob)}))
    return tokens


def _text(token: Any) -> str:
    stated = getattr(token, "bytes", None)
    if stated:
        return bytes(stated).decode("utf-8", "replace")
    text = str(token.token)
    for sign, meant in _SPACES.items():
        text = text.replace(sign, meant)
    return text


def option_scores(
    tokens: Sequence[Token], start: int, lines: Sequence[Sequence[str]], titles: Sequence[str] = ()
) -> Likelihoods | None:
    """Return the log-likelihood of every option of every line; None if the answer does not fill in the form.

    An option that no alternative begins gets the log-likelihood of the least likely alternative, which is an upper
    limit. An alternative with which several options begin is shared equally among them, unless it was written: then
    the next token decides.

    Args:
        tokens: as they were written.
        start: the character at which the answer begins, behind a thought.
        lines: the options of each line as they would be written.
        titles: the title of each line; empty if lines have none. A title at the beginning of a line is no answer, even
            if it reads like an option.
    """
    text = "".join(token.text for token in tokens)
    written = iter([line.span() for line in re.finditer(r"[^\n]+", text) if line.end() > start])
    scores = []
    for options, title in zip(lines, titles or [""] * len(lines), strict=True):
        cores = _cores(options)
        answers = (
            _named(text[:end], _behind_title(text[:end], max(first, start), title), cores) for first, end in written
        )
        # A line without any of the options may be a heading.
        named = next(filter(None, answers), None)
        if named is None or len({option.casefold() for _, option in named}) > 1:
            return None
        scores.append(_line_scores(tokens, named[0][0], cores))
    return scores


def _cores(options: Sequence[str]) -> list[str]:
    """Return options without what all of them begin with, such as the number of the line."""
    same = takewhile(lambda column: len(set(column)) == 1, zip(*options, strict=False)) if len(options) > 1 else ()
    length = max((place + 1 for place, column in enumerate(same) if column[0].isspace()), default=0)
    return [option[length:].casefold() for option in options]


def _behind_title(text: str, start: int, title: str) -> int:
    """Return the character behind the number and the title with which a line begins.

    A title stands before a sign such as a colon. Brackets between them, such as a list of the options, belong to it.

    Args:
        text: up to the end of the line.
        start: the character at which the line begins.
        title: of the line; empty if it has none.
    """
    number = re.compile(r"\W*?\d+\s*[.):](?!\d)").match(text, start)
    behind = start if number is None else number.end()
    words = re.sub(r"\W+$", "", title).split()
    if not words:
        return behind
    pattern = r"\s+".join(map(re.escape, words)) + r"[\W_]*?(?:\([^()]*\)[\W_]*?)?(?:[:=?|]|->)"
    titled = re.compile(rf"[\W_]*{pattern}", re.IGNORECASE).match(text, behind)
    return behind if titled is None else titled.end()


def _named(text: str, start: int, cores: Sequence[str]) -> list[tuple[int, str]]:
    """Return the options that a line names, each with the character at which it begins; of several there, the longest.

    Args:
        text: up to the end of the line.
        start: the character at which its answer begins.
        cores: the options.
    """
    words = "|".join(re.escape(core) for core in sorted(cores, key=len, reverse=True))
    pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
    return [(found.start(), found[0]) for found in pattern.finditer(text, start)]


def _line_scores(tokens: Sequence[Token], begin: int, cores: Sequence[str]) -> list[float]:
    """Return the log-likelihood of every option, of which one begins at a character."""
    ends = list(accumulate(len(token.text) for token in tokens))
    first = next(number for number, end in enumerate(ends) if end > begin)
    before = tokens[first].text[: begin - (ends[first] - len(tokens[first].text))]
    likely, lowest = [0.0] * len(cores), 0.0
    possible, written, reached = list(range(len(cores))), "", 0.0
    for place in range(first, len(tokens)):
        token, is_last = tokens[place], place + 1 == len(tokens)
        for alternative, value in token.alternatives.items():
            text = written + _after(alternative, before if place == first else None)
            matching = [number for number in possible if _begins(cores[number], text)]
            if len(matching) > 1 and alternative == token.text and not is_last:
                continue
            for number in matching:
                likely[number] += math.exp(reached + value) / len(matching)
        lowest = reached + min(token.alternatives.values())
        written += _after(token.text, before if place == first else None)
        possible = [number for number in possible if _begins(cores[number], written)]
        reached += token.alternatives[token.text]
        if len(possible) < 2:
            break
    return [math.log(share) if share > 0 else lowest for share in likely]


def _after(text: str, before: str | None) -> str:
    """Return what a token adds to an option, without case.

    Args:
        text: of the token.
        before: what the written token has before the option; None for a token within the option.
    """
    if before is None:
        return text.casefold()
    if not before.strip():
        # The space between the number and the option may belong to either token.
        return text.lstrip().casefold()
    return text[len(before) :].casefold() if text.casefold().startswith(before.casefold()) else ""


def _begins(core: str, written: str) -> bool:
    """Return whether a text is the beginning of an option, or the option and what follows it."""
    if not written:
        return False
    if core.startswith(written):
        return True
    return written.startswith(core) and not written[len(core)].isalnum()
