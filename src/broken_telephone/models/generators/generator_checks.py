"""Checks on a loaded pipeline what its adapter takes for granted: that batches and guidance do what a study expects.

Pictures are drawn in few steps, which costs less than whole pictures. Two steps show what depends on a batch, except
with a step cache, which predicts no layer before its first computed steps are over.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.loading.memory import free_memory, is_out_of_memory
from broken_telephone.models.protocols import Finding

BATCHES = "several prompts at once"
GUIDANCE = "guidance"
UNCHECKED = "check of "
"""Before an ability that could not be checked."""

PROMPTS = ("a picture of a person", "a red flower on a table")
TOLERANCE = {"float32": 0.5}
"""Dtype -> the largest mean difference of two pictures, in levels of 255, that counts as rounding."""
_HALF = 4.0
"""The tolerance of 16-bit dtypes."""
STEPS = 2
"""Steps of a picture of the checks, unless stated otherwise."""
_MORE = 3.0
"""What is added to a stated guidance, to see whether it acts."""
_SCALES = ("guidance_scale", "cfg_scale")
"""Endings of the names that pipelines give to scales of guidance."""

Draw = Callable[[Sequence[str], Sequence[int], dict[str, Any]], list[Image.Image]]
"""Draws prompts with seeds and changed arguments."""


@dataclass
class GeneratorChecks:
    """The checks of one loaded pipeline: five pictures of few steps, or two if prompts are not drawn together.

    A second scale of guidance takes one picture more. A scale that changes nothing in these steps takes two pictures
    of the study's own steps.
    """

    pipeline: Any
    arguments: dict[str, Any]
    """What the pipeline is called with."""
    draw: Draw
    dtype: str
    draws_together: bool = True
    """Whether the adapter draws several prompts at once, so that this must be checked."""
    steps: int = STEPS
    """Steps of a picture, if the study's own are not fewer."""

    def findings(self) -> Iterator[Finding]:
        """Yield what was found, one ability after the other."""
        try:
            alone = [self._drawn([number], {}) for number in range(1 + self.draws_together)]
        except StudyError as error:
            # The study's own prompts may do.
            ability = BATCHES if self.draws_together else f"{UNCHECKED}{GUIDANCE}"
            yield Finding(ability, False, f"it could not be checked: {error}")
            return
        if self.draws_together:
            yield self._batches([image for (image,) in alone])
        yield from self._guidance(alone[0][0])

    def _drawn(self, numbers: Sequence[int], changes: dict[str, Any]) -> list[np.ndarray]:
        prompts, seeds = [PROMPTS[number] for number in numbers], [number + 1 for number in numbers]
        try:
            images = self.draw(prompts, seeds, self._few_steps | changes)
        except StudyError:
            # Some schedulers want more steps.
            images = self.draw(prompts, seeds, changes)
        return [np.asarray(image.convert("RGB"), dtype=np.float32) for image in images]

    @property
    def _takes(self) -> list[str]:
        return list(inspect.signature(self.pipeline.__call__).parameters)

    @property
    def _few_steps(self) -> dict[str, int]:
        if any(self.arguments.get(name) is not None for name in ("timesteps", "sigmas")):
            return {}
        named = [name for name in self._takes if name.endswith("num_inference_steps")]
        return {name: min(self.steps, self.arguments.get(name) or self.steps) for name in named}

    def _batches(self, alone: list[np.ndarray]) -> Finding:
        try:
            together = self._drawn([0, 1], {})
        # Whatever a pipeline raises for two prompts, after it drew one.
        except Exception as error:
            if is_out_of_memory(error):
                free_memory()
            return Finding(BATCHES, False, " ".join(str(error).split())[:300])
        worst = max(float(np.abs(one - other).mean()) for one, other in zip(together, alone, strict=True))
        if worst <= TOLERANCE.get(self.dtype, _HALF):
            return Finding(BATCHES, True)
        return Finding(BATCHES, False, f"pictures of two prompts at once differ from single ones by {worst:.1f} of 255")

    def _guidance(self, plain: np.ndarray) -> Iterator[Finding]:
        """Yield whether each stated scale of guidance changes the picture; a black picture tells nothing."""
        for name, scale in self.arguments.items():
            # 1 or less means no guidance in all pipelines, so that nothing is expected of it.
            if not name.endswith(_SCALES) or not isinstance(scale, int | float) or scale <= 1 or not plain.any():
                continue
            setting = "generator.guidance" if name == "guidance_scale" else f"generator.call.{name}"
            ability = GUIDANCE if name == "guidance_scale" else f"{GUIDANCE} by {name}"
            try:
                acts = self._acts(plain, {name: scale + _MORE})
            except StudyError as error:
                # The study's own scale may do, because the pictures before were drawn with it.
                yield Finding(f"{UNCHECKED}{ability}", False, f"{setting}: {scale:g} could not be checked: {error}")
                continue
            if acts:
                yield Finding(ability, True)
            else:
                yield Finding(ability, False, f"{setting}: {scale:g} does not change the picture. {self._advice(name)}")

    def _acts(self, plain: np.ndarray, stronger: dict[str, Any]) -> bool:
        """Return whether another scale of guidance changes the picture.

        Some pipelines guide only the first part of all steps, which few steps do not show. A picture that stays the
        same is therefore compared again with the study's own steps.

        Raises:
            StudyError: if the pipeline refuses the scale.
        """
        if not np.array_equal(plain, self._drawn([0], stronger)[0]):
            return True
        own_steps = {name: self._own(name) for name in self._few_steps}
        if own_steps == self._few_steps:
            return False
        (own,) = self._drawn([0], own_steps)
        (other,) = self._drawn([0], own_steps | stronger)
        return not np.array_equal(own, other)

    def _own(self, name: str) -> Any:
        """Return an argument as the study calls the pipeline, which is its default if the study states none."""
        stated = self.arguments.get(name)
        return inspect.signature(self.pipeline.__call__).parameters[name].default if stated is None else stated

    def _advice(self, name: str) -> str:
        kind = type(self.pipeline).__name__
        if "true_cfg_scale" in self._takes and name == "guidance_scale":
            return (
                f"{kind} guides this model by generator.call.true_cfg_scale with a generator.negative_prompt "
                '(such as " "): state these instead, or take generator.guidance away'
            )
        if name == "true_cfg_scale" and not self.arguments.get("negative_prompt"):
            return f'{kind} needs a generator.negative_prompt (such as " ") for it'
        return f"{kind} ignores it with this model: take it away"
