from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from fakes import FakeDescriber, FakeGenerator
from PIL import Image

from broken_telephone.datasets import ImageFolderDataset, ImagePartitionsDataset, RecordPartitionsDataset
from broken_telephone.models import Failure
from broken_telephone.relay import Finished, LoopSettings, Store, manifest, relay
from broken_telephone.relay.plan import Chain, chains_of, steps
from broken_telephone.seeds import item_seed
from broken_telephone.tables import CHAINS, as_table


class Bench:
    """A loop with instant models and folders of its own."""

    def __init__(self, path: Path) -> None:
        self.originals = path / "raw"
        self.originals.mkdir()
        self.images = ImagePartitionsDataset(path=str(path / "images"))
        self.texts = RecordPartitionsDataset(path=str(path / "texts"))
        self.failures = RecordPartitionsDataset(path=str(path / "failures"))
        self.sessions = RecordPartitionsDataset(path=str(path / "sessions"))
        self.path = path
        rows = []
        for number in range(5):
            Image.new("RGB", (4, 4), (number + 1, 0, 0)).save(self.originals / f"{number}.png")
            rows.append({"chain_id": f"i{number}", "start": "image", "image_path": f"{number}.png"})
        rows += [{"chain_id": f"p{number}", "start": "prompt", "prompt": f"prompt {number}"} for number in range(2)]
        common = {"replicate": 0, "concept": "emotion", "label": "fear"}
        self.chains = as_table([row | common | {"seed": 100 + i} for i, row in enumerate(rows)], CHAINS)
        self.describer, self.generator = FakeDescriber(), FakeGenerator()

    def follow(self, **settings) -> Iterator[Finished]:
        """Run the loop, saving each item before the next is asked for, as Kedro does."""
        wanted = {"iterations": 2, "describe_prompt": "Describe.", "describe_batch": 2, "draw_batch": 3}
        store = Store(
            ImageFolderDataset(path=str(self.originals)).load(),
            self.images.load(),
            self.texts.load(),
            self.failures.load(),
            self.sessions.load(),
        )
        loop = LoopSettings.model_validate(wanted | settings)
        for finished in relay(self.chains, loop, self.describer, self.generator, store):
            self.images.save(finished.images)
            self.texts.save(finished.texts)
            self.failures.save(finished.failures)
            self.sessions.save(finished.sessions)
            yield finished

    def run(self, **settings) -> None:
        for _ in self.follow(**settings):
            pass

    def results(self) -> dict[str, bytes]:
        return {
            str(file.relative_to(self.path)): file.read_bytes()
            for folder in ("images", "texts")
            for file in sorted((self.path / folder).rglob("*.*"))
        }


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_plan_is_what_is_missing_in_the_order_of_the_loop():
    chains = [Chain("a", 1, "a.png", None), Chain("b", 2, "b.png", None)]
    todo = steps(chains, 2, images={"a/1"}, texts={"a/1", "b/1", "a/2"})
    assert [(step.iteration, step.phase, [chain.chain_id for chain in step.chains]) for step in todo] == [
        (1, "draw", ["b"]),
        (2, "describe", ["b"]),
        (2, "draw", ["a", "b"]),
    ]
    assert steps(chains, 1, images={"a/1", "b/1"}, texts={"a/1", "b/1"}) == []


def test_every_chain_gets_every_description_and_picture(bench):
    bench.run()
    keys = {f"{chain}/{k}" for chain in bench.chains["chain_id"] for k in (1, 2)}
    assert set(bench.images.load()) == keys
    assert set(bench.texts.load()) == keys


def test_a_prompt_is_the_first_description_and_no_model_sees_it(bench):
    bench.run(iterations=1)
    assert bench.texts.read("p0/1") == {
        "chain_id": "p0",
        "iteration": 1,
        "text": "prompt 0",
        "tokens": None,
        "truncated": False,
        "describer": "prompt",
    }
    assert sum(bench.describer.calls) == 5


