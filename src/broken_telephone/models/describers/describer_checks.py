"""Checks on a loaded describer what its adapter takes for granted, by comparing ways that must agree.

The reference is the model itself, which writes tokens one by one about one picture: free answers are written so, and a
token cannot depend on what follows it. Everything faster must give the same numbers. If a pass of the whole text
disagrees with it, and agrees with writing without a cache, the cache is at fault.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Any

from PIL import Image

from broken_telephone.models.describers.closed_form import Prefix, dictated, log_likelihoods, shared_tokens, written
from broken_telephone.models.describers.language_model import first_tokens, picture_token, use_cache
from broken_telephone.models.describers.teacher_forcing import read_on
from broken_telephone.models.loading.memory import free_memory, is_out_of_memory
from broken_telephone.models.protocols import Finding

WRITING = "writing with a cache"
BATCHES = "several images at once"
CLOSED = "closed reading"
CACHE = "options from one reading of the image"
SHARED = "forms from one reading of the image"
WORDS = "probabilities of words"

ABILITIES = (WRITING, CLOSED, CACHE, SHARED, WORDS, BATCHES)

TOLERANCE = {"float32": 2e-3, "float16": 0.05, "bfloat16": 0.3}
"""Dtype -> the largest difference of log-probabilities that counts as rounding."""
_WORDS = "a person in the picture"
_SIDE = 224


@dataclass
class DescriberChecks:
    """The checks of one loaded describer. Each costs a few passes of one or two pictures."""

    model: Any
    """Any image-text-to-text model of transformers."""
    inputs_of: Callable[[list[Image.Image]], Mapping[str, Any]]
    """Returns the model's inputs for pictures and the prompt."""
    answers: list[list[int]]
    """Two answers as token ids, which begin with the same token."""
    dtype: str
    _free: list[list[tuple[list[int], list[float]]]] = field(default_factory=list, init=False)
    """What the model writes about each picture alone."""
    _written: list[list[float]] = field(default_factory=list, init=False)
    """The reference: log-likelihoods of the tokens of the answers about the first picture."""

    def findings(self) -> Iterator[Finding]:
        """Yield what was found, one ability after the other.

        Raises:
            Exception: if memory runs out for a single picture.
        """
        try:
            self._free = [self._freely([picture]) for picture in self._pictures]
        except Exception as error:
            if is_out_of_memory(error):
                raise
            yield from (Finding(one, False, f"it could not be checked: {_words(error)}") for one in ABILITIES[1:])
            return
        self._written, disobeys = self._dictated()
        words = self._compared(WORDS, self._read)
        if not words.works and (without := self._without_cache()) is not None:
            # The free answers of the batches below are written without it, too.
            words = without
            self._free = [self._freely([picture]) for picture in self._pictures]
            yield Finding(WRITING, False, "its cache gives other probabilities than a pass of the whole text")
        else:
            yield Finding(WRITING, True)
        cache = self._compared(CACHE, self._cached)
        yield Finding(CLOSED, cache.works or disobeys is None, disobeys or "")
        yield cache
        yield self._compared(SHARED, self._shared)
        yield words
        yield self._compared(BATCHES, self._together)

    @cached_property
    def _pictures(self) -> list[Image.Image]:
        gradient = Image.linear_gradient("L").resize((_SIDE, _SIDE)).convert("RGB")
        return [Image.new("RGB", (_SIDE, _SIDE), "grey"), gradient]

    @cached_property
    def _inputs(self) -> Mapping[str, Any]:
        """The inputs of the first picture."""
        return self.inputs_of(self._pictures[:1])

    def _freely(self, pictures: list[Image.Image]) -> list[tuple[list[int], list[float]]]:
        """Return for each picture the tokens that the model writes, and their log-likelihoods."""
        tokens, logits = written(self.model, self.inputs_of(pictures), len(self.answers[0]))
        return list(zip(tokens.tolist(), log_likelihoods(logits, tokens).tolist(), strict=True))

    def _dictated(self) -> tuple[list[list[float]], str | None]:
        """Return the log-likelihoods of the answers about the first picture.

        Some models cannot be made to write given answers. Then the answers become what the model writes itself, and
        the second value is the reason.
        """
        try:
            return [dictated(self.model, self._inputs, [answer])[0] for answer in self.answers], None
        except Exception as error:
            if is_out_of_memory(error):
                raise
            tokens, values = self._free[0][0]
            first = len(first_tokens(self.model))
            self.answers = [tokens[first:]]
            return [values[first:]], f"it cannot be made to write given words ({_words(error)})"

    def _without_cache(self) -> Finding | None:
        """Write the answers anew without a cache; None, with the cache back, if a whole pass disagrees with that, too.

        Some models count positions wrongly when they go on from their cache.
        """
        with_cache = self._written
        use_cache(self.model, False)
        try:
            self._written = [dictated(self.model, self._inputs, [answer])[0] for answer in self.answers]
            words = self._compared(WORDS, self._read)
        except Exception as error:
            words = Finding(WORDS, False, _words(error))
        if words.works:
            return words
        use_cache(self.model, True)
        self._written = with_cache
        return None

    def _compared(self, ability: str, values: Callable[[], Iterator[tuple[list[float], list[float]]]]) -> Finding:
        """Compare pairs of log-likelihoods; an error counts as a difference."""
        try:
            pairs = [(a, b) for one, other in values() for a, b in zip(one, other, strict=True)]
        except _NotPossibleError as reason:
            return Finding(ability, False, str(reason))
        except Exception as error:
            if is_out_of_memory(error):
                free_memory()
                return Finding(ability, False, "memory ran out in the check")
            return Finding(ability, False, _words(error))
        # NaN is no agreement.
        if all(abs(a - b) <= TOLERANCE[self.dtype] for a, b in pairs):
            return Finding(ability, True)
        worst = max(abs(a - b) for a, b in pairs)
        return Finding(ability, False, f"log-probabilities of single tokens would differ by up to {worst:.2g}")

    def _cached(self) -> Iterator[tuple[list[float], list[float]]]:
        prefix = Prefix(self.model, self._inputs)
        if not prefix.remembers:
            raise _NotPossibleError("the model returns no reusable cache")
        # The second time shows whether the first one was removed.
        for _ in range(2):
            yield from zip(prefix.log_likelihoods([self.answers])[0], self._written, strict=True)

    def _shared(self) -> Iterator[tuple[list[float], list[float]]]:
        tokens = self._inputs["input_ids"][0].tolist()
        # As of two forms that differ in the last token.
        until = shared_tokens([tokens, tokens], picture_token(self.model))
        if not until:
            raise _NotPossibleError("the image is not known to come before the form")
        prefix = Prefix(self.model, self._inputs, until)
        if not prefix.remembers:
            raise _NotPossibleError("the model returns no reusable cache")
        for _ in range(2):
            with prefix.followed_by(tokens[until:]):
                yield from zip(prefix.log_likelihoods([self.answers])[0], self._written, strict=True)

    def _read(self) -> Iterator[tuple[list[float], list[float]]]:
        for answer, values in zip(self.answers, self._written, strict=True):
            yield self._values(answer), values
        first, *others = self.answers[0]
        # What follows a word must not change its probability.
        yield self._values([first, *[first] * len(others)])[:1], self._written[0][:1]

    def _values(self, answer: list[int]) -> list[float]:
        import torch

        logits = read_on(self.model, dict(self._inputs), [answer])
        values: list[float] = log_likelihoods(logits, torch.tensor([answer], device=logits.device))[0].tolist()
        return values

    def _together(self) -> Iterator[tuple[list[float], list[float]]]:
        for (own, values), alone in zip(self._freely(self._pictures), self._free, strict=True):
            ((tokens, before),) = alone
            # Behind a tie that rounding decides, the texts differ.
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(own, tokens, strict=True)))
            yield values[: same + 1], before[: same + 1]


class _NotPossibleError(Exception):
    """A way that a model does not offer."""


def check_answers(tokenizer: Any, prompt: str) -> list[list[int]]:
    """Return two answers of three tokens from the words of a prompt, which begin with the same token."""
    tokens = tokenizer(f"{prompt} {_WORDS}", add_special_tokens=False).input_ids
    first, *others = dict.fromkeys(tokens)
    one, other = others[0] if others else first, others[-1] if others else first
    return [[first, one, other], [first, other, one]]


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}"
