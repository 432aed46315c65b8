"""Adopts descriptions and pictures of another study that this study's loop would make itself, byte for byte.

The first descriptions are the same for all generators; first pictures of prompts are the same for all describers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import pandas as pd

from broken_telephone.chains import Chain, chains_of, key
from broken_telephone.errors import UnreadableError
from broken_telephone.execution.adoption import ADOPTED_FROM, OTHER_BATCH, Adoptions, Donor, difference
from broken_telephone.execution.journal import TRIED_AGAIN, Record
from broken_telephone.execution.progress import Step
from broken_telephone.loop.journal import Done, step_folder
from broken_telephone.loop.sealed_dtypes import MODELS, as_sealed
from broken_telephone.models import Model
from broken_telephone.seeds import content_digest

_PROMPTS = {"describe": ("describe_prompt",), "draw": ()}
"""Phase -> sealed settings of the loop that it depends on; a drawn text is compared by its digest."""


class ImageFiles(Protocol):
    """The images of another study as files."""

    def content(self, key: str) -> bytes:
        """Return the bytes of an image, which may be missing (`UnreadableError`)."""
        ...


@dataclass(frozen=True)
class LoopDonor:
    """Another study, whose batches of the loop may be adopted."""

    donor: Donor
    chains: pd.DataFrame
    images: ImageFiles


class Adopted(NamedTuple):
    """A batch of another study."""

    record: Record
    images: dict[str, bytes]
    """PNG files by key."""


@dataclass
class LoopAdoption:
    """Looks for batches in other studies."""

    donors: Sequence[LoopDonor]
    settings: Mapping[str, Any]
    """The present study's, as they are sealed."""
    models: Mapping[str, Model]
    """The present study's, by phase."""
    counts: Mapping[str, Adoptions] = field(
        default_factory=lambda: {"describe": Adoptions("descriptions"), "draw": Adoptions("pictures")}
    )
    _journals: dict[tuple[str, Step], dict[tuple[str, ...], Record]] = field(default_factory=dict, init=False)
    _known_chains: dict[str, dict[str, Chain]] = field(default_factory=dict, init=False)

    def find(self, step: Step, chains: Sequence[Chain], done: Done) -> Adopted | None:
        """Return the batch of another study that was made of the same chains and inputs; None if there is none.

        Args:
            step: the step.
            chains: the batch that this study would cut, in its order.
            done: what the present journal says.
        """
        reasons = {}
        for one in self.donors:
            batch = self._batch(one, step, chains, done)
            if isinstance(batch, Adopted):
                self.counts[step.phase].accept(one.donor, batch.record, len(chains))
                return batch
            reasons[one.donor.study] = batch
        self.counts[step.phase].refuse(reasons, len(chains))
        return None

    def log_counts(self) -> None:
        """Log what was adopted, and why the rest was not."""
        for counts in self.counts.values():
            counts.log_counts()

    def _batch(self, one: LoopDonor, step: Step, chains: Sequence[Chain], done: Done) -> Adopted | str:
        """Return the batch of another study, or why there is none."""
        model = MODELS[step.phase]
        if one.donor.loop_settings.get(model) != as_sealed(self.settings, one.donor.loop_settings)[model]:
            return f"other settings of the {model}"
        for name in _PROMPTS[step.phase]:
            if one.donor.loop_settings.get("loop", {}).get(name) != self.settings["loop"][name]:
                return f"another loop.{name}"
        record = self._journal(one, step).get(tuple(chain.chain_id for chain in chains))
        if record is None or not self._has_same_inputs(one, record, step, chains, done):
            return OTHER_BATCH
        reason = difference(one.donor, record, self.models[step.phase])
        if reason is not None:
            return reason
        images = _images(one, record, step)
        return images if isinstance(images, str) else Adopted({ADOPTED_FROM: one.donor.study, **record}, images)

    def _journal(self, one: LoopDonor, step: Step) -> dict[tuple[str, ...], Record]:
        """Return chains of a batch, in the order of their table -> its record, for all batches of a step."""
        study = one.donor.study
        if study not in self._known_chains:
            self._known_chains[study] = {chain.chain_id: chain for chain in chains_of(one.chains)}
        if (study, step) not in self._journals:
            positions = {name: number for number, name in enumerate(self._known_chains[study])}
            journal = self._journals[study, step] = {}
            for name in one.donor.batches:
                # Records of other steps are not read: there may be thousands.
                if name.startswith(f"{step_folder(step)}/"):
                    record = one.donor.batches[name]()
                    names = [row["chain_id"] for row in _rows(record)]
                    if all(chain in positions for chain in names):
                        journal[tuple(sorted(names, key=positions.__getitem__))] = record
        return self._journals[study, step]

    def _has_same_inputs(self, one: LoopDonor, record: Record, step: Step, chains: Sequence[Chain], done: Done) -> bool:
        # No model makes a description of a prompt, so there is nothing to be adopted.
        if "device" not in record or any(failure["kind"] in TRIED_AGAIN for failure in record["failures"]):
            return False
        made_from = {row["chain_id"]: row["made_from"] for row in _rows(record)}
        known = self._known_chains[one.donor.study]
        return _has_order(record, [chain.chain_id for chain in chains]) and all(
            done.before(chain, step) is not None
            and made_from[chain.chain_id] == done.before(chain, step)
            and known[chain.chain_id].seed == chain.seed
            for chain in chains
        )


def _has_order(record: Record, names: Sequence[str]) -> bool:
    """Return whether results and failures of a batch have the order of some chains.

    Chains that are tried again come last in a batch, whatever their place in the table.
    """
    positions = {name: number for number, name in enumerate(names)}
    return all(
        positions[before["chain_id"]] < positions[after["chain_id"]]
        for rows in (record["descriptions"], record["images"], record["failures"])
        for before, after in pairwise(rows)
    )


def _rows(record: Record) -> list[Record]:
    return [*record["descriptions"], *record["images"], *record["failures"]]


def _images(one: LoopDonor, record: Record, step: Step) -> dict[str, bytes] | str:
    """Return the images of a batch, or why they cannot be adopted."""
    images = {}
    for row in record["images"]:
        name = key(row["chain_id"], step.iteration)
        try:
            images[name] = one.images.content(name)
        except UnreadableError:
            return "images that are not on disk there (loop.keep, or somebody deleted them)"
        if content_digest(images[name]) != row["digest"]:
            return "images that were changed there"
    return images
