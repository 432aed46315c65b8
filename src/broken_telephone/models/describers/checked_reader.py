"""A describer that checks its adapter once, and goes a slower way where the faster one does not hold."""

import logging
from collections.abc import Callable, Sequence
from copy import copy, deepcopy
from operator import attrgetter
from typing import Any, Self, TypeVar

import numpy as np
from PIL import Image

from broken_telephone.models.attribution.vision_tower import Tower
from broken_telephone.models.describers.describer_checks import (
    BATCHES,
    CACHE,
    CLOSED,
    SHARED,
    WORDS,
    WRITING,
    DescriberChecks,
    check_answers,
)
from broken_telephone.models.describers.language_model import use_cache
from broken_telephone.models.describers.picture_reader import PictureReader
from broken_telephone.models.describers.unread_blocks import pass_through, skip_unread_blocks
from broken_telephone.models.loading.pixels import ResultT, by_size
from broken_telephone.models.loading.twins import Twins, parts_of, shared_copy, with_copies
from broken_telephone.models.protocols import Finding
from broken_telephone.models.settings import DescriberSettings

logger = logging.getLogger(__name__)

ItemT = TypeVar("ItemT")
PartT = TypeVar("PartT")

_OTHERWISE = {
    WRITING: "it writes without a cache, which is slower",
    BATCHES: "images are read one at a time",
    CLOSED: "its forms are not read closed",
    CACHE: "it reads the image again for each option, which is slower",
    SHARED: "it reads the image again for each form",
    WORDS: "its words cannot be explained",
}
"""Ability -> what is done without it."""
_WARNED_ABOUT = {WRITING, BATCHES, CLOSED, WORDS}
"""Abilities whose absence is a warning. The others cost time only."""
_PATTERN = Image.fromarray(np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8))
"""A picture in which any difference of two readings shows."""


class CheckedReader(PictureReader):
    """A model that reads pictures. Its first use of several pictures or of likelihoods checks it."""

    def __init__(self, settings: DescriberSettings, setting: str | None = None) -> None:
        super().__init__(settings, setting)
        self._findings: dict[str, Finding] = {}
        self._unread = 0
        """Number of blocks of the vision tower that nothing reads."""
        self._twins: Twins | None = None
        """On processors, this reader and its copies; None until they are used, and where they are of no use."""
        self._has_tried_copies = False

    def load(self) -> None:
        """Load the weights, if they are not loaded.

        Raises:
            StudyError: if the model does not exist, cannot be loaded, or does not take a setting.
        """
        was_loaded = self._loaded is not None
        super().load()
        if not was_loaded and WRITING in self._findings and not self._findings[WRITING].works:
            use_cache(self._loaded[0], False)
        if not was_loaded and self._unread:
            pass_through(self._vision_blocks()[-self._unread :])

    def release(self) -> None:
        """Free the weights' memory."""
        super().release()
        self._has_tried_copies = False
        if self._twins is not None:
            self._twins.release()
            self._twins = None

    def check(self, prompt: str) -> list[Finding]:
        """Check on a plain picture what the adapter takes for granted. Only the first call costs anything.

        That takes 12 passes of one picture and the prompt, and some 20 further tokens. Two of the passes find blocks of
        the vision tower that nothing reads. Each block that is left out takes one pass more.

        Args:
            prompt: any prompt.

        Raises:
            StudyError: if the model cannot be loaded.
        """
        import torch

        self.load()
        if not self._findings:
            model, processor = self._loaded
            checks = DescriberChecks(
                model,
                lambda images: self._inputs(images, prompt),
                check_answers(processor.tokenizer, prompt),
                self.dtype_name,
            )
            with torch.no_grad():
                self._findings = {finding.ability: finding for finding in map(self._log_finding, checks.findings())}
                self._unread = skip_unread_blocks(self._vision_blocks(), lambda: self._logits_of(_PATTERN, prompt))
        return list(self._findings.values())

    def _vision_blocks(self) -> list[Any]:
        """Return the blocks of the vision tower; none if the model has no tower."""
        try:
            return list(Tower(self._loaded[0], self.name).blocks)
        # Every family has a way of its own to lack one.
        except Exception:
            return []

    def _logits_of(self, image: Image.Image, prompt: str) -> Any:
        return self._loaded[0](**self._inputs([image], prompt)).logits

    def _parts(self, items: Sequence[ItemT], prompt: str) -> list[Sequence[ItemT]]:
        """Divide items among this reader and its copies; on a GPU, it has none."""
        if len(items) < 2:
            return [items] if items else []
        if not self._has_tried_copies and self.device == "cpu":
            self._has_tried_copies = True
            self._twins = with_copies(self, type(self)._copied, lambda one: one._logits_of(_PATTERN, prompt))
        return parts_of(items, 1 if self._twins is None else len(self._twins.models))

    def _of_parts(self, work: Callable[[Any, PartT], list[ResultT]], parts: Sequence[PartT]) -> list[ResultT]:
        """Return the results of `work(reader, part)` for all parts together, in their order."""
        # A single part has all processors for itself.
        if self._twins is None or len(parts) == 1:
            return [result for part in parts for result in work(self, part)]
        return [result for results in self._twins.each(work, parts) for result in results]

    def _copied(self) -> Self:
        """Return a reader with a copy of the model, and with a processor of its own: tokenizers serve one at a time."""
        other = copy(self)
        model, processor = self._loaded
        other._loaded = shared_copy(model), deepcopy(processor)
        return other

    def _log_finding(self, finding: Finding) -> Finding:
        """Log what is done otherwise, and return it with that."""
        if finding.works:
            return finding
        otherwise = _OTHERWISE[finding.ability]
        level = logging.WARNING if finding.ability in _WARNED_ABOUT else logging.INFO
        logger.log(level, "The %s %s: %s (%s)", self.setting, self.name, otherwise, finding.note)
        return Finding(finding.ability, False, f"{otherwise} ({finding.note})")

    def _finding(self, ability: str, prompt: str) -> Finding:
        self.check(prompt)
        return self._findings[ability]

    def _can(self, ability: str, prompt: str) -> bool:
        return self._finding(ability, prompt).works

    def _in_batches(
        self,
        items: Sequence[ItemT],
        process: Callable[[list[ItemT]], Sequence[ResultT]],
        prompt: str,
        size_of: Callable[[Any], tuple[int, int]] = attrgetter("size"),
    ) -> list[ResultT]:
        """Process items of one size together, or each alone where the model does not bear batches."""
        if not self._can(BATCHES, prompt):
            return [result for item in items for result in process([item])]
        return by_size(items, process, size_of)
