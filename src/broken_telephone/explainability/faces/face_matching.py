"""Finds the main person's face in a picture, and whose regions are whose."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from broken_telephone.explainability.faces.regions import Box, matched, person_regions
from broken_telephone.explainability.items import WordItem
from broken_telephone.explainability.journal import PictureContent
from broken_telephone.explainability.maps.occlusion import Fitted
from broken_telephone.models import Face

People = Mapping[str, pd.DataFrame]
"""Picture -> rows of the `people` table with a box."""


def people_of(chains: pd.DataFrame, people: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the people of each original that the data set gives boxes of."""
    boxed = people[people["x"].notna()]
    by_image = {str(name): rows for name, rows in boxed.groupby(boxed["image_id"].astype(str))}
    from_images = chains[chains["image_path"].notna()]
    pairs = zip(from_images["image_path"].astype(str), from_images["image_id"].astype(str), strict=True)
    return {f"0/{path}": by_image[image] for path, image in pairs if image in by_image}


def matches(name: str, content: PictureContent, people: People) -> list[int | None]:
    """Return for each face of a picture the row of its person among the picture's people."""
    return matched([face.box for face in content.faces], boxes_of(name, content, people))


def boxes_of(name: str, content: PictureContent, people: People) -> list[Box]:
    """Return the boxes of a picture's people, in the pixels that its faces are in."""
    if name not in people:
        return []
    columns = people[name][["x", "y", "width", "height"]].to_numpy(float)
    if content.size != content.original_size:
        factors, shift = _from_file(content)
        columns = columns * [*factors, *factors] + [*shift, 0, 0]
    return [(float(x), float(y), float(w), float(h)) for x, y, w, h in columns]


def in_file(content: PictureContent, face: Face) -> Face:
    """Return a face in the pixels of the picture's file as displayed, in which the data set's boxes are."""
    if content.size == content.original_size:
        return face
    factors, shift = _from_file(content)
    (x, y), (width, height) = (np.array(face.box[:2]) - shift) / factors, np.array(face.box[2:]) / factors
    box = float(x), float(y), float(width), float(height)
    return Face(box, face.score, ((face.landmarks - shift) / factors).astype(np.float32))


def _from_file(content: PictureContent) -> np.ndarray:
    return Fitted.into(content.original_size, content.size).from_file(content.original_size)


def main_faces(name: str, content: PictureContent, people: People) -> list[int]:
    """Return the face of the picture's main person, whom prompt and text are about: a list of one place, or none.

    In an original whose people have boxes in the data set, it is the face of the main person (`is_main`: the person
    with the largest box). In any other picture, it is the largest face. Bystanders never count, so that originals and
    drawn pictures are compared person by person.

    Args:
        name: of the picture.
        content: of the picture.
        people: see `people_of`.
    """
    if name in people:
        is_main = people[name]["is_main"].to_numpy(bool)
        persons = matches(name, content, people)
        return [face for face, person in enumerate(persons) if person is not None and is_main[person]]
    areas = [face.box[2] * face.box[3] for face in content.faces]
    return [int(np.argmax(areas))] if areas else []


def regions_of(
    item: WordItem, content: PictureContent, people: People, grow: float | None, props: np.ndarray | None = None
) -> np.ndarray:
    """Return the regions of a picture as the item's person has them: uint8 (height, width).

    Args:
        item: the word about the person.
        content: of the picture.
        people: see `people_of`.
        grow: how much larger than a face the parser's crop is; None if it looks at whole pictures.
        props: the picture's pixels of props, see `PropMasks.mask`; they are part of the background.
    """
    boxes = boxes_of(item.picture.name, content, people)
    whose = matches(item.picture.name, content, people)
    own = [None if person is None else boxes[person] for person in whose]
    seen = [None if grow is None else crop_of(face, grow) for face in content.faces]
    return person_regions(list(content.maps), [face.box for face in content.faces], own, seen, props)[item.face]


def crop_of(face: Face, grow: float) -> Box:
    """Return the square around a face that a parser looks at."""
    x, y, width, height = face.box
    side = grow * max(width, height)
    return x + width / 2 - side / 2, y + height / 2 - side / 2, side, side
