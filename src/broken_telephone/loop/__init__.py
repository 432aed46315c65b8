"""The loop: a describer describes every picture, a generator draws every description, again and again."""

from broken_telephone.loop.drawn_text import Wording
from broken_telephone.loop.finished_steps import FinishedSteps
from broken_telephone.loop.journal import read_journal, refuse_other_starts, sum_up
from broken_telephone.loop.manifest import manifest
from broken_telephone.loop.plan import of_shard
from broken_telephone.loop.settings import LoopSettings

__all__ = [
    "FinishedSteps",
    "LoopSettings",
    "Wording",
    "manifest",
    "of_shard",
    "read_journal",
    "refuse_other_starts",
    "sum_up",
]
