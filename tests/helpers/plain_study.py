"""A study whose pictures are plain colours, and models that read everything off the first pixel.

Of a pixel (red, green, blue): blue is the number of faces, red says how likely a word is.
"""

from collections import Counter

import numpy as np
import pandas as pd
from fakes import FakeModel
from PIL import Image
from study_pictures import digested, save, study_pictures

from broken_telephone.datasets import ArrayPartitionsDataset, ImagePartitionsDataset, MaskFolderDataset, StageStore
from broken_telephone.explainability import ExplainSettings
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.models import METHODS, REGIONS, Explanation, Face
from broken_telephone.models.attribution.vision_tower import Patches
from broken_telephone.models.describers.transformers_describer import TransformersDescriber
from broken_telephone.pipelines.explainability import nodes
from broken_telephone.pipelines.explainability.plan import plan_explanation
from broken_telephone.reporting import ReportSettings
from broken_telephone.seeds import seed_of
from broken_telephone.tables import ANNOTATIONS, CHAINS, DESCRIPTIONS, as_table

BACKGROUND, HAIR, FACE, BODY = range(len(REGIONS))
GRID = 2
SILENT = "unwritten"
"""A text with this word in it is one that the fake describer's tokens do not write."""


class FakeDetector(FakeModel):
    """Finds as many faces as the first pixel is blue, one below the other, the last one the largest."""

    def __init__(self) -> None:
        super().__init__("fake detector")
        self.seen: Counter = Counter()

    def detect(self, images):
        self.calls.append(len(images))
        found = []
        for image in images:
            red, _, count = image.getpixel((0, 0))
            self.seen[red, image.size] += 1
            side = [image.height / max(count, 1) * (0.9 if k == count - 1 else 0.5) for k in range(count)]
            found.append(
                [
                    Face((0.0, k * image.height / count, side[k], side[k]), 1 - k / 100, np.zeros((5, 2), np.float32))
                    for k in range(count)
                ]
            )
        return found


class FakeParser(FakeModel):
    """Sees hair, face and body in three quarters of the picture, one below the other."""

    grow = None

    def __init__(self) -> None:
        super().__init__("fake parser")

    def parse(self, images, faces):
        found = []
        for image, own in zip(images, faces, strict=True):
            rows = np.arange(image.height) * 4 // image.height
            place = np.array([HAIR, FACE, BODY, BACKGROUND], np.uint8)[rows]
            found.append([np.repeat(place[:, None], image.width, 1)] * len(own))
        return found


class FakeExplainer(FakeModel, TransformersDescriber):
    """Sees a word in the upper patches; with random weights somewhere, the same for the same seed."""

    name = ""

    def __init__(self, name: str = "fake describer") -> None:
        FakeModel.__init__(self, name)
        self.explained: Counter = Counter()
        """(text, place of the word, first pixel's red, seed of random weights) -> how often."""
        self.weighed = 0
        self.seed: int | None = None
        self.most = 99

    def explain(self, images, prompt, words, layers, target="log_probability"):
        if len(images) > self.most:
            raise MemoryError("too many")
        self.calls.append(len(images))
        return [self._explain(image, word) for image, word in zip(images, words, strict=True)]

    def _explain(self, image, word):
        red = image.getpixel((0, 0))[0]
        self.explained[word.text, word.start, red, self.seed] += 1
        if SILENT in word.text:
            return None
        boxes = np.array([[x, y, x + 1, y + 1] for y in range(GRID) for x in range(GRID)]) / GRID
        boxes = boxes * ([image.width, image.height] * 2)
        rng = np.random.default_rng(seed_of(word.text, word.start, red, self.seed))
        shown = rng.random(GRID * GRID).astype(np.float32)
        if self.seed is None:
            shown[:GRID] += 3
        activations = {name: (shown + k / 10).astype(np.float32) for k, name in enumerate(METHODS)}
        return Explanation(self._likely(image, word), activations, Patches(boxes, 1))

    def weigh_in_turn(self, batches, prompt):
        return (self.weigh(images, prompt, words) for images, words in batches)

    def weigh(self, images, prompt, words):
        assert self.seed is None
        self.weighed += len(images)
        return [
            None if SILENT in word.text else self._likely(image, word)
            for image, word in zip(images, words, strict=True)
        ]

    @staticmethod
    def _likely(image, word):
        return -float(np.asarray(image).astype(float).mean()) / 100 - word.start / 10

    def randomise(self, seed):
        self.seed = seed

    def release(self):
        FakeModel.release(self)
        self.seed = None


def plain(red=100, faces=1, size=(8, 8)):
    """A picture for the models above."""
    return Image.new("RGB", size, (red, 0, faces))


