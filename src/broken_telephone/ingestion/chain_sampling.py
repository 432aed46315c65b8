"""Which people and prompts start a chain.

Sampling goes by a hash of study seed and person, so that it stays the same when rows are added
elsewhere, and a larger sample contains the smaller one.
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
    """What the chains of a study start from."""

    concept: str
    """What the describer is asked about: a concept of the data set's scheme."""
    seed: int
    """The study's seed: it decides the sample and every drawn picture."""
    splits: list[str] | None = None
    """Splits of the data set to sample from; null for all."""
    count: Annotated[int, Field(ge=0)] | None = None
    """People per cell; null for all."""
    balance: list[str] = []
    """Attributes that, with label and split, make the cells: [gender] takes `count` women and men of every label."""
    starts: Annotated[list[Literal["image", "caption"]], Field(min_length=1)] = ["image"]
    """What a sampled person's chain starts from: the image, or the data set's caption of it, or both."""
    replicates: Annotated[int, Field(ge=1)] = 1
    """How often every start is followed, each time with other random numbers."""
    prompts: list[PromptSettings] = []
    """Chains that start from a text. A list, so that a study replaces the base study's as a whole."""
    prompt_file: str | None = None
    """A YAML file with more of them, relative to where the run is started."""


@dataclass(frozen=True)
class Sample:
    """The chains of a study, and how its cells were filled."""

    chains: pd.DataFrame
    """Columns: `tables.CHAINS`; images first, by label, then prompts."""
    cells: pd.DataFrame
    """Columns: label, split, the balanced attributes, there (people), taken, missing (of `count`)."""
    unlabelled: dict[str, int]
    """Main people left out because this concept or attribute is none of its values: null, unsure, disagreement."""
    captionless: int
    """Main people left out because their image has no caption to start from."""


def sample_chains(
    people: pd.DataFrame,
    settings: ChainSettings,
    scheme: Scheme,
    captions: pd.DataFrame | None = None,
    prompts: Sequence[PromptSettings] = (),
) -> Sample:
    """Choose the starts of a study: the main people of pictures, by label, then prompts.

    Args:
        people: the `people` table.
        settings: what to choose.
        scheme: the data set's scheme.
        captions: columns of `tables.CAPTIONS`; the first of an image is used. Needed for starts from captions.
        prompts: those of the prompt file, besides `settings.prompts`.

    Raises:
        StudyError: if the concept, an attribute, a split or a prompt's label does not exist, or nothing is left.
    """
    if settings.concept not in scheme.concepts:
        known = ", ".join(scheme.concepts)
        raise StudyError(f"chains.concept: {scheme.name} labels no {settings.concept!r} (it labels: {known})")
    if unknown := [name for name in settings.balance if name not in scheme.attributes]:
        known = ", ".join(scheme.attributes)
        raise StudyError(f"chains.balance: {scheme.name} has no {', '.join(unknown)} (it has: {known})")
    labels = scheme.concepts[settings.concept].values
    splits = _splits(people, settings)
    candidates = people[people["is_main"] & people["split"].isin(splits)]
    unlabelled = {}
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
    chosen, cells = _fill(candidates, settings, scheme, splits)
    rows: list[dict] = []
    folders = folder_names(people["person_id"])
    for person in chosen.to_dict("records"):
        name, label = folders[person["person_id"]], person[settings.concept]
        if "image" in settings.starts:
            start = {"start": "image", "image_id": person["image_id"], "image_path": person["image_path"]}
            rows += _replicates(name, label, start, settings.replicates, settings)
        if "caption" in settings.starts:
            start = {"start": "prompt", "image_id": person["image_id"], "prompt": texts[person["image_id"]]}
            rows += _replicates(f"{name}_caption", label, start, settings.replicates, settings)
    rows += _from_prompts([*settings.prompts, *prompts], labels, settings, scheme)
    if not rows:
        raise StudyError(
            f"No chain to follow: the data set has no main person with a clear {settings.concept} in the chosen "
            "splits (chains.splits), or chains.count is 0, or no image has the caption that chains.starts asks for; "
            "and there are no prompts (chains.prompts)."
        )
    chains = as_table(rows, CHAINS)
    chains["start"] = chains["start"].cat.set_categories(["image", "prompt"])
    chains["label"] = chains["label"].cat.set_categories(list(labels))
    return Sample(chains, cells, unlabelled, captionless)


