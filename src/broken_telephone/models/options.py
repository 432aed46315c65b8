"""How likely a model is to give each of some answers about a picture, none of which it has to write.

The picture and the prompt go through the model once; what it then remembers of them (keys and values) is shared by
all answers. Models that do not hand this memory out are made to write each answer, which is slow.
"""

import copy
from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any

Rows = Sequence[Sequence[Sequence[int]]]


class Prefix:
    """Pictures and a prompt that a model has read."""

    def __init__(self, model: Any, inputs: Mapping[str, Any]) -> None:
        """Read them.

        Args:
            model: any image-text-to-text model of transformers.
            inputs: of n pictures, as its processor makes them; all rows equally long, so that none is padded.
        """
        self._model, self._inputs = model, inputs
        self._memory: Any = None
        accepted = signature(model.forward).parameters
        if "past_key_values" in accepted:
            only_last = {"logits_to_keep": 1} if "logits_to_keep" in accepted else {}
            output = model(**inputs, use_cache=True, **only_last)
            if hasattr(output.past_key_values, "batch_repeat_interleave"):
                self._memory, self._next = output.past_key_values, output.logits[:, -1]

    def log_likelihoods(self, answers: Rows) -> list[list[list[float]]]:
        """Return the natural logarithm of the likelihood of every token of every answer.

        Args:
            answers: for each of the n pictures the same number of answers, as token ids, at least one each.

        Returns:
            Per picture, answer and token; each given the picture, the prompt and the answer's tokens before.
        """
        rows = [list(answer) for each in answers for answer in each]
        found = self._remembered(rows) if self._memory is not None else self._written(rows)
        per_picture = len(answers[0])
        return [found[start : start + per_picture] for start in range(0, len(found), per_picture)]

    def _remembered(self, rows: list[list[int]]) -> list[list[float]]:
        import torch

        repeats = len(rows) // len(self._next)
        first = self._next.repeat_interleave(repeats, 0)[:, None]
        logits, longest = [first], max(map(len, rows))
        ids = torch.zeros((len(rows), longest), dtype=torch.long, device=first.device)
        for row, answer in zip(ids, rows, strict=True):
            row[: len(answer)] = torch.tensor(answer)
        if longest > 1:
            # The model would add the answers to the memory that all share.
            memory = copy.deepcopy(self._memory)
            memory.batch_repeat_interleave(repeats)
            # No mask: nothing of the prompt is padded, and shorter answers are filled up behind, where none looks back.
            output = self._model(input_ids=ids[:, :-1], past_key_values=memory, use_cache=True)
            logits.append(output.logits)
        likelihoods = _of_tokens(torch.cat(logits, 1), ids).tolist()
        return [values[: len(answer)] for values, answer in zip(likelihoods, rows, strict=True)]

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
