"""The loop itself: describe everything, draw everything, and again."""

from broken_telephone.loop.journal import Done, read_journal, refuse_other_starts, sum_up
from broken_telephone.loop.manifest import is_finished, manifest, text_digest
from broken_telephone.loop.plan import fingerprint, of_shard
from broken_telephone.loop.run import LoopFolders, LoopOutput, run_loop
from broken_telephone.loop.settings import LoopSettings

__all__ = [
    "Done",
    "LoopFolders",
    "LoopOutput",
    "LoopSettings",
    "fingerprint",
    "is_finished",
    "manifest",
    "of_shard",
    "read_journal",
    "refuse_other_starts",
    "run_loop",
    "sum_up",
    "text_digest",
]
