"""The pictures of a study: originals, of which replicates share one, and what each chain's iterations drew."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from PIL import Image

from broken_telephone.chains import Chain, key
from broken_telephone.pictures.bounded import Pictures
from broken_telephone.pictures.opening import Needed


@dataclass(frozen=True)
class Picture:
    """One picture, whoever's chain it belongs to."""

    name: str
    """`0/<path in the data set>` for an original, else `<chain_id>/<iteration>`."""
    iteration: int
    place: str
    """Its key among the originals or the loop's images."""
    digest: str
    """The digest of the file's bytes. Results made from the picture record it."""


@dataclass(frozen=True)
class StudyPictures:
    """All pictures of a study that exist, each with its digest."""

    originals: Pictures
    """By their path in the data set."""
    drawn: Pictures
    """By `<chain_id>/<iteration>`."""
    drawn_digests: Mapping[str, str]
    """Digests of the pictures that the loop drew; those of originals are in the `chains` table."""
    state: str = ""
    """A digest of all of these (`state_of`): results that state it were made from the same pictures."""

    def of(self, chain: Chain, iteration: int) -> Picture | None:
        """Return a chain's picture; None if there is none."""
        if iteration == 0:
            path = chain.image_path
            return None if path is None else Picture(f"0/{path}", 0, path, str(chain.image_digest))
        name = key(chain.chain_id, iteration)
        digest = self.drawn_digests.get(name)
        return None if digest is None else Picture(name, iteration, name, digest)

    def along(self, chains: Iterable[Chain], iterations: int) -> Iterator[tuple[Chain, Picture]]:
        """Yield the pictures of each chain from iteration 0 on; replicates repeat the original that they share."""
        for chain in chains:
            for iteration in range(iterations + 1):
                if (picture := self.of(chain, iteration)) is not None:
                    yield chain, picture

    def by_iteration(self, chains: Iterable[Chain], iterations: int) -> dict[int, list[Picture]]:
        """Return all pictures, each once, by iteration from 0 on, in the chains' order."""
        by_name: dict[int, dict[str, Picture]] = {iteration: {} for iteration in range(iterations + 1)}
        for _, picture in self.along(chains, iterations):
            by_name[picture.iteration].setdefault(picture.name, picture)
        return {iteration: list(pictures.values()) for iteration, pictures in by_name.items()}

    def open(self, picture: Picture, longest: int | Needed | None = None) -> Image.Image:
        """Open a picture.

        Args:
            picture: the picture.
            longest: pixels that the reader needs, see `open_picture`.

        Raises:
            UnreadableError: if the file is missing or broken.
            ChangedInputError: if the file is no longer the picture that the study knows.
        """
        return (self.drawn if picture.iteration else self.originals)[picture.place](
            longest=longest, digest=picture.digest
        )
