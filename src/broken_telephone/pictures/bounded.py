"""Limits the size at which pictures are opened."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from PIL import Image

Pictures = Mapping[str, Callable[..., Image.Image]]
"""Key -> function that opens a picture. It takes `longest` (see `open_picture`) and the `digest` of the bytes."""


@dataclass(frozen=True)
class _Bounded(Pictures):
    pictures: Pictures
    longest: int

    def __getitem__(self, key: str) -> Callable[[], Image.Image]:
        return partial(self.pictures[key], longest=self.longest)

    def __iter__(self) -> Iterator[str]:
        return iter(self.pictures)

    def __len__(self) -> int:
        return len(self.pictures)

    def __contains__(self, key: object) -> bool:
        return key in self.pictures


def at_most(pictures: Pictures, longest: int) -> Pictures:
    """Return the same pictures, opened with at most `longest` pixels on the longer side."""
    return _Bounded(pictures, longest)
