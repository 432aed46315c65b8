"""A describer: any model that transformers loads as an image-text-to-text model."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from operator import attrgetter
from typing import Any, TypeVar

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.labels.answer_parsing.thinking_marks import opens_thought, separate
from broken_telephone.models.attribution.class_activation import Explanation, Target, Word, kept, maps, pieces
from broken_telephone.models.attribution.vision_tower import Patches, Tower, UnseenError
from broken_telephone.models.describers.answer_text import read_answer
from broken_telephone.models.describers.chat_prompt import gap, prompt_before_answer, prompt_text
from broken_telephone.models.describers.closed_form import Prefix, continuation, shared_tokens
from broken_telephone.models.describers.form_filling import fill_in
from broken_telephone.models.describers.input_size import longest_read
from broken_telephone.models.describers.language_model import (
    as_list,
    end_token,
    end_tokens,
    length_before,
    marked_text,
    picture_token,
    reads_prompts_both_ways,
    writes_apart,
)
from broken_telephone.models.describers.peft_adapter import add_adapter
from broken_telephone.models.describers.quantisation import quantisation_arguments
from broken_telephone.models.describers.teacher_forcing import read_on
from broken_telephone.models.loading.random_weights import randomise, spreads
from broken_telephone.models.loading.torch_model import TorchModel
from broken_telephone.models.protocols import Choices, Description, Failure, Likelihoods
from broken_telephone.models.settings import DescriberSettings

S = TypeVar("S")
T = TypeVar("T")


class TransformersDescriber(TorchModel):
    """Describes with a transformers model; greedy unless the settings' `call` says otherwise."""

    setting = "describer"
    settings: DescriberSettings
    _random_seed: int | None = None
    """Of the weights that stand in for the true ones."""

    def __init__(self, settings: DescriberSettings, setting: str | None = None) -> None:
        super().__init__(settings, setting)
        self._known_patches: dict[tuple[int, int], Patches] = {}

    @cached_property
    def longest(self) -> int | None:
        """The side of the largest square picture that its processor gives to the model in full."""
        return longest_read(self.settings, self.setting)

    _spreads: Sequence[tuple[float, float] | None] = ()
    """Mean and standard deviation of each true tensor, where it has them."""

    def describe(self, images: list[Image.Image], prompt: str) -> list[Description | Failure]:
        """Answer the same prompt about each RGB picture.

        An answer that the limit cut off in its thought, or that repeats itself, is a failure of its own.

        Raises:
            StudyError: if the model cannot be loaded or has no place for the system prompt.
        """
        self.load()
        return _by_size(images, lambda some: self._answer(some, prompt))

    def choose(self, images: list[Image.Image], forms: Sequence[Choices]) -> list[list[Likelihoods]]:
        """Fill in forms by choosing among the options of each line, without writing; see `fill_in`.

        What forms have in common up to the end of the picture is read once for all of them.

        Args:
            images: RGB pictures.
            forms: each with its prompt, and for each line of the answer its options, as they would be written.

        Returns:
            Per picture, form, line and option: the natural logarithm of its likelihood.

        Raises:
            StudyError: as `describe`.
        """
        self.load()
        return _by_size(images, lambda some: self._choose(some, forms))

    def _choose(self, images: list[Image.Image], forms: Sequence[Choices]) -> list[list[Likelihoods]]:
        import torch

        model = self._loaded[0]
        # All rows have the same tokens: the same prompt, and pictures of one size.
        tokens = [self._inputs(images[:1], form.prompt)["input_ids"][0].tolist() for form in forms]
        found: list[list[Likelihoods]] = [[] for _ in images]
        with torch.inference_mode():
            shared = 0 if reads_prompts_both_ways(model) else shared_tokens(tokens, picture_token(model))
            prefix = Prefix(model, self._inputs(images, forms[0].prompt), shared) if shared else None
            for form, own in zip(forms, tokens, strict=True):
                fill = partial(self._fill_in, form=form, pictures=len(images), last=own[-1])
                if prefix is not None and prefix.remembers:
                    with prefix.followed_by(own[shared:]):
                        filled = fill(prefix)
                else:
                    filled = fill(Prefix(model, self._inputs(images, form.prompt)))
                for each, lines in zip(found, filled, strict=True):
                    each.append(lines)
        return found

    def explain(
        self,
        images: list[Image.Image],
        prompt: str,
        words: Sequence[Word],
        layers: Sequence[int],
        target: Target = "log_probability",
    ) -> list[Explanation | None]:
        """Say how much each patch of a picture supports a word that was written about it.

        Args:
            images: RGB pictures.
            prompt: that was answered.
            words: of each picture one, with the whole text.
            layers: blocks of the vision tower, counted from 1; of several the mean.
            target: what is explained.

        Returns:
            None where the model's tokens do not write the text.

        Raises:
            StudyError: as `describe`, or if there is no vision tower with so many blocks.
        """
        self.load()
        both = list(zip(images, words, strict=True))
        return _by_size(both, lambda some: self._explain(some, prompt, layers, target), lambda one: one[0].size)

    def weigh(self, images: list[Image.Image], prompt: str, words: Sequence[Word]) -> list[float | None]:
        """Return the natural logarithm of the probability of each word at its place, given a picture.

        Args:
            images: RGB pictures, not necessarily those that the words were written about.
            prompt: that was answered.
            words: of each picture one, with the whole text.

        Returns:
            None where the model's tokens do not write the text.

        Raises:
            StudyError: as `describe`.
        """
        self.load()
        both = list(zip(images, words, strict=True))
        return _by_size(both, lambda some: self._weigh(some, prompt), lambda one: one[0].size)

    def randomise(self, seed: int) -> None:
        """Replace all weights by random ones until `release`; the same seed gives the same.

        Those of each tensor keep their mean and spread, so that what flows through the model keeps its size.
        """
        self.load()
        if self._random_seed == seed:
            return
        model = self._loaded[0]
        if self._random_seed is None:
            # Of the true weights, so that a seed gives the same whatever seed was there before.
            self._spreads = spreads(model)
        randomise(model, self._spreads, seed)
        self._random_seed = seed

    def release(self) -> None:
        """Give the weights' memory back; the true ones are read when they are needed again."""
        super().release()
        self._random_seed = None

    def _explain(
        self, some: list[tuple[Image.Image, Word]], prompt: str, layers: Sequence[int], target: Target
    ) -> list[Explanation | None]:
        import torch

        told = self._told(some, prompt)
        known = [row for row, (_, places) in enumerate(told) if places]
        if not known:
            return [None] * len(some)
        tower = Tower(self._loaded[0], self.name)
        patches = self._patches(tower, some[0][0].size, prompt)
        inputs = self._inputs([some[row][0] for row in known], prompt)
        if "pixel_values" not in inputs:
            raise UnseenError(f"{self.name} takes pictures in a way that its words cannot be explained by")
        # So that gradients are kept: no weight asks for one.
        inputs["pixel_values"].requires_grad_(True)
        with torch.enable_grad(), kept(tower, layers) as states:
            of_tokens, likelihoods = self._of_words(inputs, [told[row] for row in known])
            wanted = likelihoods if target == "log_probability" else of_tokens
            gradients = torch.autograd.grad(wanted.sum(), states, allow_unused=True)
        if unread := [layer for layer, gradient in zip(layers, gradients, strict=True) if gradient is None]:
            raise StudyError(
                f"explain.layers: {self.name} does not read what block {unread[0]} gives out: name one before"
            )
        found: list[Explanation | None] = [None] * len(some)
        shown = maps(states, gradients, len(known), patches)
        for row, likelihood, activations in zip(known, likelihoods.tolist(), shown, strict=True):
            found[row] = Explanation(likelihood, activations, patches)
        return found

    def _weigh(self, some: list[tuple[Image.Image, Word]], prompt: str) -> list[float | None]:
        import torch

        told = self._told(some, prompt)
        known = [row for row, (_, places) in enumerate(told) if places]
        found: list[float | None] = [None] * len(some)
        if known:
            with torch.inference_mode():
                inputs = self._inputs([some[row][0] for row in known], prompt)
                _, likelihoods = self._of_words(inputs, [told[row] for row in known])
            for row, likelihood in zip(known, likelihoods.tolist(), strict=True):
                found[row] = likelihood
        return found

    def _told(self, some: list[tuple[Image.Image, Word]], prompt: str) -> list[tuple[list[int], list[int]]]:
        """Return the tokens of each text as the model would write it, and which of them write the word."""
        model, processor = self._loaded
        apart = writes_apart(model)
        before = None if apart else prompt_before_answer(processor, self.settings, prompt)
        start = "" if apart else gap(processor, self.settings, prompt)
        found = []
        for _, word in some:
            ids = continuation(processor.tokenizer, before, start + word.text)
            found.append((ids, pieces(processor.tokenizer, ids, word.text, word.start, word.end)))
        return found

    def _of_words(self, inputs: Any, told: list[tuple[list[int], list[int]]]) -> tuple[Any, Any]:
        """Return the sum over each word's pieces of their logits, and of their log-probabilities: (n,) each."""
        import torch

        logits = read_on(self._loaded[0], inputs, [ids for ids, _ in told])
        logits = logits if logits.dtype == torch.float64 else logits.float()
        sums = []
        for row, (ids, places) in zip(logits, told, strict=True):
            at, wanted = row[places], torch.tensor([[ids[place]] for place in places], device=row.device)
            own = at.gather(1, wanted)[:, 0]
            others = at.scatter(1, wanted, -torch.inf).logsumexp(1)
            # Of a word that is nearly certain, log-softmax loses what little gradient there is to rounding.
            sums.append(torch.stack([own.sum(), torch.nn.functional.logsigmoid(own - others).sum()]))
        return tuple(torch.stack(sums, 1))

    def _patches(self, tower: Tower, size: tuple[int, int], prompt: str) -> Patches:
        if size not in self._known_patches:
            self._known_patches[size] = self._found_patches(tower, size, prompt)
        return self._known_patches[size]

    def _found_patches(self, tower: Tower, size: tuple[int, int], prompt: str) -> Patches:
        import torch

        with torch.no_grad():
            return tower.patches(size, lambda picture: self._loaded[0](**self._inputs([picture], prompt)))

    def _fill_in(self, prefix: Prefix, form: Choices, pictures: int, last: int) -> list[Likelihoods]:
        model, processor = self._loaded
        # Some processors end the prompt with a line of their own.
        alone = processor.tokenizer.decode([last])[-1:].isspace() or writes_apart(model)
        before = None if alone else prompt_before_answer(processor, self.settings, form.prompt)
        start = "" if alone else gap(processor, self.settings, form.prompt)
        return fill_in(
            prefix, pictures, processor.tokenizer, before, start, form.lines, end_token(model, processor.tokenizer)
        )

    def _inputs(self, images: list[Image.Image], prompt: str, thinks: bool = False) -> Any:
        """Return inputs behind which an answer is read, or, where the model `thinks`, written after its thought."""
        model, processor = self._loaded
        inputs = processor(
            images=[[image] for image in images],
            text=[(prompt_text if thinks else prompt_before_answer)(processor, self.settings, prompt)] * len(images),
            padding=True,
            return_tensors="pt",
        ).to(model.device, dtype=model.dtype)
        # Some processors make labels for training.
        inputs.pop("labels", None)
        return inputs

    def _answer(self, images: list[Image.Image], prompt: str) -> list[Description | Failure]:
        import torch

        model, processor = self._loaded
        inputs = self._inputs(images, prompt, thinks=True)
        options: dict[str, Any] = {"do_sample": False, "eos_token_id": end_tokens(model)}
        options |= {"max_new_tokens": self.settings.max_new_tokens} | self.settings.call
        with torch.inference_mode():
            try:
                output = model.generate(**inputs, **options)
            except (TypeError, ValueError) as error:
                # Typed wrongly, most often: `generate` names what it does not know.
                words = " ".join(str(error).split())
                stated = ", ".join(f"{self.setting}.call.{name}" for name in self.settings.call) or "its settings"
                raise StudyError(f"{type(model).__name__} cannot write with {stated}: {words}") from error
        ends, first = as_list(options["eos_token_id"]), length_before(output, inputs["input_ids"])
        opened = opens_thought(prompt_text(processor, self.settings, prompt)) and not writes_apart(model)
        return [self._read(row, ends, processor, self.name, opened) for row in output[:, first:].tolist()]

    @staticmethod
    def _read(
        row: list[int], ends: list[int], processor: Any, by: str = "", opened: bool = False
    ) -> Description | Failure:
        end = next((place for place, token in enumerate(row) if token in ends), None)
        text = marked_text(processor.tokenizer, row[:end])
        return read_answer(separate(text, opened, end is None), by, tokens=len(row[:end]), truncated=end is None)

    def _from_pretrained(self, name: str, arguments: dict[str, Any]) -> Any:
        from transformers import AutoModelForImageTextToText, AutoProcessor
        from transformers.utils import logging

        # The loop shows a progress bar of its own.
        logging.disable_progress_bar()
        quantised = quantisation_arguments(self.settings.quantisation, self.dtype, self.device)
        model = AutoModelForImageTextToText.from_pretrained(
            name, dtype=self.dtype, use_safetensors=True, **quantised, **arguments
        )
        origin = {key: arguments[key] for key in ("revision", "local_files_only") if key in arguments}
        processor = AutoProcessor.from_pretrained(name, **origin)
        # Answers must start at the same position in all rows of a batch.
        processor.tokenizer.padding_side = "left"
        # Quantised weights are where they belong already, and may not be moved.
        model = model.eval() if quantised else model.to(self.device).eval()
        if self.settings.adapter is not None:
            add_adapter(model, self.settings.adapter)
        return model.requires_grad_(False), processor


def _by_size(
    items: list[S], answer: Callable[[list[S]], list[T]], size_of: Callable[[S], tuple[int, int]] = attrgetter("size")
) -> list[T]:
    """Answer pictures of one size together: they make the same number of tokens, so that none is padded."""
    by_size: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        by_size[size_of(item)].append(index)
    found: dict[int, T] = {}
    for indices in by_size.values():
        found.update(zip(indices, answer([items[index] for index in indices]), strict=True))
    return [found[index] for index in range(len(items))]
