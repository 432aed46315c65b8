"""What the models are asked for words: what is hidden, how many pictures at once, what an error costs."""

import numpy as np
import pytest
from PIL import Image
from plain_study import BODY, FACE, GRID, HAIR, FakeExplainer

from broken_telephone.explainability.maps.fills import FILLS, filling
from broken_telephone.explainability.maps.occlusion import Fitted, framed
from broken_telephone.explainability.tasks import STEPS, ExplainWords, How, Subject
from broken_telephone.models import METHODS, REGIONS, Explanation, Failure, Word
from broken_telephone.models.attribution.vision_tower import Patches

COLOUR = (1, 2, 3)
HOW = How("Describe.", [1], "HiResCAM", "log_probability", COLOUR)
SIDE = 16


class Watched(FakeExplainer):
    """Keeps what it is shown; its map is the left half of what it sees, which is a part of the picture."""

    def __init__(self, left=0.0, right=1.0):
        super().__init__()
        self.ends = left, right
        self.shown, self.at_once = [], []

    def _explain(self, image, word):
        left, right = (end * image.width for end in self.ends)
        width, height = (right - left) / GRID, image.height / GRID
        boxes = np.array(
            [
                [left + x * width, y * height, left + (x + 1) * width, (y + 1) * height]
                for y in range(GRID)
                for x in range(GRID)
            ]
        )
        values = np.array([1.0, 0.0] * GRID, np.float32)
        return Explanation(-1.0, dict.fromkeys(METHODS, values), Patches(boxes, 1))

    def weigh(self, images, prompt, words):
        self.at_once.append(len(images))
        self.shown += [(np.asarray(image), word) for image, word in zip(images, words, strict=True)]
        return [-1.0] * len(images)


