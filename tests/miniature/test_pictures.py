from dataclasses import replace

import cv2
import numpy as np
import pytest
from kedro.io import DatasetError

from broken_telephone.miniature.checks.catalog import PictureSetDataset
from broken_telephone.miniature.world.activities import STAGINGS
from broken_telephone.miniature.world.canvas import BACKGROUND, BODY, FACE, HAIR
from broken_telephone.miniature.world.people import ACTIVITIES, EMOTIONS, HAIR_WORDS, World
from broken_telephone.miniature.world.pictures import PictureSet, render_set
from broken_telephone.miniature.world.portrait import render_portrait
from broken_telephone.miniature.world.scene import render_scene


@pytest.mark.parametrize("kind", ["portraits", "scenes"])
def test_the_same_seed_gives_the_same_set_for_any_number_of_workers(kind):
    one, two = (render_set(kind, World(), 260, seed=5, workers=workers) for workers in (1, 2))
    for name in ("images", "regions", "boxes", "faces"):
        assert np.array_equal(getattr(one, name), getattr(two, name), equal_nan=name in ("boxes", "faces"))
    assert one.people.equals(two.people)


def test_another_seed_gives_other_pictures(portraits):
    other = render_set("portraits", World(), 7, seed=6, workers=1)
    assert not np.array_equal(other.images, portraits.images[:7])


def test_labels_are_equally_frequent(portraits, scenes):
    assert portraits.people["emotion"].value_counts().to_dict() == dict.fromkeys(EMOTIONS, 20)
    assert scenes.people["activity"].value_counts().to_dict() == dict.fromkeys(ACTIVITIES, 15)


@pytest.mark.parametrize("kind", ["portraits", "scenes"])
def test_every_picture_has_all_four_regions_and_no_other(kind, request):
    for regions in request.getfixturevalue(kind).regions:
        assert set(np.unique(regions)) == {BACKGROUND, HAIR, FACE, BODY}


def test_the_box_of_a_portrait_is_the_box_of_its_regions(portraits):
    for regions, boxes in zip(portraits.regions, portraits.boxes, strict=True):
        rows, columns = (np.nonzero((regions != BACKGROUND).any(axis))[0] for axis in (1, 0))
        x, y, width, height = boxes[0]
        seen = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        # A region that covers less than half of an outermost pixel does not show there.
        assert np.allclose(seen, (x, y, x + width, y + height), atol=1.01)


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_props_are_what_a_scene_without_them_lacks(activity, monkeypatch):
    people = [World().person(np.random.default_rng(3), activity=activity)]
    shown = [render_scene(people, np.random.default_rng(seed)) for seed in range(6)]
    bare = tuple(replace(one, behind=nothing, front=nothing) for one in STAGINGS[activity])
    monkeypatch.setitem(STAGINGS, activity, bare)
    for seed, picture in enumerate(shown):
        lacking = render_scene(people, np.random.default_rng(seed)).image
        change = np.abs(picture.image.astype(int) - lacking).max(-1)
        assert picture.props.any()
        assert (change[picture.props] > 0).all()
        # Elsewhere, props cover less than half of a pixel: at edges and thin tips.
        near = cv2.dilate(picture.props.astype(np.uint8), np.ones((7, 7))).astype(bool)
        assert change[(picture.regions == BACKGROUND) & ~near].max() < 20
        assert set(picture.regions[picture.props]) == {BACKGROUND}


def nothing(canvas, figure):
    """Draw no prop."""


def test_people_of_a_scene_lie_in_their_boxes(scenes):
    for regions, boxes in zip(scenes.regions, scenes.boxes, strict=True):
        inside = np.zeros_like(regions, bool)
        for x, y, width, height in boxes[~np.isnan(boxes[:, 0])]:
            inside[int(y) : int(np.ceil(y + height)), int(x) : int(np.ceil(x + width))] = True
        assert not (regions != BACKGROUND)[~inside].any()


def test_the_main_person_is_the_largest(scenes):
    areas = scenes.boxes[..., 2] * scenes.boxes[..., 3]
    assert (np.nanargmax(areas, axis=1) == 0).all()
    assert ((~np.isnan(areas)).sum(1) == scenes.people["shown"]).all()


@pytest.mark.parametrize("kind", ["portraits", "scenes"])
def test_the_main_face_lies_in_its_box(kind, request):
    pictures = request.getfixturevalue(kind)
    for regions, boxes, faces in zip(pictures.regions, pictures.boxes, pictures.faces, strict=True):
        (x, y, width, height), (bx, by, bwidth, bheight) = faces[0], boxes[0]
        assert bx - 1 <= x <= x + width <= bx + bwidth + 1
        assert by - 1 <= y <= y + height <= by + bheight + 1
        inside = regions[round(y) : round(y + height), round(x) : round(x + width)]
        assert (inside == FACE).mean() > 0.4


def test_no_face_is_hidden(scenes):
    places = np.argwhere(~np.isnan(scenes.faces[..., 0]))
    # Some scenes have more than their main person.
    assert len(places) > len(scenes.faces)
    for row, column in places:
        x, y, width, height = scenes.faces[row, column]
        inside = scenes.regions[row, round(y) : round(y + height), round(x) : round(x + width)]
        assert (inside == FACE).mean() > 0.25, (row, column)


def test_a_set_comes_back_from_its_folder(scenes, tmp_path):
    scenes.save(tmp_path)
    back = PictureSet.load(tmp_path)
    assert np.array_equal(back.images, scenes.images)
    assert np.array_equal(back.faces, scenes.faces, equal_nan=True)
    assert list(back.people["activity"]) == list(scenes.people["activity"])


def test_pictures_that_were_not_rendered_name_the_command(tmp_path):
    with pytest.raises(DatasetError, match=r"missing does not hold rendered pictures.*--nodes worlds.render_even"):
        PictureSetDataset(path=str(tmp_path / "missing")).load()


def test_the_shape_of_hair_alone_tells_straight_from_curly():
    """Bald heads once had no curls, and readers confused them with straight-haired ones."""
    rng = np.random.default_rng(4)
    people = [World().person(rng, activity="posing") for _ in range(1000)]
    looks = {(person.age, person.gender, person.hair_style): person for person in people}
    assert {style for *_, style in looks} == set(HAIR_WORDS)
    for look, person in looks.items():
        straight, curly = (replace(person, ethnicity=name) for name in ("Asian", "African-American"))
        for render in (render_portrait, lambda who, rng: render_scene([who], rng)):
            first, second = (render(who, np.random.default_rng(5)).regions == HAIR for who in (straight, curly))
            assert (first != second).sum() > 0.2 * first.sum(), look
