"""Gives access to the pictures of a study: originals, which replicates share, and the pictures that the loop drew."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from PIL import Image

from broken_telephone.chains import Chain, key
from broken_telephone.pictures.bounded import Pictures
from broken_telephone.pictures.opening import Needed


@dataclass(frozen=True)
class Picture:
    """One picture, which several chains may share."""

    name: str
    """`0/<path in the data set>` for an original, else `<chain_id>/<iteration>`."""
    iteration: int
    source_key: str
    """The picture's key among the originals or among the loop's images."""
    digest: str
    """The digest of the file's bytes. Results made from the picture record it."""


@dataclass(frozen=True)
class StudyPictures:
    """All pictures of a study that exist, each with its digest."""

    originals: Pictures
    """Originals by path in the data set."""
    drawn: Pictures
    """Drawn pictures by `<chain_id>/<iteration>`."""
    drawn_digests: Mapping[str, str]
    """Digests of the drawn pictures; the `chains` table has those of the originals."""
    state: str = ""
    """Digest of all pictures (`state_of`). Results with the same digest were made from the same pictures."""

    def of(self, chain: Chain, iteration: int) -> Picture | None:
        """Return the picture of a chain at an iteration; None if it does not exist."""
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
        """Return iteration -> its pictures, each once, in the order of the chains."""
        by_name: dict[int, dict[str, Picture]] = {iteration: {} for iteration in range(iterations + 1)}
        for _, picture in self.along(chains, iterations):
            by_name[picture.iteration].setdefault(picture.name, picture)
        return {iteration: list(pictures.values()) for iteration, pictures in by_name.items()}

    def open(self, picture: Picture, longest: int | Needed | None = None) -> Image.Image:
        """Open a picture.

        Args:
            picture: the picture.
            longest: needed pixels, see `open_picture`.

        Raises:
            UnreadableError: if the file is missing or broken.
            ChangedInputError: if the file changed since the study recorded it.
        """
        return (self.drawn if picture.iteration else self.originals)[picture.source_key](
            longest=longest, digest=picture.digest
        )
