"""Plans an explanation: chains, models, masks, and the identities of the results. The first node of the pipeline."""

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.chains import chains_of
from broken_telephone.datasets import StageStore
from broken_telephone.errors import UnreadableError
from broken_telephone.explainability import ExplainSettings
from broken_telephone.explainability.faces.face_matching import (
    People,
    main_faces,
    people_of,
    regions_of,
)
from broken_telephone.explainability.faces.face_parts import FaceParts
from broken_telephone.explainability.faces.props import MaskFiles, PropMasks, prop_masks_of
from broken_telephone.explainability.items import WordItem, sampled
from broken_telephone.explainability.journal import SKIN, PictureContent, sight_in
from broken_telephone.explainability.maps.fills import FILLS
from broken_telephone.explainability.maps.occlusion import Colour, mean_colour
from broken_telephone.explainability.opened_pictures import OpenedPictures
from broken_telephone.explainability.run import IdentityIn, needed_of
from broken_telephone.loop import LoopSettings
from broken_telephone.models import Describer, FaceDetector, RegionParser
from broken_telephone.pictures import Needed, Picture, StudyPictures, full_size
from broken_telephone.seeds import digest

logger = logging.getLogger(__name__)

_LEAST = 64
"""Pixels of the longer side of an original of which only the size is needed."""


@dataclass(frozen=True)
class Plan:
    """The chains to explain, and the identities of the results."""

    chains: pd.DataFrame
    """Rows of the `chains` table."""
    pictures: Mapping[int, list[Picture]]
    """The pictures of each iteration."""
    people: People
    props: PropMasks
    parts: str
    """Identity of faces and regions."""
    words: str
    """Identity of explained words."""
    parts_in: IdentityIn
    """Returns the identity of faces and regions in a study with other loop settings."""
    words_in: IdentityIn
    """Returns the identity of explained words in a study with other loop settings."""
    by: Mapping[str, Any]
    """Models and settings."""
    colour: Colour
    """What hidden parts of pictures are painted in: the mean of the originals, or of the first drawn pictures.

    That of the first run stays: chains that are added, and pictures that open later, change nothing that is explained.
    """
    needed: tuple[Needed | None, Needed | None]
    """How large pictures are looked at for faces, and for words; as it was in the first run. None without pictures."""
    opened: OpenedPictures
    """Opens the pictures; the nodes share what it keeps."""

    def main_faces(self, contents: Mapping[str, PictureContent]) -> dict[str, list[int]]:
        """Return picture -> the face of its main person; empty if there is none."""
        return {name: main_faces(name, one, self.people) for name, one in contents.items()}

    def regions_of(self, item: WordItem, content: PictureContent, parser: RegionParser) -> np.ndarray:
        """Return the regions of a word's picture, places in `REGIONS`: uint8 (height, width)."""
        return regions_of(item, content, self.people, parser.grow, self.props.mask(item.picture.name, content))


def plan_explanation(
    chains: pd.DataFrame,
    people: pd.DataFrame,
    loop: LoopSettings,
    explain: ExplainSettings,
    loop_settings: Mapping[str, Any],
    study_pictures: StudyPictures,
    describer: Describer,
    detector: FaceDetector,
    parser: RegionParser,
    explainability_store: StageStore,
    prop_masks: MaskFiles,
) -> Plan:
    """Choose the chains, models and settings of the explanation; no chains if the describer runs elsewhere."""
    own = sampled(chains, explain.chains_per_label, explain.seed)
    if explain.chains_per_label == 0:
        logger.info("No chains to explain (explain.chains_per_label is 0)")
    if not hasattr(describer, "explain"):
        logger.warning("%s runs elsewhere: which part of a picture its words come from cannot be seen", describer.name)
        own = own.head(0)
    pictures = study_pictures.by_iteration(chains_of(own), loop.iterations)
    opened = OpenedPictures(study_pictures, explain.frame)
    parts = {"detector": detector.identity(), "parser": parser.identity(), "frame": explain.size, "skin": SKIN}
    by = {"describer": describer.identity(), **parts, "explain": explain.changing, "fills": FILLS}
    parts_in, words_in = partial(_identity, parts), partial(_identity, by)
    key_of_parts, key_of_words = parts_in(loop_settings), words_in(loop_settings)
    for_faces, _ = sight_in(key_of_parts, explainability_store.face_parts)
    for_words, first_run = sight_in(key_of_words, explainability_store.explanations)
    # Measured only where there is something to look at: it loads model libraries.
    if any(pictures.values()):
        for_faces = for_faces or needed_of(FaceParts(detector, parser), explain.frame)
        for_words = for_words or needed_of(describer, explain.frame)
    if "colour" in first_run:
        red, green, blue = first_run["colour"]
        colour = (red, green, blue)
    else:
        # Originals where there are any: studies that are compared then hide regions in one colour.
        first = (pictures.get(0) or pictures.get(1, []))[: len(own)]
        colour = _mean_colour(first, opened, for_words)
    return Plan(
        own,
        pictures,
        people_of(own, people),
        prop_masks_of(own, explain.prop_masks, prop_masks, partial(_size_of, study_pictures)),
        key_of_parts,
        key_of_words,
        parts_in,
        words_in,
        {
            "describer": describer.name,
            "detector": detector.name,
            "parser": parser.name,
            **explain.changing,
            "fills": FILLS,
            "words": explain.words,
            **explain.model_dump(include={"prop_masks"}, exclude_none=True),
        },
        colour,
        (for_faces, for_words),
        opened,
    )


def _identity(stated: Mapping[str, Any], loop_settings: Mapping[str, Any]) -> str:
    return digest(json.dumps([loop_settings, stated], sort_keys=True), size=6)


def _mean_colour(pictures: list[Picture], opened: OpenedPictures, needed: Needed | None) -> Colour:
    images = []
    for one in pictures:
        # Those that do not open are counted where they are looked at.
        with suppress(UnreadableError):
            images.append(np.asarray(opened.unframed(one, needed)))
    return mean_colour(images)


def _size_of(study: StudyPictures, path: str) -> tuple[int, int] | None:
    """Return width and height of an original as displayed; None if it does not open."""
    try:
        return full_size(study.originals[path](longest=_LEAST))
    except UnreadableError:
        return None
