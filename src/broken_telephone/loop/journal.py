"""The journal of the loop: one record per batch, written when everything of the batch is saved.

A batch without a record never was: it is done again as a whole, which gives the same bytes, because batches
are always cut from the chains in order, and pictures depend (by rounding) on nothing but their batch.

Every result states what it was made from (`made_from`): a description the digest of its picture, a picture the digest
of the text that was drawn, which is its description unless the loop neutralises or steers. A result counts only as long
as that is still what precedes it.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product, takewhile
from typing import Any, NamedTuple, TypeVar

from broken_telephone.chains import Chain, chain_and_iteration, key
from broken_telephone.execution.adoption import ADOPTED_FROM
from broken_telephone.execution.journal import TRIED_AGAIN, Record, Records, record_key
from broken_telephone.execution.progress import Step
from broken_telephone.loop.compact import Digests, Rows, StepResult, StepResults, pack, unpack
from broken_telephone.loop.plan import order, steps
from broken_telephone.models.describers.answer_text import kept_thought
from broken_telephone.pictures import refuse_changed_starts
from broken_telephone.seeds import digest

EMPTY = "empty description"
REFUSED = "refused description"
_UNKNOWN = -1
"""The number of a chain without results."""
_NO_RESULTS = StepResults()
"""The results of a step that no record is about."""

T = TypeVar("T")


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


class _End(NamedTuple):
    """The step at which a chain ended for good."""

    step: Step
    made_from: str | None


@dataclass
class Done:
    """Everything that the journal of a study states."""

    wording: Callable[[str, int, str], str] | None = None
    """Returns the text to draw, from chain, iteration and description; None: the description itself."""
    failures: dict[str, Record] = field(default_factory=dict)
    """Failures by key, without those that a later batch overcame."""
    tried: set[str] = field(default_factory=set)
    """Keys of failures that are tried again (`TRIED_AGAIN`)."""
    batch_sizes: dict[tuple[str, str, int | str], int] = field(default_factory=dict)
    """Sizes that were found or had to be made smaller, by shard, phase and what was asked: machines differ."""
    cut: set[str] = field(default_factory=set)
    """Keys of pictures whose description the generator did not read to its end."""
    ended: dict[str, _End] = field(default_factory=dict)
    """Chains that ended for good."""
    redrawn_otherwise: set[str] = field(default_factory=set)
    """Keys of images that were drawn again from the same text, and have other bytes than before."""
    _numbers: dict[str, int] = field(default_factory=dict)
    """Chain -> its number, by which results are kept."""
    _results: dict[tuple[str, int], StepResults] = field(default_factory=dict)
    """Results by phase and iteration."""
    _rows: Rows = field(default_factory=Rows)
    """Rows of `loop_descriptions`."""
    _worded: dict[int, Digests] = field(default_factory=lambda: defaultdict(Digests))
    """Digests of drawn texts by iteration, where texts are worded."""
    _forgotten: dict[str, StepResult] = field(default_factory=dict)
    """Images that no longer exist, by key."""

    def add(self, record: Record) -> None:
        """Add the record of a batch. Records come in the order in which they were made."""
        iteration, phase, study = record["iteration"], record["phase"], record.get(ADOPTED_FROM)
        for row in record["descriptions"]:
            number = self._add(
                phase, row["chain_id"], iteration, StepResult(digest(row["text"]), row["made_from"], study)
            )
            self._rows.put(iteration, number, row)
            if self.wording is not None:
                self._worded[iteration][number] = None
        for row in record["images"]:
            self._add(phase, row["chain_id"], iteration, StepResult(row["digest"], row["made_from"], study))
        for failure in record["failures"]:
            self._failed(failure["chain_id"], iteration, failure)
        self.cut.update(key(chain, iteration) for chain in record.get("cut") or ())
        if record.get("found") is not None:
            self.batch_sizes[record.get("shard", "1/1"), phase, record["asked"]] = record["found"]

    @property
    def images(self) -> Mapping[str, str]:
        """Digests of all pictures by key."""
        return _ByKey(self.image, self._drawn)

    @property
    def described(self) -> Mapping[str, Record]:
        """Rows of `loop_descriptions` by key."""
        return _ByKey(self._described, self._with_rows)

    @property
    def texts(self) -> Mapping[str, str]:
        """Descriptions by key."""
        return _ByKey(self._text, self._with_rows)

    @property
    def drawn_texts(self) -> Mapping[str, str]:
        """Drawn texts by key."""
        return _ByKey(self.drawn_text, self._with_rows)

    def result(self, chain_id: str, step: Step) -> StepResult | None:
        """Return the result of a step; None if there is none."""
        return self._results_of(step.phase, step.iteration).get(self._numbers.get(chain_id, _UNKNOWN))

    def image(self, chain_id: str, iteration: int) -> str | None:
        """Return the digest of a picture that was drawn; None if there is none."""
        return self._results_of("draw", iteration).digests[self._numbers.get(chain_id, _UNKNOWN)]

    def described_images(self, is_kept: Callable[[int], bool]) -> list[str]:
        """Return the keys of images that `loop.keep` does not keep and that are described, so that nothing needs them.

        Args:
            is_kept: whether images of an iteration stay on disk.
        """
        return [
            key(chain_id, iteration)
            for chain_id, iteration in self._drawn()
            if not is_kept(iteration) and self._is_described(chain_id, iteration)
        ]

    def _is_described(self, chain_id: str, iteration: int) -> bool:
        """Return whether a picture that was drawn is described, as it is now."""
        description = self.result(chain_id, Step(iteration + 1, "describe"))
        return description is not None and description.made_from == self.image(chain_id, iteration)

    def forget(self, missing: Iterable[str]) -> None:
        """Take missing images as not drawn."""
        for name in missing:
            chain_id, iteration = chain_and_iteration(name)
            result = self._results_of("draw", iteration).pop(self._numbers[chain_id])
            assert result is not None
            self._forgotten[name] = result

    def missing(self, existing: Container[str], is_kept: Callable[[int], bool] = lambda _: True) -> list[str]:
        """Return the keys of images that no longer exist: somebody may have taken them away.

        Args:
            existing: keys of the images on disk.
            is_kept: whether images of an iteration stay on disk.
        """
        return [name for name in self.stored(is_kept) if name not in existing]

    def stored(self, is_kept: Callable[[int], bool] = lambda _: True) -> Iterator[str]:
        """Yield the keys of images that should be on disk.

        Images that were deleted because of `loop.keep` stay drawn, and so does all that follows from them.

        Args:
            is_kept: whether images of an iteration stay on disk.
        """
        for chain_id, iteration in self._drawn():
            if is_kept(iteration) or not self._is_described(chain_id, iteration):
                yield key(chain_id, iteration)

    def before(self, chain: Chain, step: Step) -> str | None:
        """Return the digest of the input of a step; None if the input is missing."""
        if step.phase == "draw":
            number = self._numbers.get(chain.chain_id, _UNKNOWN)
            text = self._results_of("describe", step.iteration).digests[number]
            return text if text is None or self.wording is None else self._worded_digest(chain.chain_id, step.iteration)
        if step.iteration == 1:
            return chain.start_digest
        return self.image(chain.chain_id, step.iteration - 1)

    def drawn_text(self, chain_id: str, iteration: int) -> str | None:
        """Return the text that is drawn from a description, or was drawn if the image exists; None without one."""
        text = self._text(chain_id, iteration)
        return text if text is None or self.wording is None else self.wording(chain_id, iteration, text)

    def outdated(self, chains: Iterable[Chain], iterations: int) -> int:
        """Count the pictures that were drawn from another text than their description is worded as now."""
        drawn = (Step(iteration, "draw") for iteration in range(1, iterations + 1))
        pairs = product(chains, drawn if self.wording is not None else ())
        return sum(
            result is not None and self.before(chain, step) not in (None, result.made_from)
            for chain, step in pairs
            for result in [self.result(chain.chain_id, step)]
        )

    def has(self, chain: Chain, step: Step) -> bool:
        """Return whether the result of a step exists and was made from the present input."""
        result = self.result(chain.chain_id, step)
        return result is not None and result.made_from == self.before(chain, step)

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

    def row(self, chain_id: str, iteration: int) -> Record:
        """Return a row of `loop_descriptions`, with the drawn text where it is another one."""
        row = self.described[key(chain_id, iteration)]
        drawn_text = self.drawn_text(chain_id, iteration)
        return row if drawn_text == row["text"] else {**row, "drawn_text": drawn_text}

    def first_descriptions(self) -> Iterator[Record]:
        """Yield the rows of first descriptions."""
        return (row for number in self._numbers.values() if (row := self._rows.get(1, number)) is not None)

    def _described(self, chain_id: str, iteration: int) -> Record | None:
        return self._rows.get(iteration, self._numbers.get(chain_id, _UNKNOWN))

    def _text(self, chain_id: str, iteration: int) -> str | None:
        row = self._described(chain_id, iteration)
        return None if row is None else row["text"]

    def _with_rows(self) -> Iterator[tuple[str, int]]:
        """Yield chain and iteration of every description, by iteration."""
        pairs = product(self._rows.iterations, self._numbers.items())
        return ((chain_id, k) for k, (chain_id, number) in pairs if self._rows.has(k, number))

    def _drawn(self) -> Iterator[tuple[str, int]]:
        """Yield chain and iteration of every picture, by iteration."""
        iterations = sorted(iteration for phase, iteration in self._results if phase == "draw")
        pairs = product(iterations, self._numbers.items())
        digests = {k: self._results["draw", k].digests for k in iterations}
        return ((chain_id, k) for k, (chain_id, number) in pairs if digests[k][number] is not None)

    def _results_of(self, phase: str, iteration: int) -> StepResults:
        return self._results.get((phase, iteration), _NO_RESULTS)

    def _worded_digest(self, chain_id: str, iteration: int) -> str:
        digests, number = self._worded[iteration], self._numbers[chain_id]
        known = digests[number]
        if known is None:
            known = digests[number] = digest(self.drawn_text(chain_id, iteration))
        return known

    def _add(self, phase: str, chain_id: str, iteration: int, result: StepResult) -> int:
        """Add a result, and return the number of its chain."""
        name, number = key(chain_id, iteration), self._numbers.setdefault(chain_id, len(self._numbers))
        before = self._forgotten.pop(name, None) if phase == "draw" else None
        if before is not None and before.made_from == result.made_from and before.digest != result.digest:
            self.redrawn_otherwise.add(name)
        self._results.setdefault((phase, iteration), StepResults()).put(number, result)
        if self.failures.get(name, {}).get("phase") == phase:
            del self.failures[name]
        return number

    def _failed(self, chain_id: str, iteration: int, failure: Record) -> None:
        self._results_of(failure["phase"], iteration).pop(self._numbers.get(chain_id, _UNKNOWN))
        self.failures[key(chain_id, iteration)] = failure
        if failure["kind"] in TRIED_AGAIN:
            self.tried.add(key(chain_id, iteration))
        else:
            self.ended[chain_id] = _End(Step(failure["iteration"], failure["phase"]), failure["made_from"])


@dataclass(frozen=True, eq=False)
class _ByKey(Mapping[str, T]):
    """What a journal states by key, at every moment."""

    get_one: Callable[[str, int], T | None]
    names: Callable[[], Iterator[tuple[str, int]]]
    """Yields chain and iteration of everything that there is."""

    def __getitem__(self, name: str) -> T:
        value = self.get_one(*chain_and_iteration(name))
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (key(chain_id, iteration) for chain_id, iteration in self.names())

    def __len__(self) -> int:
        return sum(1 for _ in self.names())


def read_journal(records: Records, wording: Callable[[str, int, str], str] | None = None) -> Done:
    """Read all records of a study; `wording` as `Done` takes it."""
    done = Done(wording)
    for record in _in_order(records[name]() for name in records):
        done.add(record)
    return done


def sum_up(
    records: Iterable[Record], wording: Callable[[str, int, str], str] | None = None, chains: Iterable[str] = ()
) -> tuple[Done, list[Record]]:
    """Add up records in the order in which they were made.

    Args:
        records: of a study.
        wording: as `Done` takes it.
        chains: IDs in the order in which pictures are listed; other chains follow.

    Returns:
        What they state together, and the records without descriptions and pictures.
    """
    done, batches = Done(wording, _numbers={name: number for number, name in enumerate(chains)}), []
    for record in _in_order(records):
        done.add(record)
        batches.append(record | {"descriptions": [], "images": []})
    return done, batches


def _in_order(records: Iterable[Record]) -> Iterator[Record]:
    """Yield records in the order in which they were made. It shows only when all are read, so they are compressed."""
    packs = ((record["session"], record["ended"], pack(record)) for record in records)
    left = deque(sorted(packs, key=lambda one: one[:2]))
    while left:
        yield unpack(left.popleft()[-1])


def refuse_other_starts(chains: Iterable[Chain], done: Done) -> None:
    """Refuse originals and prompts that are not those that the loop described.

    Raises:
        ChangedInputError: naming those that are others.
    """
    refuse_changed_starts(
        (str(chain.image_path if chain.prompt is None else chain.prompt), first.made_from, chain.start_digest)
        for chain in chains
        if (first := done.result(chain.chain_id, Step(1, "describe"))) is not None
    )
