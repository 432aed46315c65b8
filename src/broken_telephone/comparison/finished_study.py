"""Opens the studies of a comparison, and refuses those that have not finished."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.loop.kept import ALL, kept_iterations
from broken_telephone.loop.plan import fingerprint
from broken_telephone.pictures import state_of

_NEEDED = {
    "chains": "ingestion",
    "loop_settings": "loop",
    "loop_manifest": "loop",
    "loop_descriptions": "loop",
    "loop_pictures": "loop",
    "annotation_manifest": "annotation",
    "annotations": "annotation",
    "predictions": "annotation",
    "mentions": "annotation",
    "last_descriptions": "annotation",
}
"""Result of a study -> the pipeline that makes it, in the order in which they are made."""
_OPTIONAL = {"similarity_manifest": "similarity", "explanation_manifest": "explainability"}
"""Manifest -> pipeline whose results are compared if all studies have them."""
_LARGE = ("loop_descriptions", "annotations", "predictions", "mentions", "last_descriptions")
"""Tables that are read when they are needed."""


@dataclass(frozen=True)
class FinishedStudy:
    """One study of a comparison, with all results that a comparison needs."""

    arm: str
    """Its name in the comparison."""
    study: str
    """Its own name."""
    results: Any
    """Its results by name, as attributes; each is read when it is asked for."""
    chains: pd.DataFrame
    settings: Mapping[str, Any]
    """The sealed settings of the loop."""
    loop_manifest: Mapping[str, Any]
    annotation_manifest: Mapping[str, Any]
    iterations: int
    """Number of iterations of the loop whose images are annotated."""
    kept: tuple[int, ...]
    """The iterations among them whose images the study keeps (`loop.keep`)."""
    similarity_manifest: Mapping[str, Any] | None
    """None if the study has no similarities."""
    explanation_manifest: Mapping[str, Any] | None
    """None if nothing is explained."""


def finished_studies(stores: Mapping[str, Any], arms: Mapping[str, str]) -> dict[str, FinishedStudy]:
    """Open the studies of a comparison.

    Args:
        stores: arm -> the results of its study by name, as attributes. An attribute is None if the result does not
            exist. `place_of(name)` returns where it would be.
        arms: arm -> name of its study.

    Returns:
        Arm -> its study, in the order of the arms.

    Raises:
        StudyError: if there are no arms, or a study does not exist or has not finished. The message names the arm,
            what is missing, and the command that makes it.
    """
    if not arms:
        raise StudyError(
            "comparison.arms names no studies. Make a folder conf/<comparison>/ with globals.yml "
            "(`study: <comparison>`) and parameters.yml (`comparison: {arms: {<name>: <study>, <other>: <study>}}`), "
            "and run `kedro run --pipeline comparison --env <comparison>`: see docs/comparison.md"
        )
    return {arm: _opened(arm, study, stores[arm]) for arm, study in arms.items()}


def _opened(arm: str, study: str, results: Any) -> FinishedStudy:
    read = {name: getattr(results, name) for name in _NEEDED if name not in _LARGE}
    if read["chains"] is None:
        raise StudyError(
            f"comparison.arms.{arm}: there is no study {study!r}, because {results.place_of('chains')} does not exist. "
            "Write the name that `study:` has in the globals.yml of the study, or run the study first"
        )
    for name, pipeline in _NEEDED.items():
        if name in read and read[name] is None:
            raise StudyError(_unfinished(arm, study, f"{results.place_of(name)} does not exist", pipeline))
    manifest = read["loop_manifest"]
    if not manifest.get("complete") or manifest["chains"] != fingerprint(read["chains"]):
        raise StudyError(_unfinished(arm, study, "its loop has not followed all chains to the end", "loop"))
    iterations = _annotated_iterations(arm, study, read)
    made_from = read["annotation_manifest"]["made_from"]
    records = {name: getattr(results, name) for name in _OPTIONAL}
    for name, pipeline in _OPTIONAL.items():
        record = records[name]
        if record is not None and record.get("made_from") != made_from:
            problem = f"its results of {pipeline} were made from other pictures than its annotations"
            raise StudyError(_unfinished(arm, study, problem, pipeline))
    kept = kept_iterations(manifest.get("keep", ALL), int(manifest["iterations"]))
    return FinishedStudy(
        arm,
        study,
        results,
        read["chains"],
        read["loop_settings"],
        manifest,
        read["annotation_manifest"],
        iterations,
        tuple(k for k in kept if k <= iterations),
        **records,
    )


def _annotated_iterations(arm: str, study: str, read: Mapping[str, Any]) -> int:
    """Return the number of iterations whose images are annotated; the loop may have gone further."""
    made_from = read["annotation_manifest"].get("made_from")
    for iterations in range(int(read["loop_manifest"]["iterations"]), 0, -1):
        if state_of(read["chains"], iterations, read["loop_pictures"]) == made_from:
            return iterations
    raise StudyError(
        _unfinished(arm, study, "its annotations were made from other pictures than it has now", "annotation")
    )


def _unfinished(arm: str, study: str, problem: str, pipeline: str) -> str:
    return (
        f"comparison.arms.{arm}: the study {study!r} has not finished: {problem}. Run "
        f"`kedro run --pipeline {pipeline} --env <folder>`, where conf/<folder>/globals.yml states `study: {study}` "
        "(without --env for the miniature)"
    )
