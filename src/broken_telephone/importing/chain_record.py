"""One imported chain, as a reader of a layout returns it, in this project's numbering."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple


class End(NamedTuple):
    """Where the results of a chain end before the last iteration of the study."""

    iteration: int
    phase: str
    """`describe` or `draw`."""
    kind: str
    reason: str


@dataclass
class ImportedChain:
    """A chain. Image 0 is the original, description k is of image k - 1, image k is drawn from description k."""

    file: Path
    """The file that states it."""
    row: str
    """Its place in that file."""
    name: str
    """What the results call it. Replicates are numbered in the order of these names."""
    original: str | None = None
    """What the results call its original: a path, a file name or an identifier. None: it starts from a prompt."""
    original_file: Path | None = None
    """A copy of the original among the results, if there is one."""
    label: str | None = None
    """Its label, as the results state it."""
    descriptions: dict[int, str] = field(default_factory=dict)
    images: dict[int, Path] = field(default_factory=dict)
    """Files of the drawn images."""
    answers: dict[int, str] = field(default_factory=dict)
    """Written answers of a model to the form, by the iteration of the image."""
    end: End | None = None
    """Where a reader found that the chain is broken; of phase `draw`."""
    has_texts: bool = True
    """Whether this layout has descriptions at all; without them, images follow each other."""

    @property
    def prompt(self) -> str | None:
        """The text that the chain starts from; None for a chain from an image."""
        return self.descriptions.get(1) if self.original is None else None

    def until(self, iteration: int) -> "ImportedChain":
        """Return the chain up to the description of an iteration, without its image and what follows."""
        descriptions = {k: text for k, text in self.descriptions.items() if k <= iteration}
        images = {k: file for k, file in self.images.items() if k < iteration}
        return replace(self, descriptions=descriptions, images=images)

    @property
    def length(self) -> int:
        """The iteration of the last image."""
        return max(self.images, default=0)
