"""Adopts descriptions and pictures of another study that this study's loop would make itself, byte for byte.

The first descriptions are the same for all generators; first pictures of prompts are the same for all describers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import pandas as pd

from broken_telephone.chains import Chain, chains_of, key
from broken_telephone.errors import UnreadableError
from broken_telephone.execution.adoption import ADOPTED_FROM, Adoptions, Donor
from broken_telephone.execution.journal import TRIED_AGAIN, Record
from broken_telephone.execution.progress import Step
from broken_telephone.loop.journal import Done
from broken_telephone.models import Model
from broken_telephone.seeds import content_digest

_MODELS = {"describe": "describer", "draw": "generator"}
"""Phase -> the model whose sealed settings it depends on."""
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
    _journals: dict[str, dict[tuple[str, ...], Record]] = field(default_factory=dict, init=False)
    _known_chains: dict[str, dict[str, Chain]] = field(default_factory=dict, init=False)

    def find(self, step: Step, chains: Sequence[Chain], done: Done) -> Adopted | None:
        """Return the batch of another study that was made of the same chains and inputs; None if there is none.

        Args:
            step: the step.
            chains: the batch that this study would cut, in its order.
            done: what the present journal says.
        """
        for one in self.donors:
            if not self._has_same_settings(step, one.donor):
                continue
            record = self._journal(one).get((str(step.iteration), step.phase, *(chain.chain_id for chain in chains)))
            if record is None or not self._has_same_inputs(one, record, step, chains, done):
                continue
            images = _images(one, record, step)
            if images is None:
                continue
            if self.counts[step.phase].accept(one.donor, record, self.models[step.phase], len(chains)):
                return Adopted({ADOPTED_FROM: one.donor.study, **record}, images)
        return None

    def tell(self) -> None:
        """Log what was adopted."""
        for counts in self.counts.values():
            counts.tell()

    def _has_same_settings(self, step: Step, donor: Donor) -> bool:
        there, here, model = donor.loop_settings, self.settings, _MODELS[step.phase]
        return there.get(model) == here[model] and all(
            there.get("loop", {}).get(name) == here["loop"][name] for name in _PROMPTS[step.phase]
        )

    def _journal(self, one: LoopDonor) -> dict[tuple[str, ...], Record]:
        """Return iteration, phase and chains, in the order of their table -> record."""
        study = one.donor.study
        if study not in self._journals:
            chains = {chain.chain_id: chain for chain in chains_of(one.chains)}
            place = {name: number for number, name in enumerate(chains)}
            journal = {}
            for name in one.donor.batches:
                record = one.donor.batches[name]()
                names = [row["chain_id"] for row in _rows(record)]
                if all(chain in place for chain in names):
                    names.sort(key=place.__getitem__)
                    journal[str(record["iteration"]), record["phase"], *names] = record
            self._journals[study], self._known_chains[study] = journal, chains
        return self._journals[study]

    def _has_same_inputs(self, one: LoopDonor, record: Record, step: Step, chains: Sequence[Chain], done: Done) -> bool:
        # Of prompts as descriptions there is nothing to be adopted.
        if "device" not in record or any(failure["kind"] in TRIED_AGAIN for failure in record["failures"]):
            return False
        made_from = {row["chain_id"]: row["made_from"] for row in _rows(record)}
        known = self._known_chains[one.donor.study]
        return all(
            done.before(chain, step) is not None
            and made_from[chain.chain_id] == done.before(chain, step)
            and known[chain.chain_id].seed == chain.seed
            for chain in chains
        )


def _rows(record: Record) -> list[Record]:
    return [*record["descriptions"], *record["images"], *record["failures"]]


def _images(one: LoopDonor, record: Record, step: Step) -> dict[str, bytes] | None:
    """Return the images of a batch; None if one is gone or is not what the loop drew."""
    images = {}
    for row in record["images"]:
        name = key(row["chain_id"], step.iteration)
        try:
            images[name] = one.images.content(name)
        except UnreadableError:
            return None
        if content_digest(images[name]) != row["digest"]:
            return None
    return images
