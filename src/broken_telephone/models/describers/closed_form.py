"""Computes the likelihoods of given answers about a picture, without writing them.

The picture and the prompt go through the model once, and all answers share their keys and values (the cache). Models
whose cache cannot be used so are made to write each answer, which is slow. `describer_checks` tells which they are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import signature
from itertools import takewhile
from typing import Any

from broken_telephone.models.describers.language_model import cut, first_tokens

Rows = Sequence[Sequence[Sequence[int]]]


class Prefix:
    """Pictures and a prompt, or the beginning that several prompts share, that a model has read."""

    def __init__(
        self,
        model: Any,
        inputs: Mapping[str, Any],
        until: int | None = None,
        repeated: Callable[[int], Mapping[str, Any]] | None = None,
        cached: bool = True,
    ) -> None:
        """Let the model read them.

        Args:
            model: any image-text-to-text model of transformers.
            inputs: the processor's output for n pictures; all rows have the same length, so that none is padded.
            until: the number of tokens to read; None for all.
            repeated: returns the inputs with each picture so many times in a row, for models that write each answer.
                None: they write one answer after the other.
            cached: whether the model's cache may be used.
        """
        self._model = model
        self._inputs, self._repeated = cut(inputs, until), repeated
        self._cache: Any = None
        accepted = signature(model.forward).parameters
        self._only_last = {"logits_to_keep": 1} if "logits_to_keep" in accepted else {}
        if cached and "past_key_values" in accepted:
            output = model(**self._inputs, use_cache=True, **self._only_last)
            # Without `crop`, an answer could not be removed before the next one. A sliding window has dropped what a
            # crop would go back to.
            cache = output.past_key_values
            if getattr(cache, "is_croppable", False) and not any(cache.is_sliding):
                self._cache, self._next = cache, output.logits[:, -1]

    @property
    def remembers(self) -> bool:
        """Whether the model returned a cache that can be used."""
        return self._cache is not None

    @contextmanager
    def followed_by(self, tokens: Sequence[int]) -> Iterator[None]:
        """Read the same further tokens for all pictures, and remove them at the end. The model must remember."""
        import torch

        before = self._next
        if tokens:
            ids = torch.tensor([list(tokens)] * len(before), device=before.device)
            self._next = self._read(ids, **self._only_last)[:, -1]
        try:
            yield
        finally:
            if tokens:
                self._cache.crop(-len(tokens))
            self._next = before

    def log_likelihoods(self, answers: Rows) -> list[list[list[float]]]:
        """Return the natural logarithm of the likelihood of every token of every answer.

        Args:
            answers: the same number of answers for each of the n pictures, as token ids, at least one token each.

        Returns:
            One value per picture, answer and token, given the picture, the prompt and the answer's earlier tokens.
        """
        if self._cache is None:
            return self._written_one_by_one(answers) if self._repeated is None else self._written(answers)
        shared = [_shared(each) for each in answers]
        results: list[list[list[float]]] = [[] for _ in answers]
        # Pictures whose answers share the same number of tokens go together, so that no padding stands in between.
        for length in set(shared):
            values = self._remembered(answers, length)
            results = [new if own == length else old for old, new, own in zip(results, values, shared, strict=True)]
        return results

    def _remembered(self, answers: Rows, length: int) -> list[list[list[float]]]:
        """Read once the first tokens, which all answers about a picture share, and then each answer in turn.

        The values are right for pictures whose answers share `length` tokens. The other pictures stay in the batch,
        because some models cache more than keys and values and cannot continue with a part of a batch.
        """
        import torch

        device, after = self._next.device, self._next
        shared = torch.tensor([[*each[0], *[0] * length][:length] for each in answers], device=device)
        first: list[list[float]] = [[] for _ in answers]
        if length:
            logits = self._read(shared)
            first = log_likelihoods(torch.cat([after[:, None], logits[:, :-1]], 1), shared).tolist()
            after = logits[:, -1]
        results: list[list[list[float]]] = [[] for _ in answers]
        for place in range(len(answers[0])):
            rest = [each[place][length:] or [0] for each in answers]
            longest = max(map(len, rest))
            # No mask is needed: the prompt is not padded, and padding stands after the shorter answers.
            ids = torch.tensor([[*tokens, *[0] * (longest - len(tokens))] for tokens in rest], device=device)
            logits = after[:, None]
            if longest > 1:
                logits = torch.cat([logits, self._read(ids[:, :-1])], 1)
                self._cache.crop(1 - longest)
            for row, values in enumerate(log_likelihoods(logits, ids).tolist()):
                results[row].append([*first[row], *values[: len(rest[row])]])
        if length:
            self._cache.crop(-length)
        return results

    def _read(self, ids: Any, **options: Any) -> Any:
        """Return the logits after each token of (n, length), or after the last; add the tokens to the cache."""
        return self._model(input_ids=ids, past_key_values=self._cache, use_cache=True, **options).logits

    def _written_one_by_one(self, answers: Rows) -> list[list[list[float]]]:
        columns = [dictated(self._model, self._inputs, column) for column in zip(*answers, strict=True)]
        return [list(rows) for rows in zip(*columns, strict=True)]

    def _written(self, answers: Rows) -> list[list[list[float]]]:
        assert self._repeated is not None
        count = len(answers[0])
        rows = dictated(self._model, self._repeated(count), [answer for each in answers for answer in each])
        return [rows[start : start + count] for start in range(0, len(rows), count)]


def dictated(model: Any, inputs: Mapping[str, Any], answers: Sequence[Sequence[int]]) -> list[list[float]]:
    """Return the log-likelihood of every token of n given answers, which the model is made to write.

    Args:
        model: any image-text-to-text model of transformers.
        inputs: the processor's output for n pictures.
        answers: n lists of token ids.

    Raises:
        RuntimeError: if the model writes other tokens.
    """
    import torch
    from transformers import LogitsProcessorList

    first = first_tokens(model)
    rows = [[*first, *answer] for answer in answers]
    longest = max(map(len, rows))
    padded = [[*row, *[row[-1]] * (longest - len(row))] for row in rows]
    ids = torch.tensor(padded, device=inputs["input_ids"].device)
    tokens, logits = written(model, inputs, longest, logits_processor=LogitsProcessorList([_Dictation(ids)]))
    # Behind an end token it pads.
    if any(own[: len(row)] != row for own, row in zip(tokens.tolist(), rows, strict=True)):
        raise RuntimeError("its generate ignores logits_processor")
    likelihoods = log_likelihoods(logits, ids).tolist()
    return [values[len(first) : len(row)] for values, row in zip(likelihoods, rows, strict=True)]


def written(model: Any, inputs: Mapping[str, Any], length: int, **options: Any) -> tuple[Any, Any]:
    """Let a model write so many tokens; return them, (n, length), and the logits before each."""
    import torch

    output = model.generate(
        **{name: value.clone() for name, value in inputs.items()},
        do_sample=False,
        num_beams=1,
        max_new_tokens=length,
        min_new_tokens=length,
        return_dict_in_generate=True,
        output_logits=True,
        **options,
    )
    return output.sequences[:, -length:], torch.stack(output.logits, 1)


class _Dictation:
    """Makes `generate` write given tokens, (n, length).

    `prefix_allowed_tokens_fn` of transformers counts from the start of the prompt, whose length differs by model.
    """

    def __init__(self, ids: Any) -> None:
        self._ids, self._step = ids, 0

    def __call__(self, written: Any, scores: Any) -> Any:
        import torch

        tokens = self._ids[:, self._step]
        self._step += 1
        return torch.full_like(scores, -torch.inf).scatter(1, tokens[:, None], 0.0)


def _shared(answers: Sequence[Sequence[int]]) -> int:
    """Return how many first tokens all answers share; each answer has at least one more."""
    columns = zip(*(answer[:-1] for answer in answers), strict=False)
    return sum(1 for _ in takewhile(lambda tokens: len(set(tokens)) == 1, columns))


def log_likelihoods(logits: Any, ids: Any) -> Any:
    """Return the log-likelihoods of tokens (n, length) under logits (n, length, vocabulary)."""
    logits = logits.float()
    return logits.gather(2, ids[:, :, None])[:, :, 0] - logits.logsumexp(2)


def continuation(tokenizer: Any, before: str | None, answer: str) -> list[int]:
    """Return the tokens of an answer as they follow the text before it.

    Args:
        tokenizer: the tokenizer of the model.
        before: the prompt; None for an answer that does not continue it, as in an encoder-decoder.
        answer: the answer, and before it the text between it and the prompt.
    """
    alone = list(tokenizer(answer, add_special_tokens=False).input_ids)
    if before is None:
        return alone
    # With most tokenizers a space between the two belongs to the answer's first token. Alone it is a token of its own.
    head = tokenizer(before, add_special_tokens=False).input_ids
    whole = tokenizer(before + answer, add_special_tokens=False).input_ids
    return list(whole[len(head) :]) if whole[: len(head)] == head else alone


def shared_tokens(prompts: Sequence[Sequence[int]], picture_token: int | None) -> int:
    """Return how many first tokens prompts share, or 0 if some of the picture's tokens come later.

    Args:
        prompts: token ids, each longer than what is shared.
        picture_token: the token that stands for a part of the picture; None if it is unknown.
    """
    length = _shared(prompts)
    later = any(picture_token in prompt[length:] for prompt in prompts)
    return 0 if picture_token is None or later else length
