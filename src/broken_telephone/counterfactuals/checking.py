"""Checks changed originals by the annotator's answers, and writes the data set of those that passed."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import pandas as pd

from broken_telephone.counterfactuals.editing import Original

KEPT, EXCHANGED, LEFT_OUT = "as it was", "exchanged", "left out"
COUNTERFACTUALS = ("image_id", "image_path", "person_id", "label", "outcome", "problem", "reason", "seed", "prompt")
NOT_CHANGED, NOT_EXCHANGED, CHANGED = "no picture", "attribute not exchanged", "something else changed"
TABLE = "people.csv"
"""The data set's table of labels."""
_BOX = ("x", "y", "width", "height")

Categories = Mapping[str, str | None]
"""Attribute or concept -> category that the annotator gives; None without a valid answer."""


def checked_originals(
    chains: pd.DataFrame,
    people: pd.DataFrame,
    wanted: Sequence[Original],
    failures: Mapping[str, str],
    answers: Mapping[str, tuple[Categories | None, Categories | None]],
    target: tuple[str, str],
) -> pd.DataFrame:
    """Return what became of each original of the study.

    A changed original passes if the annotator gives it the wanted category, and the same categories as the original
    for everything else. Comparing two answers of one annotator cancels most of its errors.

    Args:
        chains: the `chains` table.
        people: the `people` table.
        wanted: originals that the editor was asked to change.
        failures: image_id -> why there is no changed picture.
        answers: image_id -> the annotator's answers about the original and the changed picture; None: no answer.
        target: attribute and category.

    Returns:
        Columns COUNTERFACTUALS, one row per original. outcome is KEPT for originals that have the category already.
    """
    by_name = {original.name: original for original in wanted}
    main = people[people["is_main"]].drop_duplicates("image_id").set_index("image_id")
    rows: list[dict[str, object]] = []
    for row in chains[chains["start"] == "image"].drop_duplicates("image_id").itertuples(index=False):
        name = str(row.image_id)
        shared: dict[str, object] = {"image_id": name, "image_path": str(row.image_path), "label": str(row.label)}
        shared["person_id"] = str(main.loc[name, "person_id"])
        if (original := by_name.get(name)) is None:
            rows.append(shared | {"outcome": KEPT, "problem": "", "reason": ""})
            continue
        problem, reason = (
            (NOT_CHANGED, failures[name]) if name in failures else _problem(*answers.get(name, (None, None)), target)
        )
        outcome = LEFT_OUT if problem else EXCHANGED
        how = {"seed": original.seed, "prompt": original.prompt}
        rows.append(shared | how | {"outcome": outcome, "problem": problem, "reason": reason})
    table = pd.DataFrame(rows, columns=list(COUNTERFACTUALS))
    return table.astype(dict.fromkeys(set(COUNTERFACTUALS) - {"seed"}, "string") | {"seed": "Int64"})


def _problem(before: Categories | None, after: Categories | None, target: tuple[str, str]) -> tuple[str, str]:
    """Return what is wrong with a changed picture, and the answers that say so; two empty texts if it passed."""
    attribute, category = target
    if before is None or after is None:
        return NOT_EXCHANGED, "the annotator gave no answer"
    if after.get(attribute) != category:
        return NOT_EXCHANGED, f"{attribute}: {after.get(attribute) or 'unclear'}"
    changed = [
        f"{name}: {value or 'unclear'} became {after.get(name) or 'unclear'}"
        for name, value in before.items()
        if name != attribute and after.get(name) != value
    ]
    return (CHANGED, "; ".join(changed)) if changed else ("", "")


def outcome_sentence(table: pd.DataFrame, target: tuple[str, str]) -> str:
    """Return how many originals were exchanged, stayed, and were left out for which reason."""
    counts = table["outcome"].value_counts()
    problems = table.loc[table["outcome"] == LEFT_OUT, "problem"].value_counts()
    reasons = "; ".join(f"{problem}: {count}" for problem, count in problems.items())
    return (
        f"Of {len(table)} originals, {counts.get(EXCHANGED, 0)} were changed to {target[0]} {target[1]}, "
        f"{counts.get(KEPT, 0)} have it already, and {counts.get(LEFT_OUT, 0)} are left out"
        + (f" ({reasons})" if reasons else "")
    )


def data_set_files(
    table: pd.DataFrame,
    people: pd.DataFrame,
    variables: Sequence[str],
    target: tuple[str, str],
    contents: Mapping[str, bytes],
) -> dict[str, bytes]:
    """Return the files of the data set: path -> bytes.

    Pictures are called by the image_id of their originals, so that chains keep their names. Originals that have the
    category already are the same bytes.

    Args:
        table: see `checked_originals`.
        people: the `people` table. Only main persons are written.
        variables: concepts and attributes of the scheme.
        target: attribute and category.
        contents: image_id -> bytes of the picture, for all originals that are not left out.
    """
    attribute, category = target
    main = people[people["is_main"]].drop_duplicates("image_id").set_index("image_id")
    rows, files = [], {}
    for row in table[table["outcome"] != LEFT_OUT].itertuples(index=False):
        is_changed = row.outcome == EXCHANGED
        suffix = ".png" if is_changed else PurePosixPath(row.image_path).suffix
        person = main.loc[row.image_id]
        labels = {name: person[name] for name in variables if name in person}
        if is_changed:
            labels[attribute] = category
        path = f"{row.image_id}{suffix}"
        files[path] = contents[row.image_id]
        boxes = {name: person[name] for name in _BOX}
        rows.append({"image": path, "person_id": row.person_id, "split": person["split"]} | boxes | labels)
    text = pd.DataFrame(rows).to_csv(index=False)
    return files | {TABLE: text.encode()}
