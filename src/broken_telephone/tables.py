"""The columns of the tables that other tools rely on, and the checks that the catalog runs when it saves them.

docs/architecture.md explains the columns. The readers of data sets check the values of concepts and attributes, because
only they know the file and the row.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from pandas.api import types

from broken_telephone.errors import StudyError

_PICTURE = {"chain_id": "text", "iteration": "integer"}
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
"""Columns of a ledger of files: size in bytes, time of the last change in nanoseconds, digest of the bytes."""
DESCRIPTIONS = _PICTURE | {
    "text": "text",
    "tokens": "integer",
    "truncated": "bool",
    "describer": "category",
    "drawn_text": "text",
}
IMPORTED_ANSWERS = _PICTURE | {"kind": "category", "text": "text"}
STEERING = _PICTURE | {"attribute": "category", "category": "category", "source": "category"}
_LABELLED = _PICTURE | {
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
PREDICTIONS = _PICTURE | {
    "concept": "category",
    "label": "category",
    "predicted": "category",
    "correct": "bool",
    "reading": "category",
    "model": "category",
    "status": "category",
    "probability": "number",
}
MENTIONS = _PICTURE | {
    "attribute": "category",
    "category": "category",
    "term": "category",
    "count": "integer",
}
SIMILARITIES = {
    "chain_id": "text",
    "pair": "category",
    "kind": "category",
    "iteration": "integer",
    "value": "number",
}
LANDMARKS = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
"""Left and right are those of the picture, not of the person."""
FACES = (
    _PICTURE
    | {"face": "integer"}
    | dict.fromkeys(("x", "y", "width", "height", "score"), "number")
    | {f"{point}_{axis}": "number" for point in LANDMARKS for axis in "xy"}
    | {"person_id": "text", "counted": "bool"}
    | dict.fromkeys(("typology_angle", "typology_angle_low", "typology_angle_high"), "number")
    | dict.fromkeys(("monk", "monk_darker", "monk_lighter", "skin_note"), "category")
)
_WORD = _PICTURE | {
    "face": "integer",
    "word": "category",
    "char_offset": "integer",
    "term": "category",
}
BACKGROUND_PARTS = ("prop", "background without props")
"""Values of `region` in pictures with a mask of props: the parts of the background, in addition to the four regions."""
ACTIVATIONS = _WORD | {
    "method": "category",
    "region": "category",
    "area": "number",
    "density": "number",
    "share": "number",
}
OCCLUSIONS = _WORD | {
    "region": "category",
    "fill": "category",
    "log_probability_drop": "number",
    "log_probability_drop_elsewhere": "number",
    "density_elsewhere": "number",
}
WORDS = _WORD | {
    "label": "category",
    "correct": "bool",
    "gender": "category",
    "width": "integer",
    "height": "integer",
    "views": "integer",
    **dict.fromkeys(("log_probability", "agreement"), "number"),
    **dict.fromkeys(("deletion", "insertion", "deletion_chance", "insertion_chance"), "number"),
}
_RESULTS = (
    dict.fromkeys(("study", "start", "label", "attribute", "category", "to_category", "annotator"), "category")
    | dict.fromkeys(
        ("part", "kind", "pair", "method", "measure", "reference", "region", "fill", "check", "bin", "note"),
        "category",
    )
    | dict.fromkeys(("annotator_a", "annotator_b", "group_a", "group_b", "unsure_answers"), "category")
    | dict.fromkeys(("direction", "answer"), "category")
    | dict.fromkeys(("look", "starts_per_cell", "replicate"), "integer")
    | dict.fromkeys(("net_change", "boundary", "level_spent"), "number")
    | dict.fromkeys(("since", "iteration", "n", "n_checked", "clusters", "count", "degrees_of_freedom"), "integer")
    | dict.fromkeys(("ratings_for_5_points", "ratings_for_10_points"), "integer")
    | dict.fromkeys(
        ("half_width", "share", "value", "confidence", "ci_low", "ci_high", "p_value", "p_adjusted"), "number"
    )
    | dict.fromkeys(("share_changing", "minimum_detectable_change", "maximum_possible_change"), "number")
    | dict.fromkeys(("predicted_value", "pooled_value", "pooled_low", "pooled_high"), "number")
    | {"starts_in_category": "integer"}
    | dict.fromkeys(("arm", "factor", "levels", "harm"), "category")
    | dict.fromkeys(("n_pairs", "harms"), "integer")
    | dict.fromkeys(("value_arm", "value_reference", "annotator_low", "annotator_high"), "number")
    | dict.fromkeys(("missing_arm", "missing_reference", "largest_harm", "drift"), "number")
    | dict.fromkeys(("drift_left", "drift_left_low", "drift_left_high"), "number")
    | dict.fromkeys(("success_kept", "success_low", "success_high"), "number")
    | dict.fromkeys(("similarity_kept", "similarity_low", "similarity_high"), "number")
    | dict.fromkeys(("missing_answers", "missing_low", "missing_high"), "number")
    | dict.fromkeys(("describe_seconds", "draw_seconds", "tokens"), "number")
    | dict.fromkeys(("rate", "reference_rate"), "number")
    | dict.fromkeys(("effective_n", "smallest_p_value"), "number")
    | dict.fromkeys(("family", "verdict", "reason"), "category")
    | dict.fromkeys(("shrunken_value", "annotator_value", "annotator_before", "annotator_after"), "number")
    | dict.fromkeys(("missing_before", "missing_after", "change_low", "change_high", "p_bounds"), "number")
    | dict.fromkeys(("share_low", "share_high"), "number")
    | dict.fromkeys(("before", "before_low", "before_high", "after", "after_low", "after_high"), "number")
    | dict.fromkeys(("unsure", "invalid", "refused", "not_answered", "no_image"), "number")
    | dict.fromkeys(("predicted_from", "motif"), "integer")
    | dict.fromkeys(("observed", "observed_low", "observed_high"), "number")
    | dict.fromkeys(("example", "exemplars"), "category")
    | dict.fromkeys(("is_detectable", "methods_agree", "passed", "is_planned"), "bool")
    | dict.fromkeys(("planted", "planted_share", "drawn", "redrawn", "redrawn_margin", "coverage"), "number")
    | dict.fromkeys(("difference", "limit"), "number")
    | dict.fromkeys(("arrangement", "expected", "judge", "judge_share"), "category")
    | dict.fromkeys(("judge_effect", "judge_p", "detectable", "changed_starts"), "number")
    | dict.fromkeys(("is_near", "covers", "confirmed"), "bool")
)
"""Columns of the tables of results. Each table has some of them."""

_HASHED_AT_ONCE = 10_000
"""Rows that are hashed at once: hashing copies their texts."""
_PANDAS = {"text": "string", "number": "Float64", "integer": "Int64", "bool": "boolean"}
_IS = {
    "text": types.is_string_dtype,
    "number": types.is_float_dtype,
    "integer": types.is_integer_dtype,
    "bool": types.is_bool_dtype,
    # Parquet does not keep the type of a column of categories without values.
    "category": lambda column: isinstance(column.dtype, pd.CategoricalDtype) or column.isna().all(),
}


def as_table(rows: list[dict] | pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Build a table with the given columns and types from rows or from a table. Missing values become null."""
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: _PANDAS.get(kind, kind) for name, kind in columns.items()})


