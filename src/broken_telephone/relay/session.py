"""The record of one run of the loop: what it did, on what, in what time, and which batch it is at.

The batch matters after an interruption. Pictures drawn in one batch differ by rounding from the same
pictures in another, so the broken batch is drawn again as it was, and the results are those of a run
that was never interrupted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from broken_telephone.models import Describer, Generator
from broken_telephone.relay.plan import Step
from broken_telephone.relay.progress import Clock
from broken_telephone.relay.settings import LoopSettings

Record = dict[str, Any]

_LIBRARIES = ("broken-telephone", "torch", "diffusers", "transformers", "pillow")


@dataclass(frozen=True)
class Batch:
    """A batch that was begun: the step it belongs to and its chains."""

    iteration: int
    phase: str
    chain_ids: tuple[str, ...]


class Session:
    """One run of the loop."""

    def __init__(self, settings: LoopSettings, describer: Describer, generator: Generator) -> None:
        self.clock = Clock()
        self.failed = 0
        self.cut = 0
        """Descriptions that the generator did not read to their end."""
        started = datetime.now(UTC)
        self.name = started.strftime("%Y%m%dT%H%M%S.%fZ")
        """The key of its record: later sessions sort behind earlier ones."""
        self._models = {"describe": describer, "draw": generator}
        self._fixed = {
            "started": started.isoformat(timespec="seconds"),
            "describe_batch": settings.describe_batch,
            "draw_batch": settings.draw_batch,
            "residency": settings.residency,
            "models": {phase: model.name for phase, model in self._models.items()},
            "versions": {library: version(library) for library in _LIBRARIES},
        }

    def record(self, begun: tuple[Step, Sequence[str]] | None = None) -> Record:
        """Return the session so far, and the batch that it begins now."""
        record: Record = self._fixed | {
            "described": self.clock.items["describe"],
            "drawn": self.clock.items["draw"],
            "failed": self.failed,
            "cut": self.cut,
            "seconds": self.clock.summary(),
            "devices": {phase: model.device for phase, model in self._models.items() if self.clock.items[phase]},
        }
        if begun is not None:
            step, chain_ids = begun
            record["begun"] = {"iteration": step.iteration, "phase": step.phase, "chain_ids": list(chain_ids)}
        return record


def interrupted_batch(sessions: Mapping[str, Callable[[], Record]]) -> Batch | None:
    """Return the batch that the latest session had begun when it ended; None if it ended in order."""
    names = list(sessions)
    begun = sessions[names[-1]]().get("begun") if names else None
    if begun is None:
        return None
    return Batch(begun["iteration"], begun["phase"], tuple(begun["chain_ids"]))
