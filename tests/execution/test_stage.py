"""A stage that resumes: what is asked once, what is asked again, what keys are made of, and old journals."""

import signal
from dataclasses import dataclass, replace

import pytest
from fakes import FakeModel

from broken_telephone.errors import UnreadableError
from broken_telephone.execution.interruption import InterruptedRunError
from broken_telephone.execution.journal import Entry, failed_items, known_items, record_key, seconds_in
from broken_telephone.execution.settings import BatchedSettings
from broken_telephone.execution.stage import Phase, run_stage
from broken_telephone.execution.tasks import Answer, Check
from broken_telephone.models import Failure, Finding
from broken_telephone.models.failures import MODEL_ERROR


class Settings(BatchedSettings):
    group = "letters"


@dataclass(frozen=True)
class Letter:
    name: str
    digest: str = "1"


@dataclass(frozen=True)
class Read:
    letters: list[str]
    model: str = "reader"

    def do(self, model):
        return model.read(self.letters)


class Reader(FakeModel):
    """Reads letters aloud."""

    def __init__(self) -> None:
        super().__init__("reader")
        self.asked: list[str] = []

    def read(self, letters):
        self.asked += letters
        return Answer(descriptions=[self.one(letter) for letter in letters])

    def one(self, letter):
        return letter.upper()


class Bench:
    """Two iterations of letters; those in `closed` do not open."""

    def __init__(self) -> None:
        self.items = {0: [Letter(name) for name in "abcde"], 1: [Letter(name) for name in "xyz"]}
        self.saved, self.sessions, self.closed = {}, {}, set()
        self.model, self.wanted, self.identity = Reader(), {}, "reading_1"

    def open_one(self, letter):
        if letter.name in self.closed:
            raise UnreadableError(f"{letter.name} is closed")
        return letter.name

    def phase(self):
        return Phase(
            "read",
            "read aloud",
            self.identity,
            self.items,
            self.open_one,
            Read,
            self.record,
            self.entries,
            lambda letter: self.wanted.get(letter.name, 1),
        )

    def record(self, letters, answer, unopened):
        rows, failures = [], list(unopened)
        for letter, result in zip(letters, [] if answer is None else answer.descriptions, strict=True):
            where = {"name": letter.name, "digest": letter.digest}
            if isinstance(result, Failure):
                failures.append(where | {"kind": result.kind, "reason": result.reason})
            else:
                rows.append(where | {"said": result, "level": self.wanted.get(letter.name, 1)})
        return {"rows": rows, "failures": failures}

    @staticmethod
    def entries(batches):
        for record in batches:
            for row in record["rows"]:
                yield Entry(row["name"], row["digest"], row["said"], level=row["level"])
            yield from failed_items(record)

    def follow(self):
        journal = {key: lambda record=record: record for key, record in self.saved.items()}
        for output in run_stage([self.phase()], journal, Settings(batch=2), {"reader": self.model}, "letters"):
            self.saved.update(output.batches)
            self.sessions.update(output.sessions)
            yield output

    def run(self):
        before = len(self.model.asked)
        for _ in self.follow():
            pass
        return "".join(self.model.asked[before:])

    def known(self):
        return known_items(self.entries(self.saved.values()), self.items)


@pytest.fixture
def bench():
    return Bench()


def test_everything_is_asked_once_in_the_order_of_the_items(bench):
    assert bench.run() == "abcdexyz"
    assert bench.model.calls == []
    assert {name: entry.result for name, entry in bench.known().items()} == {name: name.upper() for name in "abcdexyz"}
    [session] = bench.sessions
    assert sum(len(record["rows"]) for record in bench.saved.values()) == 8
    for record in bench.saved.values():
        assert record["session"] == session
        assert {"size", "seconds", "load_seconds"} <= record.keys()
        assert record["device"] == "cpu"
        assert record["seconds"] >= 0
    assert seconds_in([{"seconds": 0.5}, {}, {"seconds": 0.25}]) == 0.75
    assert bench.run() == ""
    assert len(bench.sessions) == 1


def test_nothing_to_do_is_one_empty_output(bench):
    bench.run()
    assert [tuple(output) for output in bench.follow()] == [({}, {})]


def test_keys_are_made_of_identity_iteration_and_names_those_that_did_not_open_last(bench):
    bench.closed = {"c"}
    bench.run()
    assert list(bench.saved) == [
        record_key("reading_1/000", ["a", "b"]),
        record_key("reading_1/000", ["d", "c"]),
        record_key("reading_1/000", ["e"]),
        record_key("reading_1/001", ["x", "y"]),
        record_key("reading_1/001", ["z"]),
    ]
    # The format that journals have on disk.
    assert next(iter(bench.saved)) == "reading_1/000/42de60bac299d468"


