"""`loop.keep`: which images stay on disk, and that everything else is as if all had stayed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeDescriber, FakeGenerator
from test_loop_run import Bench

from broken_telephone.errors import StudyError
from broken_telephone.loop import LoopSettings
from broken_telephone.loop.kept import in_words, is_kept, kept_iterations
from broken_telephone.loop.manifest import is_finished

EVERY_THREE = {"every": 3}


@pytest.fixture
def whole(tmp_path: Path) -> Bench:
    """A study of seven iterations that keeps everything."""
    (tmp_path / "whole").mkdir()
    bench = Bench(tmp_path / "whole")
    bench.run(iterations=7)
    return bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    (tmp_path / "own").mkdir()
    return Bench(tmp_path / "own")


def iterations_of(bench: Bench) -> dict[str, list[int]]:
    """Return chain -> iterations of its images on disk."""
    found: dict[str, list[int]] = {}
    for name in bench.images.load():
        chain, _, iteration = name.rpartition("/")
        found.setdefault(chain, []).append(int(iteration))
    return {chain: sorted(numbers) for chain, numbers in found.items()}


def is_part_of(bench: Bench, whole: Bench) -> bool:
    """Return whether the images are byte for byte those of the whole study, and all its texts are there."""
    texts = bench.done().texts == whole.done().texts
    return texts and all(bench.images.content(name) == whole.images.content(name) for name in bench.images.load())


@pytest.mark.parametrize(
    ("keep", "iterations", "kept"),
    [
        ("all", 4, [1, 2, 3, 4]),
        ({"every": 3}, 7, [1, 3, 6, 7]),
        ({"every": 10}, 25, [1, 10, 20, 25]),
        ([4, 2, 4], 6, [1, 2, 4, 6]),
        ([], 5, [1, 5]),
        ([9], 3, [1, 3]),
        ({"every": 10}, 1, [1]),
    ],
)
def test_first_and_last_image_are_always_kept(keep, iterations, kept):
    assert kept_iterations(keep, iterations) == kept
    assert (
        LoopSettings.model_validate({"iterations": iterations, "describe_prompt": "?", "keep": keep}).kept_iterations
        == kept
    )


def test_images_beyond_the_last_iteration_are_not_thinned():
    assert is_kept({"every": 10}, 15, 17)


@pytest.mark.parametrize(
    "keep", ["some", {"every": 0}, {"each": 3}, {"every": 2, "from": 3}, [0], [1.5], [True], 3, None]
)
def test_a_rule_that_is_none_is_refused(keep):
    with pytest.raises(StudyError, match=r"'keep': write all, \{every: n\}, or a list of iterations"):
        LoopSettings.model_validate({"iterations": 3, "describe_prompt": "?", "keep": keep})


def test_iterations_in_words():
    assert in_words([1, 2, 3, 4]) == "1 to 4"
    assert in_words([1, 10, 20, 25]) == "1, 10, 20, 25"
    assert in_words([1, *range(10, 101, 10)]) == "1, 10, 20 … 100 (11 of them)"
    assert in_words([]) == "none"


def test_only_kept_images_are_on_disk_and_every_text_is_that_of_the_whole_study(bench, whole):
    bench.run(iterations=7, keep=EVERY_THREE)
    assert iterations_of(bench) == {chain: [1, 3, 6, 7] for chain in bench.chains["chain_id"]}
    assert is_part_of(bench, whole)
    record = bench.manifest(iterations=7, keep=EVERY_THREE)
    assert record["complete"]
    assert (record["counts"]["images"], record["counts"]["stored"]) == (7 * 7, 7 * 4)


def test_at_no_time_more_than_one_image_of_a_chain_waits_to_be_deleted(bench):
    most = 0
    for _ in bench.follow(iterations=7, keep=EVERY_THREE):
        most = max([most, *(len([k for k in ks if k not in (1, 3, 6, 7)]) for ks in iterations_of(bench).values())])
    assert most == 1


def test_a_rerun_draws_nothing_and_loads_no_model(bench):
    bench.run(iterations=7, keep=EVERY_THREE)
    before, drawn = bench.results(), sum(bench.generator.calls)
    assert list(bench.follow(iterations=7, keep=EVERY_THREE)) == []
    assert bench.results() == before
    assert sum(bench.generator.calls) == drawn


def test_an_image_is_deleted_only_when_its_description_is_saved(bench):
    for output in bench.follow(iterations=7, keep=EVERY_THREE):
        described = {
            (row["chain_id"], record["iteration"] - 1)
            for record in output.batches.values()
            for row in record["descriptions"]
        }
        deleted = {
            (name.rpartition("/")[0], int(name.rpartition("/")[2]))
            for name, content in output.images.items()
            if content is None
        }
        assert not deleted & described
        assert all(f"{chain}/{k + 1}" in bench.done().texts for chain, k in deleted)


@pytest.mark.parametrize("moment", [1, 4, 8, 13, 17, 22, 26])
@pytest.mark.parametrize("saved", [True, False])
def test_a_run_that_is_killed_goes_on_and_ends_the_same(bench, whole, moment, saved):
    """Killed after or before the saving of any batch: with deletions done or not."""
    run: Iterator = bench.follow(save=True, iterations=7, keep=EVERY_THREE)
    for _ in range(moment):
        next(run, None)
    if not saved:
        # Images were saved and deleted, and the record of the batch was not.
        output = next(iter_unsaved(bench))
        bench.images.save(output.images)
    run.close()
    bench.run(iterations=7, keep=EVERY_THREE)
    assert iterations_of(bench) == {chain: [1, 3, 6, 7] for chain in bench.chains["chain_id"]}
    assert is_part_of(bench, whole)
    assert bench.manifest(iterations=7, keep=EVERY_THREE)["complete"]


def iter_unsaved(bench: Bench) -> Iterator:
    """Yield what a resumed run makes next, without saving it."""
    outputs = bench.follow(save=False, iterations=7, keep=EVERY_THREE)
    return (output for output in outputs if output.batches)


def test_images_that_a_kill_left_are_deleted_by_the_next_run(bench, whole):
    bench.run(iterations=7, keep=EVERY_THREE)
    bench.images.save({"i0/4": whole.images.content("i0/4"), "i1/5": whole.images.content("i1/5")})
    drawn = sum(bench.generator.calls)
    bench.run(iterations=7, keep=EVERY_THREE)
    assert iterations_of(bench)["i0"] == iterations_of(bench)["i1"] == [1, 3, 6, 7]
    assert sum(bench.generator.calls) == drawn


def test_less_thinning_draws_the_missing_images_again_byte_for_byte(bench, whole):
    bench.run(iterations=7, keep=EVERY_THREE)
    described = sum(bench.describer.calls)
    bench.run(iterations=7)
    assert bench.results() == whole.results()
    assert sum(bench.describer.calls) == described
    drawn = [len(record["images"]) for record in map(bench.batches.read, bench.batches.load())]
    assert sum(drawn) == 7 * 7


def test_more_thinning_of_a_finished_study_deletes_and_draws_nothing(whole):
    drawn, texts = sum(whole.generator.calls), whole.done().texts
    whole.run(iterations=7, keep=[4])
    assert iterations_of(whole) == {chain: [1, 4, 7] for chain in whole.chains["chain_id"]}
    assert whole.done().texts == texts
    assert sum(whole.generator.calls) == drawn


def test_more_iterations_go_on_from_the_last_image(bench, tmp_path):
    bench.run(iterations=5, keep=EVERY_THREE)
    assert iterations_of(bench)["i0"] == [1, 3, 5]
    drawn = sum(bench.generator.calls)
    bench.run(iterations=8, keep=EVERY_THREE)
    assert iterations_of(bench)["i0"] == [1, 3, 6, 8]
    assert sum(bench.generator.calls) == drawn + 7 * 3
    (tmp_path / "at once").mkdir()
    at_once = Bench(tmp_path / "at once")
    at_once.run(iterations=8)
    assert is_part_of(bench, at_once)


def test_fewer_iterations_delete_nothing_beyond_and_draw_the_new_last_image_again(bench, whole):
    bench.run(iterations=7, keep=EVERY_THREE)
    bench.run(iterations=5, keep=EVERY_THREE)
    assert iterations_of(bench)["i0"] == [1, 3, 5, 6, 7]
    assert is_part_of(bench, whole)


def test_a_kept_image_that_somebody_took_away_is_drawn_again_and_a_thinned_one_is_not(bench, whole):
    bench.run(iterations=7, keep=EVERY_THREE)
    (bench.path / "images/i2/3.png").unlink()
    drawn = sum(bench.generator.calls)
    bench.run(iterations=7, keep=EVERY_THREE)
    assert sum(bench.generator.calls) == drawn + 1
    assert is_part_of(bench, whole)
    assert iterations_of(bench)["i2"] == [1, 3, 6, 7]


def test_a_record_of_descriptions_that_is_gone_brings_its_image_back_for_as_long_as_it_is_needed(bench, whole):
    bench.run(iterations=7, keep=EVERY_THREE)
    name = next(name for name in bench.batches.load() if name.startswith("005_describe"))
    chains = [row["chain_id"] for row in bench.batches.read(name)["descriptions"]]
    (bench.path / f"batches/{name}.json").unlink()
    bench.run(iterations=7, keep=EVERY_THREE)
    assert is_part_of(bench, whole)
    assert iterations_of(bench)[chains[0]] == [1, 3, 6, 7]


class Silent(FakeDescriber):
    """Says nothing about the images of one iteration, so that chains stop for good."""

    def __init__(self, reds: set) -> None:
        super().__init__()
        self.reds = reds

    def _one(self, image):
        description = super()._one(image)
        return replace(description, text="") if image.getpixel((0, 0)) in self.reds else description


def test_the_last_image_of_a_chain_that_stopped_stays(bench, whole):
    bench.describer = Silent({whole.images.read("i0/4").getpixel((0, 0))})
    bench.run(iterations=7, keep=EVERY_THREE)
    assert iterations_of(bench)["i0"] == [1, 3, 4]
    assert iterations_of(bench)["i1"] == [1, 3, 6, 7]
    before = sum(bench.generator.calls)
    bench.run(iterations=7, keep=EVERY_THREE)
    assert iterations_of(bench)["i0"] == [1, 3, 4]
    assert sum(bench.generator.calls) == before
    assert bench.manifest(iterations=7, keep=EVERY_THREE)["complete"]


def test_shards_delete_their_own_images_only(bench, whole):
    for number in (1, 2, 3):
        bench.run(iterations=7, keep=EVERY_THREE, shard=f"{number}/3")
    assert iterations_of(bench) == {chain: [1, 3, 6, 7] for chain in bench.chains["chain_id"]}
    extra = {f"{chain}/4": whole.images.content(f"{chain}/4") for chain in bench.chains["chain_id"]}
    bench.images.save(extra)
    bench.run(iterations=7, keep=EVERY_THREE, shard="1/3")
    left = [chain for chain, ks in iterations_of(bench).items() if 4 in ks]
    assert 0 < len(left) < len(bench.chains)


def test_another_rule_is_another_state_of_a_finished_study(bench):
    bench.run(iterations=7, keep=EVERY_THREE)
    record = bench.manifest(iterations=7, keep=EVERY_THREE)
    journal = bench.batches.load(), bench.sessions.load()
    assert is_finished(record, {"a": 1}, bench.chains, 7, *journal, EVERY_THREE)
    assert not is_finished(record, {"a": 1}, bench.chains, 7, *journal, "all")


def test_images_that_are_redrawn_with_other_bytes_are_counted(bench, caplog):
    bench.generator = FakeGenerator(minds_the_batch=True)
    bench.run(iterations=4, keep=[])
    before = bench.done().images
    bench.run(iterations=4)
    # The same batches give the same bytes.
    assert bench.done().images == before
    assert "drawn again" not in caplog.text
    bench.run(iterations=4, keep=[])
    bench.run(iterations=4, draw_batch=2)
    changed = [name for name, digest in bench.done().images.items() if digest != before[name]]
    assert {int(name.rpartition("/")[2]) for name in changed} >= {2, 3}
    redrawn = [name for name in changed if name.endswith("/2")]
    assert f"{len(redrawn)} missing images were drawn again from the same texts with other bytes" in caplog.text
    # What followed is made again from the new ones.
    assert bench.manifest(iterations=4)["complete"]


def test_to_draw_missing_images_again_is_all_that_a_run_prepares_for(bench, capsys):
    bench.run(iterations=7, keep=EVERY_THREE)
    capsys.readouterr()
    bench.run(iterations=7)
    last = bench.sessions.read(max(bench.sessions.load()))
    assert set(last["resolved"]) == {"draw"}
    assert "describing" not in capsys.readouterr().out
