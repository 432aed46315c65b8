"""Maps over pixels and what they say of regions, against loops over single pixels."""

import numpy as np
import pytest
from PIL import Image

from broken_telephone.explain.numbers import NUMBERS, region_numbers
from broken_telephone.explain.painting import hidden, largest_first, mean_colour, moved, painted
from broken_telephone.models import REGIONS

SIZES = [(7, 5), (1, 9), (9, 1), (1, 1), (20, 13)]


def some_boxes(rng, count, size):
    """Boxes within a picture with ends at any part of a pixel, one of them of nothing."""
    ends = np.sort(rng.random((count, 2, 2)) * np.array(size), axis=1)
    ends[:, 1] = np.maximum(ends[:, 1], ends[:, 0] + 0.05)
    boxes = np.minimum(ends.reshape(count, 4), [*size, *size])
    boxes[1] = np.nan
    return boxes


def painted_slowly(values, boxes, size):
    found = np.zeros((size[1], size[0]))
    for value, (left, top, right, bottom) in zip(values, boxes, strict=True):
        if np.isnan([left, top, right, bottom]).any():
            continue
        for y in range(size[1]):
            for x in range(size[0]):
                across = max(0.0, min(right, x + 1) - max(left, x))
                down = max(0.0, min(bottom, y + 1) - max(top, y))
                found[y, x] += value * across * down / ((right - left) * (bottom - top))
    return found


@pytest.mark.parametrize("size", SIZES)
def test_a_map_is_what_a_loop_over_pixels_paints(size):
    rng = np.random.default_rng(1)
    boxes, values = some_boxes(rng, 12, size), rng.random(12).astype(np.float32)
    found = painted(values, boxes, size)
    assert found == pytest.approx(painted_slowly(values, boxes, size))
    # What lies in the picture keeps its sum, whatever overlaps; padding adds nothing.
    assert found.sum() == pytest.approx(values[np.isfinite(boxes).all(1)].sum())


def test_a_map_of_padding_alone_is_empty():
    assert painted(np.ones(3), np.full((3, 4), np.nan), (4, 2)).tolist() == [[0] * 4] * 2


def test_views_of_one_picture_add_up():
    """A patch over the whole picture, and four over its quarters that are as large together."""
    quarters = np.array([[0, 0, 4, 2], [4, 0, 8, 2], [0, 2, 4, 4], [4, 2, 8, 4], [0, 0, 8, 4]])
    found = painted(np.array([1, 0, 0, 0, 1.0]), quarters, (8, 4))
    assert found[:2, :4].sum() == pytest.approx(1.25)
    assert found[2:].sum() == pytest.approx(0.5)


@pytest.mark.parametrize("size", SIZES)
def test_numbers_of_regions_are_what_a_loop_over_pixels_finds(size):
    rng = np.random.default_rng(2)
    activation, regions = rng.random((size[1], size[0])), rng.integers(0, 3, (size[1], size[0])).astype(np.uint8)
    found = region_numbers(activation, regions)
    pixels = [(int(regions[y, x]), float(activation[y, x])) for y in range(size[1]) for x in range(size[0])]
    total = sum(value for _, value in pixels)
    for place, own in enumerate(found):
        inside = [value for region, value in pixels if region == place]
        area, density, share = (dict(zip(NUMBERS, own, strict=True))[name] for name in ("area", "density", "share"))
        assert area == pytest.approx(len(inside) / len(pixels))
        assert share == pytest.approx(sum(inside) / total)
        if inside:
            assert density == pytest.approx((sum(inside) / len(inside)) / (total / len(pixels)))
        else:
            assert np.isnan(density)
    assert found[:, [0, 2]].sum(0) == pytest.approx(1)
    assert np.isnan(found[REGIONS.index("body"), 1])


def test_of_an_empty_map_only_areas_are_known():
    regions = np.array([[0, 1], [1, 2]], np.uint8)
    found = region_numbers(np.zeros((2, 2)), regions)
    assert found[:, 0].tolist() == [0.25, 0.5, 0.25, 0]
    assert np.isnan(found[:, 1:]).all()


def test_a_part_is_hidden_and_the_rest_is_as_it_was():
    rng = np.random.default_rng(3)
    picture, where = rng.integers(0, 256, (5, 6, 3), np.uint8), rng.random((5, 6)) < 0.5
    before = picture.copy()
    found = np.asarray(hidden(picture, where, (1, 2, 3)))
    assert (found[where] == (1, 2, 3)).all()
    assert (found[~where] == before[~where]).all()
    assert (picture == before).all()


def test_pictures_count_alike_in_the_mean_colour_whatever_their_size():
    small, large = np.full((1, 1, 3), (0, 100, 7), np.uint8), np.full((9, 30, 3), (200, 101, 7), np.uint8)
    assert mean_colour([small, large]) == (100, 100, 7)
    assert mean_colour([]) == (128, 128, 128)
    assert hidden(small, np.ones((1, 1), bool), mean_colour([small, large])).getpixel((0, 0)) == (100, 100, 7)


def test_a_part_moved_elsewhere_keeps_its_size_and_shape():
    where = np.zeros((6, 8), bool)
    where[1:3, 2:5] = where[3, 2] = True
    rng = np.random.default_rng(4)
    seen = set()
    for _ in range(300):
        other = moved(where, rng)
        assert other.sum() == where.sum()
        assert any(
            np.array_equal(np.roll(where, (down, across), (0, 1)), other) for down in range(6) for across in range(8)
        )
        seen.add(other.tobytes())
    assert len(seen) == 48
    assert moved(np.ones((1, 1), bool), rng).all()


@pytest.mark.parametrize("share", [0, 1 / 8, 0.5, 7 / 8, 1])
def test_the_largest_values_come_first(share):
    values = np.random.default_rng(5).integers(0, 4, (4, 6)).astype(float)
    chosen = largest_first(values, share)
    assert chosen.sum() == round(share * 24)
    if chosen.any() and not chosen.all():
        assert values[chosen].min() >= values[~chosen].max()


def test_hidden_and_shown_parts_of_a_curve_are_each_others_rest():
    """Deletion paints over the largest values, insertion over all others: together the whole picture."""
    values = np.random.default_rng(6).random((4, 4))
    most = largest_first(values, 0.25)
    picture = np.full((4, 4, 3), 9, np.uint8)
    one, other = (np.asarray(hidden(picture, where, (0, 0, 0)))[..., 0] == 0 for where in (most, ~most))
    assert (one ^ other).all()
    assert isinstance(hidden(picture, most, (0, 0, 0)), Image.Image)
