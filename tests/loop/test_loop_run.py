import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import psutil
import pytest
from fakes import FakeDescriber, FakeGenerator
from PIL import Image
from study_pictures import digested

from broken_telephone.chains import chains_of
from broken_telephone.datasets import ImageFolderDataset, ImagePartitionsDataset, RecordPartitionsDataset
from broken_telephone.errors import ChangedInputError, StudyError
from broken_telephone.execution.batch_size import BatchSize
from broken_telephone.execution.interruption import InterruptedRunError
from broken_telephone.loop import FinishedSteps, LoopSettings, manifest, read_journal, sum_up
from broken_telephone.loop.drawn_text import wording_of
from broken_telephone.loop.journal import Done
from broken_telephone.loop.kept import is_kept
from broken_telephone.loop.manifest import is_finished
from broken_telephone.loop.output import LoopFolders, LoopOutput
from broken_telephone.loop.plan import fingerprint, of_shard, steps
from broken_telephone.loop.run import run_loop
from broken_telephone.models import Failure
from broken_telephone.pictures import as_png, check_files
from broken_telephone.pipelines.loop.nodes import look_at_pictures
from broken_telephone.seeds import digest, item_seed
from broken_telephone.tables import CHAINS, STEERING, as_table


class Bench:
    """A loop with instant models and folders of its own."""

    def __init__(self, path: Path, new: bool = True) -> None:
        self.originals = path / "raw"
        if new:
            self.originals.mkdir()
        self.images = ImagePartitionsDataset(path=str(path / "images"))
        self.batches = RecordPartitionsDataset(path=str(path / "batches"))
        self.sessions = RecordPartitionsDataset(path=str(path / "sessions"))
        self.path = path
        rows = []
        for number in range(5):
            if new:
                Image.new("RGB", (4, 4), (number + 1, 0, 0)).save(self.originals / f"{number}.png")
            rows.append({"chain_id": f"i{number}", "start": "image", "image_path": f"{number}.png"})
        rows += [{"chain_id": f"p{number}", "start": "prompt", "prompt": f"prompt {number}"} for number in range(2)]
        common = {"replicate": 0, "concept": "emotion", "label": "fear"}
        self.chains = as_table([row | common | {"seed": 100 + i} for i, row in enumerate(rows)], CHAINS)
        self.describer, self.generator = FakeDescriber(), FakeGenerator()
        self.look()

    def look(self) -> None:
        """State the digests of the originals, as ingestion does; one that is gone keeps its own."""
        self.chains = digested(self.chains, self.originals)

    def follow(self, save: bool = True, **settings) -> Iterator[LoopOutput]:
        """Run the loop, saving each item before the next is asked for, as Kedro does."""
        self.look()
        wanted = {"iterations": 2, "describe_prompt": "Describe.", "describe_batch": 2, "draw_batch": 3}
        folders = LoopFolders(
            ImageFolderDataset(path=str(self.originals)).load(),
            self.images.load(),
            self.batches.load(),
            self.sessions.load(),
        )
        loop = LoopSettings.model_validate(wanted | settings)
        for finished in run_loop(self.chains, loop, self.describer, self.generator, folders):
            if save:
                self.images.save(finished.images)
                self.batches.save(finished.batches)
                self.sessions.save(finished.sessions)
            yield finished

    def run(self, **settings) -> None:
        for _ in self.follow(**settings):
            pass

    def done(self) -> Done:
        return read_journal(self.batches.load())

    def described(self, key: str) -> dict:
        records = [self.batches.read(name) for name in self.batches.load()]
        rows = {f"{row['chain_id']}/{row['iteration']}": row for record in records for row in record["descriptions"]}
        return rows[key]

    def results(self) -> dict[str, bytes]:
        files = sorted((self.path / "images").rglob("*.png"))
        images = {str(file.relative_to(self.path)): file.read_bytes() for file in files}
        return images | {key: text.encode() for key, text in self.done().texts.items()}

    def manifest(
        self,
        settings: dict | None = None,
        chains: pd.DataFrame | None = None,
        iterations: int = 2,
        keep: object = "all",
    ) -> dict:
        chains = self.chains if chains is None else chains
        done, records = sum_up(self.batches.read(name) for name in self.batches.load())
        done.forget(done.missing(self.images.load(), lambda k: is_kept(keep, iterations, k)))
        finished, sessions = FinishedSteps(done, chains_of(chains), iterations), self.sessions.load()
        return manifest("a study", settings or {"a": 1}, chains, finished, records, sessions, keep)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_steps_come_in_the_order_of_the_loop():
    assert [tuple(step) for step in steps(2)] == [(1, "describe"), (1, "draw"), (2, "describe"), (2, "draw")]


def test_every_chain_gets_every_description_and_picture(bench):
    bench.run()
    keys = {f"{chain}/{k}" for chain in bench.chains["chain_id"] for k in (1, 2)}
    assert set(bench.images.load()) == keys
    assert set(bench.done().texts) == keys


