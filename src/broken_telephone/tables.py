"""The tables other tools rely on: their columns, and the check that the catalog makes on saving them.

Column meanings are in docs/architecture.md. Which values a concept or an attribute may have is
checked where a data set is read, because only there the file and the row are known.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from pandas.api import types

from broken_telephone.errors import StudyError

PEOPLE = {
    "person_id": "text",
    "image_id": "text",
    "dataset": "category",
    "split": "category",
    "image_path": "text",
    "x": "number",
    "y": "number",
    "width": "number",
    "height": "number",
    "is_main": "bool",
}
VOTES = {"person_id": "text", "variable": "category", "value": "category", "votes": "integer"}
CAPTIONS = {"image_id": "text", "caption": "text"}
DEFECTS = {
    "effect": "category",
    "problem": "category",
    "file": "text",
    "row": "text",
    "value": "text",
    "advice": "text",
}
CHAINS = {
    "chain_id": "text",
    "replicate": "integer",
    "start": "category",
    "image_id": "text",
    "image_path": "text",
    "image_digest": "text",
    "prompt": "text",
    "concept": "category",
    "label": "category",
    "seed": "integer",
}
FILES = {"name": "text", "size": "integer", "changed": "integer", "digest": "text"}
"""A ledger of files: size in bytes, time of the last change in nanoseconds, digest of the bytes."""
DESCRIPTIONS = {
    "chain_id": "text",
    "iteration": "integer",
    "text": "text",
    "tokens": "integer",
    "truncated": "bool",
    "describer": "category",
}
_LABELLED = {
    "chain_id": "text",
    "iteration": "integer",
    "annotator": "category",
    "reading": "category",
    "attribute": "category",
    "category": "category",
}
ANNOTATIONS = _LABELLED | {
    "status": "category",
    "probability": "number",
    "raw": "text",
}
PROBABILITIES = _LABELLED | {"probability": "number", "log_likelihood": "number"}
PREDICTIONS = {
    "chain_id": "text",
    "iteration": "integer",
    "concept": "category",
    "label": "category",
    "predicted": "category",
    "correct": "bool",
    "reading": "category",
    "by": "category",
    "status": "category",
    "probability": "number",
}
MENTIONS = {
    "chain_id": "text",
    "iteration": "integer",
    "attribute": "category",
    "category": "category",
    "term": "category",
    "times": "integer",
}
SIMILARITIES = {
    "chain_id": "text",
    "pair": "category",
    "kind": "category",
    "iteration": "integer",
    "value": "number",
}
LANDMARKS = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
"""As they stand in the picture, not as the person has them."""
FACES = (
    {"chain_id": "text", "iteration": "integer", "face": "integer"}
    | dict.fromkeys(("x", "y", "width", "height", "score"), "number")
    | {f"{point}_{axis}": "number" for point in LANDMARKS for axis in "xy"}
    | {"person_id": "text", "counted": "bool", "typology_angle": "number", "monk": "category"}
)
_OF_A_WORD = {
    "chain_id": "text",
    "iteration": "integer",
    "face": "integer",
    "token": "category",
    "place": "integer",
}
ACTIVATIONS = _OF_A_WORD | {
    "method": "category",
    "region": "category",
    "area": "number",
    "density": "number",
    "share": "number",
}
OCCLUSIONS = _OF_A_WORD | {
    "region": "category",
    "fall": "number",
    "fall_elsewhere": "number",
    "density_elsewhere": "number",
}
WORDS = _OF_A_WORD | {
    "label": "category",
    "named": "category",
    "correct": "bool",
    "gender": "category",
    "width": "integer",
    "height": "integer",
    "views": "integer",
    **dict.fromkeys(("log_probability", "agreement"), "number"),
    **dict.fromkeys(("deletion", "insertion", "deletion_chance", "insertion_chance"), "number"),
}
_RESULTS = (
    dict.fromkeys(("study", "start", "label", "attribute", "category", "to", "annotator"), "category")
    | dict.fromkeys(
        ("part", "kind", "pair", "method", "measure", "by", "one", "other", "reference", "region", "check", "note"),
        "category",
    )
    | dict.fromkeys(("since", "iteration", "n", "n_checked", "clusters", "count", "degrees"), "integer")
    | dict.fromkeys(("share", "value", "ci_low", "ci_high", "p_value", "p_adjusted"), "number")
    | dict.fromkeys(("changing", "detectable", "possible"), "number")
    | dict.fromkeys(("can_show", "agrees", "passed"), "bool")
)
"""Columns of the tables that measures make, whichever of them a table has."""

_PANDAS = {"text": "string", "number": "Float64", "integer": "Int64", "bool": "boolean"}
_IS = {
    "text": types.is_string_dtype,
    "number": types.is_float_dtype,
    "integer": types.is_integer_dtype,
    "bool": types.is_bool_dtype,
    "category": lambda column: isinstance(column.dtype, pd.CategoricalDtype),
}


def as_table(rows: list[dict] | pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Build a table with the given columns and kinds from rows, or from a table; missing values become nulls."""
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: _PANDAS.get(kind, kind) for name, kind in columns.items()})


