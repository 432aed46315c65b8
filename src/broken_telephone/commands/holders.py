"""Finds what else holds images of a study: other studies, comparisons, and the data set itself."""

import io
from collections.abc import Collection, Iterator
from typing import Any

import pandas as pd

from broken_telephone.commands.configured import configured_studies
from broken_telephone.datasets.locations import located
from broken_telephone.errors import StudyError
from broken_telephone.visible import shortlist

_NAMED = 5


def other_holders(study: str, results: str, digests: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each other study that has the same originals, or shows those of this study.

    Args:
        study: name of the study.
        results: location of the results of all studies.
        digests: of the originals.
    """
    filesystem, root = located(f"{results}/03_primary")
    folders = filesystem.ls(root, detail=False) if filesystem.isdir(root) else []
    for name in sorted(str(folder).rstrip("/").rpartition("/")[2] for folder in folders):
        file = f"{root}/{name}/chains.parquet"
        if name == study or not filesystem.isfile(file):
            continue
        try:
            table = pd.read_parquet(io.BytesIO(filesystem.cat_file(file)), columns=["chain_id", "image_digest"])
        # A damaged table is of one study; the others are looked at.
        except (OSError, ValueError) as error:
            yield f"The study {name} could not be searched: {file} cannot be read ({error})."
            continue
        chains = table.loc[table["image_digest"].astype(str).isin(digests), "chain_id"].astype(str)
        if len(chains):
            yield (
                f"The study {name} has chains from the same image: {shortlist(chains, _NAMED)}. To remove them there, "
                "run `kedro forget` for that study."
            )
    yield from _studies_that_use(study)


def _studies_that_use(study: str) -> Iterator[str]:
    for other in configured_studies():
        try:
            name, settings = other.location.study, other.parameters
        except StudyError as error:
            yield f"conf/{other.folder} could not be searched, because its settings cannot be used: {error}"
            continue
        if name == study:
            continue
        if study in _texts(settings.get("reuse")):
            yield f"The study {name} adopts results of this study (`reuse`); what it adopted is its own copy."
        if study in _texts((settings.get("comparison") or {}).get("arms")):
            yield (
                f"The study {name} compares this study, and its page may show the image: remove its folder in "
                f"08_reporting, and run `kedro run --pipeline comparison --env {other.folder}` again."
            )
        if f"/{study}/counterfactual_dataset_" in str(settings.get("data_root")):
            yield f"The study {name} starts from changed originals of this study (data_root)."


def _texts(value: Any) -> list[str]:
    """Return the texts of a list, or the values of a mapping."""
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [one for one in values if isinstance(one, str)]