def test_a_prompt_is_the_first_description_and_no_model_sees_it(bench):
    bench.run(iterations=1)
    assert bench.described("p0/1") == {
        "chain_id": "p0",
        "iteration": 1,
        "text": "prompt 0",
        "tokens": None,
        "truncated": False,
        "describer": "prompt",
        "made_from": digest("prompt 0"),
    }
    assert sum(bench.describer.calls) == 5


def test_description_k_is_of_image_k_minus_1_and_image_k_has_the_items_own_seed(bench):
    bench.run()
    assert bench.done().texts["i2/1"] == "colour (3, 0, 0)"
    first = bench.images.read("i2/1")
    assert bench.done().texts["i2/2"] == f"colour {first.getpixel((0, 0))}"
    text, chain = bench.done().texts["i2/2"], chains_of(bench.chains)[2]
    expected = FakeGenerator().draw([text], [item_seed(chain.seed, 2)])[0]
    assert bench.images.read("i2/2").tobytes() == expected.tobytes()


def test_order_and_batches_change_nothing(bench, tmp_path):
    bench.run()
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other")
    other.chains = other.chains.iloc[::-1]
    other.run(describe_batch=1, draw_batch=7, residency="one")
    assert other.results() == bench.results()


@pytest.mark.parametrize("broken", [False, True], ids=["all open", "one does not open"])
def test_an_interrupted_run_does_only_the_rest_and_ends_the_same(tmp_path, broken):
    """To the byte, although these pictures depend on their whole batch, as real ones do by rounding."""
    whole = interrupted(tmp_path / "whole", (), broken)
    drawn = len(whole.images.load())
    for first in range(1, 14):
        bench = interrupted(tmp_path / str(first), (first, 3), broken)
        assert bench.results() == whole.results(), first
        # The batch at work is lost, and the one behind it may have been begun by then.
        assert sum(bench.drawn) <= drawn + 2 * 2 * 3


def interrupted(path: Path, moments: tuple[int, ...], broken: bool) -> Bench:
    """Run a loop to its end, interrupted after so many batches (counted anew after each time)."""
    path.mkdir()
    bench = Bench(path)
    bench.drawn = []
    if broken:
        (bench.originals / "1.png").write_bytes(b"no picture")
    for moment in (*moments, None):
        bench.describer, bench.generator = FakeDescriber(), FakeGenerator(minds_the_batch=True)
        followed = bench.follow()
        for number, _ in enumerate(followed):
            if number == moment:
                break
        followed.close()
        bench.drawn += bench.generator.calls
    return bench


def test_pictures_of_a_batch_that_was_not_finished_are_drawn_again_with_their_whole_batch(tmp_path):
    whole = interrupted(tmp_path / "whole", (), False)
    bench = interrupted(tmp_path / "other", (), False)
    records = bench.batches.load().items()
    [record] = [
        name for name, load in records if "001" in name and [one["chain_id"] for one in load()["images"]][:1] == ["i3"]
    ]
    Path(bench.batches.place(record)).unlink()
    (bench.path / "images/i3/1.png").unlink()
    bench.generator = FakeGenerator(minds_the_batch=True)
    bench.run()
    assert bench.results() == whole.results()
    assert bench.generator.calls == [3]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_after_the_batch_at_work(bench, number):
    class Signalling(FakeGenerator):
        def draw(self, prompts, seeds):
            if seeds == [0]:  # tried before the first batch
                return super().draw(prompts, seeds)
            os.kill(os.getpid(), number)
            time.sleep(0.5)  # As long as the other batch in the queue is not begun, it can be taken back.
            return super().draw(prompts, seeds)

    before = signal.getsignal(number)
    bench.generator = Signalling()
    with pytest.raises(InterruptedRunError, match=r"3 pictures, 0 of 7 chains to their end.*same command"):
        bench.run()
    assert len(bench.images.load()) == 3 == len(bench.done().images)
    assert signal.getsignal(number) == before
    assert not bench.manifest()["complete"]
    bench.generator = FakeGenerator()
    bench.run()
    assert bench.manifest()["complete"]


class OutOfMemoryError(RuntimeError):
    """Named as torch's."""


class RoomForTwo(FakeGenerator):
    def draw(self, prompts, seeds):
        drawn = super().draw(prompts, seeds)
        if len(prompts) > 2:
            raise OutOfMemoryError("CUDA out of memory")
        return drawn


def test_memory_that_runs_out_halves_the_batch_and_loses_nothing(bench, caplog):
    bench.generator = RoomForTwo()
    bench.run(draw_batch=7)
    assert bench.generator.calls == [7, 3, 3, *[1] * 14]
    assert bench.done().batch_sizes["1/1", "draw", 7] == 1
    assert order_of_batches(bench) == list(bench.chains["chain_id"]) * 2
    assert "7 at once did not fit into memory: 3 from here on" in caplog.text
    (bench.path / "other").mkdir()
    other = Bench(bench.path / "other")
    other.run()
    assert other.results() == bench.results()

    class Tiny(FakeGenerator):
        def draw(self, prompts, seeds):
            if seeds == [0]:  # fits alone, as long as nothing else is in memory
                return super().draw(prompts, seeds)
            raise OutOfMemoryError("CUDA out of memory")

    shutil.rmtree(bench.path / "images")
    bench.generator = Tiny()
    with pytest.raises(StudyError, match=r"Not even one picture fits.*residency: one"):
        bench.run()


