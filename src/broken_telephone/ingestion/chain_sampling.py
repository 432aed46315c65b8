"""Samples the people and prompts that start chains.

A hash of study seed and person orders the people. Added rows therefore do not change the sample of others, and a larger
sample contains the smaller one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from broken_telephone.errors import StudyError
from broken_telephone.ingestion.files.folder_names import folder_name, folder_names
from broken_telephone.ingestion.prompts import PromptSettings
from broken_telephone.labels import Scheme
from broken_telephone.seeds import chain_seed, digest
from broken_telephone.study_config.settings_group import Settings
from broken_telephone.tables import CHAINS, as_table


class ChainSettings(Settings):
    """The starts of a study's chains."""

    concept: str
    """The concept that the describer is asked about. RAF-DB has `emotion`; PHASE `emotion` and `activity`; COCO
    `person`; other data sets those of `dataset.concepts`."""
    seed: int
    """The study's seed, which determines the sample and every drawn picture."""
    splits: list[str] | None = None
    """Splits of the data set to sample from; null for all."""
    count: Annotated[int, Field(ge=0)] | None = None
    """People per cell, which is a label, a split and the categories of `balance`; null for all. Shortages are
    reported."""
    balance: list[str] = []
    """Attributes that define the cells, with label and split. `[gender]` takes `count` women and men of every label."""
    starts: Annotated[list[Literal["image", "caption"]], Field(min_length=1)] = ["image"]
    """Starts of a sampled person's chains: the image, its caption in the data set, or both."""
    replicates: Annotated[int, Field(ge=1)] = 1
    """Number of chains for every start, each with another random seed."""
    prompts: list[PromptSettings] = []
    """Chains that start from a text. A study's list replaces the base study's list as a whole."""
    prompt_file: str | None = None
    """A YAML file with further prompts, relative to the working directory of the run."""
    prompt_labels: dict[str, str] = {}
    """Name of a prompt in that file -> its label, where the file states none."""


@dataclass(frozen=True)
class Sample:
    """The chains of a study, and the counts of its cells."""

    chains: pd.DataFrame
    """Columns `tables.CHAINS`: first image starts by label, then prompts."""
    cells: pd.DataFrame
    """Columns label, split, the balanced attributes, available, sampled, missing (of `count`)."""
    unlabelled: dict[str, int]
    """Concept or attribute -> main people that were left out because their value is null, unsure or disagreement."""
    captionless: int
    """Number of main people that were left out because their image has no caption."""


def sample_chains(
    people: pd.DataFrame,
    settings: ChainSettings,
    scheme: Scheme,
    captions: pd.DataFrame | None = None,
    prompts: Sequence[PromptSettings] = (),
) -> Sample:
    """Sample the starts of a study: first the main people of pictures by label, then prompts.

    Args:
        people: the `people` table.
        settings: the sampling settings.
        scheme: the data set's scheme.
        captions: columns of `tables.CAPTIONS`; an image uses its first caption. Required for starts from captions.
        prompts: prompts of the prompt file, in addition to `settings.prompts`.

    Raises:
        StudyError: if the concept, an attribute, a split or a prompt's label does not exist, or no chain remains.
    """
    if settings.concept not in scheme.concepts:
        known = ", ".join(scheme.concepts)
        raise StudyError(
            f"chains.concept: the scheme {scheme.name} (dataset.scheme) has no concept {settings.concept!r} "
            f"(it has: {known})"
        )
    if unknown := [name for name in settings.balance if name not in scheme.attributes]:
        known = ", ".join(scheme.attributes)
        raise StudyError(f"chains.balance: the scheme {scheme.name} has no {', '.join(unknown)} (it has: {known})")
    labels = scheme.concepts[settings.concept].values
    splits = _splits(people, settings)
    candidates = people[people["is_main"] & people["split"].isin(splits)]
    in_splits, unlabelled = len(candidates), {}
    for name in (settings.concept, *settings.balance):
        clear = candidates[name].isin(scheme.variables[name].values)
        unlabelled[name] = int((~clear).sum())
        candidates = candidates[clear]

    texts = {} if captions is None else captions.drop_duplicates("image_id").set_index("image_id")["caption"].to_dict()
    captionless = 0
    if "caption" in settings.starts:
        captioned = candidates["image_id"].isin(texts.keys())
        captionless = int((~captioned).sum())
        candidates = candidates[captioned]
    chosen, cells = _fill_cells(candidates, settings, scheme, splits)
    starts: list[dict] = []
    folders = folder_names(people["person_id"])
    for person in chosen.to_dict("records"):
        name, origin = folders[person["person_id"]], {"label": person[settings.concept], "image_id": person["image_id"]}
        if "image" in settings.starts:
            starts.append({"name": name, "start": "image", "image_path": person["image_path"], **origin})
        if "caption" in settings.starts:
            starts.append({"name": f"{name}_caption", "start": "prompt", "prompt": texts[person["image_id"]], **origin})
    starts += _prompt_chains([*settings.prompts, *prompts], labels, settings, scheme)
    if not starts:
        raise StudyError(
            f"No chain to follow: {_why_no_person(in_splits, unlabelled, captionless, settings)}; and there are no "
            "prompts (chains.prompts)."
        )
    chains = as_table(_replicates(pd.DataFrame(starts), settings), CHAINS)
    chains["start"] = chains["start"].cat.set_categories(["image", "prompt"])
    chains["label"] = chains["label"].cat.set_categories(list(labels))
    return Sample(chains, cells, unlabelled, captionless)


