"""Which people and prompts start a chain.

Sampling goes by a hash of study seed and person, so that it stays the same when rows are added
elsewhere, and a larger sample contains the smaller one. Leaves out balancing over attributes.
"""

import re
from dataclasses import dataclass
from typing import Annotated

import pandas as pd
from pydantic import Field

from broken_telephone.errors import StudyError
from broken_telephone.labels import Scheme
from broken_telephone.seeds import digest, seed_of
from broken_telephone.strict import Settings
from broken_telephone.tables import CHAINS, as_table


class PromptSettings(Settings):
    """A chain that starts from a text."""

    label: str
    text: Annotated[str, Field(min_length=1)]


class ChainSettings(Settings):
    """What the chains of a study start from."""

    concept: str
    """What the describer is asked about: a concept of the data set's scheme."""
    seed: int
    """The study's seed: it decides the sample and every drawn picture."""
    splits: list[str] | None = None
    """Splits of the data set to sample from; null for all."""
    per_label: Annotated[int, Field(ge=0)] | None = None
    """Images per label; null for all."""
    replicates: Annotated[int, Field(ge=1)] = 1
    """How often every start is followed, each time with other random numbers."""
    prompts: list[PromptSettings] = []
    """Chains that start from a text. A list, so that a study replaces the base study's as a whole."""


@dataclass(frozen=True)
class Sample:
    """The chains of a study, and what could not be filled."""

    chains: pd.DataFrame
    """Columns: `tables.CHAINS`; images first, by label, then prompts."""
    shortfalls: dict[str, int]
    """Label -> images that exist, where fewer exist than were asked for."""
    unlabelled: int
    """Main people left out because the concept is null, unsure, disagreement or other."""


def sample_chains(people: pd.DataFrame, settings: ChainSettings, scheme: Scheme) -> Sample:
    """Choose the starts of a study: the main people of pictures, by label, then prompts.

    Args:
        people: the `people` table.
        settings: what to choose.
        scheme: the data set's scheme.

    Raises:
        StudyError: if the concept, a split or a prompt's label does not exist, or nothing is left.
    """
    if settings.concept not in scheme.concepts:
        known = ", ".join(scheme.concepts)
        raise StudyError(f"chains.concept: {scheme.name} labels no {settings.concept!r} (it labels: {known})")
    labels = scheme.concepts[settings.concept].values
    candidates = people[people["is_main"] & people["split"].isin(_splits(people, settings))]
    labelled = candidates[candidates[settings.concept].isin(labels)]

    rows: list[dict] = []
    shortfalls: dict[str, int] = {}
    for label in labels:
        mine = labelled[labelled[settings.concept] == label].copy()
        mine["order"] = [digest(settings.seed, person_id) for person_id in mine["person_id"]]
        chosen = mine.sort_values("order").head(len(mine) if settings.per_label is None else settings.per_label)
        if settings.per_label is not None and len(chosen) < settings.per_label:
            shortfalls[label] = len(chosen)
        for person in chosen.itertuples():
            start = {"start": "image", "image_id": person.image_id, "image_path": person.image_path}
            rows += _replicates(str(person.person_id), label, start, settings)
    for prompt in settings.prompts:
        if prompt.label not in labels:
            raise StudyError(
                f"chains.prompts: {prompt.label!r} is no {settings.concept} of {scheme.name} "
                f"(there are: {', '.join(labels)})"
            )
        # The text is part of the name: another text is another chain, never a changed one.
        name = f"prompt_{prompt.label.replace(' ', '-')}_{digest(prompt.text, size=3)}"
        rows += _replicates(name, prompt.label, {"start": "prompt", "prompt": prompt.text}, settings)
    if not rows:
        raise StudyError(
            f"No chain to follow: the data set has no main person with a {settings.concept} in the chosen "
            "splits (chains.splits), or chains.per_label is 0, and there are no chains.prompts."
        )
    chains = as_table(rows, CHAINS)
    chains["start"] = chains["start"].cat.set_categories(["image", "prompt"])
    chains["label"] = chains["label"].cat.set_categories(list(labels))
    return Sample(chains, shortfalls, unlabelled=len(candidates) - len(labelled))


def _splits(people: pd.DataFrame, settings: ChainSettings) -> list[str]:
    there = [str(split) for split in people["split"].cat.categories]
    if settings.splits is None:
        return there
    missing = [split for split in settings.splits if split not in there]
    if missing:
        raise StudyError(
            f"chains.splits: the data set has no split {', '.join(map(repr, missing))} (it has: {', '.join(there)})"
        )
    return settings.splits


def _replicates(name: str, label: str, start: dict, settings: ChainSettings) -> list[dict]:
    """Return one row per replicate of a start."""
    rows = []
    for replicate in range(settings.replicates):
        chain_id = f"{_folder_name(name)}_r{replicate}"
        rows.append(
            {
                "chain_id": chain_id,
                "replicate": replicate,
                **start,
                "concept": settings.concept,
                "label": label,
                "seed": seed_of(settings.seed, chain_id, replicate),
            }
        )
    return rows


def _folder_name(name: str) -> str:
    """Return a name that is safe as a folder's, still distinct from other names."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", name)
    return safe if safe == name else f"{safe}_{digest(name, size=4)}"
