"""How likely a model is to give each of some answers about a picture, none of which it has to write.

The picture and the prompt go through the model once; what it then remembers of them (keys and values) is shared by
all answers. Models that do not hand this memory out are made to write each answer, which is slow.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import signature
from itertools import takewhile
from typing import Any

Rows = Sequence[Sequence[Sequence[int]]]

# Inputs with one value a token.
_OF_TOKENS = {"input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids"}


class Prefix:
    """Pictures, and a prompt or the beginning that several prompts share, that a model has read."""

    def __init__(self, model: Any, inputs: Mapping[str, Any], until: int | None = None) -> None:
        """Read them.

        Args:
            model: any image-text-to-text model of transformers.
            inputs: of n pictures, as its processor makes them; all rows equally long, so that none is padded.
            until: how many tokens to read; None for all.
        """
        self._model = model
        self._inputs = {name: value[:, :until] if name in _OF_TOKENS else value for name, value in inputs.items()}
        self._memory: Any = None
        accepted = signature(model.forward).parameters
        if "past_key_values" in accepted:
            only_last = {"logits_to_keep": 1} if "logits_to_keep" in accepted else {}
            output = model(**self._inputs, use_cache=True, **only_last)
            # Without `crop`, what was read of one answer could not be forgotten before the next; and a window that
            # slides has forgotten what it would have to go back to.
            memory = output.past_key_values
            if getattr(memory, "is_croppable", False) and not any(memory.is_sliding):
                self._memory, self._next = memory, output.logits[:, -1]

    @property
    def remembers(self) -> bool:
        """Whether the model hands its memory out."""
        return self._memory is not None

    @contextmanager
    def followed_by(self, tokens: Sequence[int]) -> Iterator[None]:
        """Read on, the same tokens for all pictures, and forget them afterwards. For models that remember."""
        import torch

        before = self._next
        if tokens:
            ids = torch.tensor([list(tokens)] * len(before), device=before.device)
            self._next = self._read(ids)[:, -1]
        try:
            yield
        finally:
            if tokens:
                self._memory.crop(-len(tokens))
            self._next = before

    def log_likelihoods(self, answers: Rows) -> list[list[list[float]]]:
        """Return the natural logarithm of the likelihood of every token of every answer.

        Args:
            answers: for each of the n pictures the same number of answers, as token ids, at least one each.

        Returns:
            Per picture, answer and token; each given the picture, the prompt and the answer's tokens before.
        """
        if self._memory is None:
            rows = self._written([list(answer) for each in answers for answer in each])
            return [rows[start : start + len(answers[0])] for start in range(0, len(rows), len(answers[0]))]
        shared = [_shared(each) for each in answers]
        found: list[list[list[float]]] = [[] for _ in answers]
        # Pictures whose answers share equally many tokens go together, so that nothing is filled up in between.
        for length in set(shared):
            likelihoods = self._remembered(answers, length)
            found = [new if own == length else old for old, new, own in zip(found, likelihoods, shared, strict=True)]
        return found

    def _remembered(self, answers: Rows, length: int) -> list[list[list[float]]]:
        """Read the first tokens, which all answers about a picture share, once; then one answer after the other.

        Right for pictures whose answers share so many tokens. The others go with them, because some models keep more
        of a batch than its keys and values, and cannot go on with a part of it.
        """
        import torch

        device, after = self._next.device, self._next
        shared = torch.tensor([[*each[0], *[0] * length][:length] for each in answers], device=device)
        begin: list[list[float]] = [[] for _ in answers]
        if length:
            logits = self._read(shared)
            begin = _of_tokens(torch.cat([after[:, None], logits[:, :-1]], 1), shared).tolist()
            after = logits[:, -1]
        found: list[list[list[float]]] = [[] for _ in answers]
        for place in range(len(answers[0])):
            rest = [each[place][length:] or [0] for each in answers]
            longest = max(map(len, rest))
            # No mask: nothing of the prompt is padded, and shorter answers are filled up behind, where none looks back.
            ids = torch.tensor([[*tokens, *[0] * (longest - len(tokens))] for tokens in rest], device=device)
            logits = after[:, None]
            if longest > 1:
                logits = torch.cat([logits, self._read(ids[:, :-1])], 1)
                self._memory.crop(1 - longest)
            for row, values in enumerate(_of_tokens(logits, ids).tolist()):
                found[row].append([*begin[row], *values[: len(rest[row])]])
        if length:
            self._memory.crop(-length)
        return found

    def _read(self, ids: Any) -> Any:
        """Return the logits after each of some tokens (n, length), which the memory takes in."""
        return self._model(input_ids=ids, past_key_values=self._memory, use_cache=True).logits

    def _written(self, rows: list[list[int]]) -> list[list[float]]:
        import torch
        from transformers import LogitsProcessorList

        pictures = len(self._inputs["input_ids"])
        repeats, longest = len(rows) // pictures, max(map(len, rows))
        inputs = {
            name: value.repeat_interleave(repeats, 0) if len(value) == pictures else value
            for name, value in self._inputs.items()
        }
        filled = [[*answer, *[answer[-1]] * (longest - len(answer))] for answer in rows]
        ids = torch.tensor(filled, device=inputs["input_ids"].device)
        output = self._model.generate(
            **inputs,
            do_sample=False,
            max_new_tokens=longest,
            min_new_tokens=longest,
            logits_processor=LogitsProcessorList([_Dictation(ids)]),
            return_dict_in_generate=True,
            output_logits=True,
        )
        likelihoods = _of_tokens(torch.stack(output.logits, 1), ids).tolist()
        return [values[: len(answer)] for values, answer in zip(likelihoods, rows, strict=True)]


class _Dictation:
    """Makes `generate` write given tokens, (n, length)."""

    def __init__(self, ids: Any) -> None:
        self._ids, self._step = ids, 0

    def __call__(self, written: Any, scores: Any) -> Any:
        import torch

        told = self._ids[:, self._step]
        self._step += 1
        return torch.full_like(scores, -torch.inf).scatter(1, told[:, None], 0.0)


def _shared(answers: Sequence[Sequence[int]]) -> int:
    """Return how many first tokens all answers share, of which each has at least one more."""
    columns = zip(*(answer[:-1] for answer in answers), strict=False)
    return sum(1 for _ in takewhile(lambda tokens: len(set(tokens)) == 1, columns))


def _of_tokens(logits: Any, ids: Any) -> Any:
    """Logarithm of the likelihood of tokens (n, length) under logits (n, length, vocabulary)."""
    logits = logits.float()
    return logits.gather(2, ids[:, :, None])[:, :, 0] - logits.logsumexp(2)


def continuation(tokenizer: Any, before: str | None, answer: str) -> list[int]:
    """Return the tokens of an answer as they follow the text before it.

    Args:
        tokenizer: of the model.
        before: the prompt; None for an answer that begins on its own, as in an encoder-decoder.
        answer: the text, with what stands between it and the prompt.
    """
    alone = list(tokenizer(answer, add_special_tokens=False).input_ids)
    if before is None:
        return alone
    # A space between the two belongs to the answer's first token with most tokenizers, and is one by itself alone.
    head = tokenizer(before, add_special_tokens=False).input_ids
    whole = tokenizer(before + answer, add_special_tokens=False).input_ids
    return list(whole[len(head) :]) if whole[: len(head)] == head else alone


def shared_tokens(prompts: Sequence[Sequence[int]], picture_token: int | None) -> int:
    """Return how many first tokens prompts share, if these hold all of the picture's; else 0.

    Args:
        prompts: token ids, each longer than what is shared.
        picture_token: stands for a part of the picture; None if that is not known.
    """
    length = _shared(prompts)
    behind = any(picture_token in prompt[length:] for prompt in prompts)
    return 0 if picture_token is None or behind else length