def _why_no_person(in_splits: int, unlabelled: dict[str, int], captionless: int, settings: ChainSettings) -> str:
    """Return why no person starts a chain; counts as in `Sample`, and `in_splits` counts the main people."""
    chosen = " in the chosen splits (chains.splits)" if settings.splits else ""
    if not in_splits:
        return f"there is no main person{chosen}"
    left = in_splits
    for name, count in unlabelled.items():
        left -= count
        if left:
            continue
        if name != settings.concept:
            return f"no main person with a clear {settings.concept} has a clear {name} (chains.balance)"
        return (
            f"none of {in_splits} main people{chosen} has a clear {name}. A table (dataset.labels) states it in the "
            f"column that dataset.columns names, such as {{{name}: <name in the table>}}; without a table, the names "
            "of the folders state it"
        )
    if left == captionless:
        return "no image has the caption that chains.starts asks for"
    return "chains.count is 0" if settings.count == 0 else "no start is left (chains.starts)"


def _fill_cells(
    candidates: pd.DataFrame, settings: ChainSettings, scheme: Scheme, splits: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take `count` people of every cell. The cells are all combinations, including empty ones."""
    names = [settings.concept, "split", *settings.balance]
    values = [
        scheme.concepts[settings.concept].values,
        splits,
        *(scheme.attributes[n].values for n in settings.balance),
    ]
    order = pd.Series([digest(settings.seed, name) for name in candidates["person_id"]], dtype=object)
    ordered = candidates.iloc[order.argsort(kind="stable")]
    groups = dict(list(ordered.groupby(names, observed=True)))
    sampled, cells = [candidates.iloc[:0]], []
    for key in product(*values):
        cell = groups.get(key, ordered.iloc[:0])
        chosen = cell if settings.count is None else cell.head(settings.count)
        sampled.append(chosen)
        missing = 0 if settings.count is None else settings.count - len(chosen)
        values_by_name = dict(zip(["label", *names[1:]], key, strict=True))
        cells.append(values_by_name | {"available": len(cell), "sampled": len(chosen), "missing": missing})
    columns = ["label", *names[1:], "available", "sampled", "missing"]
    return pd.concat(sampled), pd.DataFrame(cells, columns=columns)


def refuse_other_chains(chains: pd.DataFrame, concept: str, seed: int) -> None:
    """Refuse a `chains` table that an earlier run made with another concept or seed.

    Raises:
        StudyError: with the name of the setting that differs.
    """
    names = zip(chains["chain_id"], chains["replicate"], strict=True)
    seeds = [chain_seed(seed, str(chain_id), int(replicate)) for chain_id, replicate in names]
    for setting, same in (("concept", chains["concept"] == concept), ("seed", chains["seed"] == seeds)):
        if not same.all():
            raise StudyError(
                f"The chains were made with another chains.{setting} ({int((~same).sum())} of {len(chains)}): "
                "run `kedro run --pipeline ingestion` with these settings first"
            )


def _prompt_chains(
    prompts: list[PromptSettings], labels: tuple[str, ...], settings: ChainSettings, scheme: Scheme
) -> list[dict]:
    starts: list[dict] = []
    texts = [prompt.text for prompt in prompts]
    if twice := sorted({text for text in texts if texts.count(text) > 1}):
        raise StudyError(f"chains.prompts: {twice[0]!r} is stated twice; repeats follows a prompt more than once")
    for prompt in prompts:
        try:
            label = scheme.concepts[settings.concept].read_word(prompt.label)
        except ValueError:
            label = prompt.label
        if label not in labels:
            raise StudyError(
                f"chains.prompts: {prompt.label!r} is no {settings.concept} of the scheme {scheme.name} "
                f"(there are: {', '.join(labels)})"
            )
        # The name contains a digest of the text, so that a changed text makes another chain.
        name = folder_name(f"prompt_{label.replace(' ', '-')}_{digest(prompt.text, size=5)}")
        start = {"name": name, "label": label, "start": "prompt", "prompt": prompt.text}
        starts.append(start | {"count": prompt.repeats or settings.replicates})
    return starts


def _splits(people: pd.DataFrame, settings: ChainSettings) -> list[str]:
    existing = sorted(map(str, people["split"].dropna().unique()))
    if settings.splits is None:
        return existing
    if len(set(settings.splits)) < len(settings.splits):
        raise StudyError(f"chains.splits states a split twice: {', '.join(settings.splits)}")
    missing = [split for split in settings.splits if split not in existing]
    if missing:
        raise StudyError(
            f"chains.splits: the data set has no split {', '.join(map(repr, missing))} (it has: {', '.join(existing)})"
        )
    return settings.splits


def _replicates(starts: pd.DataFrame, settings: ChainSettings) -> pd.DataFrame:
    """Repeat the row of each start for each replicate. A start may state its own number as `count`."""
    counts = starts.get("count", pd.Series(dtype=float)).reindex(starts.index).fillna(settings.replicates).astype(int)
    rows = starts.loc[starts.index.repeat(counts)]
    rows["replicate"] = rows.groupby(level=0).cumcount()
    rows["chain_id"] = rows["name"] + "_r" + rows["replicate"].astype(str)
    rows["concept"] = settings.concept
    names = zip(rows["chain_id"], rows["replicate"], strict=True)
    rows["seed"] = [chain_seed(settings.seed, name, replicate) for name, replicate in names]
    return rows.reset_index(drop=True)
