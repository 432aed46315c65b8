"""Instant stand-ins for models: what they do depends only on what they are given, and they count calls."""

from PIL import Image

from broken_telephone.models import Description


class FakeModel:
    device = "cpu"
    longest: int | None = None

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls: list[int] = []
        """The size of every batch."""
        self.loaded = False
        self.releases = 0

    def identity(self) -> dict:
        return {"weights": self.name}

    def resolved(self) -> dict:
        return {"dtype": "float32", "commit": None}

    def load(self) -> None:
        self.loaded = True

    def release(self) -> None:
        self.loaded = False
        self.releases += 1


class FakeDescriber(FakeModel):
    """Names the colour of the first pixel; says nothing about black."""

    def __init__(self) -> None:
        super().__init__("fake describer")

    def describe(self, images, prompt):
        # The loop tries it on a plain picture before the first batch.
        if images[0].size != (224, 224):
            self.calls.append(len(images))
        return [self._one(image) for image in images]

    def _one(self, image) -> Description:
        colour = image.getpixel((0, 0))
        return Description("" if colour == (0, 0, 0) else f"colour {colour}", tokens=2, truncated=False)


class FakeGenerator(FakeModel):
    """Draws a colour that depends on prompt and seed, and, if asked to, on the rest of the batch."""

    def __init__(self, minds_the_batch: bool = False) -> None:
        super().__init__("fake generator")
        self.minds_the_batch = minds_the_batch

    def truncates(self, prompts):
        return [len(prompt) > 18 for prompt in prompts]

    def draw(self, prompts, seeds):
        # The loop tries it on one text before the first batch; no picture has this seed.
        if seeds != [0]:
            self.calls.append(len(prompts))
        rest = sum(seeds) % 251 if self.minds_the_batch else 0
        return [
            Image.new("RGB", (4, 4), ((len(prompt) * 7 + rest) % 256, seed % 255 + 1, seed // 255 % 256))
            for prompt, seed in zip(prompts, seeds, strict=True)
        ]
