"""The embedding of a study: every picture and text once, vectors kept, similarities made of them."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fakes import FakeModel
from PIL import Image
from study_pictures import digested, save, study_pictures

from broken_telephone.chains import chains_of
from broken_telephone.datasets import ArrayPartitionsDataset, ImagePartitionsDataset, atomic_write
from broken_telephone.errors import StudyError
from broken_telephone.execution.interruption import InterruptedRunError
from broken_telephone.similarity.items import items
from broken_telephone.similarity.journal import stored
from broken_telephone.similarity.manifest import manifest
from broken_telephone.similarity.run import embed
from broken_telephone.similarity.settings import EmbeddingSettings
from broken_telephone.similarity.spaces import spaces
from broken_telephone.similarity.vectors_by_chain import arrange
from broken_telephone.statistics import similarities
from broken_telephone.tables import CHAINS, DESCRIPTIONS, as_table, check_result, check_similarities

ITERATIONS = 2
FEATURE = "data/04_feature/miniature"


class FakeTexts(FakeModel):
    """Turns a text by as many degrees as it has letters; reads eighteen."""

    def __init__(self, name: str = "fake texts") -> None:
        super().__init__(name)
        self.texts: list[str] = []

    def embed_texts(self, texts):
        self.calls.append(len(texts))
        self.texts += texts
        return at([len(text[:18]) for text in texts])

    def truncates(self, texts):
        return [len(text) > 18 for text in texts]


class FakeEmbedder(FakeTexts):
    """Turns a picture by as many degrees as its first pixel is red."""

    def __init__(self, name: str = "fake embedder", most: int = 99) -> None:
        super().__init__(name)
        self.most = most
        self.seen: list[int] = []
        self.sentences = self

    def embed_images(self, images):
        if len(images) > self.most:
            raise MemoryError("too many")
        self.calls.append(len(images))
        red = [image.getpixel((0, 0))[0] for image in images]
        self.seen += red
        return at(red)


def at(degrees) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


class Bench:
    """Three chains of two originals (one with two replicates) and one from a prompt."""

    def __init__(self, path) -> None:
        self.path = path
        (path / "raw").mkdir()
        rows = []
        for number, replicate in ((0, 0), (0, 1), (1, 0)):
            Image.new("RGB", (4, 4), (90 + 20 * number, 0, 0)).save(path / f"raw/{number}.png")
            start = {"start": "image", "image_id": str(number), "image_path": f"{number}.png", "seed": replicate}
            rows.append({"chain_id": f"i{number}_r{replicate}", **start})
        rows.append({"chain_id": "p0_r0", "start": "prompt", "prompt": "A sad man.", "seed": 5})
        common = {"replicate": 0, "concept": "emotion", "label": "happiness"}
        self.chains = as_table([row | common for row in rows], CHAINS)
        self.drawn = ImagePartitionsDataset(path=str(path / "images"))
        for place, chain in enumerate(self.chains["chain_id"]):
            for k in range(1, ITERATIONS + 1):
                save(self.drawn, {f"{chain}/{k}": Image.new("RGB", (4, 4), (10 * place + k, 0, 0))})
        self.descriptions = as_table(
            [
                {"chain_id": chain, "iteration": k, "text": text, "truncated": False, "describer": "fake"}
                for chain in self.chains["chain_id"]
                for k, text in ((1, "A sad man."), (2, f"{chain} is sad, and a man."))
            ],
            DESCRIPTIONS,
        )
        self.batches = ArrayPartitionsDataset(path=str(path / "embeddings"))
        self.embedder = FakeEmbedder()
        self.loop_settings = {"a": 1}

    def spaces(self):
        return spaces(self.embedder, self.loop_settings)

    def items(self):
        self.chains = digested(self.chains, self.path / "raw")
        return items(self.spaces(), chains_of(self.chains), ITERATIONS, self.study(), self.descriptions)

    def study(self):
        return study_pictures(self.path / "raw", self.drawn)

    def follow(self, **settings):
        loaded = EmbeddingSettings.model_validate({"batch": 2} | settings)
        there = self.items(), self.spaces(), loaded, self.embedder, self.study(), self.batches.load()
        for saved in embed(*there):
            self.batches.save(saved.batches)
            yield saved

    def run(self, **settings):
        for _ in self.follow(**settings):
            pass
        return self.table()

    def found(self):
        there = self.items()
        return {space.name: stored(space, self.batches.load(), there[space.name]) for space in self.spaces()}

    def table(self):
        return similarities(
            self.chains, *arrange(self.chains, self.study(), ITERATIONS, self.descriptions, self.found())
        )

    def manifest(self):
        return manifest("study", self.spaces(), self.items(), self.found())


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def angle(table, chain: str, kind: str, pair: str, iteration: int) -> float:
    row = table.set_index(["chain_id", "kind", "pair", "iteration"]).loc[(chain, kind, pair, iteration)]
    return float(np.degrees(np.arccos(float(row["value"]))))


def test_every_picture_and_text_is_embedded_once(bench):
    table = bench.run()
    check_similarities(table)
    # Two originals, of which replicates share one, and eight drawn pictures; one first text, and four second ones.
    assert sorted(bench.embedder.seen) == [1, 2, 11, 12, 21, 22, 31, 32, 90, 110]
    assert len(bench.embedder.texts) == len(set(bench.embedder.texts)) == 5
    assert angle(table, "i0_r1", "image-image", "previous", 1) == pytest.approx(90 - 11, abs=0.1)
    assert angle(table, "i1_r0", "image-image", "origin", 2) == pytest.approx(110 - 22, abs=0.1)
    assert angle(table, "p0_r0", "image-image", "origin", 2) == pytest.approx(1, abs=0.2)
    assert angle(table, "p0_r0", "image-text", "origin", 2) == pytest.approx(32 - 10, abs=0.1)
    assert angle(table, "p0_r0", "image-text", "previous", 2) == pytest.approx(32 - 18, abs=0.1)
    assert len(table) == 3 * (4 + 2 + 4) + (2 + 2 + 4)


def test_cut_texts_are_counted(bench):
    bench.run()
    embedded = bench.manifest()["embedded"]
    assert (embedded["texts"]["embedded"], embedded["texts"]["cut"]) == (5, 4)
    assert (embedded["images"]["embedded"], embedded["images"]["cut"]) == (10, 0)
    assert embedded["images"]["settings"] == {"weights": "fake embedder"}
    assert json.dumps(embedded)


def test_texts_are_compared_by_a_model_of_their_own(bench):
    class Doubling(FakeTexts):
        def embed_texts(self, texts):
            return at([2 * len(text) for text in texts])

    bench.embedder.sentences = Doubling("another")
    table = bench.run(residency="one")
    assert [space.key.split("_")[0] for space in bench.spaces()] == ["images", "texts", "sentences"]
    assert angle(table, "p0_r0", "text-text", "previous", 2) == pytest.approx(2 * (24 - 10), abs=0.1)
    assert angle(table, "p0_r0", "image-text", "previous", 2) == pytest.approx(32 - 18, abs=0.1)
    assert bench.manifest()["embedded"]["sentences"]["by"] == "another"
    # Another such model leaves the vectors of the pictures, and of the texts beside them, as they are.
    seen = len(bench.embedder.seen)
    bench.embedder.sentences = FakeTexts("a third")
    bench.run()
    assert len(bench.embedder.seen) == seen
    assert len(bench.embedder.sentences.texts) == 5


def test_nothing_is_embedded_twice_and_a_stop_loses_nothing(bench):
    run = bench.follow()
    for _ in range(4):
        next(run)
    run.close()
    before = len(bench.embedder.seen)
    assert 0 < before < 10
    whole = bench.run()
    assert len(bench.embedder.seen) <= 10 + 2 * 2  # What was at work when it stopped, at most.
    bench.embedder.calls.clear()
    pd.testing.assert_frame_equal(bench.run(), whole)
    assert bench.embedder.calls == []


def test_other_embedders_and_studies_stand_beside_each_other(bench):
    first = bench.run()
    bench.embedder = FakeEmbedder("another")
    bench.run()
    assert len(bench.embedder.seen) == 10
    bench.loop_settings = {"a": 2}
    bench.run()
    assert len(bench.embedder.seen) == 20
    bench.embedder, bench.loop_settings = FakeEmbedder(), {"a": 1}
    pd.testing.assert_frame_equal(bench.run(), first)
    assert bench.embedder.calls == []


def test_pictures_that_do_not_open_are_counted_and_tried_again(bench):
    place = bench.path / "images/i0_r0/1.png"
    whole = place.read_bytes()
    place.write_bytes(whole[:20])
    table = bench.run()
    (failure,) = bench.manifest()["embedded"]["images"]["failures"]
    assert (failure["name"], failure["kind"]) == ("i0_r0/1", "unreadable image")
    assert bench.manifest()["embedded"]["images"]["embedded"] == 9
    rows = table[(table["chain_id"] == "i0_r0") & (table["kind"] == "image-image")]
    assert list(zip(rows["pair"], rows["iteration"], strict=True)) == [("origin", 2)]
    place.write_bytes(whole)
    bench.embedder.seen.clear()
    assert len(bench.run()) == len(table) + 5
    assert bench.embedder.seen == [1]
    assert bench.manifest()["embedded"]["images"]["failures"] == []


def test_journals_that_state_less_are_read(bench):
    """Records once held no sizes, and failures no digests."""
    place = bench.path / "images/i0_r0/1.png"
    whole = place.read_bytes()
    place.write_bytes(whole[:20])
    table, before = bench.run(), bench.manifest()
    for key, read in bench.batches.load().items():
        record = {name: value for name, value in read().items() if name != "size"}
        record["failures"] = [
            {name: failure[name] for name in ("name", "kind", "reason")} for failure in record["failures"]
        ]
        bench.batches.save({key: record})
    bench.embedder.calls.clear()
    pd.testing.assert_frame_equal(bench.run(), table)
    assert bench.manifest() == before
    assert bench.embedder.calls == []


def test_batches_are_halved_where_memory_runs_out(bench):
    bench.embedder.most = 2
    halved = bench.run(batch=8)
    assert sorted(bench.embedder.seen) == [1, 2, 11, 12, 21, 22, 31, 32, 90, 110]
    bench.embedder = FakeEmbedder("another")
    pd.testing.assert_frame_equal(bench.run(batch="auto"), halved)


def test_a_signal_ends_in_order(bench):
    class Signalling(FakeEmbedder):
        def embed_images(self, images):
            if len(self.calls) == 1:
                signal.raise_signal(signal.SIGINT)
            return super().embed_images(images)

    bench.embedder = Signalling()
    with pytest.raises(InterruptedRunError, match="Everything done is saved"):
        bench.run()
    seen = len(bench.embedder.seen)
    bench.embedder = FakeEmbedder()
    bench.run()
    assert seen + len(bench.embedder.seen) == 10


def test_records_with_arrays_come_back_as_they_were(tmp_path, monkeypatch):
    records = ArrayPartitionsDataset(path=str(tmp_path / "vectors"))
    record = {"names": ["a “quoted” person 🙂"], "seconds": 0.5, "vectors": np.eye(3, dtype=np.float16)}
    records.save({"a/1": record, "a/2": {"names": []}})
    found = records.load()["a/1"]()
    assert found.pop("vectors").tobytes() == record.pop("vectors").tobytes()
    assert found == record
    assert records.load()["a/2"]() == {"names": []}
    file = tmp_path / "vectors/a/1.npz"
    for content in (b"", file.read_bytes()[:200], b"no archive"):
        file.write_bytes(content)
        with pytest.raises(StudyError, match=r"1\.npz is damaged or no record.*Delete it"):
            records.load()["a/1"]()
    with pytest.raises(StudyError, match="does not exist"):
        records.load()["b/1"]()

    def fail(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic_write.Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        records.save({"a/3": {"names": []}})
    assert list(records.load()) == ["a/1", "a/2"]


def test_the_pipeline_measures_what_the_loop_made(project):
    project.run("ingestion")
    with pytest.raises(StudyError, match="kedro run --pipeline loop"):
        project.run("similarity")
    project.run("loop")
    project.run("similarity", embedding__batch=5)
    table, chains = project.load("similarities"), project.load("chains")
    check_similarities(table)
    prompts = int((chains["start"] == "prompt").sum())
    images = len(chains) - prompts
    assert len(table) == images * (4 + 2 + 4) + prompts * (2 + 2 + 4)
    curves = project.load("similarity_curves")
    check_result(curves)
    assert set(curves["label"]) == {*chains["label"], "(all)"}
    embedded = project.load("similarity_manifest")["embedded"]
    assert set(embedded) == {"images", "texts"}
    assert embedded["images"]["embedded"] == 2 * len(chains) + images
    texts = set(project.load("loop_descriptions")["text"])
    assert (embedded["texts"]["embedded"], embedded["texts"]["cut"]) == (len(texts), 0)
    before = project.files(FEATURE)
    script = (
        "import sys\n"
        "from kedro.framework.session import KedroSession\n"
        "from kedro.framework.startup import bootstrap_project\n"
        "bootstrap_project('.')\n"
        "with KedroSession.create('.') as session:\n"
        "    session.run(pipeline_names=['similarity'])\n"
        "assert not {'torch', 'diffusers', 'transformers'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=project.path)
    assert project.files(FEATURE) == before
    pd.testing.assert_frame_equal(project.load("similarities"), table)
    pd.testing.assert_frame_equal(project.load("similarity_curves"), curves)


def test_a_study_that_names_another_embedder_starts_from_nothing():
    from broken_telephone.models import EmbedderSettings
    from broken_telephone.settings import CONFIG_LOADER_ARGS
    from broken_telephone.study_config.loader import StudyConfigLoader

    conf = Path(__file__).parents[2] / "conf"
    for study in ("raf_emotion", "phase_emotion", "phase_activity"):
        parameters = StudyConfigLoader(conf, study, **CONFIG_LOADER_ARGS)["parameters"]
        settings = EmbedderSettings.model_validate(parameters["embedder"])
        EmbeddingSettings.model_validate(parameters["embedding"])
        assert (settings.hub, settings.path) == ("openai/clip-vit-large-patch14", None)
        assert settings.texts.hub == "sentence-transformers/all-MiniLM-L6-v2"
