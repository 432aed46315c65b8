"""The loop draws other texts than the descriptions, and knows which picture was made from which."""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest
from fakes import FakeDescriber
from test_loop_run import Bench

from broken_telephone.datasets import ImageFolderDataset
from broken_telephone.errors import StudyError
from broken_telephone.labels import RAF
from broken_telephone.loop import FinishedSteps, LoopSettings, read_journal
from broken_telephone.loop.drawn_text import Wording, wording_of
from broken_telephone.loop.output import LoopFolders, LoopOutput
from broken_telephone.loop.run import run_loop
from broken_telephone.seeds import digest
from broken_telephone.tables import CHAINS, DESCRIPTIONS, STEERING, as_table


class Person(FakeDescriber):
    """Describes a woman, or a person if the first pixel is even."""

    def _one(self, image):
        described = super()._one(image)
        colour = image.getpixel((0, 0))
        text = "A woman smiles." if colour[0] % 2 else "A face smiles."
        return described if colour == (0, 0, 0) else type(described)(text, tokens=2, truncated=False)


class Reworded(Bench):
    """A loop whose drawn texts are other ones."""

    addition = "!"

    def word(self, chain_id: str, iteration: int, text: str) -> str:
        return text if "face" in text else f"{text.replace('woman', 'person')} {iteration}{self.addition}"

    def follow(self, save: bool = True, **settings) -> Iterator[LoopOutput]:
        self.describer = Person() if type(self.describer) is FakeDescriber else self.describer
        self.look()
        wanted = {"iterations": 2, "describe_prompt": "Describe.", "describe_batch": 2, "draw_batch": 3}
        originals = ImageFolderDataset(path=str(self.originals)).load()
        folders = LoopFolders(originals, self.images.load(), self.batches.load(), self.sessions.load())
        loop = LoopSettings.model_validate(wanted | settings)
        done = read_journal(folders.batches, self.word)
        for finished in run_loop(self.chains, loop, self.describer, self.generator, folders, done):
            self.images.save(finished.images)
            self.batches.save(finished.batches)
            self.sessions.save(finished.sessions)
            yield finished

    def drawn(self) -> dict[str, dict]:
        records = [self.batches.read(name) for name in self.batches.load()]
        records.sort(key=lambda record: (record["session"], record["ended"]))
        return {f"{row['chain_id']}/{record['iteration']}": row for record in records for row in record["images"]}


@pytest.fixture
def bench(tmp_path: Path) -> Reworded:
    return Reworded(tmp_path)


def test_the_drawn_text_is_what_the_generator_gets_and_what_a_picture_is_made_from(bench):
    given = []

    def draw(prompts, seeds, own=bench.generator.draw):
        given.extend(prompts if seeds != [0] else [])
        return own(prompts, seeds)

    bench.generator.draw = draw
    bench.run()
    done, drawn = bench.done(), bench.drawn()
    assert len(drawn) == 14
    worded = {key: bench.word(*key.rsplit("/", 1), text) for key, text in done.texts.items()}
    assert sorted(given) == sorted(worded.values())
    for key, row in drawn.items():
        assert row["made_from"] == digest(worded[key])
        assert row.get("drawn_text") == (None if worded[key] == done.texts[key] else worded[key])
    # Both happen, and a prompt is reworded like a description.
    assert {"drawn_text" in row for row in drawn.values()} == {False, True}
    assert drawn["p0/1"]["drawn_text"] == "prompt 0 1!"
    assert done.texts["p0/1"] == "prompt 0"


def test_a_stopped_run_goes_on_and_a_finished_one_does_nothing(tmp_path):
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
    whole = Reworded(tmp_path / "whole")
    whole.run()
    bench = Reworded(tmp_path / "stopped")
    for stop in (2, 3, 4):
        followed = bench.follow()
        for number, _ in enumerate(followed):
            if number == stop:
                break
        followed.close()
    bench.run()
    assert bench.results() == whole.results()
    calls = len(bench.generator.calls)
    bench.run()
    assert len(bench.generator.calls) == calls


