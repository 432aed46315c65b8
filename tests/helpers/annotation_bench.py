"""A small study of the annotation, with instant stand-ins for its models."""

from fakes import FakeModel
from PIL import Image
from study_pictures import digested, save, study_pictures

from broken_telephone.annotation import AnnotationSettings
from broken_telephone.annotation.annotator_sample import sampled_pictures
from broken_telephone.annotation.questions import inquiries, task_name
from broken_telephone.annotation.run import annotate, answers_to, names_of_pictures
from broken_telephone.annotation.tables import tables
from broken_telephone.chains import chains_of
from broken_telephone.datasets import ImagePartitionsDataset, RecordPartitionsDataset
from broken_telephone.labels import RAF
from broken_telephone.models import Description, Failure
from broken_telephone.tables import CHAINS, DESCRIPTIONS, as_table

ITERATIONS = 2


class FakeAnnotator(FakeModel):
    """Fills in the form by the first pixel: red below 100 is a woman, blue is a refusal; sure of what it chooses."""

    def __init__(self, name: str = "fake annotator") -> None:
        super().__init__(name)
        self.asked: list[tuple[int, int]] = []
        """The first pixel of every picture that it was asked about."""

    def describe(self, images, prompt):
        self.calls.append(len(images))
        self.asked += [image.getpixel((0, 0)) for image in images]
        return [self._write(image.getpixel((0, 0))) for image in images]

    def _write(self, colour):
        red, green, blue = colour
        if green == 255:
            return Failure("rejected picture", "too green")
        text = f"1. Asian\n2. {'female' if red < 100 else 'unsure'}\n3. 20-39 or 40-69"
        return Description("Sorry, I can't." if blue == 255 else text, tokens=9, truncated=False, refused=blue == 255)

    def choose(self, images, forms):
        self.calls.append(len(images))
        first = [image.getpixel((0, 0))[0] for image in images]
        return [
            [[[-float((red + k) % len(line)) for k in range(len(line))] for line in form.lines] for form in forms]
            for red in first
        ]


class FakeDescriber(FakeModel):
    def describe(self, images, prompt):
        self.calls.append(len(images))
        return [Description("The woman is not sad, she looks happy.", tokens=5, truncated=False) for _ in images]


class Bench:
    """Three chains of two originals (one with two replicates) and one from a prompt."""

    def __init__(self, path) -> None:
        self.path = path
        (path / "raw").mkdir()
        rows = []
        for number, replicate in ((0, 0), (0, 1), (1, 0)):
            Image.new("RGB", (4, 4), (90 + 20 * number, 0, 0)).save(path / f"raw/{number}.png")
            rows.append(
                {
                    "chain_id": f"i{number}_r{replicate}",
                    "start": "image",
                    "image_path": f"{number}.png",
                    "seed": replicate,
                }
            )
        rows.append({"chain_id": "p0_r0", "start": "prompt", "prompt": "A sad man.", "seed": 5})
        common = {"replicate": 0, "concept": "emotion", "label": "happiness"}
        self.chains = as_table([row | common for row in rows], CHAINS)
        self.images = ImagePartitionsDataset(path=str(path / "images"))
        for place, chain in enumerate(self.chains["chain_id"]):
            for iteration in range(1, ITERATIONS + 1):
                save(self.images, {f"{chain}/{iteration}": Image.new("RGB", (4, 4), (10 * place + iteration, 0, 0))})
        self.batches = RecordPartitionsDataset(path=str(path / "batches"))
        self.annotator, self.describer = FakeAnnotator(), FakeDescriber("fake describer")
        self.further: dict[str, FakeModel] = {}
        self.scheme, self.own = RAF, {}
        texts = [
            {
                "chain_id": chain,
                "iteration": k,
                "text": "He shows fear.",
                "tokens": 3,
                "truncated": False,
                "describer": by,
            }
            for chain in self.chains["chain_id"]
            for k in range(1, ITERATIONS + 1)
            for by in ["prompt" if chain[0] == "p" and k == 1 else "fake describer"]
        ]
        self.descriptions = as_table(texts, DESCRIPTIONS)

    def ask(self, **settings):
        return inquiries(
            AnnotationSettings.model_validate({"batch": 2} | settings),
            self.scheme,
            "emotion",
            "Describe.",
            self.annotator,
            self.describer,
            {"a": 1},
            self.further,
        )

    def study(self):
        return study_pictures(self.path / "raw", self.images)

    def pictures(self):
        self.chains = digested(self.chains, self.path / "raw")
        return self.study().by_iteration(chains_of(self.chains), ITERATIONS)

    def samples(self, starts_per_label=None, **_):
        chains = self.chains.assign(image_id=self.chains["image_path"])
        return sampled_pictures(starts_per_label or {}, chains, ITERATIONS, self.study())

    def follow(self, donors=(), **settings):
        models = {"annotator": self.annotator, "describer": self.describer}
        models |= {task_name(name): model for name, model in self.further.items()}
        loaded = AnnotationSettings.model_validate({"batch": 2} | settings)
        study = self.study()
        pictures, samples = self.pictures(), self.samples(**settings)
        journal, names = self.batches.load(), names_of_pictures(self.chains)
        for answered in annotate(
            pictures, self.ask(**settings), loaded, models, study, journal, samples, donors, names
        ):
            self.batches.save(answered.batches)
            yield answered

    def run(self, donors=(), **settings):
        for _ in self.follow(donors, **settings):
            pass
        return self.tables(**settings)

    def tables(self, **settings):
        asked = self.ask(**settings)
        pictures, samples, batches = self.pictures(), self.samples(**settings), self.batches.load()
        answers = {one.name: answers_to(one, batches, samples.get(one.by, pictures)) for one in asked}
        labels = dict.fromkeys(self.chains["chain_id"], "happiness")
        emotion = RAF.concepts["emotion"]
        chains = chains_of(self.chains)
        described = self.descriptions, "emotion", emotion, self.own
        return tables(chains, self.study(), labels, ITERATIONS, asked, answers, *described)
