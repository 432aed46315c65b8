"""Adoption of batches of another loop: what is adopted, in which order it is saved, and what the log says."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from fakes import FakeDescriber
from test_loop_run import Bench

from broken_telephone.chains import chains_of
from broken_telephone.datasets import ImageFolderDataset
from broken_telephone.execution.adoption import Donor
from broken_telephone.execution.batch_size import BatchSize
from broken_telephone.execution.executors import executor
from broken_telephone.loop import FinishedSteps, LoopSettings, manifest, read_journal, sum_up
from broken_telephone.loop.adoption import LoopAdoption, LoopDonor
from broken_telephone.loop.drawn_text import wording_of
from broken_telephone.loop.output import LoopFolders, LoopOutput
from broken_telephone.loop.run import run_loop
from broken_telephone.tables import STEERING, as_table


class Woman(FakeDescriber):
    """Sees women, and the colour of their first pixel."""

    def _one(self, image):
        described = super()._one(image)
        return type(described)(f"A woman looks at the {described.text}.", tokens=2, truncated=False)


class Counted(Mapping):
    """Records, and the keys that were read."""

    def __init__(self, records) -> None:
        self.records, self.read = records, []

    def __iter__(self):
        return iter(self.records)

    def __len__(self):
        return len(self.records)

    def __getitem__(self, name):
        self.read.append(name)
        return self.records[name]


class Reusing(Bench):
    """A loop that may adopt batches of other ones."""

    def __init__(self, path: Path, *others: "Reusing", **settings) -> None:
        path.mkdir()
        super().__init__(path)
        self.study, self.others = path.name, others
        self.loop = {"iterations": 2, "describe_prompt": "Describe.", "describe_batch": 2, "draw_batch": 3} | settings
        self.describer = Woman()
        self.describer.is_repeatable = self.generator.is_repeatable = True

    def settings(self, **settings) -> LoopSettings:
        return LoopSettings.model_validate(self.loop | settings)

    def sealed(self) -> dict:
        models = {"describer": self.describer.identity(), "generator": self.generator.identity()}
        return {**models, "loop": self.settings().wording}

    def donor(self) -> LoopDonor:
        self.records = Counted(self.batches.load())
        donor = Donor(self.study, self.sealed(), self.records, self.sessions.load())
        return LoopDonor(donor, self.chains, self.images.load())

    def follow(self, save: bool = True, **settings) -> Iterator[LoopOutput]:
        self.look()
        loop = self.settings(**settings)
        originals = ImageFolderDataset(path=str(self.originals)).load()
        folders = LoopFolders(originals, self.images.load(), self.batches.load(), self.sessions.load())
        wording = wording_of(self.chains, as_table([], STEERING), loop, {})
        donors = [other.donor() for other in self.others]
        adoption = LoopAdoption(donors, self.sealed(), {"describe": self.describer, "draw": self.generator})
        done = read_journal(folders.batches, wording.function)
        for output in run_loop(self.chains, loop, self.describer, self.generator, folders, done, adoption):
            self.images.save(output.images)
            self.batches.save(output.batches)
            self.sessions.save(output.sessions)
            yield output

    def adopted(self, iterations: int = 2) -> dict:
        done, records = sum_up(self.batches.read(name) for name in self.batches.load())
        finished = FinishedSteps(done, chains_of(self.chains), iterations)
        return manifest(self.study, {}, self.chains, finished, records, self.sessions.load())["adopted"]


@pytest.fixture
def donor(tmp_path: Path) -> Reusing:
    bench = Reusing(tmp_path / "donor")
    bench.run()
    return bench


def test_an_adopted_batch_is_saved_after_the_record_of_its_session(donor, tmp_path):
    bench = Reusing(tmp_path / "own", donor)
    adopted = 0
    # Killed at any moment, the journal has no batch without its session: outputs are saved one by one.
    saved: set[str] = set()
    for output in bench.follow():
        for record in output.batches.values():
            adopted += "adopted_from" in record
            assert record["session"] in saved
        saved |= set(output.sessions)
    assert adopted > 1
    assert bench.adopted() == {"descriptions": {"donor": 12}, "images": {"donor": 14}}


def test_a_run_killed_while_it_adopted_goes_on_and_serves_a_third_study(donor, tmp_path):
    killed = Reusing(tmp_path / "killed", donor)
    followed = killed.follow()
    while not any("adopted_from" in record for record in next(followed).batches.values()):
        pass
    followed.close()
    third = Reusing(tmp_path / "third", killed)
    third.run()
    killed.run()
    assert third.results() == killed.results() == donor.results()


def test_neutralised_texts_adopt_first_descriptions_and_not_the_pictures(donor, tmp_path):
    arm = Reusing(tmp_path / "arm", donor, neutralise=["gender"])
    arm.run()
    alone = Reusing(tmp_path / "alone", neutralise=["gender"])
    alone.run()
    assert arm.results() == alone.results()
    assert {row["drawn_text"][:21] for row in first_images(arm) if row["chain_id"] != "p1"} >= {"A person looks at the"}
    # The prompt that is a batch of its own has no gender: its text, its picture and what is said of it are the same.
    assert arm.adopted() == {"descriptions": {"donor": 6}, "images": {"donor": 1}}
    taken = [record for record in map(arm.batches.read, arm.batches.load()) if "adopted_from" in record]
    assert {row["chain_id"] for record in taken for row in record["images"]} == {"p1"}


def first_images(bench: Bench) -> list[dict]:
    records = [bench.batches.read(name) for name in bench.batches.load()]
    rows = [row for record in records if record["iteration"] == 1 for row in record["images"]]
    return [{"drawn_text": "", **row} for row in rows]


def test_another_rule_of_keep_adopts_what_is_on_disk_and_says_what_is_not(tmp_path, caplog):
    thinned = Reusing(tmp_path / "thinned", iterations=4, keep=[])
    thinned.run()
    arm = Reusing(tmp_path / "arm", thinned, iterations=4)
    with caplog.at_level("INFO"):
        arm.run()
    alone = Reusing(tmp_path / "alone", iterations=4)
    alone.run()
    assert arm.results() == alone.results()
    # Images 2 and 3 are not there; drawn here, they are the same, and so everything that follows is adopted.
    assert arm.adopted(4) == {"descriptions": {"thinned": 26}, "images": {"thinned": 14}}
    assert "14 pictures are not adopted from the study thinned: images that are not on disk there (loop.keep" in (
        caplog.text
    )
    # The other way round, everything is there.
    other = Reusing(tmp_path / "other", arm, iterations=4, keep=[])
    other.run()
    assert other.adopted(4) == {"descriptions": {"thinned": 26}, "images": {"thinned": 14, "arm": 14}}
    assert {int(name.rpartition("/")[2]) for name in other.images.load()} == {1, 4}


def test_the_log_states_why_nothing_was_adopted(donor, tmp_path, caplog):
    arm = Reusing(tmp_path / "arm", donor)
    arm.generator.name = "another generator"
    arm.loop["describe_prompt"] = "Describe it."
    with caplog.at_level("INFO"):
        arm.run()
    assert "14 pictures are not adopted from the study donor: other settings of the generator" in caplog.text
    assert "12 descriptions are not adopted from the study donor: another loop.describe_prompt" in caplog.text


def test_other_batches_are_counted(donor, tmp_path, caplog):
    arm = Reusing(tmp_path / "arm", donor, describe_batch=5, iterations=1)
    with caplog.at_level("INFO"):
        arm.run()
    assert "5 descriptions are not adopted from the study donor: no batch there has the same items" in caplog.text


def test_adopted_results_are_counted_as_far_as_the_study_goes(donor, tmp_path):
    bench = Reusing(tmp_path / "own", donor)
    bench.run()
    assert bench.adopted(iterations=1) == {"descriptions": {"donor": 5}, "images": {"donor": 7}}
    # A picture that was taken away and drawn here is no longer the donor's.
    (bench.path / "images/i2/2.png").unlink()
    bench.others = ()
    bench.run()
    assert bench.adopted() == {"descriptions": {"donor": 12}, "images": {"donor": 13}}


@pytest.mark.parametrize("setting", ["describe_batch", "draw_batch"])
def test_a_phase_with_batches_of_size_auto_adopts_nothing(donor, tmp_path, setting, monkeypatch, caplog):
    # The size is known, as in a run that goes on.
    monkeypatch.setattr(
        "broken_telephone.loop.chain_steps.BatchSize", lambda asked, earlier=None: BatchSize(3, earlier)
    )
    donor = Reusing(tmp_path / "threes", describe_batch=3)
    donor.run()
    bench = Reusing(tmp_path / "own", donor, **({"describe_batch": 3} | {setting: "auto"}))
    with caplog.at_level("INFO"):
        bench.run()
    adopted = bench.adopted()
    assert [bool(adopted["descriptions"]), bool(adopted["images"])] == [
        setting == "draw_batch",
        setting == "describe_batch",
    ]
    assert f"Nothing is adopted: loop.{setting} is auto" in caplog.text


def test_a_batch_in_another_order_is_not_adopted(donor, tmp_path):
    for name in donor.batches.load():
        if name.startswith("001_draw"):
            record = donor.batches.read(name)
            record["images"].reverse()
            donor.batches.save({name: record})
    bench = Reusing(tmp_path / "own", donor, iterations=1)
    bench.run()
    # One batch has one picture.
    assert bench.adopted(1) == {"descriptions": {"donor": 5}, "images": {"donor": 1}}


def test_only_records_of_a_step_are_read_for_it(donor, tmp_path):
    bench = Reusing(tmp_path / "own", donor, iterations=1)
    bench.run()
    assert donor.records.read
    assert all(name.startswith("001_") for name in donor.records.read)


def test_chains_are_known_by_name_and_seed(donor, tmp_path):
    bench = Reusing(tmp_path / "own", donor)
    bench.chains = bench.chains.assign(seed=bench.chains["seed"] + 1)
    assert chains_of(bench.chains)[0].seed != chains_of(donor.chains)[0].seed
    bench.run()
    assert bench.adopted() == {"descriptions": {}, "images": {}}


def test_a_loop_with_ray_adopts_nothing(donor, tmp_path, monkeypatch, caplog):
    bench = Reusing(tmp_path / "own", donor, executor="ray")
    local = LoopSettings(iterations=2, describe_prompt="Describe.")
    monkeypatch.setattr("broken_telephone.loop.run.executor", lambda _, models: executor(local, models))
    with caplog.at_level("INFO"):
        bench.run()
    assert bench.adopted() == {"descriptions": {}, "images": {}}
    assert caplog.text.count("Nothing is adopted: loop.executor is ray") == 1
