"""The journal of the loop: one record per batch, written when everything of the batch is saved.

A batch without a record never was: it is done again as a whole, which gives the same bytes, because batches
are always cut from the chains in order, and pictures depend (by rounding) on nothing but their batch.

Every result states what it was made from (`made_from`): a description the digest of its picture, a picture the digest
of the text that was drawn, which is its description unless the loop neutralises or steers. A result counts only as long
as that is still what precedes it.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product, takewhile
from typing import Any, NamedTuple

from broken_telephone.chains import Chain, key
from broken_telephone.execution.adoption import ADOPTED_FROM
from broken_telephone.execution.journal import TRIED_AGAIN, Record, Records, record_key
from broken_telephone.execution.progress import Step
from broken_telephone.loop.plan import order, steps
from broken_telephone.models.describers.answer_text import kept_thought
from broken_telephone.pictures import refuse_changed_starts
from broken_telephone.seeds import digest

EMPTY = "empty description"
REFUSED = "refused description"


def step_folder(step: Step) -> str:
    """Return the folder of the records of a step."""
    return f"{step.iteration:03}_{step.phase}"


@dataclass
class Outcome:
    """The results and failures of one batch."""

    step: Step
    made_from: Mapping[str, str | None] = field(default_factory=dict)
    """Chain -> digest of the input of the step."""
    descriptions: list[Record] = field(default_factory=list)
    """Rows of `loop_descriptions`, and what each was made from."""
    images: list[Record] = field(default_factory=list)
    """chain_id, digest and made_from of every picture that was drawn."""
    failures: list[Record] = field(default_factory=list)
    """chain_id, iteration, phase, kind, reason, made_from of each, and the describer's thought where it wrote one."""

    def describe(self, chain_id: str, **description: Any) -> None:
        """Add a description."""
        self.descriptions.append({**self._of(chain_id), "iteration": self.step.iteration, **description})

    def draw(self, chain_id: str, image_digest: str, drawn_text: str | None = None) -> None:
        """Add a picture, with the text that it was drawn from where that is not its description."""
        other_text = {} if drawn_text is None else {"drawn_text": drawn_text}
        self.images.append({**self._of(chain_id), "digest": image_digest, **other_text})

    def fail(self, chain_id: str, kind: str, reason: str, thought: str | None = None) -> None:
        """Add a chain that could not go on, with what its describer thought, if anything."""
        failure = {**self._of(chain_id), **self.step._asdict(), "kind": kind, "reason": reason}
        self.failures.append(failure | kept_thought(thought))

    def _of(self, chain_id: str) -> Record:
        return {"chain_id": chain_id, "made_from": self.made_from.get(chain_id)}

    def record(self, **run: Any) -> tuple[str, Record]:
        """Return the key and the record of the batch, with what the run adds."""
        results = {"descriptions": self.descriptions, "images": self.images, "failures": self.failures}
        chains = [row["chain_id"] for rows in results.values() for row in rows]
        name = record_key(step_folder(self.step), chains)
        return name, {**self.step._asdict(), **run, **results}


class _Made(NamedTuple):
    """A result of a step."""

    digest: str
    made_from: str | None
    adopted_from: str | None = None
    """The study that made it, if not this one."""


class _Worded(NamedTuple):
    """A drawn text, and the description that it was made from."""

    description: str
    drawn_text: str
    digest: str


class _End(NamedTuple):
    """The step at which a chain ended for good."""

    step: Step
    made_from: str | None


