"""The editing as a stage: every original without the wanted category is changed by the editor, once.

The journal keeps seeds and failures; the changed pictures stand beside it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
from PIL import Image

from broken_telephone.counterfactuals.settings import CounterfactualSettings
from broken_telephone.errors import StudyError
from broken_telephone.execution.journal import Entry, Record, Records, known_items, records_of
from broken_telephone.execution.stage import Output, Phase, run_stage
from broken_telephone.execution.tasks import Answer, Edit
from broken_telephone.models import Editor, Failure
from broken_telephone.pictures import Picture, Pictures, as_png
from broken_telephone.seeds import content_digest, digest, seed_of


@dataclass(frozen=True)
class Original:
    """An original of the study that is to show another category."""

    name: str
    """Its image_id."""
    path: str
    """Below the data set's folder."""
    digest: str
    """The digest of the file's bytes."""
    prompt: str
    seed: int


class Edited(NamedTuple):
    """A batch of changed pictures, to be saved in this order."""

    pictures: Mapping[str, bytes]
    batches: Mapping[str, Record]
    sessions: Mapping[str, Record]


def originals_of(
    chains: pd.DataFrame, people: pd.DataFrame, settings: CounterfactualSettings, target: tuple[str, str], seed: int
) -> list[Original]:
    """Return the originals of a study whose main person has another category than the wanted one, or an unknown one.

    Args:
        chains: the `chains` table.
        people: the `people` table.
        settings: of the counterfactuals.
        target: attribute and category.
        seed: of the study.

    Raises:
        StudyError: if no chain starts from an image, or all originals have the category already.
    """
    starts = chains[chains["start"] == "image"].drop_duplicates("image_id")
    if starts.empty:
        raise StudyError("counterfactuals: no chain starts from an image, so there is no original to change")
    attribute, category = target
    if attribute not in people:
        raise StudyError(
            f"counterfactuals.attribute: the table of people is older than the attribute {attribute}. Run "
            "`kedro run --pipeline ingestion` for this study first"
        )
    main = people[people["is_main"]].drop_duplicates("image_id").set_index("image_id")[attribute].astype(object)
    others = starts[(main.reindex(starts["image_id"]) != category).to_numpy()]
    if others.empty:
        raise StudyError(f"counterfactuals.category: all {len(starts)} originals have {attribute} {category!r} already")
    return [
        Original(
            str(row.image_id),
            str(row.image_path),
            str(row.image_digest),
            settings.prompt.format(category=category, label=row.label),
            seed_of(seed, "counterfactual", attribute, category, row.image_id),
        )
        for row in others.itertuples(index=False)
    ]


def edit_originals(
    wanted: Sequence[Original],
    settings: CounterfactualSettings,
    editor: Editor,
    originals: Pictures,
    batches: Records,
) -> Iterator[Edited]:
    """Change every original that was not changed before; see `run_stage`."""
    finished: dict[str, bytes] = {}
    identity = identity_of(settings, editor)

    def open_one(original: Original) -> tuple[Image.Image, str, int]:
        return originals[original.path](digest=original.digest), original.prompt, original.seed

    def record(items: Sequence[Original], answer: Answer | None, unopened: list[Record]) -> Record:
        rows = [
            {"name": one["name"], "digest": one["digest"], "failure": {key: one[key] for key in ("kind", "reason")}}
            for one in unopened
        ]
        for original, image in zip(items, () if answer is None else answer.images, strict=answer is not None):
            row: Record = {"name": original.name, "digest": original.digest, "seed": original.seed}
            row["prompt"] = original.prompt
            if isinstance(image, Failure):
                row["failure"] = {"kind": image.kind, "reason": image.reason}
            else:
                content = as_png(image)
                finished[f"{identity}/{original.name}"] = content
                row["picture"] = content_digest(content)
            rows.append(row)
        return {"edited": rows}

    phase = Phase(
        name="edit",
        doing="originals changed",
        identity=identity,
        items={0: list(wanted)},
        open=open_one,
        task=lambda items: Edit(items, settings.strength),
        record=record,
        entries=_entries,
    )
    output: Output
    for output in run_stage([phase], batches, settings, {"editor": editor}, "originals", editor=editor.identity()):
        yield Edited(dict(finished), output.batches, output.sessions)
        finished.clear()


def identity_of(settings: CounterfactualSettings, editor: Editor) -> str:
    """Return the name of the journal's folder: other settings of the editor make other pictures."""
    depends = [editor.identity(), settings.attribute, settings.category, settings.prompt, settings.strength]
    return f"edit_{digest(json.dumps(depends, sort_keys=True), size=6)}"


def edited_pictures(
    wanted: Sequence[Original], settings: CounterfactualSettings, editor: Editor, batches: Records
) -> tuple[dict[str, Picture], dict[str, str]]:
    """Return the changed picture of each original by image_id, and why the others have none."""
    identity = identity_of(settings, editor)
    entries = known_items(_entries(records_of(identity, batches)), {0: list(wanted)})
    pictures, failures = {}, {}
    for original in wanted:
        entry = entries.get(original.name)
        if entry is None or entry.failure is not None:
            failures[original.name] = "not changed yet" if entry is None else str(entry.failure["reason"])  # type: ignore[index]
            continue
        name = f"{identity}/{original.name}"
        pictures[original.name] = Picture(name, 1, name, entry.result["picture"])
    return pictures, failures


def _entries(batches: Iterable[Record]) -> Iterator[Entry]:
    for record in batches:
        for row in record["edited"]:
            yield Entry(row["name"], row["digest"], row, row.get("failure"))
