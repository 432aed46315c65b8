"""Batches of another study: adopted whole and only if they are what this study would make."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from test_stage import Bench, Letter, Settings

from broken_telephone.execution import stage
from broken_telephone.execution.adoption import Adoptable, Donor, counts_of
from broken_telephone.execution.executors import executor
from broken_telephone.execution.stage import run_stage

SETTINGS = {"generator": "one"}


class Live(Mapping):
    """Records as they are saved, as a folder shows them."""

    def __init__(self, saved):
        self.saved = saved

    def __iter__(self):
        return iter(list(self.saved))

    def __len__(self):
        return len(self.saved)

    def __getitem__(self, key):
        record = self.saved[key]
        return lambda: record


class Reusing(Bench):
    """A bench whose model is repeatable, and that may reuse the journals of other benches."""

    def __init__(self, study: str, *others: "Reusing") -> None:
        super().__init__()
        self.study, self.others, self.batch = study, others, 2
        self.executor = "local"
        self.model.is_repeatable = True
        self.settings = {**SETTINGS, "study": study}
        self.alike = True
        self.identity = self.identity_in(self.settings)

    def identity_in(self, loop_settings):
        return f"{loop_settings['study']}_reading"

    def phase(self):
        return replace(super().phase(), adoptable=Adoptable(self.model, self.identity_in, lambda _: self.alike))

    def donor(self):
        return Donor(self.study, self.settings, Live(self.saved), Live(self.sessions))

    def follow(self):
        donors = [other.donor() for other in self.others]
        settings = Settings(batch=self.batch, executor=self.executor)
        for output in run_stage([self.phase()], Live(self.saved), settings, {"reader": self.model}, "letters", donors):
            self.saved.update(output.batches)
            self.sessions.update(output.sessions)
            yield output

    def adopted(self):
        return counts_of(list(self.saved.values()), lambda record: len(record["rows"]))


@pytest.fixture
def donor():
    bench = Reusing("donor")
    bench.run()
    return bench


def test_equal_batches_are_adopted_and_no_model_is_asked(donor):
    bench = Reusing("own", donor)
    assert bench.run() == ""
    assert bench.adopted() == {"donor": 8}
    assert bench.known().keys() == donor.known().keys()
    assert all(bench.known()[name].result == donor.known()[name].result for name in "abcdexyz")
    # A third one is told who made them.
    third = Reusing("third", bench)
    assert third.run() == ""
    assert third.adopted() == {"donor": 8}


def test_a_changed_input_is_asked_about_with_its_whole_batch(donor):
    bench = Reusing("own", donor)
    bench.items[0][2] = Letter("c", "2")
    assert bench.run() == "cd"
    assert bench.adopted() == {"donor": 6}


def test_other_neighbours_in_a_batch_are_another_batch(donor):
    bench = Reusing("own", donor)
    bench.items[0] = [Letter(name) for name in "abdce"]
    assert bench.run() == "dc"
    bench = Reusing("own", donor)
    bench.batch = 3
    # Of the batches of three, the donor has none; xyz were two and one.
    assert bench.run() == "abcdexyz"


def test_an_item_that_failed_for_now_is_tried_here(donor):
    failing = Reusing("donor")
    failing.closed = {"b"}
    failing.run()
    bench = Reusing("own", failing)
    assert bench.run() == "ab"


def test_another_level_is_not_adopted(donor):
    bench = Reusing("own", donor)
    bench.wanted = {"a": 2}
    assert bench.run() == "ab"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda bench, donor: setattr(bench.model, "is_repeatable", False), "may answer differently"),
        (lambda bench, donor: setattr(bench.model, "device", "cuda"), "made on the device cpu, now cuda"),
        (lambda bench, donor: setattr(bench.model, "resolved", lambda: {"dtype": "float16"}), "float16"),
        (
            lambda bench, donor: [one["versions"].update(torch="0") for one in donor.sessions.values()],
            "other versions of torch",
        ),
        (lambda bench, donor: donor.sessions.clear(), "the record of the run that made them is missing"),
        (lambda bench, donor: setattr(bench, "alike", False), "no batch there has the same items, inputs and settings"),
        (lambda bench, donor: setattr(bench, "batch", "auto"), "Nothing is adopted: letters.batch is auto"),
        (lambda bench, donor: setattr(bench, "identity_in", lambda settings: "another question"), None),
    ],
)
def test_whatever_else_differs_is_asked_here_and_named(donor, change, reason, caplog):
    bench = Reusing("own", donor)
    change(bench, donor)
    with caplog.at_level("INFO"):
        assert bench.run() == "abcdexyz"
    assert bench.adopted() == {}
    if reason is not None:
        assert reason in caplog.text


def test_nothing_is_adopted_with_ray_whose_workers_have_devices_of_their_own(donor, caplog, monkeypatch):
    bench = Reusing("own", donor)
    bench.executor = "ray"
    # What models are asked about is asked in this process, where it can be counted.
    monkeypatch.setattr(stage, "executor", lambda _, models: executor(Settings(batch=2), models))
    with caplog.at_level("INFO"):
        assert bench.run() == "abcdexyz"
    assert bench.adopted() == {}
    assert "Nothing is adopted: letters.executor is ray" in caplog.text