def subject(regions=None, curves=True, number=0, frame=None, size=(SIDE, SIDE), seed=None):
    """A white picture with a word about it."""
    original = Image.new("RGB", size, "white")
    image = framed(original, frame)
    if regions is None:
        regions = np.repeat(np.array([HAIR, FACE, BODY, 0], np.uint8), image.height // 4)[:, None]
    regions = np.broadcast_to(regions, (image.height, image.width))
    inside = Fitted.into(size, image.size).inside(image.size)
    return Subject(image, Word(f"{number} happy", 2, 7), regions, number if seed is None else seed, inside, curves)


def explained(model, *subjects):
    return ExplainWords(list(subjects), HOW).do(model).records


def painted_over(model):
    return [(picture == COLOUR).all(2) for picture, _ in model.shown]


def test_regions_that_are_not_there_are_not_hidden():
    model = Watched()
    one = subject(np.full((SIDE, SIDE), FACE, np.uint8), curves=False)
    (record,) = explained(model, one)
    # The picture is all face: hidden, and as much elsewhere, with each fill.
    assert len(model.shown) == 2 * len(FILLS)
    for name in ("hidden", "hidden_elsewhere"):
        assert np.isfinite(record[name]).tolist() == [[region == "face" for region in REGIONS]] * len(FILLS)
    assert all(where.all() for where in painted_over(model)[:2])


@pytest.mark.parametrize("count", [1, 2, 5])
def test_no_more_pictures_are_hidden_at_once_than_words_are_explained_at_once(count):
    model = Watched()
    records = explained(model, *(subject(number=number) for number in range(count)))
    each = 2 * len(REGIONS) * len(FILLS) + 4 * (STEPS - 1)
    assert max(model.at_once) == count
    assert sum(model.at_once) == count * each
    assert len(records) == count
    assert all(np.isfinite(record["deletion"]).all() for record in records)


def test_hidden_pictures_are_made_when_they_are_shown(monkeypatch):
    """Of many words there are never more than as many pictures made as the model is asked about next."""
    from broken_telephone.explainability import tasks

    model, ahead = Watched(), []
    made = [0]

    def counting(*args):
        made[0] += 1
        ahead.append(made[0] - len(model.shown))
        return hidden(*args)

    hidden = tasks.hidden
    monkeypatch.setattr(tasks, "hidden", counting)
    explained(model, *(subject(number=number) for number in range(4)))
    assert made[0] == len(model.shown)
    assert max(ahead) == 4


def curves_of(model):
    """The parts that are painted over in the pictures of the curves: true and by chance, deletion and insertion."""
    parts = painted_over(model)[2 * len(REGIONS) * len(FILLS) :]
    assert len(parts) == 4 * (STEPS - 1)
    true, chance = parts[: 2 * (STEPS - 1)], parts[2 * (STEPS - 1) :]
    return true[::2], true[1::2], chance[::2], chance[1::2]


def test_curves_hide_the_map_first_and_chance_is_the_map_elsewhere():
    whole = set()
    for seed in range(12):
        model = Watched()
        explained(model, subject(seed=seed))
        deletion, insertion, chance, shown = curves_of(model)
        marked = np.zeros((SIDE, SIDE), bool)
        marked[:, : SIDE // 2] = True
        for step, (hidden, rest, by_chance, rest_by_chance) in enumerate(
            zip(deletion, insertion, chance, shown, strict=True), 1
        ):
            assert hidden.sum() == by_chance.sum() == step * SIDE * SIDE // STEPS
            assert (hidden ^ rest).all()
            assert (by_chance ^ rest_by_chance).all()
            if step <= STEPS // 2:
                assert not (hidden & ~marked).any()
        # Half of the steps on, all of the map is hidden; of chance, the map as a whole at another place.
        assert np.array_equal(deletion[STEPS // 2 - 1], marked)
        half = chance[STEPS // 2 - 1]
        assert any(np.array_equal(np.roll(marked, by, 1), half) for by in range(SIDE))
        whole.add(half.tobytes())
    assert len(whole) > 4


@pytest.mark.parametrize("frame", [(32, 16), (16, 32), (33, 20)])
def test_the_frames_margin_is_neither_hidden_nor_counted(frame):
    model = Watched()
    regions = np.repeat(np.array([HAIR, FACE, BODY, 0], np.uint8), -(-frame[1] // 4))[: frame[1], None]
    one = subject(regions, frame=frame)
    (record,) = explained(model, one)
    assert not one.inside.all()
    before = np.asarray(one.image)
    parts = [(picture != before).any(2) for picture, _ in model.shown]
    assert parts
    assert not any((where & ~one.inside).any() for where in parts)
    for region in range(len(REGIONS)):
        own = (one.regions == region) & one.inside
        area = record["numbers"][0, region, 0]
        assert area == pytest.approx(own.sum() / one.inside.sum())
    # What is hidden elsewhere is as large as the region.
    there = [region for region in range(len(REGIONS)) if ((one.regions == region) & one.inside).any()]
    sizes = [int(where.sum()) for where in painted_over(model)[: 2 * len(there)]]
    assert sizes[: len(there)] == sizes[len(there) :]
    # Each step of a curve hides as much of the picture.
    for hidden, rest in zip(*curves_from(painted_over(model)[2 * len(there) * len(FILLS) :]), strict=True):
        assert np.array_equal(hidden ^ rest, one.inside)


def curves_from(parts):
    return parts[::2], parts[1::2]


def test_elsewhere_is_where_the_model_sees_something():
    """It sees the middle half: a face that it sees whole, moved to where it sees nothing, would cost nothing."""
    regions = np.zeros((SIDE, SIDE), np.uint8)
    regions[4:8, 6:10] = FACE
    for seed in range(20):
        model = Watched(0.25, 0.75)
        (record,) = explained(model, subject(regions, seed=seed))
        face, elsewhere = painted_over(model)[1], painted_over(model)[3]
        assert np.array_equal(face, regions == FACE)
        assert elsewhere.sum() == face.sum()
        assert not elsewhere[:, : SIDE // 4].any()
        assert not elsewhere[:, 3 * SIDE // 4 :].any()
        # Of the seen half the face is an eighth.
        assert record["numbers"][0, FACE, 0] == pytest.approx(1 / 8)


class Failing(Watched):
    """Raises at some words, when they are explained or when their pictures are hidden."""

    def __init__(self, numbers, hidden=False, error=ValueError):
        super().__init__()
        self.numbers, self.hidden, self.error = numbers, hidden, error

    def _fail(self, words):
        for word in words:
            if word.text.split()[0] in self.numbers:
                raise self.error(f"cannot do {word.text}")

    def explain(self, images, prompt, words, layers, target="log_probability"):
        if not self.hidden:
            self._fail(words)
        return super().explain(images, prompt, words, layers, target)

    def weigh(self, images, prompt, words):
        self._fail(words)
        return super().weigh(images, prompt, words)


@pytest.mark.parametrize("hidden", [False, True])
def test_a_word_that_raises_an_error_fails_alone(hidden):
    records = explained(Failing({"1", "4"}, hidden), *(subject(number=number, curves=False) for number in range(6)))
    whole = explained(Watched(), *(subject(number=number, curves=False) for number in range(6)))
    assert len(records) == 6
    for number, (record, expected) in enumerate(zip(records, whole, strict=True)):
        if number in (1, 4):
            assert isinstance(record, Failure)
            assert f"ValueError: cannot do {number} happy" in record.reason
        else:
            assert np.array_equal(record["hidden"], expected["hidden"], equal_nan=True)


def test_memory_that_runs_out_is_no_words_fault():
    with pytest.raises(MemoryError):
        explained(Failing({"1"}, error=MemoryError), *(subject(number=number) for number in range(3)))


def test_an_error_at_every_word_is_no_words_fault():
    with pytest.raises(ValueError, match="cannot do"):
        explained(Failing({"0", "1", "a"}), subject(number=0), subject(number=1))


def test_each_fill_hides_the_same_places_and_nothing_else():
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    model = Watched()
    one = subject(curves=False)
    one = Subject(Image.fromarray(photo), one.word, one.regions, 7, one.inside)
    explained(model, one)
    shown = [picture for picture, _ in model.shown]
    each = 2 * len(REGIONS)
    assert len(shown) == each * len(FILLS)
    for number in range(each):
        colour, noise, blurred = (shown[number + place * each] for place in range(len(FILLS)))
        where = (colour == COLOUR).all(2)
        assert where.any()
        for picture in (noise, blurred):
            assert np.array_equal(picture[~where], photo[~where])
            assert (picture[where] != photo[where]).any(1).mean() > 0.9
        # Noise is as wild as the photo here, a blur much calmer.
        assert noise[where].std() > 50 > 40 > blurred[where].std()
    again = Watched()
    explained(again, one)
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(model.shown, again.shown, strict=True))


def test_fills_are_what_their_names_say():
    flat = np.full((40, 60, 3), (10, 200, 90), np.uint8)
    assert np.array_equal(filling(flat, "blurred", COLOUR, 1), flat)
    assert filling(flat, "mean colour", COLOUR, 1).tolist() == list(COLOUR)
    noise = filling(flat, "noise", COLOUR, 1)
    assert abs(noise.mean() - 127.5) < 3
    assert not np.array_equal(noise, filling(flat, "noise", COLOUR, 2))
    step = flat.copy()
    step[:, 30:] = 0
    # A tenth of the shorter side: the standard deviation of the blurred step's slope.
    slope = -np.diff(filling(step, "blurred", COLOUR, 1)[20, :, 1].astype(float))
    places = np.arange(len(slope))
    middle = np.average(places, weights=slope)
    assert np.sqrt(np.average((places - middle) ** 2, weights=slope)) == pytest.approx(4, abs=0.3)
    with pytest.raises(ValueError, match="'grey' is none of mean colour, noise, blurred"):
        filling(flat, "grey", COLOUR, 1)
