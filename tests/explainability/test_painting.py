"""Maps over pixels and what they say of regions, against loops over single pixels."""

import numpy as np
import pytest
from PIL import Image

from broken_telephone.explainability.maps.occlusion import (
    Fitted,
    box_of,
    framed,
    hidden,
    largest_first,
    mean_colour,
    moved,
    painter,
)
from broken_telephone.explainability.maps.region_statistics import NUMBERS, region_numbers
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
    found = painter(boxes, size)(values)
    assert found == pytest.approx(painted_slowly(values, boxes, size))
    # What lies in the picture keeps its sum, whatever overlaps; padding adds nothing.
    assert found.sum() == pytest.approx(values[np.isfinite(boxes).all(1)].sum())


def test_a_map_of_padding_alone_is_empty():
    assert painter(np.full((3, 4), np.nan), (4, 2))(np.ones(3)).tolist() == [[0] * 4] * 2


def test_views_of_one_picture_add_up():
    """A patch over the whole picture, and four over its quarters that are as large together."""
    quarters = np.array([[0, 0, 4, 2], [4, 0, 8, 2], [0, 2, 4, 4], [4, 2, 8, 4], [0, 0, 8, 4]])
    found = painter(quarters, (8, 4))(np.array([1, 0, 0, 0, 1.0]))
    assert found[:2, :4].sum() == pytest.approx(1.25)
    assert found[2:].sum() == pytest.approx(0.5)


@pytest.mark.parametrize("size", SIZES)
def test_numbers_of_regions_are_what_a_loop_over_pixels_finds(size):
    rng = np.random.default_rng(2)
    activation, regions = rng.random((size[1], size[0])), rng.integers(0, 3, (size[1], size[0])).astype(np.uint8)
    seen = rng.random((size[1], size[0])) < 0.7
    seen[0, 0] = True
    found = region_numbers(activation, regions, seen)
    pixels = [
        (int(regions[y, x]), float(activation[y, x])) for y in range(size[1]) for x in range(size[0]) if seen[y, x]
    ]
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
    found = region_numbers(np.zeros((2, 2)), regions, np.ones((2, 2), bool))
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
        other = moved(where, rng, box_of(np.ones_like(where)))
        assert other.sum() == where.sum()
        assert any(
            np.array_equal(np.roll(where, (down, across), (0, 1)), other) for down in range(6) for across in range(8)
        )
        seen.add(other.tobytes())
    assert len(seen) == 48
    one = np.ones((1, 1), bool)
    assert moved(one, rng, box_of(one)).all()


def test_what_is_moved_stays_in_the_box():
    rng = np.random.default_rng(4)
    values, box = rng.random((6, 8)), (slice(1, 4), slice(2, 7))
    inner = np.zeros((6, 8), bool)
    inner[box] = True
    assert box_of(inner) == box
    # One row more, in which there is a gap.
    inner[4, 3] = True
    assert box_of(inner) == (slice(1, 5), slice(2, 7))
    for _ in range(20):
        found = moved(values, rng, box)
        assert sorted(found[box].ravel()) == sorted(values[box].ravel())
        assert found.sum() == pytest.approx(values[box].sum())


def test_of_a_picture_that_is_not_seen_nothing_is_known():
    found = region_numbers(np.ones((2, 2)), np.array([[0, 1], [1, 2]], np.uint8), np.zeros((2, 2), bool))
    assert found[:, 0].tolist() == [0] * len(REGIONS)
    assert np.isnan(found[:, 1:]).all()


def test_what_is_not_seen_makes_no_region_less_dense():
    """The map cannot be anywhere but in the left half; a region that lies in the right one, too, is as dense."""
    activation, seen = np.zeros((4, 8)), np.zeros((4, 8), bool)
    activation[:, :4] = seen[:, :4] = 1
    regions = np.zeros((4, 8), np.uint8)
    regions[:, 2:8] = 1
    found = region_numbers(activation, regions, seen)
    assert found[:2].tolist() == [[0.5, 1, 0.5]] * 2
    assert found[2:, 0].tolist() == [0, 0]


def test_the_largest_values_come_first():
    rng = np.random.default_rng(5)
    values = rng.integers(0, 4, (4, 6)).astype(float)
    places = largest_first(values, rng)
    assert sorted(places.ravel()) == list(range(24))
    for count in range(1, 24):
        assert values[places < count].min() >= values[places >= count].max()


def test_equal_values_come_in_an_order_by_chance():
    """A map that is nearly all zeros does not hide the picture from the top."""
    values = np.zeros((6, 6))
    values[5, 5] = 1
    rng = np.random.default_rng(6)
    orders = np.stack([largest_first(values, rng) for _ in range(600)])
    assert (orders[:, 5, 5] == 0).all()
    means = np.delete(orders.reshape(600, -1).mean(0), 35)
    # Each is anywhere from 1 to 35: 18 in the mean, with a standard error of 0.41.
    assert np.abs(means - 18).max() < 2


FRAMES = [((80, 120), (40, 40)), ((120, 80), (40, 40)), ((1, 64), (30, 20)), ((20, 10), (41, 33)), ((7, 7), (7, 7))]


@pytest.mark.parametrize(("original", "frame"), FRAMES)
def test_pictures_are_fitted_into_frames_with_their_proportions(original, frame):
    fitted = Fitted.into(original, frame)
    assert fitted.width == frame[0] or fitted.height == frame[1]
    scale = min(frame[0] / original[0], frame[1] / original[1])
    assert fitted.width == pytest.approx(max(original[0] * scale, 1), abs=0.5)
    assert fitted.height == pytest.approx(max(original[1] * scale, 1), abs=0.5)
    assert abs(frame[0] - fitted.width - 2 * fitted.left) <= 1
    assert abs(frame[1] - fitted.height - 2 * fitted.top) <= 1
    inside = fitted.inside(frame)
    assert inside.shape == frame[::-1]
    assert inside.sum() == fitted.width * fitted.height
    # What is inside is the picture, and the rest is grey.
    found = np.asarray(framed(Image.new("RGB", original, (200, 10, 30)), frame))
    assert (found[inside] == (200, 10, 30)).all()
    assert (found[~inside] == 128).all()


def test_without_a_frame_pictures_are_as_they_are():
    picture = Image.new("RGB", (5, 3))
    assert framed(picture, None) is picture