def _fill(
    candidates: pd.DataFrame, settings: ChainSettings, scheme: Scheme, splits: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take `count` people of every cell; the cells are all combinations, empty ones too."""
    names = [settings.concept, "split", *settings.balance]
    values = [
        scheme.concepts[settings.concept].values,
        splits,
        *(scheme.attributes[n].values for n in settings.balance),
    ]
    order = pd.Series([digest(settings.seed, name) for name in candidates["person_id"]], dtype=object)
    ordered = candidates.iloc[order.argsort(kind="stable")]
    groups = dict(list(ordered.groupby(names, observed=True)))
    taken, cells = [candidates.iloc[:0]], []
    for key in product(*values):
        cell = groups.get(key, ordered.iloc[:0])
        some = cell if settings.count is None else cell.head(settings.count)
        taken.append(some)
        missing = 0 if settings.count is None else settings.count - len(some)
        named = dict(zip(["label", *names[1:]], key, strict=True))
        cells.append(named | {"there": len(cell), "taken": len(some), "missing": missing})
    columns = ["label", *names[1:], "there", "taken", "missing"]
    return pd.concat(taken), pd.DataFrame(cells, columns=columns)


def refuse_other_chains(chains: pd.DataFrame, concept: str, seed: int) -> None:
    """Check that a table of chains was made with these settings: an earlier run may have left it.

    Raises:
        StudyError: naming the setting with which it was not.
    """
    names = zip(chains["chain_id"], chains["replicate"], strict=True)
    seeds = [chain_seed(seed, str(chain_id), int(replicate)) for chain_id, replicate in names]
    for setting, same in (("concept", chains["concept"] == concept), ("seed", chains["seed"] == seeds)):
        if not same.all():
            raise StudyError(
                f"The chains were made with another chains.{setting} ({int((~same).sum())} of {len(chains)}): "
                "run `kedro run --pipeline ingestion` with these settings first"
            )


def _from_prompts(
    prompts: list[PromptSettings], labels: tuple[str, ...], settings: ChainSettings, scheme: Scheme
) -> list[dict]:
    rows: list[dict] = []
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
                f"chains.prompts: {prompt.label!r} is no {settings.concept} of {scheme.name} "
                f"(there are: {', '.join(labels)})"
            )
        # The text is part of the name: another text is another chain, never a changed one.
        name = folder_name(f"prompt_{label.replace(' ', '-')}_{digest(prompt.text, size=5)}")
        start = {"start": "prompt", "prompt": prompt.text}
        rows += _replicates(name, label, start, prompt.repeats or settings.replicates, settings)
    return rows


def _splits(people: pd.DataFrame, settings: ChainSettings) -> list[str]:
    there = sorted(map(str, people["split"].dropna().unique()))
    if settings.splits is None:
        return there
    if len(set(settings.splits)) < len(settings.splits):
        raise StudyError(f"chains.splits states a split twice: {', '.join(settings.splits)}")
    missing = [split for split in settings.splits if split not in there]
    if missing:
        raise StudyError(
            f"chains.splits: the data set has no split {', '.join(map(repr, missing))} (it has: {', '.join(there)})"
        )
    return settings.splits


def _replicates(name: str, label: str, start: dict, count: int, settings: ChainSettings) -> list[dict]:
    """Return one row per replicate of a start, whose name is a folder's."""
    rows = []
    for replicate in range(count):
        chain_id = f"{name}_r{replicate}"
        rows.append(
            {
                "chain_id": chain_id,
                "replicate": replicate,
                **start,
                "concept": settings.concept,
                "label": label,
                "seed": chain_seed(settings.seed, chain_id, replicate),
            }
        )
    return rows
