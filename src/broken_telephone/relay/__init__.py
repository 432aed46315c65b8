"""The loop itself: describe everything, draw everything, and again."""

from broken_telephone.relay.journal import Done, read_journal
from broken_telephone.relay.loop import Finished, Store, relay
from broken_telephone.relay.manifest import is_finished, manifest, no_picture_is_gone
from broken_telephone.relay.plan import Chain, chains_of, key, of_shard
from broken_telephone.relay.settings import LoopSettings

__all__ = [
    "Chain",
    "Done",
    "Finished",
    "LoopSettings",
    "Store",
    "chains_of",
    "is_finished",
    "key",
    "manifest",
    "no_picture_is_gone",
    "of_shard",
    "read_journal",
    "relay",
]
