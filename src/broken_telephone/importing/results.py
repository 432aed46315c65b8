"""Makes the loop's tables and record of an imported study. What the results do not state is null."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from broken_telephone.chains import key
from broken_telephone.importing.study_tables import ImportedStudy
from broken_telephone.loop.kept import ALL
from broken_telephone.loop.manifest import text_digest
from broken_telephone.loop.plan import fingerprint
from broken_telephone.seeds import digest
from broken_telephone.tables import DESCRIPTIONS, IMPORTED_ANSWERS, as_table

FORM, DESCRIPTION = "form", "description"
"""Kinds of imported answers: to the form, and descriptions of the last images."""
_UNKNOWN_SECONDS = dict.fromkeys(("describe", "draw", "load", "around"))


def images_of(study: ImportedStudy) -> Iterator[tuple[str, Path]]:
    """Yield the key in `loop_images` and the file of each imported image, by chain and iteration."""
    for chain_id, record in study.records.items():
        for iteration, file in sorted(record.images.items()):
            yield key(chain_id, iteration), file


def descriptions_table(study: ImportedStudy, iterations: int, describer: str | None) -> pd.DataFrame:
    """Return `loop_descriptions`. Tokens and truncation are null, and so is a describer that nobody named."""
    rows = [
        {
            "chain_id": chain_id,
            "iteration": iteration,
            "text": text,
            "describer": "prompt" if iteration == 1 and record.original is None else describer,
        }
        for chain_id, record in study.records.items()
        for iteration, text in sorted(record.descriptions.items())
        if iteration <= iterations
    ]
    return as_table(rows, DESCRIPTIONS)


def answers_table(study: ImportedStudy, iterations: int) -> pd.DataFrame:
    """Return what models answered about images: to the form, and descriptions of the last images.

    `iteration` is that of the image. Answers about images that the study does not have are left out.
    """
    rows = []
    for chain_id, record in study.records.items():
        where = {"chain_id": chain_id}
        for iteration, answer in sorted(record.answers.items()):
            if iteration in record.images or (iteration == 0 and record.original is not None):
                rows.append(where | {"iteration": iteration, "kind": FORM, "text": answer})
        last = record.descriptions.get(iterations + 1)
        if last is not None and iterations in record.images:
            rows.append(where | {"iteration": iterations, "kind": DESCRIPTION, "text": last})
    return as_table(rows, IMPORTED_ANSWERS)


def imported_manifest(
    name: str,
    sealed: Mapping[str, Any],
    study: ImportedStudy,
    iterations: int,
    descriptions: pd.DataFrame,
    answers: pd.DataFrame,
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the record of an imported study, with the fields of the loop's own record.

    `seconds`, the count `cut` (drawn texts that the generator did not read to their end) and all fields of a session
    are unknown. `imported` states where the results come from and how much of them was left out.

    Args:
        name: of the study.
        sealed: the sealed settings.
        study: the imported study.
        iterations: its last iteration.
        descriptions: the `loop_descriptions` table.
        answers: as `answers_table` returns it.
        about: further fields of `imported`.
    """
    failures = [{"chain_id": chain_id, "made_from": None, **end._asdict()} for chain_id, end in study.ends.items()]
    record = {
        "study": name,
        "digest": digest(json.dumps(sealed, sort_keys=True)),
        "iterations": iterations,
        "keep": ALL,
        "batches": 0,
        "complete": True,
        "settings": dict(sealed),
        "steering": None,
        "drawn_texts": {},
        "adopted": {"descriptions": {}, "images": {}},
        "failures": failures,
        "seconds": dict(_UNKNOWN_SECONDS),
        "sessions": [],
        "imported": {**about, "images_beyond_the_last_iteration": study.left_out_images},
    }
    return manifest_of(record, study.chains, descriptions, answers)


def manifest_of(
    record: Mapping[str, Any], chains: pd.DataFrame, descriptions: pd.DataFrame, answers: pd.DataFrame
) -> dict[str, Any]:
    """Return the record of an imported study with the counts and digests of its tables.

    Args:
        record: the record; failures of chains that the table lacks are left out.
        chains: the `chains` table.
        descriptions: the `loop_descriptions` table.
        answers: as `answers_table` returns it.
    """
    names = set(chains["chain_id"].astype(str))
    failures = [failure for failure in record["failures"] if failure["chain_id"] in names]
    # Images follow each other without a gap, so the end of a chain states their number.
    images = len(chains) * record["iterations"]
    images -= sum(record["iterations"] - failure["iteration"] + 1 for failure in failures)
    return {
        **record,
        "chains": fingerprint(chains),
        "texts": text_digest(descriptions),
        "prompts": sorted(str(prompt) for prompt in chains["prompt"].dropna().unique()),
        "counts": {
            "chains": len(chains),
            "chains_from_images": int((chains["start"] == "image").sum()),
            "chains_from_prompts": int((chains["start"] == "prompt").sum()),
            "descriptions": len(descriptions),
            "images": images,
            "stored": images,
            "failures": len(failures),
            "cut": None,
        },
        "failures": failures,
        "imported": {
            **record["imported"],
            "last_descriptions": int((answers["kind"] == DESCRIPTION).sum()),
            "answers": int((answers["kind"] == FORM).sum()),
        },
    }
