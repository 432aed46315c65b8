"""Replicates of one original are described once, by describers that always answer alike."""

from pathlib import Path

import pytest
from fakes import FakeDescriber
from test_loop_run import Bench

from broken_telephone.models import Failure
from broken_telephone.models.protocols import Description
from broken_telephone.tables import CHAINS, as_table


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Three originals with two replicates each, in the order of the table: 0, 1, 2, 0, 1, 2."""
    made = Bench(tmp_path)
    rows = made.chains[made.chains["start"] == "image"].head(3).to_dict("records")
    again = [{**row, "chain_id": f"{row['chain_id']}r", "seed": row["seed"] + 50, "replicate": 1} for row in rows]
    made.chains = as_table([*rows, *again], CHAINS)
    made.describer.is_repeatable = True
    return made


def texts(bench: Bench) -> dict[str, str]:
    return {name: row["text"] for name, row in bench.done().described.items()}


def test_each_original_is_described_once_and_each_chain_draws(bench):
    bench.run(iterations=2, describe_batch=2)
    # Three originals, and then six drawn images.
    assert bench.describer.calls == [2, 1, 2, 2, 2]
    assert sum(bench.generator.calls) == 12
    first = texts(bench)
    assert [first[f"i{number}r/1"] for number in range(3)] == [first[f"i{number}/1"] for number in range(3)]
    assert len({first[f"i{number}/1"] for number in range(3)}) == 3
    # Replicates have seeds of their own, so that their images and second descriptions differ.
    assert first["i0r/2"] != first["i0/2"]


def test_the_results_are_those_of_describing_every_chain(bench, tmp_path):
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other")
    other.chains = bench.chains
    bench.run()
    other.run()
    assert sum(other.describer.calls) == 12
    assert bench.done().images == other.done().images
    rows = [
        {name: {k: v for k, v in row.items() if k != "session"} for name, row in one.done().described.items()}
        for one in (bench, other)
    ]
    assert rows[0] == rows[1]


def test_a_describer_that_samples_describes_every_chain(bench):
    bench.describer.is_repeatable = False
    bench.run(iterations=1)
    assert sum(bench.describer.calls) == 6


def test_a_later_replicate_takes_the_description_of_an_earlier_run(bench):
    every = bench.chains
    bench.chains = every.head(3)
    bench.run(iterations=1)
    bench.chains = every
    bench.run(iterations=1)
    assert sum(bench.describer.calls) == 3
    assert texts(bench)["i2r/1"] == texts(bench)["i2/1"]


def test_a_failure_is_nobody_elses(bench, monkeypatch):
    """The describer fails at the first chain of each original, and answers the second."""
    asked = []

    def describe(self, images, prompt):
        if images[0].size == (224, 224):
            return [Description("grey", 1, False)] * len(images)
        asked.extend(images)
        first = len(asked) <= 3
        return [Failure("model error", "once") if first else self._one(image) for image in images]

    monkeypatch.setattr(FakeDescriber, "describe", describe)
    bench.run(iterations=1, describe_batch=3)
    assert len(asked) == 6
    assert set(texts(bench)) == {f"i{number}r/1" for number in range(3)}
