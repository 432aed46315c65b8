"""Explains words of a describer: which patches of the picture support a word, and how likely the word is."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.attribution.class_activation import Explanation, Target, Word, kept, maps, pieces
from broken_telephone.models.attribution.vision_tower import Patches, Tower, UnseenError
from broken_telephone.models.describers.chat_prompt import gap, prompt_before_answer
from broken_telephone.models.describers.checked_reader import CheckedReader
from broken_telephone.models.describers.closed_form import continuation
from broken_telephone.models.describers.describer_checks import WORDS
from broken_telephone.models.describers.language_model import writes_apart
from broken_telephone.models.describers.teacher_forcing import read_on
from broken_telephone.models.loading.pixels import ResultT
from broken_telephone.models.loading.random_weights import Spread, randomise, spreads
from broken_telephone.models.settings import DescriberSettings


class _Tokens(NamedTuple):
    """A text as the model would write it."""

    ids: list[int]
    places: list[int]
    """Which of the tokens write the word; none if the tokens do not write the text."""


class WordExplainer(CheckedReader):
    """A describer that explains words of texts about pictures."""

    _random_seed: int | None = None
    """The seed of the random weights, if they replaced the true ones."""
    _spreads: Sequence[Spread] = ()
    """The spreads of the true weights."""

    def __init__(self, settings: DescriberSettings, setting: str | None = None) -> None:
        super().__init__(settings, setting)
        self._known_patches: dict[tuple[int, int], Patches] = {}

    def explain(
        self,
        images: list[Image.Image],
        prompt: str,
        words: Sequence[Word],
        layers: Sequence[int],
        target: Target = "log_probability",
    ) -> list[Explanation | None]:
        """Compute how much each patch of a picture supports a word that was written about it.

        Args:
            images: RGB pictures.
            prompt: the prompt that the texts answer.
            words: one per picture, with its whole text.
            layers: blocks of the vision tower, counted from 1; several are averaged.
            target: the quantity that is explained.

        Returns:
            None where the model's tokens do not write the text.

        Raises:
            StudyError: as `describe`, or if there is no vision tower with so many blocks.
        """
        import torch

        def process(inputs: Any, texts: list[_Tokens], size: tuple[int, int]) -> list[Explanation]:
            tower = Tower(self._loaded[0], self.name)
            patches = self._patches(tower, size, prompt)
            if "pixel_values" not in inputs:
                raise UnseenError(f"{self.name} takes pictures in a way that its words cannot be explained by")
            # No weight requires gradients, so the pixels must.
            inputs["pixel_values"].requires_grad_(True)
            with torch.enable_grad(), kept(tower, layers) as states:
                logits, log_probabilities = self._word_sums(inputs, texts)
                explained = log_probabilities if target == "log_probability" else logits
                gradients = torch.autograd.grad(explained.sum(), states, allow_unused=True)
            if unread := [layer for layer, gradient in zip(layers, gradients, strict=True) if gradient is None]:
                raise StudyError(
                    f"explain.layers: {self.name} does not read what block {unread[0]} gives out: name one before"
                )
            activations = maps(states, gradients, len(texts), patches)
            pairs = zip(log_probabilities.tolist(), activations, strict=True)
            return [Explanation(log_probability, by_method, patches) for log_probability, by_method in pairs]

        return self._of_words(images, prompt, words, process)

    def weigh(self, images: list[Image.Image], prompt: str, words: Sequence[Word]) -> list[float | None]:
        """Return the natural logarithm of the probability of each word at its place, given a picture.

        Args:
            images: RGB pictures, not necessarily those that the words were written about.
            prompt: the prompt that the texts answer.
            words: one per picture, with its whole text.

        Returns:
            None where the model's tokens do not write the text.

        Raises:
            StudyError: as `describe`.
        """
        import torch

        def process(inputs: Any, texts: list[_Tokens], _size: tuple[int, int]) -> list[float]:
            with torch.inference_mode():
                values: list[float] = self._word_sums(inputs, texts)[1].tolist()
            return values

        return self._of_words(images, prompt, words, process)

    def randomise(self, seed: int) -> None:
        """Replace all weights by random ones until `release`; the same seed gives the same weights.

        The weights of each tensor keep their mean and spread, so that activations keep their size.
        """
        self.load()
        if self._random_seed == seed:
            return
        model = self._loaded[0]
        if self._random_seed is None:
            # Measured on the true weights, so that a seed gives the same weights whichever seed was used before.
            self._spreads = spreads(model)
        randomise(model, self._spreads, seed)
        self._random_seed = seed

    def release(self) -> None:
        """Free the weights' memory; the next use loads the true weights."""
        super().release()
        self._random_seed = None

    def _of_words(
        self,
        images: list[Image.Image],
        prompt: str,
        words: Sequence[Word],
        process: Callable[[Any, list[_Tokens], tuple[int, int]], list[ResultT]],
    ) -> list[ResultT | None]:
        """Process the pictures of one size together, except those whose text the model's tokens do not write.

        `process` takes the model's inputs, the tokens of the texts and the size; it returns one result per row.
        """
        if not self._can(WORDS, prompt):
            raise UnseenError(f"{self.name}: {self._finding(WORDS, prompt).note}")

        def of_one_size(pairs: list[tuple[Image.Image, Word]]) -> list[ResultT | None]:
            tokens = self._tokens([word for _, word in pairs], prompt)
            rows = [row for row, text in enumerate(tokens) if text.places]
            if not rows:
                return [None] * len(pairs)
            inputs = self._inputs([pairs[row][0] for row in rows], prompt)
            results = dict(zip(rows, process(inputs, [tokens[row] for row in rows], pairs[0][0].size), strict=True))
            return [results.get(row) for row in range(len(pairs))]

        pairs = list(zip(images, words, strict=True))
        return self._in_batches(pairs, of_one_size, prompt, lambda pair: pair[0].size)

    def _tokens(self, words: Sequence[Word], prompt: str) -> list[_Tokens]:
        model, processor = self._loaded
        apart = writes_apart(model)
        before = None if apart else prompt_before_answer(processor, self._wording, prompt)
        start = "" if apart else gap(processor, self._wording, prompt)
        texts = []
        for word in words:
            ids = continuation(processor.tokenizer, before, start + word.text)
            texts.append(_Tokens(ids, pieces(processor.tokenizer, ids, word.text, word.start, word.end)))
        return texts

    def _word_sums(self, inputs: Any, texts: list[_Tokens]) -> tuple[Any, Any]:
        """Return the sums over each word's tokens of their logits and of their log-probabilities: (n,) each."""
        import torch

        logits = read_on(self._loaded[0], inputs, [text.ids for text in texts])
        logits = logits if logits.dtype == torch.float64 else logits.float()
        sums = []
        for row, (ids, places) in zip(logits, texts, strict=True):
            at, tokens = row[places], torch.tensor([[ids[place]] for place in places], device=row.device)
            own = at.gather(1, tokens)[:, 0]
            others = at.scatter(1, tokens, -torch.inf).logsumexp(1)
            # For a word that is nearly certain, log-softmax loses the small gradient to rounding.
            sums.append(torch.stack([own.sum(), torch.nn.functional.logsigmoid(own - others).sum()]))
        return tuple(torch.stack(sums, 1))

    def _patches(self, tower: Tower, size: tuple[int, int], prompt: str) -> Patches:
        if size not in self._known_patches:
            self._known_patches[size] = self._measured_patches(tower, size, prompt)
        return self._known_patches[size]

    def _measured_patches(self, tower: Tower, size: tuple[int, int], prompt: str) -> Patches:
        import torch

        with torch.no_grad():
            return tower.patches(size, lambda picture: self._loaded[0](**self._inputs([picture], prompt)))
