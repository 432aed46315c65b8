"""The base class of local generators: checks decide whether those that can draw prompts together do so."""

import logging
from abc import abstractmethod
from collections.abc import Iterable

from PIL import Image

from broken_telephone.models.generators.generator_checks import BATCHES
from broken_telephone.models.loading.torch_model import TorchModel, TorchSettingsT
from broken_telephone.models.protocols import Failure, Finding

logger = logging.getLogger(__name__)


class CheckedGenerator(TorchModel[TorchSettingsT]):
    """A generator on this machine that checks itself before its pictures count."""

    setting = "generator"
    _findings: list[Finding] | None = None

    def draw(self, prompts: list[str], seeds: list[int]) -> list[Image.Image | Failure]:
        """Draw one RGB picture per prompt, or say why there is none.

        Every picture has a random generator of its own on the CPU, so that its noise depends on its seed alone.
        Rounding errors depend on the device, the dtype and the prompts that are drawn together.

        Raises:
            StudyError: if the model cannot be loaded or does not take a setting.
        """
        self.load()
        if len(prompts) > 1 and not self._draws_together():
            return [
                image for prompt, seed in zip(prompts, seeds, strict=True) for image in self._draw([prompt], [seed])
            ]
        return self._draw(prompts, seeds)

    def _draws_together(self) -> bool:
        """Return whether several prompts at once give what each gives alone, up to rounding."""
        return all(one.works for one in self.check() if one.ability == BATCHES)

    @abstractmethod
    def _draw(self, prompts: list[str], seeds: list[int]) -> list[Image.Image | Failure]:
        """Draw the prompts together."""

    def check(self, prompt: str = "") -> list[Finding]:
        """Check that batches and guidance do what a study expects. Only the first call costs anything.

        See `GeneratorChecks` for what is drawn.

        Args:
            prompt: not used: the prompts of the checks are fixed.

        Raises:
            StudyError: as `draw`.
        """
        self.load()
        if self._findings is None:
            self._findings = [self._log_finding(finding) for finding in self._checked()]
        return self._findings

    @abstractmethod
    def _checked(self) -> Iterable[Finding]:
        """Run the checks of the loaded model."""

    def _log_finding(self, finding: Finding) -> Finding:
        """Log what does not work, and return it with what is done instead."""
        if finding.works:
            return finding
        otherwise = "prompts are drawn one at a time: " if finding.ability == BATCHES else ""
        logger.warning("The %s %s: %s%s", self.setting, self.name, otherwise, finding.note)
        return Finding(finding.ability, False, f"{otherwise}{finding.note}")
