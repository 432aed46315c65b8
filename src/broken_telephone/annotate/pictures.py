"""The pictures of a study: originals, of which replicates share one, and what each chain's iterations drew."""

from dataclasses import dataclass

from PIL import Image

from broken_telephone.pictures import Pictures
from broken_telephone.relay import Chain, key

Images = Pictures


@dataclass(frozen=True)
class Picture:
    """One picture, whoever's chain it belongs to."""

    name: str
    """`0/<path in the data set>` for an original, else `<chain_id>/<iteration>`."""
    iteration: int
    place: str
    """Its key among the originals or the loop's images."""


def opened(one: Picture, originals: Images, drawn: Images, longest: int | None = None) -> Image.Image:
    """Open a picture.

    Args:
        one: the picture.
        originals: by their path in the data set.
        drawn: the loop's images.
        longest: pixels of the longer side that the reader needs, see `pictures.open_picture`.

    Raises:
        StudyError: if it does not open.
    """
    return (drawn if one.iteration else originals)[one.place](longest=longest)


def picture(chain: Chain, iteration: int) -> Picture | None:
    """Return a chain's picture; None for the original of a chain that starts from a prompt."""
    if iteration > 0:
        name = key(chain.chain_id, iteration)
        return Picture(name, iteration, name)
    return None if chain.image_path is None else Picture(f"0/{chain.image_path}", 0, chain.image_path)


def pictures(chains: list[Chain], iterations: int, drawn: Images) -> dict[int, list[Picture]]:
    """Return all pictures that exist, each once, by iteration from 0 on, in the chains' order."""
    found: dict[int, dict[str, Picture]] = {iteration: {} for iteration in range(iterations + 1)}
    for chain in chains:
        for iteration, known in found.items():
            one = picture(chain, iteration)
            if one is not None and (iteration == 0 or one.place in drawn):
                known.setdefault(one.name, one)
    return {iteration: list(known.values()) for iteration, known in found.items()}
