"""The journals as tables: faces, activations of regions, drops of log-probability, and what is known of every word."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.chains import Chain
from broken_telephone.execution.journal import Records
from broken_telephone.explainability.faces.face_matching import People, in_file, main_faces, matches
from broken_telephone.explainability.faces.skin_light import BRIGHTNESS_CHANGE, TOO_SMALL, why_no_skin_tone
from broken_telephone.explainability.faces.skin_tone import at_brightness, monk_bin, typology_angle
from broken_telephone.explainability.items import WordItem
from broken_telephone.explainability.journal import PictureContent, random_identity, rows_in
from broken_telephone.explainability.maps.fills import FILLS
from broken_telephone.explainability.maps.props_apart import PARTS
from broken_telephone.explainability.maps.region_statistics import NUMBERS
from broken_telephone.explainability.tasks import OF_PARTS
from broken_telephone.models import METHODS, REGIONS
from broken_telephone.pictures import Picture
from broken_telephone.tables import ACTIVATIONS, FACES, LANDMARKS, OCCLUSIONS, WORDS, as_table

RANDOM = "random weights"
"""What stands behind the method in rows of activations made with random weights, and the seed behind it."""


def faces_table(
    chains: Iterable[tuple[Chain, Picture]],
    contents: Mapping[str, PictureContent],
    people: People,
) -> pd.DataFrame:
    """Return a row for each face in each picture of the chains; replicates repeat those of their original.

    Only the main person's face is counted.

    Args:
        chains: that are explained, with their pictures (`StudyPictures.along`).
        contents: picture -> its faces.
        people: see `face_matching.people_of`.

    Returns:
        Columns `tables.FACES`; places are in pixels of the picture's file, as displayed.
    """
    rows = []
    for chain, picture in chains:
        if picture.name not in contents:
            continue
        own = contents[picture.name]
        main = main_faces(picture.name, own, people)
        for place, (seen, person, skin) in enumerate(
            zip(own.faces, matches(picture.name, own, people), own.skin, strict=True)
        ):
            face = in_file(own, seen)
            rows.append(
                {
                    "chain_id": chain.chain_id,
                    "iteration": picture.iteration,
                    "face": place,
                    **dict(zip(("x", "y", "width", "height"), map(float, face.box), strict=True)),
                    "score": float(face.score),
                    **_landmarks(face.landmarks),
                    "person_id": None if person is None else str(people[picture.name].iloc[person]["person_id"]),
                    "counted": place in main,
                    **_skin_tone(skin),
                }
            )
    return as_table(rows, FACES)


def _skin_tone(skin: Sequence[float] | None) -> dict[str, Any]:
    """Return the skin tone of a face, with its values under less and more light, or the reason why there is none."""
    reason = TOO_SMALL if skin is None else why_no_skin_tone(np.array(skin[:3]), skin[3])
    if skin is None or reason:
        return {"skin_note": reason}
    lab = np.array(skin[:3])
    low, high = (at_brightness(lab, 1 + change) for change in (-BRIGHTNESS_CHANGE, BRIGHTNESS_CHANGE))
    return {
        "typology_angle": typology_angle(lab),
        "typology_angle_low": typology_angle(low),
        "typology_angle_high": typology_angle(high),
        "monk": monk_bin(lab),
        "monk_darker": monk_bin(low),
        "monk_lighter": monk_bin(high),
        "skin_note": "",
    }


def _landmarks(points: np.ndarray) -> dict[str, float]:
    axes = [(f"{name}_{axis}", points[k, place]) for k, name in enumerate(LANDMARKS) for place, axis in enumerate("xy")]
    return {name: float(value) for name, value in axes}


class WordTables(NamedTuple):
    """What is known of words."""

    words: pd.DataFrame
    activations: pd.DataFrame
    occlusions: pd.DataFrame


def word_tables(
    items: Sequence[WordItem],
    identity: str,
    records: Records,
    random_weights: int,
    labels: Mapping[str, str],
    genders: Mapping[tuple[str, int], str],
    method: str,
) -> WordTables:
    """Return a row for each word, for each of its regions by each method, and for each region and fill that hid it.

    Args:
        items: the words, of all iterations.
        identity: of the explanations in the journal.
        records: the journal.
        random_weights: how many times explained with random weights.
        labels: chain -> its label.
        genders: (chain, iteration) -> gender of the person whose word it is.
        method: whose maps were followed by hiding parts of pictures.
    """
    done = rows_in(identity, records)
    by_chance = [rows_in(random_identity(identity, seed), records) for seed in range(1, random_weights + 1)]
    words: list[dict] = []
    activations: list[dict] = []
    occlusions: list[dict] = []
    for item in items:
        if item.name not in done:
            continue
        row = done[item.name]
        where = {
            "chain_id": item.chain_id,
            "iteration": item.iteration,
            "face": item.face,
            "word": item.token,
            "char_offset": item.word.start,
            "term": item.term,
        }
        width, height = row["size"]
        curves = {name: _under(row, name) for name in ("deletion", "insertion")}
        chance = {f"{name}_chance": _under(row, f"{name}_chance") for name in ("deletion", "insertion")}
        agreement = [value for value in row["agreement"].values() if value is not None]
        words.append(
            {
                **where,
                "label": labels[item.chain_id],
                "correct": item.term == labels[item.chain_id] if item.names_label else None,
                "gender": genders.get((item.chain_id, item.iteration)),
                "width": width,
                "height": height,
                "views": row["views"],
                "log_probability": row["log_probability"],
                "agreement": float(np.mean(agreement)) if agreement else None,
                **curves,
                **chance,
            }
        )
        for prefix, regions in {"": REGIONS, OF_PARTS: PARTS}.items():
            numbers = f"{prefix}numbers"
            if numbers not in row:
                continue
            for name, values in zip(METHODS, row[numbers], strict=True):
                activations += _by_region(where | {"method": name}, regions, values)
            for seed, rows in enumerate(by_chance, 1):
                if item.name in rows:
                    values = rows[item.name][numbers][list(METHODS).index(method)]
                    activations += _by_region(where | {"method": f"{method}, {RANDOM} {seed}"}, regions, values)
            occlusions += _hidden(where, regions, prefix, row)
    return WordTables(as_table(words, WORDS), as_table(activations, ACTIVATIONS), as_table(occlusions, OCCLUSIONS))


def _hidden(where: dict[str, Any], regions: Sequence[str], prefix: str, row: Mapping[str, Any]) -> list[dict]:
    """Rows of the regions and fills: drops of log-probability when the region is hidden, and as much elsewhere."""
    rows = []
    for (place, region), (number, fill) in itertools.product(enumerate(regions), enumerate(FILLS)):
        drops = {
            f"log_probability_drop{suffix}": row["log_probability"]
            - float(row[f"{prefix}hidden{suffix}"][number, place])
            for suffix in ("", "_elsewhere")
        }
        density = {"density_elsewhere": float(row[f"{prefix}elsewhere"][place])}
        rows.append({**where, "region": region, "fill": fill, **drops, **density})
    return rows


def _by_region(where: dict[str, Any], regions: Sequence[str], values: np.ndarray) -> list[dict]:
    """Rows of the regions; those that are not in the picture have an area of 0 and no density."""
    return [
        where | {"region": region, **{name: _number(value) for name, value in zip(NUMBERS, own, strict=True)}}
        for region, own in zip(regions, values, strict=True)
    ]


def _under(row: Mapping[str, Any], name: str) -> float | None:
    """Mean probability of a word while its picture is hidden, or shown, step by step."""
    return float(np.exp(row[name].astype(float)).mean()) if name in row else None


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