def table_in_parts(parts: Iterable[list[dict]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Build the table that `as_table` builds of all rows, part by part, so that memory never holds all rows."""
    plain = {name: "str" if kind == "category" else kind for name, kind in columns.items()}
    tables = [as_table(rows, plain) for rows in parts]
    return as_table(pd.concat(tables, ignore_index=True) if tables else [], columns)


def sum_of_row_hashes(table: pd.DataFrame) -> int:
    """Return the sum of the hashes of all rows, read as texts, modulo 2 ** 64: whatever their order."""
    total = 0
    for start in range(0, len(table), _HASHED_AT_ONCE):
        rows = table.iloc[start : start + _HASHED_AT_ONCE].astype(str)
        total += sum(pd.util.hash_pandas_object(rows, index=False).to_list())
    return total % 2**64


def as_result(frame: pd.DataFrame) -> pd.DataFrame:
    """Convert the columns of a table of results to their types. Empty notes remain empty texts.

    Raises:
        KeyError: if a column is unknown.
    """
    return frame.astype({name: _PANDAS.get(_RESULTS[name], _RESULTS[name]) for name in frame})


def with_plain_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Convert nullable numbers to floats with NaN, as matplotlib requires."""
    nullable = [name for name in frame if isinstance(frame[name].dtype, pd.Float64Dtype)]
    return frame.astype(dict.fromkeys(nullable, float))


def check_result(result: pd.DataFrame) -> None:
    """Check a table of results: known columns of the right type, and a note for each missing number.

    Raises:
        StudyError: if the table is invalid. So do all the checks below.
    """
    _check(result, {name: _RESULTS[name] for name in result}, key=[], table="a table of measures")
    numbers = [name for name in result if _RESULTS[name] == "number"]
    missing = result[numbers].isna().any(axis=1) | np.isinf(result[numbers].astype(float)).any(axis=1)
    silent = result[missing & (result["note"].astype(object).fillna("").astype(str) == "")]
    if len(silent):
        row = ", ".join(f"{name} {value}" for name, value in silent.iloc[0].items())
        raise StudyError(f"A table of measures lacks a number and does not say why: {row} ({len(silent)} such rows)")


def check_people(people: pd.DataFrame) -> None:
    """Check `people`: columns, one row for each person, and at most one main person in an image."""
    _check(people, PEOPLE, key=["person_id"], table="people")
    duplicates = people.loc[people["is_main"], "image_id"].duplicated()
    if duplicates.any():
        raise StudyError(f"people: {int(duplicates.sum())} images have more than one main person")


def check_chains(chains: pd.DataFrame) -> None:
    """Check `chains`: columns, one row for each chain, and an image or a prompt for each start."""
    _check(chains, CHAINS, key=["chain_id"], table="chains")
    has_no_start = chains["image_path"].isna() & chains["prompt"].isna()
    if has_no_start.any():
        names = ", ".join(chains.loc[has_no_start, "chain_id"].head(3))
        raise StudyError(f"chains: {names} have neither an image nor a prompt to start from")
    if (chains["image_path"].notna() & chains["image_digest"].isna()).any():
        raise StudyError("chains: an original has no digest (image_digest)")


def check_descriptions(descriptions: pd.DataFrame) -> None:
    """Check `loop_descriptions`: columns, one row for each chain and iteration, and no empty text."""
    _check(descriptions, DESCRIPTIONS, key=["chain_id", "iteration"], table="loop_descriptions")
    if (descriptions["text"].str.strip() == "").any():
        raise StudyError("loop_descriptions: a description is empty")


def check_steering(steering: pd.DataFrame) -> None:
    """Check `loop_steering`: columns, and one row for each chain, iteration and attribute."""
    _check(steering, STEERING, key=["chain_id", "iteration", "attribute"], table="loop_steering")


def check_annotations(annotations: pd.DataFrame) -> None:
    """Check `annotations`: columns, unique keys, and a category in exactly the rows with the status valid."""
    key = ["chain_id", "iteration", "annotator", "reading", "attribute"]
    _check(annotations, ANNOTATIONS, key=key, table="annotations")
    if (annotations["category"].notna() != (annotations["status"] == "valid")).any():
        raise StudyError("annotations: a category stands beside a status that is not valid, or a valid one lacks it")


def check_predictions(predictions: pd.DataFrame) -> None:
    """Check `predictions`: columns, one row for each picture, concept, reading and model."""
    key = ["chain_id", "iteration", "concept", "reading", "model"]
    _check(predictions, PREDICTIONS, key=key, table="predictions")


def check_faces(faces: pd.DataFrame) -> None:
    """Check `faces`: columns, one row for each picture and face."""
    _check(faces, FACES, key=["chain_id", "iteration", "face"], table="faces")


def check_activations(activations: pd.DataFrame) -> None:
    """Check `activations`: columns, unique keys, and areas and shares that sum up.

    Those of a word's regions sum to 1, and those of the background's parts to the background.
    """
    key = [*_WORD, "method", "region"]
    _check(activations, ACTIVATIONS, key=key, table="activations")
    is_part, is_background = (activations["region"].isin(names) for names in (BACKGROUND_PARTS, ["background"]))
    whole, parts, background = (
        activations[rows].groupby(key[:-1], observed=True, dropna=False)[["area", "share"]].sum(min_count=1)
        for rows in (~is_part, is_part, is_background)
    )
    if ((whole - 1).abs() > 1e-4).any(axis=None):
        raise StudyError("activations: areas or shares of a word's regions do not sum to 1")
    if ((parts - background.reindex(parts.index)).abs() > 1e-4).any(axis=None):
        raise StudyError("activations: areas or shares of the background's parts do not sum to those of the background")


def check_similarities(similarities: pd.DataFrame) -> None:
    """Check `similarities`: columns, unique keys, and values from -1 to 1."""
    _check(similarities, SIMILARITIES, key=["chain_id", "pair", "kind", "iteration"], table="similarities")
    if not similarities["value"].between(-1, 1).all():
        raise StudyError("similarities: a value is missing, or is no cosine")


def _check(frame: pd.DataFrame, columns: Mapping[str, str], key: list[str], table: str) -> None:
    if missing := [name for name in columns if name not in frame]:
        raise StudyError(f"{table}: there is no column {', '.join(missing)}")
    if wrong := [name for name, kind in columns.items() if not _IS[kind](frame[name])]:
        problems = ", ".join(f"{name} is {frame[name].dtype}, not {columns[name]}" for name in wrong)
        raise StudyError(f"{table}: {problems}")
    duplicates = frame[frame.duplicated(key)] if key else frame.head(0)
    if len(duplicates):
        row = ", ".join(f"{name} {duplicates.iloc[0][name]}" for name in key)
        raise StudyError(f"{table}: {row} occurs more than once ({len(duplicates)} such rows)")