def test_what_does_not_open_is_a_failure_of_its_own_kind_and_tried_again_last(bench):
    bench.closed = {"a"}
    assert bench.run() == "bcdexyz"
    failure = {"name": "a", "digest": "1", "kind": "unreadable image", "reason": "a is closed"}
    assert bench.known()["a"].failure == failure
    bench.items[0] = [*bench.items[0], Letter("f"), Letter("g")]
    bench.closed = set()
    assert bench.run() == "fga"
    assert bench.known()["a"].result == "A"
    assert all(entry.failure is None for entry in bench.known().values())


def test_an_error_of_the_model_is_tried_again_and_another_failure_is_an_answer(bench):
    failures = {"a": Failure(MODEL_ERROR, "ValueError"), "b": Failure("refused", "no")}
    bench.model.one = lambda letter: failures.get(letter, letter.upper())
    bench.run()
    assert [bench.known()[name].is_done for name in "abc"] == [False, True, True]
    assert bench.run() == "a"
    failures.clear()
    assert bench.run() == "a"
    assert bench.known()["a"].result == "A"


def test_an_item_that_changed_is_asked_about_again(bench):
    bench.run()
    bench.items[0][1] = Letter("b", "2")
    assert "b" not in bench.known()
    assert bench.run() == "b"
    assert bench.known()["b"].digest == "2"


def test_a_higher_level_is_asked_for_again_and_counts_in_either_order(bench):
    bench.run()
    bench.wanted = {"c": 2}
    assert bench.run() == "c"
    assert bench.run() == ""
    records = list(bench.saved.values())
    for some in (records, records[::-1]):
        assert known_items(bench.entries(some), bench.items)["c"].level == 2
    # Less is asked for later: nothing is lost.
    bench.wanted = {}
    assert bench.run() == ""


def test_other_identities_stand_beside(bench):
    bench.run()
    bench.identity = "reading_10"
    assert bench.run() == "abcdexyz"
    bench.identity = "reading_1"
    assert bench.run() == ""


def test_journals_without_digests_and_times_of_failures_are_read(bench):
    old = {"session": "s", "rows": [], "failures": [{"name": "a", "kind": "unreadable image", "reason": "closed"}]}
    done = {"session": "s", "rows": [{"name": "b", "digest": "1", "said": "B", "level": 1}], "failures": []}
    bench.saved = {"reading_1/000/0": old, "reading_1/000/1": done | {"seconds": 1.5}}
    assert bench.known()["a"].failure["reason"] == "closed"
    assert seconds_in(bench.saved.values()) == 1.5
    assert bench.run() == "cdeaxyz"


def test_a_signal_ends_in_order(bench):
    def one(letter):
        if letter == "c":
            signal.raise_signal(signal.SIGINT)
        return letter.upper()

    bench.model.one = one
    with pytest.raises(InterruptedRunError, match="Everything done is saved"):
        bench.run()
    bench.model.one = str.upper
    asked = set(bench.model.asked)
    assert asked < set("abcdexyz")
    assert set(bench.run()) == set("abcdexyz") - asked


class Checked(Reader):
    """Checks itself, at the cost of two requests; the first checks may run out of memory."""

    def __init__(self, works: bool, without_memory: int = 0) -> None:
        super().__init__()
        self.works, self.without_memory, self.checks, self.spent = works, without_memory, 0, 0

    def check(self, prompt):
        self.checks += 1
        self.spent += 2
        if self.checks <= self.without_memory:
            raise MemoryError("no room")
        return [Finding("reading", self.works, "it cannot read")]

    def take_costs(self):
        spent, self.spent = self.spent, 0
        return {"requests": spent} if spent else {}


def checked(bench, model):
    bench.model = model
    phase = bench.phase()
    bench.phase = lambda: replace(phase, needs=(Check("?", "reader"), "reading"))
    return bench


def test_the_costs_of_a_check_are_kept_if_its_phase_is_left_out(bench):
    assert checked(bench, Checked(works=False)).run() == ""
    [session] = bench.sessions.values()
    assert session["checks"] == {"read": {"reading": "it cannot read"}}
    assert session["check_costs"] == {"reading_1": {"requests": 2}}
    assert bench.saved == {}


def test_a_check_that_ran_out_of_memory_is_repeated_and_decides_nothing(bench, caplog):
    model = Checked(works=False, without_memory=1)
    # The first step goes on without the check, the second one is left out by it.
    assert checked(bench, model).run() == "abcde"
    assert model.checks == 2
    assert len([text for text in caplog.messages if "Memory ran out before the check" in text]) == 1
    [session] = bench.sessions.values()
    assert session["checks"] == {"read": {"reading": "it cannot read"}}
    assert session["check_costs"] == {"reading_1": {"requests": 4}}
    assert not any("costs" in record for record in bench.saved.values())
    # If the memory never suffices, the record says so.
    other = checked(Bench(), Checked(works=True, without_memory=9))
    assert other.run() == "abcdexyz"
    [session] = other.sessions.values()
    assert session["checks"] == {"read": {"reading": "not checked, memory ran out: no room"}}
