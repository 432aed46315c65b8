"""Large originals and their masks are read as rarely as memory allows."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from broken_telephone.explainability import opened_pictures
from broken_telephone.explainability.faces import props
from broken_telephone.explainability.faces.props import PropMasks
from broken_telephone.explainability.journal import PictureContent
from broken_telephone.explainability.maps.occlusion import framed
from broken_telephone.explainability.opened_pictures import OpenedPictures
from broken_telephone.pictures import Needed, Picture, StudyPictures, as_png, full_size, open_picture

SMALL, WORDS, FACES = "small", Needed(0, 40, 2048), Needed(60, 0, 2048)


class Files:
    """Originals on disk, and how often each was decoded."""

    def __init__(self, folder):
        rng = np.random.default_rng(3)
        sizes = {"a": (120, 90), "b": (80, 80), "c": (90, 120), "d": (90, 90), SMALL: (40, 40)}
        for name, (width, height) in sizes.items():
            pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
            (folder / name).write_bytes(as_png(Image.fromarray(pixels)))
        self.folder, self.decoded = folder, Counter()

    def __getitem__(self, key):
        def read(longest=None, digest=None):
            self.decoded[key] += 1
            return open_picture(self.folder / key, longest=longest)

        return read


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


def picture(key):
    return Picture(f"0/{key}", 0, key, "digest")


def opening(files, frame=None):
    return OpenedPictures(StudyPictures(files, {}, {}), frame)


def same(opened, files, key, needed, frame=None):
    """Whether a picture is what its file shows."""
    direct = open_picture(files.folder / key, longest=needed)
    assert opened[1] == full_size(direct)
    return np.array_equal(np.asarray(opened[0]), np.asarray(framed(direct, frame)))


def test_a_large_file_is_decoded_once_however_often_its_words_are_explained(files):
    opened = opening(files)
    for _ in range(11):
        for key in ("a", "b", "c"):
            assert same(opened(picture(key), WORDS), files, key, WORDS)
    # The mean colour looks at the same pictures.
    assert opened.unframed(picture("a"), WORDS) is opened(picture("a"), WORDS)[0]
    assert files.decoded == {"a": 1, "b": 1, "c": 1}


def test_sizes_that_two_models_need_are_kept_apart(files):
    opened = opening(files)
    for _ in range(2):
        for needed in (WORDS, FACES, None):
            assert same(opened(picture("a"), needed), files, "a", needed)
    # 54 and 60 pixels; the file's own size is not kept, because decoding it costs as much as using it.
    assert files.decoded["a"] == 2 + 2
    # Of a square picture, both need the same.
    alike = Needed(40, 0, 2048)
    opened(picture("b"), WORDS)
    assert opened.once(picture("b"), alike)[0] is opened(picture("b"), WORDS)[0]
    assert files.decoded["b"] == 1


def test_a_picture_that_is_looked_at_once_takes_no_memory(files):
    opened = opening(files)
    for _ in range(2):
        assert same(opened.once(picture("a"), FACES), files, "a", FACES)
    assert files.decoded["a"] == 2


def test_beyond_the_memory_the_first_ones_and_the_last_one_are_kept(files, monkeypatch):
    monkeypatch.setattr(opened_pictures, "_KEPT", 54 * 40 + 40 * 40)
    opened = opening(files)
    for _ in range(3):
        for key in ("a", "b", "c", "c", "d", "d"):
            assert same(opened(picture(key), WORDS), files, key, WORDS)
    assert files.decoded == {"a": 1, "b": 1, "c": 3, "d": 3}


def test_the_mean_colour_is_not_that_of_a_frame(files):
    frame = (64, 32)
    opened = opening(files, frame)
    for _ in range(3):
        assert same(opened(picture("a"), WORDS), files, "a", WORDS, frame)
    assert files.decoded["a"] == 1
    plain = np.asarray(opened.unframed(picture("a"), WORDS))
    assert np.array_equal(plain, np.asarray(open_picture(files.folder / "a", longest=WORDS)))


def test_a_mask_is_read_once_and_is_the_same_in_every_size():
    values = np.zeros((90, 120), int)
    values[10:50, 20:83] = 4
    reads = Counter()

    class Masks:
        def __getitem__(self, key):
            reads[key] += 1
            return lambda: values

    masks = PropMasks(Masks(), {"0/a": "mask"}, [4], 0)
    for size in ((120, 90), (60, 45), (48, 36)):
        content = PictureContent(size, (120, 90), [], np.zeros((0, *size[::-1]), np.uint8), [])
        first, again = masks.mask("0/a", content), masks.mask("0/a", content)
        assert first.dtype == bool
        assert np.array_equal(first, again)
        assert first.shape == size[::-1]
        assert first.mean() == pytest.approx(40 * 63 / (90 * 120), abs=0.02)
    assert np.array_equal(masks.mask("0/a", PictureContent((120, 90), (120, 90), [], values[None], [])), values == 4)
    assert reads["mask"] == 3
    assert masks.mask("0/b", content) is None


def test_beyond_the_memory_the_first_masks_and_the_last_one_are_kept(monkeypatch):
    monkeypatch.setattr(props, "_KEPT", 2 * 120 * 90 // 8)
    reads = Counter()

    class Masks:
        def __getitem__(self, key):
            reads[key] += 1
            return lambda: np.full((90, 120), int(key))

    masks = PropMasks(Masks(), {f"0/{name}": name for name in "1234"}, [1, 3], 0)
    content = PictureContent((120, 90), (120, 90), [], np.zeros((0, 90, 120), np.uint8), [])
    for _ in range(3):
        for name in "123344":
            assert masks.mask(f"0/{name}", content).mean() == (name in "13")
    assert reads == {"1": 1, "2": 1, "3": 3, "4": 3}