def order_of_batches(bench: Bench) -> list[str]:
    records = [bench.batches.read(name) for name in bench.batches.load()]
    drawn = sorted((record for record in records if record["phase"] == "draw"), key=lambda record: record["ended"])
    return [image["chain_id"] for record in drawn for image in record["images"]]


def test_after_memory_ran_out_a_resumed_run_cuts_the_same_batches(tmp_path):
    results = []
    for moment in (None, 3, 6):
        path = tmp_path / str(moment)
        path.mkdir()
        bench = Bench(path)
        bench.generator = RoomForTwo(minds_the_batch=True)
        followed = bench.follow(draw_batch=5)
        for number, _ in enumerate(followed):
            if number == moment:
                break
        followed.close()
        bench.generator = RoomForTwo(minds_the_batch=True)
        bench.run(draw_batch=5)
        results.append(bench.results())
    assert results[0] == results[1] == results[2]


def test_an_error_saves_what_was_finished_before_it_is_raised(bench):
    class Failing(FakeDescriber):
        def describe(self, images, prompt):
            if len(self.calls) == 1:
                raise RuntimeError("gone")
            return super().describe(images, prompt)

    bench.describer = Failing()
    with pytest.raises(RuntimeError, match="gone"):
        bench.run()
    assert {name for name in bench.done().texts if name.startswith("i")} == {"i0/1", "i1/1"}


def test_what_a_model_raises_an_error_at_stops_alone_and_is_tried_again(bench):
    class Raising(FakeDescriber):
        def describe(self, images, prompt):
            if any(image.getpixel((0, 0)) == (4, 0, 0) for image in images):
                raise AssertionError("of all\nthings")
            return super().describe(images, prompt)

    class Stumbling(FakeGenerator):
        def draw(self, prompts, seeds):
            if any("prompt 1" in prompt for prompt in prompts):
                raise IndexError("a token that is none")
            return super().draw(prompts, seeds)

    bench.describer, bench.generator = Raising(), Stumbling()
    bench.run(describe_batch=5, draw_batch=4)
    failures = bench.done().failures
    assert {(key, one["kind"], one["reason"]) for key, one in failures.items()} == {
        ("i3/1", "model error", "AssertionError: of all things"),
        ("p1/1", "model error", "IndexError: a token that is none"),
    }
    assert bench.describer.calls[:3] == [2, 1, 1]
    assert counts(bench) | {"images": 10, "failures": 2} == counts(bench)
    assert not bench.manifest()["complete"]
    bench.describer, bench.generator = FakeDescriber(), FakeGenerator()
    bench.run(describe_batch=5, draw_batch=4)
    assert bench.manifest()["complete"]
    assert counts(bench)["failures"] == 0
    (bench.path / "other").mkdir()
    other = Bench(bench.path / "other")
    other.run()
    assert other.results() == bench.results()


def test_texts_that_no_file_can_hold_are_mended(bench):
    class Halves(FakeDescriber):
        def _one(self, image):
            return replace(super()._one(image), text="half \ud83d of it")

    bench.describer = Halves()
    bench.run(iterations=1)
    assert bench.done().texts["i0/1"] == "half ? of it"


def test_a_picture_that_is_gone_is_made_again_although_its_chain_stopped_later(bench):
    class Refusing(FakeDescriber):
        def _one(self, image):
            one = super()._one(image)
            return replace(one, refused=image.getpixel((0, 0))[1:] != (0, 0))

    bench.describer = Refusing()
    bench.run()
    assert len(bench.done().ended) == 7
    assert bench.manifest()["complete"]
    (bench.path / "images/i1/1.png").unlink()
    assert not bench.manifest()["complete"]
    bench.generator = FakeGenerator()
    bench.run()
    assert bench.generator.calls == [1]
    assert bench.manifest()["complete"]