def as_result(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of a table of measures their kinds; a note that is empty stays an empty text.

    Raises:
        KeyError: if a column is not known.
    """
    return frame.astype({name: _PANDAS.get(_RESULTS[name], _RESULTS[name]) for name in frame})


def with_plain_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn nullable numbers into floats with NaN, which is what matplotlib draws."""
    nullable = [name for name in frame if isinstance(frame[name].dtype, pd.Float64Dtype)]
    return frame.astype(dict.fromkeys(nullable, float))


def check_result(result: pd.DataFrame) -> None:
    """Check a table of measures: known columns of the right kind, and a note wherever a number is missing."""
    _check(result, {name: _RESULTS[name] for name in result}, key=[], table="a table of measures")
    numbers = [name for name in result if _RESULTS[name] == "number"]
    missing = result[numbers].isna().any(axis=1) | np.isinf(result[numbers].astype(float)).any(axis=1)
    silent = result[missing & (result["note"].astype(object).fillna("").astype(str) == "")]
    if len(silent):
        row = ", ".join(f"{name} {value}" for name, value in silent.iloc[0].items())
        raise StudyError(f"A table of measures lacks a number and does not say why: {row} ({len(silent)} such rows)")


def check_people(people: pd.DataFrame) -> None:
    """Check `people`: columns, one row per person, at most one main person per image."""
    _check(people, PEOPLE, key=["person_id"], table="people")
    twice = people.loc[people["is_main"], "image_id"].duplicated()
    if twice.any():
        raise StudyError(f"people: {int(twice.sum())} images have more than one main person")


def check_chains(chains: pd.DataFrame) -> None:
    """Check `chains`: columns, one row per chain, a path or a prompt for every start."""
    _check(chains, CHAINS, key=["chain_id"], table="chains")
    startless = chains["image_path"].isna() & chains["prompt"].isna()
    if startless.any():
        names = ", ".join(chains.loc[startless, "chain_id"].head(3))
        raise StudyError(f"chains: {names} have neither an image nor a prompt to start from")
    if (chains["image_path"].notna() & chains["image_digest"].isna()).any():
        raise StudyError("chains: an original has no digest (image_digest)")


def check_descriptions(descriptions: pd.DataFrame) -> None:
    """Check `loop_descriptions`: columns, one row per chain and iteration, no empty text."""
    _check(descriptions, DESCRIPTIONS, key=["chain_id", "iteration"], table="loop_descriptions")
    if (descriptions["text"].str.strip() == "").any():
        raise StudyError("loop_descriptions: a description is empty")


def check_annotations(annotations: pd.DataFrame) -> None:
    """Check `annotations`: columns, one row per picture, annotator, reading and attribute, categories where valid."""
    key = ["chain_id", "iteration", "annotator", "reading", "attribute"]
    _check(annotations, ANNOTATIONS, key=key, table="annotations")
    if (annotations["category"].notna() != (annotations["status"] == "valid")).any():
        raise StudyError("annotations: a category stands beside a status that is not valid, or a valid one lacks it")


def check_predictions(predictions: pd.DataFrame) -> None:
    """Check `predictions`: columns, one row per picture, concept and reading."""
    key = ["chain_id", "iteration", "concept", "reading"]
    _check(predictions, PREDICTIONS, key=key, table="predictions")


def check_faces(faces: pd.DataFrame) -> None:
    """Check `faces`: columns, one row per picture and face."""
    _check(faces, FACES, key=["chain_id", "iteration", "face"], table="faces")


def check_activations(activations: pd.DataFrame) -> None:
    """Check `activations`: columns, one row per picture, face, word, method and region; areas and shares sum to 1."""
    key = [*_OF_A_WORD, "method", "region"]
    _check(activations, ACTIVATIONS, key=key, table="activations")
    sums = activations.groupby(key[:-1], observed=True, dropna=False)[["area", "share"]].sum(min_count=1)
    if ((sums - 1).abs() > 1e-4).any(axis=None):
        raise StudyError("activations: areas or shares of a word's regions do not sum to 1")


def check_similarities(similarities: pd.DataFrame) -> None:
    """Check `similarities`: columns, one row per chain, pair, kind and iteration, values from -1 to 1."""
    _check(similarities, SIMILARITIES, key=["chain_id", "pair", "kind", "iteration"], table="similarities")
    if not similarities["value"].between(-1, 1).all():
        raise StudyError("similarities: a value is missing, or is no cosine")


def _check(frame: pd.DataFrame, columns: Mapping[str, str], key: list[str], table: str) -> None:
    missing = [name for name in columns if name not in frame]
    if missing:
        raise StudyError(f"{table}: there is no column {', '.join(missing)}")
    wrong = [name for name, kind in columns.items() if not _IS[kind](frame[name])]
    if wrong:
        found = ", ".join(f"{name} is {frame[name].dtype}, not {columns[name]}" for name in wrong)
        raise StudyError(f"{table}: {found}")
    twice = frame[frame.duplicated(key)] if key else frame.head(0)
    if len(twice):
        row = ", ".join(f"{name} {twice.iloc[0][name]}" for name in key)
        raise StudyError(f"{table}: {row} occurs more than once ({len(twice)} such rows)")
