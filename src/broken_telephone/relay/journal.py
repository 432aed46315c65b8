"""The journal: one record per batch, written when everything of the batch is saved. It says what is done.

A batch without a record never was: it is done again as a whole, which gives the same bytes, because batches
are always cut from the chains in order, and pictures depend (by rounding) on nothing but their batch.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from broken_telephone.models.answer_text import kept_thought
from broken_telephone.models.outcomes import MODEL_ERROR
from broken_telephone.relay.plan import key, order
from broken_telephone.seeds import digest
from broken_telephone.work.progress import Step

Record = dict[str, Any]
Records = Mapping[str, Callable[[], Record]]

UNREADABLE = "unreadable image"
EMPTY = "empty description"
REFUSED = "refused description"
_TRIED_AGAIN = {UNREADABLE, MODEL_ERROR}


@dataclass
class Outcome:
    """What came of a batch."""

    step: Step
    descriptions: list[Record] = field(default_factory=list)
    """Rows of `loop_descriptions`."""
    images: list[str] = field(default_factory=list)
    """Chains whose picture was drawn."""
    failures: list[Record] = field(default_factory=list)
    """chain_id, iteration, phase, kind and reason of each, and the describer's thought where it wrote one."""

    def describe(self, chain_id: str, **said: Any) -> None:
        """Add a description."""
        self.descriptions.append({"chain_id": chain_id, "iteration": self.step.iteration, **said})

    def fail(self, chain_id: str, kind: str, reason: str, thought: str | None = None) -> None:
        """Add a chain that could not go on, with what its describer thought, if anything."""
        iteration, phase = self.step
        failure = {"chain_id": chain_id, "iteration": iteration, "phase": phase, "kind": kind, "reason": reason}
        self.failures.append(failure | kept_thought(thought))

    def record(self, **run: Any) -> tuple[str, Record]:
        """Return the name and the record of the batch, with what the run says of it."""
        chains = [row["chain_id"] for row in self.descriptions + self.failures] + self.images
        name = f"{self.step.iteration:03}_{self.step.phase}/{digest(*chains, size=8)}"
        found = {"descriptions": self.descriptions, "images": self.images, "failures": self.failures}
        return name, {**self.step._asdict(), **run, **found}


@dataclass
class Done:
    """What the journal of a study says."""

    texts: dict[str, str] = field(default_factory=dict)
    """Descriptions by key."""
    images: set[str] = field(default_factory=set)
    """Keys of pictures."""
    failures: dict[str, Record] = field(default_factory=dict)
    """By key; one that a later batch overcame is left out."""
    stopped: dict[str, Step] = field(default_factory=dict)
    """Chains that ended for good, and at which step."""
    tried: set[str] = field(default_factory=set)
    """Keys of what failed and may not fail again, since a file, a model or its library may have been mended."""
    found: dict[tuple[str, str, int | str], int] = field(default_factory=dict)
    """Batch sizes that were found or had to be made smaller, by shard, phase and what was asked: machines differ."""
    cut: set[str] = field(default_factory=set)
    """Keys of pictures whose description the generator did not read to its end."""

    def add(self, record: Record) -> None:
        """Take in the record of a batch that is later than all before."""
        iteration, phase = record["iteration"], record["phase"]
        for row in record["descriptions"]:
            self.texts[key(row["chain_id"], iteration)] = row["text"]
            self.failures.pop(key(row["chain_id"], iteration), None)
        for chain in record["images"]:
            self.images.add(key(chain, iteration))
            self.failures.pop(key(chain, iteration), None)
        for failure in record["failures"]:
            self._failed(key(failure["chain_id"], iteration), failure)
        self.cut.update(key(chain, iteration) for chain in record.get("cut", ()))
        if record.get("found") is not None:
            self.found[record.get("shard", "1/1"), phase, record["asked"]] = record["found"]

    def is_over(self, chain_id: str, step: Step) -> bool:
        """Return whether a chain had ended for good at a step, or before it."""
        end = self.stopped.get(chain_id)
        return end is not None and order(end) <= order(step)

    def _failed(self, name: str, failure: Record) -> None:
        self.images.discard(name)
        self.failures[name] = failure
        if failure["kind"] in _TRIED_AGAIN:
            self.tried.add(name)
        else:
            self.stopped[failure["chain_id"]] = Step(failure["iteration"], failure["phase"])


def read_journal(records: Records) -> Done:
    """Read all records of a study."""
    return sum_up(records[name]() for name in records)


def sum_up(records: Iterable[Record]) -> Done:
    """Take in records in the order in which they were made."""
    done = Done()
    for record in sorted(records, key=lambda record: (record["session"], record["ended"])):
        done.add(record)
    return done