def test_another_text_to_draw_is_told_and_draws_its_picture_and_what_follows_again(bench, caplog):
    bench.run()
    before = {key: row["made_from"] for key, row in bench.drawn().items()}
    changed = {key for key, row in bench.drawn().items() if "drawn_text" in row}
    bench.addition = "?"
    bench.run()
    after = bench.drawn()
    assert {key for key in before if after[key]["made_from"] != before[key]} >= changed
    assert f"{len(changed)} pictures and what follows from them are made again" in caplog.text
    done = read_journal(bench.batches.load(), bench.word)
    descriptions = FinishedSteps(done, bench_chains(bench), 2).descriptions
    assert len(descriptions) == 14
    assert descriptions["drawn_text"].fillna("?").str.endswith("?").all()


def test_shards_draw_the_same_texts(bench, tmp_path):
    bench.run()
    (tmp_path / "other").mkdir()
    other = Reworded(tmp_path / "other")
    for shard in ("1/2", "2/2"):
        other.run(shard=shard)
    assert other.results() == bench.results()
    texts = [{key: row.get("drawn_text") for key, row in each.drawn().items()} for each in (bench, other)]
    assert texts[0] == texts[1]


def bench_chains(bench: Bench):
    from broken_telephone.chains import chains_of

    return chains_of(bench.chains)


def worded(**loop) -> Wording:
    settings = LoopSettings.model_validate({"iterations": 2, "describe_prompt": "Describe."} | loop)
    return wording_of(as_table([], CHAINS), as_table([], STEERING), settings, RAF.attributes)


def test_the_order_of_neutralised_attributes_changes_neither_seal_nor_text():
    orders = [list(order) for order in permutations(["gender", "age", "ethnicity", "skin_tone"])]
    # A lexicon in which the order matters: without gender a grandmother is a grandparent, without age a relative.
    texts = {worded(neutralise=order)("c", 1, "A grandmother and her daughter laugh.") for order in orders}
    assert texts == {"A person and their relative laugh."}
    assert {str(worded(neutralise=order).loop.wording) for order in orders} == {
        str(worded(neutralise=orders[0]).loop.wording)
    }


def test_only_settings_of_wording_that_are_set_are_sealed():
    steer = {"anchor": ["gender"]}
    assert worded().loop.wording == {"describe_prompt": "Describe."}
    assert worded(neutralise=["age"]).loop.wording == {"describe_prompt": "Describe.", "neutralise": ["age"]}
    assert worded(steer=steer).loop.wording["steer"]["anchor"] == ["gender"]
    assert "neutralise" not in worded(steer=steer).loop.wording


def test_a_text_is_neutralised_once(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "broken_telephone.loop.drawn_text.neutralise", lambda text, attributes: asked.append(text) or f"{text}!"
    )
    wording = worded(neutralise=["gender"])
    rows = [{"chain_id": "a", "iteration": 1, "text": "A woman smiles at the camera."}]
    rows += [{"chain_id": "a", "iteration": 2, "text": "Une femme sourit dans la rue."}]
    for _ in range(3):
        assert wording("a", 1, rows[0]["text"]) == "A woman smiles at the camera.!"
        assert wording("a", 2, rows[1]["text"]) == rows[1]["text"]
        assert wording.counts(as_table(rows, DESCRIPTIONS)) == {
            "descriptions": 2,
            "reworded": 0,
            "neutralised": 1,
            "not_english": 1,
        }
    assert asked == ["A woman smiles at the camera."]


@pytest.mark.parametrize("template", ["{person:d}. {text}", "{Person!r}. {text}", "{person}. {text:>9}"])
def test_a_template_with_a_format_is_refused(template):
    with pytest.raises(StudyError, match=r"steer\.template: a field has no format; write \{\w+\} alone"):
        worded(steer={"anchor": ["gender"], "template": template})
