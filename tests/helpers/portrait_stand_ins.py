"""Models without weights whose pictures are the miniature's portraits, so that everybody's gender is known."""

from functools import cache
from pathlib import Path
from zlib import crc32

import numpy as np
from fakes import FakeModel
from kedro.io import AbstractDataset
from PIL import Image

from broken_telephone.models import Description
from broken_telephone.seeds import seed_of

PORTRAITS = Path(__file__).parents[2] / "data/01_raw/miniature_portraits"
MISSED = 0.4
"""Share of the drawn women whom the reader calls men."""
_MARK = (1, 2, 3)
"""The first pixel of a drawn picture."""
_GENDERS = ("male", "female")


@cache
def genders() -> dict[bytes, str]:
    """Return the pixels of every portrait but the first -> the gender that is shown."""
    known = {}
    for file in sorted((PORTRAITS / "Annotation/manual").glob("*_manu_attri.txt")):
        picture = PORTRAITS / "Image/aligned" / file.name.replace("_manu_attri.txt", "_aligned.jpg")
        code = int(file.read_text().split("\n")[5])
        if code < len(_GENDERS):
            known[np.asarray(Image.open(picture).convert("RGB")).tobytes()[3:]] = _GENDERS[code]
    return known


class Painter(FakeModel):
    """Draws any of the portraits, whatever the prompt is: the truth does not drift."""

    def truncates(self, prompts):
        return [False for _ in prompts]

    def draw(self, prompts, seeds):
        pictures = list(genders())
        return [self._picture(pictures[seed_of("portrait", seed) % len(pictures)]) for seed in seeds]

    def _picture(self, pixels):
        side = round(((len(pixels) + 3) / 3) ** 0.5)
        return Image.frombytes("RGB", (side, side), bytes(_MARK) + pixels)


class Reader(FakeModel):
    """Fills in the form with the true gender, but calls some of the drawn women men."""

    def describe(self, images, prompt):
        return [Description(self._form(image), tokens=9, truncated=False) for image in images]

    def _form(self, image):
        pixels = image.tobytes()[3:]
        gender = genders().get(pixels, "unsure")
        if image.getpixel((0, 0)) == _MARK and crc32(pixels) % 1000 < 1000 * MISSED:
            gender = "male"
        return f"1. Caucasian\n2. {gender}\n3. 20-39"


class StandInDataset(AbstractDataset[None, FakeModel]):
    """A catalog entry of a stand-in."""

    def __init__(self, *, role: str) -> None:
        self._model = {"painter": Painter, "reader": Reader}[role](role)

    def load(self):
        return self._model

    def save(self, data):
        raise TypeError("a stand-in is only read")

    def _describe(self):
        return {"role": self._model.name}