@dataclass
class Done:
    """Everything that the journal of a study states."""

    wording: Callable[[str, int, str], str] | None = None
    """Returns the text to draw, from chain, iteration and description; None: the description itself."""
    texts: dict[str, str] = field(default_factory=dict)
    """Descriptions by key."""
    described: dict[str, Record] = field(default_factory=dict)
    """Rows of `loop_descriptions` by key."""
    failures: dict[str, Record] = field(default_factory=dict)
    """Failures by key, without those that a later batch overcame."""
    tried: set[str] = field(default_factory=set)
    """Keys of failures that are tried again (`TRIED_AGAIN`)."""
    batch_sizes: dict[tuple[str, str, int | str], int] = field(default_factory=dict)
    """Sizes that were found or had to be made smaller, by shard, phase and what was asked: machines differ."""
    cut: set[str] = field(default_factory=set)
    """Keys of pictures whose description the generator did not read to its end."""
    _made: dict[tuple[str, str], _Made] = field(default_factory=dict)
    """Results by phase and key."""
    ended: dict[str, _End] = field(default_factory=dict)
    """Chains that ended for good."""
    _worded: dict[str, _Worded] = field(default_factory=dict)
    """Drawn texts by key."""
    _forgotten: dict[str, _Made] = field(default_factory=dict)
    """Images that no longer exist, by key."""
    redrawn_otherwise: set[str] = field(default_factory=set)
    """Keys of images that were drawn again from the same text, and have other bytes than before."""

    def add(self, record: Record) -> None:
        """Add the record of a batch. Records come in the order in which they were made."""
        iteration, phase, study = record["iteration"], record["phase"], record.get(ADOPTED_FROM)
        for row in record["descriptions"]:
            name = key(row["chain_id"], iteration)
            self.texts[name], self.described[name] = row["text"], row
            self._add(phase, name, _Made(digest(row["text"]), row["made_from"], study))
        for row in record["images"]:
            self._add(phase, key(row["chain_id"], iteration), _Made(row["digest"], row["made_from"], study))
        for failure in record["failures"]:
            self._failed(key(failure["chain_id"], iteration), failure)
        self.cut.update(key(chain, iteration) for chain in record.get("cut") or ())
        if record.get("found") is not None:
            self.batch_sizes[record.get("shard", "1/1"), phase, record["asked"]] = record["found"]

    @property
    def images(self) -> dict[str, str]:
        """Digests of all pictures by key."""
        return {name: made.digest for (phase, name), made in self._made.items() if phase == "draw"}

    def adopted_from(self, phase: str, names: Iterable[str]) -> dict[str, int]:
        """Return study -> how many of some results it made for this study.

        Args:
            phase: `describe` or `draw`.
            names: keys of the results.
        """
        studies = (made.adopted_from for name in names if (made := self._made.get((phase, name))) is not None)
        return dict(Counter(study for study in studies if study is not None))

    def starts(self) -> dict[str, str | None]:
        """Return chain -> digest of the original or prompt that its first description is of."""
        first = ((name, made) for (phase, name), made in self._made.items() if phase == "describe")
        parts = ((*name.rpartition("/"), made.made_from) for name, made in first)
        return {chain: made_from for chain, _, iteration, made_from in parts if iteration == "1"}

    def image(self, chain_id: str, iteration: int) -> str | None:
        """Return the digest of a picture that was drawn; None if there is none."""
        made = self._made.get(("draw", key(chain_id, iteration)))
        return None if made is None else made.digest

    def described_images(self, is_kept: Callable[[int], bool]) -> list[str]:
        """Return the keys of images that `loop.keep` does not keep and that are described, so that nothing needs them.

        Args:
            is_kept: whether images of an iteration stay on disk.
        """
        keys = []
        for name, image_digest in self.images.items():
            chain_id, _, iteration = name.rpartition("/")
            if not is_kept(int(iteration)):
                description = self._made.get(("describe", key(chain_id, int(iteration) + 1)))
                if description is not None and description.made_from == image_digest:
                    keys.append(name)
        return keys

    def forget_missing(self, existing: Container[str], is_kept: Callable[[int], bool] = lambda _: True) -> None:
        """Take the missing images as not drawn (`missing`)."""
        for name in self.missing(existing, is_kept):
            self._forgotten[name] = self._made.pop(("draw", name))

    def missing(self, existing: Container[str], is_kept: Callable[[int], bool] = lambda _: True) -> set[str]:
        """Return the keys of images that no longer exist: somebody may have taken them away.

        Images that were deleted because of `loop.keep` stay drawn, and so does all that follows from them.

        Args:
            existing: keys of the images on disk.
            is_kept: whether images of an iteration stay on disk.
        """
        deleted = set(self.described_images(is_kept))
        return {name for name in self.images if name not in deleted and name not in existing}

    def before(self, chain: Chain, step: Step) -> str | None:
        """Return the digest of the input of a step; None if the input is missing."""
        if step.phase == "draw":
            text = self._made.get(("describe", key(chain.chain_id, step.iteration)))
            if text is None or self.wording is None:
                return None if text is None else text.digest
            return self._word(chain.chain_id, step.iteration).digest
        if step.iteration == 1:
            return chain.start_digest
        return self.image(chain.chain_id, step.iteration - 1)

    def drawn_text(self, chain_id: str, iteration: int) -> str:
        """Return the text that is drawn from a description, or was drawn if the image exists."""
        if self.wording is None:
            return self.texts[key(chain_id, iteration)]
        return self._word(chain_id, iteration).drawn_text

    @property
    def drawn_texts(self) -> Mapping[str, str]:
        """Drawn texts by key."""
        return self.texts if self.wording is None else _DrawnTexts(self)

    def outdated(self, chains: Iterable[Chain], iterations: int) -> int:
        """Count the pictures that were drawn from another text than their description is worded as now."""
        drawn = (Step(iteration, "draw") for iteration in range(1, iterations + 1))
        pairs = product(chains, drawn if self.wording is not None else ())
        return sum(
            made is not None and self.before(chain, step) not in (None, made.made_from)
            for chain, step in pairs
            for made in [self._made.get(("draw", key(chain.chain_id, step.iteration)))]
        )

    def has(self, chain: Chain, step: Step) -> bool:
        """Return whether the result of a step exists and was made from the present input."""
        made = self._made.get((step.phase, key(chain.chain_id, step.iteration)))
        return made is not None and made.made_from == self.before(chain, step)

    def is_over(self, chain: Chain, step: Step) -> bool:
        """Return whether a chain had ended for good at a step, or before it."""
        end = self.ended.get(chain.chain_id)
        if end is None or order(end.step) > order(step):
            return False
        return end.made_from == self.before(chain, end.step)

    def failure(self, chain: Chain, iteration: int) -> Record | None:
        """Return why an iteration failed; None if it did not, or if its input has changed since."""
        failure = self.failures.get(key(chain.chain_id, iteration))
        if failure is None or failure["made_from"] != self.before(chain, Step(iteration, failure["phase"])):
            return None
        return failure

    def finished(self, chain: Chain, iterations: int) -> list[Step]:
        """Return the finished steps of a chain, in order, up to the first that is missing."""
        return list(takewhile(lambda step: self.has(chain, step), steps(iterations)))

    def results(self, chains: Iterable[Chain], iterations: int) -> tuple[list[Record], list[str]]:
        """Return descriptions and keys of pictures of the steps that are done, by chain and step."""
        finished = [(chain.chain_id, step) for chain in chains for step in self.finished(chain, iterations)]
        keys = [(step.phase, key(name, step.iteration)) for name, step in finished]
        descriptions = [self._row(name) for phase, name in keys if phase == "describe"]
        return descriptions, [name for phase, name in keys if phase == "draw"]

    def _row(self, name: str) -> Record:
        """Return a row of `loop_descriptions`, with the drawn text where it is another one."""
        row = self.described[name]
        drawn_text = self.drawn_text(row["chain_id"], row["iteration"])
        return row if drawn_text == row["text"] else {**row, "drawn_text": drawn_text}

    def _word(self, chain_id: str, iteration: int) -> _Worded:
        name = key(chain_id, iteration)
        description, worded = self.texts[name], self._worded.get(name)
        if worded is None or worded.description != description:
            assert self.wording is not None
            drawn_text = self.wording(chain_id, iteration, description)
            worded = self._worded[name] = _Worded(description, drawn_text, digest(drawn_text))
        return worded

    def _add(self, phase: str, name: str, made: _Made) -> None:
        before = self._forgotten.pop(name, None) if phase == "draw" else None
        if before is not None and before.made_from == made.made_from and before.digest != made.digest:
            self.redrawn_otherwise.add(name)
        self._made[phase, name] = made
        if self.failures.get(name, {}).get("phase") == phase:
            del self.failures[name]

    def _failed(self, name: str, failure: Record) -> None:
        self._made.pop((failure["phase"], name), None)
        self.failures[name] = failure
        if failure["kind"] in TRIED_AGAIN:
            self.tried.add(name)
        else:
            step = Step(failure["iteration"], failure["phase"])
            self.ended[failure["chain_id"]] = _End(step, failure["made_from"])


