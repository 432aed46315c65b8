"""Derives random seeds from items instead of the order of work.

A seed is a hash of its item, so batch size, order, shards and resumed runs do not change the result.
"""

import hashlib

BITS = 63
"""Bits of a seed. It is positive as a signed 64-bit integer, as Parquet, NumPy and `torch.Generator` need."""


def digest(*parts: object, size: int = 16) -> str:
    """Hash the text of some values (BLAKE2b) to `2 * size` hexadecimal digits.

    Parts are separated by their lengths, so ("ab", "c") and ("a", "bc") differ.
    """
    texts = [str(part).encode() for part in parts]
    return hashlib.blake2b(b"".join([b"%d:%b" % (len(text), text) for text in texts]), digest_size=size).hexdigest()


def content_digest(content: bytes) -> str:
    """Hash the bytes of a file (BLAKE2b) to 32 hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def seed_of(*parts: object) -> int:
    """Return the seed of some values, from 0 to 2**63 - 1."""
    return int(digest(*parts, size=8), 16) >> (64 - BITS)


def chain_seed(study_seed: int, chain_id: str, replicate: int) -> int:
    """Return the seed of a chain."""
    return seed_of(study_seed, chain_id, replicate)


def item_seed(chain_seed: int, iteration: int) -> int:
    """Return the seed of one image of a chain."""
    return seed_of(chain_seed, iteration)
