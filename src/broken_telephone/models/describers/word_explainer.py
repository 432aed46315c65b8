"""Explains words of a describer: which patches of the picture support a word, and how likely the word is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
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
from broken_telephone.models.loading.one_ahead import one_ahead
from broken_telephone.models.loading.pixels import ResultT
from broken_telephone.models.loading.random_weights import Spread, randomise, spreads
from broken_telephone.models.settings import DescriberSettings


class _Tokens(NamedTuple):
    """A text as the model would write it, up to the word: a token cannot depend on what follows it."""

    ids: list[int]
    places: list[int]
    """Which of the tokens write the word; none if the tokens do not write the text."""


class _Prepared(NamedTuple):
    """Pictures of one size, ready for a pass of the model."""

    inputs: Any
    """The model's inputs of the pictures whose text its tokens write; None without any."""
    texts: list[_Tokens]
    """The tokens of their texts."""
    rows: list[int]
    """Their places among the pictures of this size."""
    size: tuple[int, int]


class _Part(NamedTuple):
    """Pictures of any size that one copy of the model reads, prepared group by group."""

    groups: list[_Prepared]
    places: list[tuple[int, int]]
    """Group of each picture, and its place there."""


_KNOWN_TEXTS = 4096
"""Texts whose tokens are kept: one text is read with hundreds of pictures, one after the other."""


