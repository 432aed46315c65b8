"""The loop itself: describe everything, draw everything, and again."""

from broken_telephone.relay.loop import Finished, Store, relay
from broken_telephone.relay.manifest import existing_keys, manifest
from broken_telephone.relay.plan import key
from broken_telephone.relay.settings import LoopSettings

__all__ = ["Finished", "LoopSettings", "Store", "existing_keys", "key", "manifest", "relay"]
