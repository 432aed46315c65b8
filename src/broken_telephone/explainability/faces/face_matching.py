"""Which faces of a picture count, and whose regions are whose."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from broken_telephone.explainability.faces.regions import Box, matched, person_regions
from broken_telephone.explainability.items import WordItem
from broken_telephone.explainability.journal import Found
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


def matches(name: str, found: Found, people: People) -> list[int | None]:
    """Return for each face of a picture the row of its person among the picture's people."""
    return matched([face.box for face in found.faces], boxes_of(name, found, people))


def boxes_of(name: str, found: Found, people: People) -> list[Box]:
    """Return the boxes of a picture's people, in the pixels that its faces are in."""
    if name not in people:
        return []
    columns = people[name][["x", "y", "width", "height"]].to_numpy(float)
    if found.size != found.original_size:
        factors, shift = _from_file(found)
        columns = columns * [*factors, *factors] + [*shift, 0, 0]
    return [(float(x), float(y), float(w), float(h)) for x, y, w, h in columns]


def in_file(found: Found, face: Face) -> Face:
    """Return a face in the pixels of the picture's file as displayed, in which the data set's boxes are."""
    if found.size == found.original_size:
        return face
    factors, shift = _from_file(found)
    (x, y), (width, height) = (np.array(face.box[:2]) - shift) / factors, np.array(face.box[2:]) / factors
    box = float(x), float(y), float(width), float(height)
    return Face(box, face.score, ((face.landmarks - shift) / factors).astype(np.float32))


def _from_file(found: Found) -> np.ndarray:
    return Fitted.into(found.original_size, found.size).from_file(found.original_size)


def counted(name: str, found: Found, people: People, concept: str, label: str | None) -> list[int]:
    """Return which faces of a picture words are explained for.

    Of a picture whose people the data set gives boxes of: those of people with the chain's label. Of any other
    picture: the largest, which is whom describers call the person.

    Args:
        name: of the picture.
        found: what is in it.
        people: see `people_of`.
        concept: of the study.
        label: of the chain.
    """
    if not found.faces:
        return []
    if name in people:
        rows = people[name]
        labels = rows[concept].astype(object).tolist() if concept in rows else [label] * len(rows)
        whose = matches(name, found, people)
        return [face for face, person in enumerate(whose) if person is not None and labels[person] == label]
    areas = [face.box[2] * face.box[3] for face in found.faces]
    return [int(np.argmax(areas))]


def regions_of(item: WordItem, found: Found, people: People, grow: float | None) -> np.ndarray:
    """Return the regions of a picture as the item's person has them: uint8 (height, width).

    Args:
        item: the word about the person.
        found: what is in the picture.
        people: see `people_of`.
        grow: how much larger than a face the parser's crop is; None if it looks at whole pictures.
    """
    boxes = boxes_of(item.picture.name, found, people)
    whose = matches(item.picture.name, found, people)
    own = [None if person is None else boxes[person] for person in whose]
    seen = [None if grow is None else crop_of(face, grow) for face in found.faces]
    return person_regions(list(found.maps), [face.box for face in found.faces], own, seen)[item.face]


def crop_of(face: Face, grow: float) -> Box:
    """Return the square around a face that a parser looks at."""
    x, y, width, height = face.box
    side = grow * max(width, height)
    return x + width / 2 - side / 2, y + height / 2 - side / 2, side, side


def labels_by_picture(chains: pd.DataFrame) -> dict[str, str]:
    """Return original -> label of its chains."""
    pairs = zip(chains["image_path"], chains["label"], strict=True)
    return {f"0/{path}": str(label) for path, label in pairs if isinstance(path, str)}