class Study:
    """Chains of two happy originals, one of which has two replicates, a sad one, and one from a prompt."""

    ITERATIONS = 2

    def __init__(self, path, text="The person looks happy.") -> None:
        self.path = path
        (path / "raw").mkdir()
        rows = []
        for number, replicate, label in (
            (0, 0, "happiness"),
            (0, 1, "happiness"),
            (1, 0, "happiness"),
            (2, 0, "sadness"),
        ):
            plain(50 + number).save(path / f"raw/{number}.png")
            start = {"start": "image", "image_id": str(number), "image_path": f"{number}.png", "seed": replicate}
            rows.append({"chain_id": f"i{number}_r{replicate}", "replicate": replicate, "label": label, **start})
        prompt = {"start": "prompt", "prompt": "A sad man.", "seed": 5, "replicate": 0}
        rows.append({"chain_id": "p0_r0", "label": "sadness", **prompt})
        self.chains = as_table([row | {"concept": "emotion"} for row in rows], CHAINS)
        self.people = pd.DataFrame({"person_id": ["a"], "image_id": ["0"], "x": [None], "emotion": ["happiness"]})
        self.drawn = ImagePartitionsDataset(path=str(path / "images"))
        for place, chain in enumerate(self.chains["chain_id"]):
            for k in range(1, self.ITERATIONS + 1):
                save(self.drawn, {f"{chain}/{k}": plain(100 + 10 * place + k)})
        self.texts = {
            (chain, k): "A sad man." if (chain, k) == ("p0_r0", 1) else text
            for chain in self.chains["chain_id"]
            for k in range(1, self.ITERATIONS + 2)
        }
        self.parts = ArrayPartitionsDataset(path=str(path / "parts"))
        self.words = ArrayPartitionsDataset(path=str(path / "words"))
        self.describer, self.detector, self.parser = FakeExplainer(), FakeDetector(), FakeParser()
        self.loop = LoopSettings(iterations=self.ITERATIONS, describe_prompt="Describe.")
        self.loop_settings = {"a": 1}

    @staticmethod
    def settings(**stated):
        return ExplainSettings.model_validate({"batch": 2, "layers": [1], "random_weights": 2, "checked": 1} | stated)

    def images(self):
        return study_pictures(self.path / "raw", self.drawn)

    def descriptions(self):
        rows = [
            {"chain_id": chain, "iteration": k, "text": text, "tokens": 1, "truncated": False, "describer": "fake"}
            for (chain, k), text in self.texts.items()
        ]
        table = as_table(rows, DESCRIPTIONS)
        last = table["iteration"] > self.ITERATIONS
        return table[~last], table[last]

    def plan(self, **stated):
        self.chains = digested(self.chains, self.path / "raw")
        return plan_explanation(
            self.chains,
            self.people,
            self.loop,
            self.settings(**stated),
            self.loop_settings,
            self.images(),
            self.describer,
            self.detector,
            self.parser,
            self.store(),
            MaskFolderDataset(path=str(self.path / "raw")).load(),
        )

    def store(self):
        return StageStore({"face_parts": self.parts, "explanations": self.words})

    def _asked(self):
        return DatasetSettings(source="raf_db"), ChainSettings(concept="emotion", seed=1)

    def chosen(self, plan=None, **stated):
        dataset, chains = self._asked()
        return nodes.choose_words(
            plan or self.plan(**stated),
            self.images(),
            self.settings(**stated),
            dataset,
            chains,
            self.loop,
            *self.descriptions(),
            self.parts.load(),
        )

    def follow_parts(self, plan=None, **stated):
        for batches, _ in nodes.find_faces_and_regions(
            plan or self.plan(**stated), self.settings(**stated), self.detector, self.parser, self.store()
        ):
            self.parts.save(batches)
            yield

    def follow_words(self, plan=None, items=None, **stated):
        for batches, _ in nodes.explain_described_words(
            plan or self.plan(**stated),
            self.chosen(plan, **stated) if items is None else items,
            self.settings(**stated),
            self.loop,
            self.describer,
            self.parser,
            self.parts.load(),
            self.store(),
        ):
            self.words.save(batches)
            yield

    def run(self, **stated):
        """Run all nodes with one plan, as the pipeline does."""
        plan = self.plan(**stated)
        for _ in self.follow_parts(plan, **stated):
            pass
        items = self.chosen(plan, **stated)
        for _ in self.follow_words(plan, items, **stated):
            pass
        return self.tables(plan, items, **stated)

    def tables(self, plan=None, items=None, **stated):
        """Faces, words, activations, occlusions and the manifest."""
        people = as_table(
            [
                {
                    "chain_id": "i0_r0",
                    "iteration": 0,
                    "annotator": "fake",
                    "reading": "free",
                    "attribute": "gender",
                    "category": "female",
                    "status": "valid",
                }
            ],
            ANNOTATIONS,
        )
        return nodes.tabulate_explanation(
            "study",
            plan or self.plan(**stated),
            self.images(),
            self.chosen(plan, **stated) if items is None else items,
            self.settings(**stated),
            self.loop,
            ReportSettings(n_bootstrap=200),
            people,
            *self.descriptions(),
            self.parts.load(),
            self.words.load(),
        )