@dataclass
class _DrawnTexts(Mapping[str, str]):
    """The drawn texts of what a journal states, at every moment."""

    done: Done

    def __getitem__(self, name: str) -> str:
        chain_id, _, iteration = name.rpartition("/")
        return self.done.drawn_text(chain_id, int(iteration))

    def __iter__(self) -> Iterator[str]:
        return iter(self.done.texts)

    def __len__(self) -> int:
        return len(self.done.texts)


def read_journal(records: Records, wording: Callable[[str, int, str], str] | None = None) -> Done:
    """Read all records of a study; `wording` as `Done` takes it."""
    return sum_up((records[name]() for name in records), wording)


def sum_up(records: Iterable[Record], wording: Callable[[str, int, str], str] | None = None) -> Done:
    """Add up records in the order in which they were made; `wording` as `Done` takes it."""
    done = Done(wording)
    for record in sorted(records, key=lambda record: (record["session"], record["ended"])):
        done.add(record)
    return done


def refuse_other_starts(chains: Iterable[Chain], done: Done) -> None:
    """Refuse originals and prompts that are not those that the loop described.

    Raises:
        ChangedInputError: naming those that are others.
    """
    made_from = done.starts()
    refuse_changed_starts(
        (str(chain.image_path if chain.prompt is None else chain.prompt), made_from[name], chain.start_digest)
        for chain in chains
        if (name := chain.chain_id) in made_from
    )