def test_description_k_is_of_image_k_minus_1_and_image_k_has_the_items_own_seed(bench):
    bench.run()
    assert bench.texts.read("i2/1")["text"] == "colour (3, 0, 0)"
    first = bench.images.read("i2/1")
    assert bench.texts.read("i2/2")["text"] == f"colour {first.getpixel((0, 0))}"
    text, chain = bench.texts.read("i2/2")["text"], chains_of(bench.chains)[2]
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
    for first in range(1, 60, 5):
        bench = interrupted(tmp_path / str(first), (first, 7), broken)
        assert bench.results() == whole.results(), first
        assert sum(bench.drawn) <= drawn + 2 * 3


def interrupted(path: Path, moments: tuple[int, ...], broken: bool) -> Bench:
    """Run a loop to its end, interrupted after so many items (counted anew after each time)."""
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


def test_a_smaller_batch_is_not_overruled_by_the_interrupted_one(bench):
    """What broke may have been memory."""
    followed = bench.follow(draw_batch=7)
    while not bench.images.load():
        next(followed)
    followed.close()
    bench.generator = FakeGenerator()
    bench.run(draw_batch=2)
    assert max(bench.generator.calls) == 2


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
    assert bench.generator.releases == 2
    assert not bench.describer.loaded


def test_a_picture_that_does_not_open_stops_its_chain_only(bench):
    (bench.originals / "1.png").write_bytes(b"\x89PNG broken")
    (bench.originals / "3.png").unlink()
    bench.run()
    assert len(bench.images.load()) == 10
    record = bench.failures.read("i1/1")
    assert record["kind"] == "unreadable image"
    assert str(bench.originals / "1.png") in record["reason"]
    assert "3.png does not exist" in bench.failures.read("i3/1")["reason"]
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
    assert bench.failures.read("i0/1")["kind"] == "empty description"
    assert "i0/1" not in bench.texts.load()
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
            one = super()._one(image)
            return replace(one, refused=True) if "(4," in one.text else one

    bench.generator, bench.describer = Failing(), Refusing()
    bench.run()
    assert bench.failures.read("i1/1")["kind"] == "black picture"
    refused = bench.failures.read("i3/1")
    assert (refused["kind"], refused["phase"]) == ("refused description", "describe")
    assert "wrote: colour (4, 0, 0)" in refused["reason"]
    assert counts(bench) | {"images": 10, "descriptions": 11, "failures": 2} == counts(bench)
    bench.describer, bench.generator = FakeDescriber(), FakeGenerator()
    bench.run()
    assert bench.generator.calls == bench.describer.calls == []


def counts(bench: Bench) -> dict:
    folders = (bench.images.load(), bench.texts.load(), bench.failures.load(), bench.sessions.load())
    return manifest("a study", {"a": 1}, bench.chains, 2, *folders)["counts"]


def test_the_manifest_adds_up_what_resumed_runs_did(bench):
    bench.run(iterations=1)
    bench.run(iterations=2)
    folders = (bench.images.load(), bench.texts.load(), bench.failures.load(), bench.sessions.load())
    record = manifest("a study", {"a": 1}, bench.chains, 2, *folders)
    assert record["counts"] == {
        "chains": 7,
        "chains_from_images": 5,
        "chains_from_prompts": 2,
        "descriptions": 14,
        "images": 14,
        "failures": 0,
        "cut": record["counts"]["cut"],
    }
    assert [run["drawn"] for run in record["sessions"]] == [7, 7]
    texts = [bench.texts.read(name)["text"] for name in bench.texts.load()]
    assert record["counts"]["cut"] == sum(FakeGenerator().truncates(texts)) > 0
    assert record["seconds"]["around"] >= 0
    assert record["prompts"] == ["prompt 0", "prompt 1"]
    fewer = bench.chains.head(1)
    assert manifest("a study", {"a": 1}, fewer, 1, *folders)["counts"]["images"] == 1
    assert record["digest"] == manifest("a study", {"a": 1}, fewer, 1, *folders)["digest"]
    assert record["digest"] != manifest("a study", {"a": 2}, fewer, 1, *folders)["digest"]


def test_seeds_belong_to_items():
    seeds = {item_seed(chain, iteration) for chain in range(50) for iteration in range(50)}
    assert len(seeds) == 2500
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_chains_without_any_row_make_no_steps():
    assert steps(chains_of(pd.DataFrame(columns=list(CHAINS))), 3, set(), set()) == []