@pytest.fixture
def other() -> Iterator[subprocess.Popen]:
    """Another process."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_a_living_run_of_the_same_chains_is_refused(bench, other):
    bench.run(iterations=1, shard="1/2")
    [name] = bench.sessions.load()
    bench.sessions.save({name: bench.sessions.read(name) | {"process": other.pid}})
    with pytest.raises(StudyError, match=rf"process {other.pid}.*loop_sessions/{name}"):
        bench.run()
    with pytest.raises(StudyError, match=rf"process {other.pid}"):
        bench.run(shard="01/2")
    bench.run(shard="2/2")
    other.kill()
    while psutil.Process(other.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    bench.run()
    other.wait()
    assert bench.manifest()["complete"]


def test_a_later_process_with_the_number_of_an_earlier_run_is_none(bench, other):
    bench.run(iterations=1)
    [name] = bench.sessions.load()
    earlier = {"process": other.pid, "started": "2020-01-01T00:00:00+00:00"}
    bench.sessions.save({name: bench.sessions.read(name) | earlier})
    bench.run()
    assert bench.manifest()["complete"]


def test_of_two_runs_that_start_at_one_moment_none_follows_chains_that_the_other_does(bench, other):
    bench.run(iterations=1, shard="1/2")
    [name] = bench.sessions.load()
    followed = bench.follow()
    next(followed)  # Its record is there; another comes now, of a run that saw none either.
    bench.sessions.save({"other": bench.sessions.read(name) | {"process": other.pid}})
    before = bench.results()
    bench.describer = FakeDescriber()
    with pytest.raises(StudyError, match=rf"process {other.pid}.*loop_sessions/other"):
        next(followed)
    assert bench.results() == before


@pytest.mark.parametrize(("stated", "shard"), [("1/1", "1/1"), ("01/2", "1/2"), ("3/08", "3/8")])
def test_a_shard_is_written_in_one_way(stated, shard):
    assert LoopSettings(iterations=1, describe_prompt="Describe.", shard=stated).shard == shard


def test_a_batch_size_is_found_recorded_and_kept(bench):
    size = BatchSize("auto")
    for items, seconds in ((1, 1.0), (2, 1.2), (4, 1.5), (8, 2.9)):
        assert (size.next, size.found) == (items, None)
        size.learn(items, seconds)
    assert (size.next, size.found) == (4, 4)
    assert (BatchSize("auto", 4).next, BatchSize("auto", 4).settled) == (4, True)
    assert (BatchSize(6).next, BatchSize(6).found) == (6, None)
    assert (BatchSize(6, 3).next, BatchSize(6, 3).found) == (3, 3)

    class Timed(FakeGenerator):
        """Two at once are no cheaper than one and one."""

        def draw(self, prompts, seeds):
            time.sleep(0.05 * len(prompts))
            return super().draw(prompts, seeds)

    bench.generator = Timed()
    bench.run(iterations=1, draw_batch="auto", describe_batch="auto")
    assert bench.generator.calls == [1, 2, 1, 1, 1, 1]
    bench.generator = Timed()
    bench.run(draw_batch="auto", describe_batch="auto")
    assert bench.generator.calls == [1] * 7


def test_a_batch_size_that_one_shard_had_to_shrink_is_no_others(bench):
    bench.generator = RoomForTwo()
    bench.run(shard="2/2", iterations=1, draw_batch=7)
    assert bench.generator.calls == [6, 3, 3, *[1] * 6]
    bench.generator = FakeGenerator()
    bench.run(draw_batch=7)
    assert bench.generator.calls == [1, 7]
    bench.generator = FakeGenerator()
    bench.run(shard="2/2", iterations=3, draw_batch=7)
    assert bench.generator.calls == [1] * 6


def test_a_session_says_what_the_models_were_here(bench):
    bench.run()
    [record] = [bench.sessions.read(name) for name in bench.sessions.load()]
    here = {"dtype": "float32", "commit": None}
    assert record["resolved"] == {"describe": here, "draw": here}
    assert record["models"] == {"describe": "fake describer", "draw": "fake generator"}


def test_shards_in_any_order_make_the_whole(tmp_path):
    results = []
    for order in ((1, 2, 3), (3, 1, 2)):
        path = tmp_path / str(order)
        path.mkdir()
        bench = Bench(path)
        bench.generator = FakeGenerator(minds_the_batch=True)
        for number in order:
            bench.run(shard=f"{number}/3")
            assert bench.manifest()["complete"] == (number == order[-1])
        results.append(bench.results())
        calls = len(bench.generator.calls)
        bench.run()
        assert len(bench.generator.calls) == calls
    assert results[0] == results[1]
    assert len(results[0]) == 28
    chains = chains_of(bench.chains)
    assert [len(of_shard(chains, f"{number}/100")) for number in range(1, 101)].count(0) >= 93
    bench.run(iterations=3, shard=next(f"{n}/100" for n in range(1, 101) if not of_shard(chains, f"{n}/100")))
    parts = [of_shard(chains, f"{number}/3") for number in (1, 2, 3)]
    assert sorted(chain.chain_id for part in parts for chain in part) == sorted(chain.chain_id for chain in chains)


def test_a_finished_study_is_known_by_its_manifest_and_its_pictures(bench):
    bench.run()
    record, journal = bench.manifest(), (bench.batches.load(), bench.sessions.load())
    assert is_finished(record, {"a": 1}, bench.chains, 2, *journal)
    assert is_finished(record, {"a": 1}, bench.chains.iloc[::-1], 2, *journal)
    assert not is_finished(None, {"a": 1}, bench.chains, 2, *journal)
    assert not is_finished(record, {"a": 2}, bench.chains, 2, *journal)
    assert not is_finished(record, {"a": 1}, bench.chains, 3, *journal)
    assert not is_finished(record, {"a": 1}, bench.chains.head(6), 2, *journal)
    # A record that was deleted is to be made again; a run that began later may have changed anything.
    assert not is_finished(record, {"a": 1}, bench.chains, 2, list(journal[0])[1:], journal[1])
    assert not is_finished(record, {"a": 1}, bench.chains, 2, journal[0], [*journal[1], "later"])
    assert fingerprint(bench.chains) != fingerprint(bench.chains.assign(seed=bench.chains["seed"] + 1))
    (bench.path / "images/i0/2.png").unlink()
    assert not bench.manifest()["complete"]


def test_a_finished_run_loads_no_model(bench):
    bench.run()
    sessions = list(bench.sessions.load())
    bench.describer, bench.generator = FakeDescriber(), FakeGenerator()
    bench.run()
    assert not bench.describer.loaded
    assert not bench.generator.loaded
    assert list(bench.sessions.load()) == sessions


def test_more_iterations_go_on_from_where_it_ended(bench):
    bench.run(iterations=1)
    before = bench.results()
    bench.run(iterations=2)
    assert before.items() < bench.results().items()


def test_one_at_a_time(bench):
    bench.run(residency="one")
    assert bench.describer.releases == 2
    # Once more than it draws: it was tried before the first batch.
    assert bench.generator.releases == 3
    assert not bench.describer.loaded


def test_a_generator_that_loads_but_cannot_draw_is_found_before_anything_is_saved(bench):
    class Wrong(FakeGenerator):
        def draw(self, prompts, seeds):
            tried.append((prompts, seeds))
            raise StudyError("parts do not fit together")

    tried = []
    bench.generator = Wrong()
    with pytest.raises(StudyError, match="parts do not fit together"):
        bench.run()
    assert tried[0] == (["Describe."], [0])
    assert bench.describer.calls == list(bench.batches.load()) == []


@pytest.mark.parametrize("residency", ["both", "one"])
def test_a_wrong_generator_is_found_before_anything_is_described_or_saved(bench, residency):
    class Wrong(FakeGenerator):
        def load(self):
            raise StudyError("divisible by 8")

    bench.generator = Wrong()
    with pytest.raises(StudyError, match="divisible by 8"):
        bench.run(residency=residency)
    assert bench.describer.calls == []
    assert list(bench.batches.load()) == []
    bench.generator = FakeGenerator()
    bench.run()
    assert bench.manifest()["complete"]


def test_a_describer_is_tried_before_prompts_are_saved_and_drawn(bench):
    class Wrong(FakeDescriber):
        def describe(self, images, prompt):
            raise StudyError("no such argument")

    bench.chains, bench.describer = bench.chains.tail(2), Wrong()
    with pytest.raises(StudyError, match="no such argument"):
        bench.run()
    assert bench.generator.calls == list(bench.batches.load()) == []


def test_models_that_do_not_fit_together_are_told_before_the_first_batch(bench):
    class Large(FakeGenerator):
        def load(self):
            raise MemoryError("all of it")

    bench.generator = Large()
    with pytest.raises(StudyError, match=r"models do not fit.*residency: one"):
        bench.run()


def test_only_models_that_are_needed_are_tried_and_none_for_a_picture_that_still_does_not_open(bench):
    (bench.originals / "1.png").write_bytes(b"broken")
    bench.run()
    bench.describer, bench.generator = FakeDescriber(), FakeGenerator()
    bench.run()
    assert not bench.describer.loaded
    assert not bench.generator.loaded
    (bench.originals / "1.png").unlink()
    (bench.path / "images/i0/2.png").unlink()
    bench.chains = bench.chains.head(1)
    bench.run()
    assert bench.generator.loaded
    assert not bench.describer.loaded


def test_a_picture_that_does_not_open_stops_its_chain_only(bench):
    (bench.originals / "1.png").write_bytes(b"\x89PNG broken")
    (bench.originals / "3.png").unlink()
    bench.run()
    assert len(bench.images.load()) == 10
    record = bench.done().failures["i1/1"]
    assert record["kind"] == "unreadable image"
    assert str(bench.originals / "1.png") in record["reason"]
    assert not bench.manifest()["complete"]
    assert "3.png does not exist" in bench.done().failures["i3/1"]["reason"]
    assert counts(bench)["failures"] == 2


def test_a_mended_picture_is_followed_in_the_next_run(bench):
    whole = (bench.originals / "1.png").read_bytes()
    (bench.originals / "1.png").write_bytes(whole[:20])
    bench.run()
    (bench.originals / "1.png").write_bytes(whole)
    bench.describer = FakeDescriber()
    bench.run()
    assert sum(bench.describer.calls) == 2
    assert counts(bench)["failures"] == 0
    assert counts(bench)["images"] == 14


def test_an_empty_description_stops_its_chain_for_good(bench):
    Image.new("RGB", (4, 4)).save(bench.originals / "0.png")
    bench.run()
    assert bench.done().failures["i0/1"]["kind"] == "empty description"
    assert "i0/1" not in bench.done().texts
    assert len(bench.images.load()) == 12
    sessions = list(bench.sessions.load())
    bench.describer = FakeDescriber()
    bench.run()
    assert bench.describer.calls == []
    assert list(bench.sessions.load()) == sessions


def test_a_picture_that_is_none_and_a_refusal_stop_their_chains_for_good(bench):
    class Failing(FakeGenerator):
        def draw(self, prompts, seeds):
            drawn = super().draw(prompts, seeds)
            return [Failure("black picture", "all 0") if "(2," in p else d for p, d in zip(prompts, drawn, strict=True)]

    class Refusing(FakeDescriber):
        def _one(self, image):
            if image.getpixel((0, 0)) == (5, 0, 0):
                return Failure("rejected picture", "too small")
            one = super()._one(image)
            return replace(one, refused=True) if "(4," in one.text else one

    bench.generator, bench.describer = Failing(), Refusing()
    bench.run()
    assert bench.done().failures["i1/1"]["kind"] == "black picture"
    refused = bench.done().failures["i3/1"]
    assert (refused["kind"], refused["phase"]) == ("refused description", "describe")
    assert "wrote: colour (4, 0, 0)" in refused["reason"]
    assert bench.done().failures["i4/1"]["reason"] == "too small"
    assert counts(bench) | {"images": 8, "descriptions": 9, "failures": 3} == counts(bench)
    bench.describer, bench.generator = FakeDescriber(), FakeGenerator()
    bench.run()
    assert bench.generator.calls == bench.describer.calls == []


def counts(bench: Bench) -> dict:
    return bench.manifest()["counts"]


def test_the_manifest_adds_up_what_resumed_runs_did(bench):
    bench.run(iterations=1)
    bench.run(iterations=2)
    record = bench.manifest()
    assert record["counts"] == {
        "chains": 7,
        "chains_from_images": 5,
        "chains_from_prompts": 2,
        "descriptions": 14,
        "images": 14,
        "stored": 14,
        "failures": 0,
        "cut": sum(FakeGenerator().truncates(list(bench.done().texts.values()))),
    }
    assert [run["drawn"] for run in record["sessions"]] == [7, 7]
    assert record["counts"]["cut"] > 0
    totals = {name: sum(run["seconds"][name] for run in record["sessions"]) for name in record["seconds"]}
    assert record["seconds"] == pytest.approx(totals, abs=0.001)
    assert set(totals) == {"describe", "draw", "load", "around"}
    assert sum(totals.values()) > 0
    assert record["prompts"] == ["prompt 0", "prompt 1"]
    fewer = bench.chains.head(1)
    assert bench.manifest(chains=fewer, iterations=1)["counts"]["images"] == 1
    assert record["digest"] == bench.manifest(chains=fewer)["digest"]
    assert record["digest"] != bench.manifest({"a": 2})["digest"]


def test_seeds_belong_to_items():
    seeds = {item_seed(chain, iteration) for chain in range(50) for iteration in range(50)}
    assert len(seeds) == 2500
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_time_is_counted_where_it_is_spent(bench):
    class Slow(FakeGenerator):
        def load(self):
            if not self.loaded:
                time.sleep(0.3)
            super().load()

        def draw(self, prompts, seeds):
            time.sleep(0.1)
            return super().draw(prompts, seeds)

    bench.generator = Slow()
    bench.run(iterations=1, draw_batch=7)
    seconds = bench.manifest(iterations=1)["seconds"]
    # Trying it took as long as a picture takes, which counts as loading.
    assert 0.4 <= seconds["load"] < 0.6
    assert 0.1 <= seconds["draw"] < 0.25
    assert seconds["describe"] < 0.1


def test_a_picture_tried_again_waits_for_all_others(tmp_path):
    """Else it would change the batches of the rest."""

    class Minding(FakeDescriber):
        def describe(self, images, prompt):
            together = sum(sum(image.getpixel((0, 0))) for image in images)
            return [replace(one, text=f"{one.text} {together}") for one in super().describe(images, prompt)]

    results = []
    for moment in (None, 2):
        path = tmp_path / str(moment)
        path.mkdir()
        bench = Bench(path)
        (bench.originals / "0.png").write_bytes(b"no picture")
        bench.describer = Minding()
        followed = bench.follow()
        for number, _ in enumerate(followed):
            if number == moment:
                break
        followed.close()
        bench.describer = Minding()
        bench.run()
        results.append(bench.results())
    assert results[0] == results[1]


class Sampling(FakeDescriber):
    """Never says the same twice."""

    said = 0

    def _one(self, image):
        type(self).said += 1
        return replace(super()._one(image), text=f"colour {image.getpixel((0, 0))}, take {self.said}")


def drawn_from_their_descriptions(bench: Bench, iterations: int) -> bool:
    """Whether every picture is what its description in the journal draws, and every description of that picture."""
    done = bench.done()
    for chain in chains_of(bench.chains):
        assert len(done.finished(chain, iterations)) == 2 * iterations
        for iteration in range(1, iterations + 1):
            name = f"{chain.chain_id}/{iteration}"
            [expected] = FakeGenerator().draw([done.texts[name]], [item_seed(chain.seed, iteration)])
            if bench.images.read(name).tobytes() != expected.tobytes():
                return False
            if iteration > 1:
                before = bench.images.read(f"{chain.chain_id}/{iteration - 1}").getpixel((0, 0))
                if not done.texts[name].startswith(f"colour {before}"):
                    return False
    return True


@pytest.mark.parametrize("phase", ["describe", "draw"])
@pytest.mark.parametrize("iteration", [1, 2])
@pytest.mark.parametrize("how", ["cut off", "changed", "gone"])
def test_what_a_damaged_record_held_is_made_again_with_all_that_followed(bench, iteration, phase, how):
    bench.describer = Sampling()
    bench.run(iterations=3)
    assert drawn_from_their_descriptions(bench, 3)
    record = next(name for name in bench.batches.load() if name.startswith(f"{iteration:03}_{phase}"))
    file = Path(bench.batches.place(record))
    text = file.read_text()
    if how != "gone":
        file.write_text(text[: len(text) // 2] if how == "cut off" else text.replace('"i', '"I', 1))
        with pytest.raises(StudyError, match=rf"{re.escape(str(file))} is (damaged|not a record).*Delete it and run"):
            bench.run(iterations=3)
    file.unlink()
    bench.describer = Sampling()
    bench.run(iterations=3)
    assert drawn_from_their_descriptions(bench, 3)
    assert bench.manifest(iterations=3)["complete"]


@pytest.mark.parametrize("saved", ["pictures", "pictures and record"])
def test_a_run_that_is_killed_while_pictures_are_drawn_again_goes_on(bench, saved):
    bench.describer = Sampling()
    bench.run(iterations=2)
    originals, images = ImageFolderDataset(path=str(bench.originals)).load(), bench.images.load()
    ledger = check_files(images, sorted(images), None).ledger
    files = check_files(originals, bench.chains["image_path"].dropna(), None).ledger
    for name in bench.batches.load():
        if name.startswith("001_describe"):
            Path(bench.batches.place(name)).unlink()
    for finished in bench.follow(save=False, iterations=2):
        bench.images.save(finished.images)
        if finished.images and saved == "pictures":
            break  # killed before the record of the batch was written
        bench.batches.save(finished.batches)
        bench.sessions.save(finished.sessions)
        if finished.images:
            break
    loop = LoopSettings(iterations=2, describe_prompt="Describe.")
    wording = wording_of(bench.chains, as_table([], STEERING), loop, {})
    store = SimpleNamespace(images=images, pictures=ledger, batches=bench.batches.load())
    look_at_pictures(bench.chains, originals, files, loop, wording, store)
    bench.run(iterations=2)
    assert drawn_from_their_descriptions(bench, 2)
    # The ledger of before is no reason to refuse; a picture that nobody drew is.
    look_at_pictures(bench.chains, originals, files, loop, wording, store)
    bench.images.save({"i2/1": as_png(Image.new("RGB", (4, 4), (90, 0, 0)))})
    with pytest.raises(ChangedInputError, match=r"1 drawn pictures .*: i2/1 "):
        look_at_pictures(bench.chains, originals, files, loop, wording, store)


def test_a_record_that_is_gone_is_made_again_to_the_byte_if_nothing_is_sampled(bench):
    bench.run(iterations=3)
    before, calls = bench.results(), len(bench.generator.calls)
    Path(bench.batches.place(next(iter(bench.batches.load())))).unlink()
    bench.run(iterations=3)
    assert bench.results() == before
    # The same descriptions: no picture had to be drawn again.
    assert len(bench.generator.calls) == calls


@pytest.mark.parametrize("iterations", [1, 2])
def test_an_original_that_changed_is_refused_by_name(bench, iterations):
    bench.run(iterations=iterations)
    before = bench.results()
    for number in (1, 3):
        Image.new("RGB", (4, 4), (90, 0, number)).save(bench.originals / f"{number}.png")
    with pytest.raises(ChangedInputError, match=r"2 of 7 originals or prompts .*: 1\.png, 3\.png"):
        bench.run(iterations=3)
    assert bench.results() == before


def test_a_picture_that_could_not_be_drawn_stays_a_failure_when_its_description_is_made_again(bench):
    class Black(FakeGenerator):
        def draw(self, prompts, seeds):
            drawn = super().draw(prompts, seeds)
            return [Failure("black picture", "all 0") if "(2," in p else d for p, d in zip(prompts, drawn, strict=True)]

    bench.generator = Black()
    bench.run(iterations=1)
    assert counts(bench)["failures"] == 1
    for name in bench.batches.load():
        if name.startswith("001_describe"):
            Path(bench.batches.place(name)).unlink()
    bench.run(iterations=1)
    assert bench.done().failures["i1/1"]["kind"] == "black picture"
    assert bench.manifest(iterations=1)["counts"]["failures"] == 1


def test_an_original_that_changes_while_the_loop_runs_is_refused_by_name(bench):
    followed = bench.follow()
    next(followed)
    Image.new("RGB", (4, 4), (90, 0, 0)).save(bench.originals / "4.png")
    with pytest.raises(ChangedInputError, match=r"4\.png was changed"):
        list(followed)


def test_a_prompt_that_changed_is_refused_by_name(bench):
    bench.run()
    bench.chains.loc[bench.chains["chain_id"] == "p0", "prompt"] = "another"
    with pytest.raises(ChangedInputError, match=r"1 of 7 originals or prompts .*: another"):
        bench.run()


def test_a_drawn_picture_that_changed_is_refused_by_name(bench):
    bench.run(iterations=1)
    bench.images.save({"i2/1": as_png(Image.new("RGB", (4, 4), (90, 0, 0)))})
    with pytest.raises(ChangedInputError, match=r"i2/1\.png was changed"):
        bench.run(iterations=2)
    (bench.path / "images/i2/1.png").unlink()
    bench.run(iterations=2)
    assert drawn_from_their_descriptions(bench, 2)


def test_of_two_records_the_later_counts_although_the_clock_was_set_back(bench):
    bench.describer = Sampling()
    bench.run()
    [first] = bench.sessions.load()
    record = bench.sessions.read(first)
    # As if that run had been in the far future.
    later = first.replace(first[:4], "2999", 1)
    Path(bench.sessions.place(first)).unlink()
    bench.sessions.save({later: record})
    for name in bench.batches.load():
        bench.batches.save({name: bench.batches.read(name) | {"session": later}})
    (bench.path / "images/i0/1.png").unlink()
    for name in bench.batches.load():
        if name.startswith("001_describe"):
            Path(bench.batches.place(name)).unlink()
    bench.run()
    assert len(bench.sessions.load()) == 2
    assert max(bench.sessions.load()) != later
    assert drawn_from_their_descriptions(bench, 2)


def test_a_thought_is_kept_beside_its_description_and_draws_nothing(bench):
    class Thinking(FakeDescriber):
        def _one(self, image):
            return replace(super()._one(image), thought="An old Black man, I think.")

    bench.run()
    drawn = bench.results()
    (bench.path / "thinking").mkdir()
    thinking = Bench(bench.path / "thinking")
    thinking.describer = Thinking()
    thinking.run()
    assert thinking.described("i0/1")["thought"] == "An old Black man, I think."
    assert "thought" not in bench.described("i0/1")
    assert list(thinking.results().values()) == list(drawn.values())


@pytest.mark.parametrize(
    ("text", "truncated", "kind", "kept"),
    [
        ("<think>\nHmm, an old Black man maybe, let me think", True, "no answer before the token limit", "Hmm, an old"),
        ("", True, "no answer before the token limit", None),
        ("!" * 77, True, "degenerate output", None),
        ("<think>Hmm.</think>" + "happy " * 40, True, "degenerate output", "Hmm."),
        ("<think>\nHmm, an old Black man maybe.</think>", False, "empty description", "Hmm, an old"),
        ("<think>A man.</think>I'm sorry, but I can't help with that.", False, "refused description", "A man."),
    ],
)
def test_text_without_an_answer_stops_its_chain_for_good_and_draws_nothing(text, truncated, kind, kept, bench):
    class Writing(FakeDescriber):
        def _one(self, image):
            one = super()._one(image)
            return replace(one, text=text, truncated=truncated) if "(1," in one.text else one

    bench.describer = Writing()
    bench.run()
    failure = bench.done().failures["i0/1"]
    assert failure["kind"] == kind
    assert failure.get("thought", "").startswith(kept or "")
    assert ("thought" in failure) == (kept is not None)
    assert not {"i0/1", "i0/2"} & {*bench.done().texts, *bench.images.load()}
    assert [one["kind"] for one in bench.manifest()["failures"]] == [kind]
    assert "thought" not in bench.manifest()["failures"][0]
    bench.describer = FakeDescriber()
    bench.run()
    assert bench.describer.calls == []


def test_a_describer_that_only_thinks_is_told_before_the_first_batch(bench, caplog):
    class Thinking(FakeDescriber):
        def _one(self, image):
            return replace(super()._one(image), text="<think> Hmm", truncated=True)

    bench.describer = Thinking()
    bench.run()
    assert "no description of a plain grey picture" in caplog.text
    assert "max_new_tokens" in caplog.text


def test_describers_get_originals_upright_and_no_larger_than_they_read(bench, monkeypatch):
    sizes = []
    answer = bench.describer.describe
    monkeypatch.setattr(
        bench.describer,
        "describe",
        lambda images, prompt: sizes.extend(i.size for i in images) or answer(images, prompt),
    )
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (4100, 8), (1, 0, 0)).save(bench.originals / "0.png", exif=turned)
    bench.chains = bench.chains.head(1)
    bench.run(iterations=1)
    assert sizes == [(224, 224), (4, 2048)]
    bench.describer.longest = 3000
    (bench.originals / "0.png").rename(bench.originals / "1.png")
    bench.chains = as_table([{**bench.chains.iloc[0], "chain_id": "i1", "image_path": "1.png"}], CHAINS)
    bench.run(iterations=1)
    assert sizes[2:] == [(224, 224), (6, 3000)]