class WordExplainer(CheckedReader):
    """A describer that explains words of texts about pictures."""

    _random_seed: int | None = None
    """The seed of the random weights, if they replaced the true ones."""
    _spreads: Sequence[Spread] = ()
    """The spreads of the true weights."""

    def __init__(self, settings: DescriberSettings, setting: str | None = None) -> None:
        super().__init__(settings, setting)
        self._known_patches: dict[tuple[int, int], Patches] = {}
        self._known_tokens: dict[tuple[str, Word], _Tokens] = {}

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
        prepared = self._prepared(images, prompt, words)
        tower = Tower(self._loaded[0], self.name)
        for size in dict.fromkeys(group.size for part in prepared for group in part.groups if group.rows):
            # Once, before several copies of the model need them.
            self._patches(tower, size, prompt)

        def explain(model: Any, group: _Prepared) -> list[Explanation]:
            return self._explained(model, group, layers, target)

        return self._passed(prepared, explain)

    def _explained(self, model: Any, group: _Prepared, layers: Sequence[int], target: Target) -> list[Explanation]:
        import torch

        tower, patches = Tower(model, self.name), self._known_patches[group.size]
        if "pixel_values" not in group.inputs:
            raise UnseenError(f"{self.name} takes pictures in a way that its words cannot be explained by")
        with torch.enable_grad(), kept(tower, layers) as states:
            logits, log_probabilities = _word_sums(model, group)
            explained = log_probabilities if target == "log_probability" else logits
            # A block that is left out, because nothing reads it, has no state. No weight requires gradients, so
            # without a state that the answer depends on, nothing does.
            read = [state for state in states if state is not None]
            known = iter(
                torch.autograd.grad(explained.sum(), read, allow_unused=True)
                if explained.requires_grad
                else [None] * len(read)
            )
            gradients = [None if state is None else next(known) for state in states]
        if unread := [layer for layer, gradient in zip(layers, gradients, strict=True) if gradient is None]:
            raise StudyError(
                f"explain.layers: {self.name} does not read what block {unread[0]} gives out: name one before"
            )
        activations = maps(states, gradients, len(group.texts), patches)
        pairs = zip(log_probabilities.tolist(), activations, strict=True)
        return [Explanation(log_probability, by_method, patches) for log_probability, by_method in pairs]

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
        return self._passed(self._prepared(images, prompt, words), _weighed)

    def weigh_in_turn(
        self, batches: Iterable[tuple[list[Image.Image], Sequence[Word]]], prompt: str
    ) -> Iterator[list[float | None]]:
        """Yield what `weigh` returns for each batch. While the model reads one, the next is prepared.

        Raises:
            StudyError: as `describe`.
        """
        for prepared in one_ahead(batches, lambda batch: self._prepared(batch[0], prompt, batch[1])):
            yield self._passed(prepared, _weighed)

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

    def _prepared(self, images: list[Image.Image], prompt: str, words: Sequence[Word]) -> list[_Part]:
        """Return the model's inputs of pictures, a part for each copy of the model: together those of one size.

        Where the model does not bear batches, each picture is by itself.
        """
        if not self._can(WORDS, prompt):
            raise UnseenError(f"{self.name}: {self._finding(WORDS, prompt).note}")
        parts = self._parts(list(zip(images, words, strict=True)), prompt)
        return [self._prepared_part(part, prompt) for part in parts]

    def _prepared_part(self, pairs: Sequence[tuple[Image.Image, Word]], prompt: str) -> _Part:
        groups: list[_Prepared] = []

        def of_one_size(pairs: list[tuple[Image.Image, Word]]) -> list[tuple[int, int]]:
            tokens = self._tokens([word for _, word in pairs], prompt)
            rows = [row for row, text in enumerate(tokens) if text.places]
            inputs = self._inputs([pairs[row][0] for row in rows], prompt) if rows else None
            groups.append(_Prepared(inputs, [tokens[row] for row in rows], rows, pairs[0][0].size))
            return [(len(groups) - 1, row) for row in range(len(pairs))]

        places = self._in_batches(pairs, of_one_size, prompt, lambda pair: pair[0].size)
        return _Part(groups, places)

    def _passed(
        self, parts: Sequence[_Part], process: Callable[[Any, _Prepared], list[ResultT]]
    ) -> list[ResultT | None]:
        """Return the results of a pass of the model for each group, in the order of the pictures."""

        def passed(reader: Any, part: _Part) -> list[ResultT | None]:
            model = reader._loaded[0]
            results = [dict(zip(one.rows, process(model, one) if one.rows else [], strict=True)) for one in part.groups]
            return [results[number].get(row) for number, row in part.places]

        return self._of_parts(passed, parts)

    def _tokens(self, words: Sequence[Word], prompt: str) -> list[_Tokens]:
        """Return the tokens of texts, and which of them write the word."""
        if len(self._known_tokens) > _KNOWN_TEXTS:
            self._known_tokens.clear()
        if unknown := [word for word in dict.fromkeys(words) if (prompt, word) not in self._known_tokens]:
            model, processor = self._loaded
            apart = writes_apart(model)
            before = None if apart else prompt_before_answer(processor, self._wording, prompt)
            start = "" if apart else gap(processor, self._wording, prompt)
            for word in unknown:
                ids = continuation(processor.tokenizer, before, start + word.text)
                places = pieces(processor.tokenizer, ids, word.text, word.start, word.end)
                self._known_tokens[prompt, word] = _Tokens(ids[: places[-1] + 1] if places else ids, places)
        return [self._known_tokens[prompt, word] for word in words]

    def _patches(self, tower: Tower, size: tuple[int, int], prompt: str) -> Patches:
        if size not in self._known_patches:
            self._known_patches[size] = self._measured_patches(tower, size, prompt)
        return self._known_patches[size]

    def _measured_patches(self, tower: Tower, size: tuple[int, int], prompt: str) -> Patches:
        import torch

        with torch.no_grad():
            return tower.patches(size, lambda picture: self._loaded[0](**self._inputs([picture], prompt)))


def _weighed(model: Any, group: _Prepared) -> list[float]:
    import torch

    with torch.inference_mode():
        values: list[float] = _word_sums(model, group)[1].tolist()
    return values


def _word_sums(model: Any, group: _Prepared) -> tuple[Any, Any]:
    """Return the sums over each word's tokens of their logits and of their log-probabilities: (n,) each."""
    import torch

    logits = read_on(model, group.inputs, [text.ids for text in group.texts])
    logits = logits if logits.dtype == torch.float64 else logits.float()
    sums = []
    for row, (ids, places) in zip(logits, group.texts, strict=True):
        at, tokens = row[places], torch.tensor([[ids[place]] for place in places], device=row.device)
        own = at.gather(1, tokens)[:, 0]
        others = at.scatter(1, tokens, -torch.inf).logsumexp(1)
        # For a word that is nearly certain, log-softmax loses the small gradient to rounding.
        sums.append(torch.stack([own.sum(), torch.nn.functional.logsigmoid(own - others).sum()]))
    return tuple(torch.stack(sums, 1))
