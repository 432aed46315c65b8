"""Describes pictures with any image-text-to-text model of transformers, and fills in forms by choosing."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.labels.answer_parsing.thinking_marks import opens_thought, separate
from broken_telephone.models.describers.answer_text import read_answer
from broken_telephone.models.describers.chat_prompt import gap, prompt_before_answer, prompt_text
from broken_telephone.models.describers.closed_form import Prefix, shared_tokens
from broken_telephone.models.describers.describer_checks import CACHE, CLOSED, SHARED
from broken_telephone.models.describers.form_filling import fill_in
from broken_telephone.models.describers.language_model import (
    as_list,
    end_token,
    end_tokens,
    length_before,
    marked_text,
    picture_token,
    writes_apart,
)
from broken_telephone.models.describers.word_explainer import WordExplainer
from broken_telephone.models.failures import UnableError
from broken_telephone.models.protocols import Choices, Description, Failure, Likelihoods


class TransformersDescriber(WordExplainer):
    """Describes with a transformers model; greedy unless the settings' `call` says otherwise."""

    def describe(self, images: list[Image.Image], prompt: str) -> list[Description | Failure]:
        """Answer the same prompt about each RGB picture; on a CPU, its cores answer about parts of them side by side.

        An answer that the token limit cut off in its thought, or that repeats itself, is a failure of its own.

        Raises:
            StudyError: if the model cannot be loaded or has no place for the system prompt.
        """

        def describe(reader: Any, part: Sequence[Image.Image]) -> list[Description | Failure]:
            return self._in_batches(part, lambda some: reader._describe(some, prompt), prompt)

        self.check(prompt)
        # Samples are drawn from one random state, in the order of the images.
        return self._of_parts(describe, self._parts(images, prompt) if self.is_repeatable else [images])

    def choose(self, images: list[Image.Image], forms: Sequence[Choices]) -> list[list[Likelihoods]]:
        """Fill in forms by choosing among the options of each line, without writing; see `fill_in`.

        The model reads once what all forms have in common up to the end of the picture.

        Args:
            images: RGB pictures.
            forms: each with its prompt, and for each line of the answer its options, as they would be written.

        Returns:
            Per picture, form, line and option: the natural logarithm of its likelihood.

        Raises:
            StudyError: as `describe`, or if the model cannot be made to write given words.
        """
        prompt = forms[0].prompt
        if not self._can(CLOSED, prompt):
            raise UnableError(f"{self.name}: {self._finding(CLOSED, prompt).note}")

        def choose(reader: Any, part: Sequence[Image.Image]) -> list[list[Likelihoods]]:
            chosen: list[list[Likelihoods]] = self._in_batches(part, lambda some: reader._choose(some, forms), prompt)
            return chosen

        return self._of_parts(choose, self._parts(images, prompt))

    @property
    def is_repeatable(self) -> bool:
        """Whether equal inputs give equal results on one machine: not if answers are sampled."""
        return not self.settings.call.get("do_sample", False)

    def _describe(self, images: list[Image.Image], prompt: str) -> list[Description | Failure]:
        import torch

        model, processor = self._loaded
        inputs = self._inputs(images, prompt, thinks=True)
        options: dict[str, Any] = (
            {"do_sample": False} | {"max_new_tokens": self.settings.max_new_tokens} | self.settings.call
        )
        with torch.inference_mode():
            try:
                # Some models write into their inputs.
                output = model.generate(**{name: value.clone() for name, value in inputs.items()}, **options)
            except (TypeError, ValueError) as error:
                # The usual cause is a mistyped setting: `generate` names what it does not know.
                words = " ".join(str(error).split())
                stated = ", ".join(f"{self.setting}.call.{name}" for name in self.settings.call) or "its settings"
                raise StudyError(f"{type(model).__name__} cannot write with {stated}: {words}") from error
        ends = as_list(options.get("eos_token_id", end_tokens(model)))
        first = length_before(output, inputs["input_ids"], ends)
        opened = opens_thought(prompt_text(processor, self._wording, prompt)) and not writes_apart(model)
        return [self._read(row, ends, processor, self.name, opened) for row in output[:, first:].tolist()]

    @staticmethod
    def _read(
        row: list[int], ends: list[int], processor: Any, by: str = "", opened: bool = False
    ) -> Description | Failure:
        end = next((place for place, token in enumerate(row) if token in ends), None)
        text = marked_text(processor.tokenizer, row[:end])
        return read_answer(separate(text, opened, end is None), by, tokens=len(row[:end]), truncated=end is None)

    def _choose(self, images: list[Image.Image], forms: Sequence[Choices]) -> list[list[Likelihoods]]:
        import torch

        model = self._loaded[0]
        # All rows have the same tokens: the same prompt, and pictures of one size.
        tokens = [self._inputs(images[:1], form.prompt)["input_ids"][0].tolist() for form in forms]
        by_picture: list[list[Likelihoods]] = [[] for _ in images]
        with torch.inference_mode():
            asked = forms[0].prompt
            cached = self._can(CACHE, asked)
            shared = shared_tokens(tokens, picture_token(model)) if cached and self._can(SHARED, asked) else 0
            prefix = Prefix(model, self._inputs(images, asked), shared) if shared else None
            for form, own in zip(forms, tokens, strict=True):
                fill = partial(self._fill_in, form=form, pictures=len(images), last=own[-1])
                if prefix is not None and prefix.remembers:
                    with prefix.followed_by(own[shared:]):
                        filled = fill(prefix)
                else:
                    repeated = partial(self._repeated, images, form.prompt)
                    filled = fill(Prefix(model, self._inputs(images, form.prompt), None, repeated, cached))
                for likelihoods, lines in zip(by_picture, filled, strict=True):
                    likelihoods.append(lines)
        return by_picture

    def _repeated(self, images: list[Image.Image], prompt: str, times: int) -> Any:
        """Return the inputs with each picture so many times in a row."""
        return self._inputs([image for image in images for _ in range(times)], prompt)

    def _fill_in(self, prefix: Prefix, form: Choices, pictures: int, last: int) -> list[Likelihoods]:
        model, processor = self._loaded
        # Some processors end the prompt with a line break of their own.
        alone = processor.tokenizer.decode([last])[-1:].isspace() or writes_apart(model)
        before = None if alone else prompt_before_answer(processor, self._wording, form.prompt)
        start = "" if alone else gap(processor, self._wording, form.prompt)
        return fill_in(
            prefix, pictures, processor.tokenizer, before, start, form.lines, end_token(model, processor.tokenizer)
        )
