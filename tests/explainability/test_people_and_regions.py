"""Whose face is whose, and which part of a picture is a person's hair, face and body."""

import itertools

import numpy as np
import pandas as pd
import pytest
from faces import DETECTOR, PARSER, box, overlap
from PIL import Image

from broken_telephone.explainability.faces.face_matching import (
    boxes_of,
    crop_of,
    main_faces,
    matches,
    people_of,
)
from broken_telephone.explainability.faces.face_parts import FaceParts
from broken_telephone.explainability.faces.regions import matched, person_regions
from broken_telephone.explainability.journal import PictureContent
from broken_telephone.miniature.world.people import World
from broken_telephone.miniature.world.pictures import render_set
from broken_telephone.models import REGIONS, make_detector, make_parser

BACKGROUND, HAIR, FACE, BODY = range(4)


@pytest.fixture(scope="module")
def portraits():
    return render_set("portraits", World(), 100, seed=911, workers=1)


@pytest.fixture(scope="module")
def scenes():
    return render_set("scenes", World(), 250, seed=912, workers=1)


@pytest.fixture(scope="module")
def parted(portraits, scenes):
    """What the embedded detector and parser find in 100 portraits and in 100 scenes of up to three people."""
    parts = FaceParts(make_detector(DETECTOR), make_parser(PARSER))
    return [
        found
        for some in (portraits, scenes)
        for begin in range(0, 100, 25)
        for found in parts.find([Image.fromarray(one) for one in some.images[begin : begin + 25]])
    ]


def people_in(scenes, number):
    count = int(np.isfinite(scenes.boxes[number, :, 0]).sum())
    return [[tuple(map(float, row)) for row in rows[number, :count]] for rows in (scenes.faces, scenes.boxes)]


def test_true_faces_are_matched_to_their_people(scenes):
    rng = np.random.default_rng(0)
    right = total = several = 0
    for number in range(len(scenes)):
        faces, people = people_in(scenes, number)
        order = rng.permutation(len(faces))
        whose = matched([faces[k] for k in order], people)
        right += sum(one == k for one, k in zip(whose, order, strict=True))
        total += len(faces)
        several += len(faces) > 1
    assert several > 120
    assert right / total >= 0.99


def test_the_detectors_faces_are_matched_to_their_people(scenes, parted):
    right = total = 0
    for number, (found, _) in enumerate(parted[100:]):
        faces, people = people_in(scenes, number)
        whose = matched([face.box for face in found], people)
        for face, person in zip(found, whose, strict=True):
            shared = [overlap(face.box, true) for true in faces]
            if max(shared) > 0.5:
                total += 1
                right += person == int(np.argmax(shared))
    assert total > 150
    assert right / total >= 0.99


def test_parsed_regions_are_those_that_were_drawn(portraits, scenes, parted):
    both = np.zeros((2, len(REGIONS)))
    truths = [*portraits.regions, *scenes.regions[:100]]
    for (_, maps), truth in zip(parted, truths, strict=True):
        assert maps
        for own in maps[1:]:
            assert own is maps[0]
        for place in range(len(REGIONS)):
            seen, true = maps[0] == place, truth == place
            both[:, place] += (seen & true).sum(), (seen | true).sum()
    assert (both[0] / both[1] >= 0.90).all(), both[0] / both[1]


def test_regions_of_several_people_are_their_own(scenes, parted):
    """A scene's true map cut at the true boxes tells each person's face; nobody gets another's."""
    checked = 0
    for number, (found, maps) in enumerate(parted[100:]):
        faces, people = people_in(scenes, number)
        whose = matched([face.box for face in found], people)
        if len(people) < 2 or None in whose:
            continue
        own = person_regions(maps, [face.box for face in found], [people[k] for k in whose], [None] * len(found))
        assert set(np.unique(own)) <= set(range(len(REGIONS)))
        # Each pixel that is not background belongs to at most one person, and is what the parser saw there.
        assert ((own != BACKGROUND).sum(0) <= 1).all()
        assert np.array_equal(own.max(0), maps[0])
        for k, person in enumerate(whose):
            x, y, width, height = faces[person]
            inner = np.zeros((64, 64), bool)
            inner[
                round(y + height * 0.3) : round(y + height * 0.7), round(x + width * 0.3) : round(x + width * 0.7)
            ] = 1
            if not (maps[0][inner] == FACE).all():
                continue
            checked += 1
            assert (own[k][inner] == FACE).mean() > 0.95
            for other in range(len(whose)):
                assert other == k or (own[other][inner] != FACE).mean() > 0.95
    assert checked > 80


def cost_by_hand(face, person):
    inside = max(min(face[0] + face[2], person[0] + person[2]) - max(face[0], person[0]), 0)
    inside *= max(min(face[1] + face[3], person[1] + person[3]) - max(face[1], person[1]), 0)
    if inside / (face[2] * face[3]) < 0.5:
        return None
    middle = abs(face[0] + face[2] / 2 - person[0] - person[2] / 2) + abs(face[1] - person[1])
    return middle / person[2]


@pytest.mark.parametrize("seed", range(12))
def test_no_other_way_to_match_is_better(seed):
    """As many faces as possible have a person, and of all such ways theirs is the one that is nearest."""
    rng = np.random.default_rng(seed)
    faces = [(*rng.uniform(0, 30, 2), *rng.uniform(2, 8, 2)) for _ in range(rng.integers(1, 5))]
    people = [(*rng.uniform(0, 20, 2), *rng.uniform(8, 30, 2)) for _ in range(rng.integers(1, 5))]
    costs = [[cost_by_hand(face, person) for person in people] for face in faces]
    ways = []
    for way in itertools.product([None, *range(len(people))], repeat=len(faces)):
        taken = [person for person in way if person is not None]
        each = [costs[face][person] for face, person in enumerate(way) if person is not None]
        if len(set(taken)) == len(taken) and None not in each:
            ways.append((-len(taken), sum(each)))
    found = matched(faces, people)
    taken = [person for person in found if person is not None]
    assert len(set(taken)) == len(taken)
    reached = sum(costs[face][person] for face, person in enumerate(found) if person is not None)
    assert (-len(taken), pytest.approx(reached)) == min(ways)


def test_whose_face_is_nobodys():
    assert matched([], [(0, 0, 9, 9)]) == []
    assert matched([(0, 0, 2, 2)], []) == [None]
    assert matched([(20, 20, 2, 2)], [(0, 0, 9, 9)]) == [None]
    # Two faces, one person: the one near the top of its box.
    assert matched([(3, 6, 2, 2), (3, 0, 2, 2)], [(0, 0, 9, 9)]) == [None, 0]
    # Widths of nothing do not raise.
    assert matched([(3, 3, 0, 0)], [(0, 0, 0, 0)]) == [None]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [(40, 30), (1, 25), (25, 1), (1, 1)])
def test_regions_are_disjoint_and_cover_the_picture(seed, size):
    """Whatever parsers and detectors make up: every pixel has one region of each person, at most one's body."""
    rng = np.random.default_rng(seed)
    width, height = size
    count = int(rng.integers(1, 21))
    parsed = [rng.integers(0, 4, (height, width)).astype(np.uint8) for _ in range(count)]
    faces = [(*rng.uniform(-5, 30, 2), *rng.uniform(0, 12, 2)) for _ in range(count)]
    people = [None if rng.random() < 0.3 else (*rng.uniform(-5, 30, 2), *rng.uniform(0, 25, 2)) for _ in faces]
    seen = [None if rng.random() < 0.3 else (*rng.uniform(-5, 30, 2), 9.0, 9.0) for _ in faces]
    own = person_regions(parsed, faces, people, seen)
    assert (own.dtype, own.shape) == (np.uint8, (count, height, width))
    assert own.max() < len(REGIONS)
    assert ((own != BACKGROUND).sum(0) <= 1).all()
    for each in own:
        assert sum((each == place).sum() for place in range(len(REGIONS))) == width * height
    # What any parser saw of a person is somebody's.
    assert ((own != BACKGROUND).any(0) >= (np.stack(parsed) != BACKGROUND).any(0)).all()


def test_pixels_go_to_the_person_in_whose_box_they_lie():
    """Two people side by side, one face larger: what lies in one box only is that one's, however near the other."""
    shared = np.full((20, 40), BODY, np.uint8)
    faces = [(2.0, 2.0, 12.0, 12.0), (26.0, 2.0, 3.0, 3.0)]
    people = [(0.0, 0.0, 16.0, 20.0), (16.0, 0.0, 24.0, 20.0)]
    first, second = person_regions([shared, shared], faces, people, [None, None])
    assert (first[:, :16] == BODY).all()
    assert (first[:, 16:] == BACKGROUND).all()
    assert np.array_equal(second, np.where(first == BODY, BACKGROUND, BODY))


def test_where_the_parser_did_not_look_the_box_below_the_face_is_body():
    face, person = (10.0, 2.0, 6.0, 6.0), (5.0, 0.0, 16.0, 30.0)
    looked = crop_of(box(*face), 2.0)
    assert looked == (7.0, -1.0, 12.0, 12.0)
    parsed = np.zeros((32, 32), np.uint8)
    parsed[2:8, 10:16] = FACE
    (own,) = person_regions([parsed], [face], [person], [looked])
    for y in range(32):
        for x in range(32):
            in_person = 5 <= x < 21 and y < 30
            in_crop = 7 <= x < 19 and y < 11
            expected = FACE if parsed[y, x] == FACE else BODY if in_person and not in_crop and y >= 8 else BACKGROUND
            assert own[y, x] == expected, (x, y)
    # Of a parser that looks at whole pictures, and of a person whose box is not known, nothing is made up.
    for known, seen in ((person, None), (None, looked)):
        assert np.array_equal(person_regions([parsed], [face], [known], [seen])[0], parsed)


def found(boxes, size=(40, 40), original=(80, 120)):
    faces = [box(*one) for one in boxes]
    return PictureContent(size, original, faces, np.zeros((len(faces), *size[::-1]), np.uint8), [None] * len(faces))


ROWS = pd.DataFrame(
    {
        "person_id": ["a", "b", "c", "d"],
        "image_id": ["7", "7", "8", "9"],
        "x": [0.0, 40.0, 0.0, None],
        "y": [0.0, 0.0, 0.0, None],
        "width": [40.0, 40.0, 40.0, None],
        "height": [120.0, 120.0, 30.0, None],
        "activity": ["eating", "eating", "sports", "sports"],
        "is_main": [False, True, True, True],
    }
)
CHAINS = pd.DataFrame(
    {
        "image_path": ["p/7.png", "p/7.png", "p/8.png", "p/9.png", None],
        "image_id": ["7", "7", "8", "9", None],
        "label": ["eating", "eating", "sports", "sports", "sports"],
    }
)


def test_people_have_boxes_in_the_pixels_that_faces_are_in():
    people = people_of(CHAINS, ROWS)
    assert {name: len(rows) for name, rows in people.items()} == {"0/p/7.png": 2, "0/p/8.png": 1}
    # The picture was brought from 80 x 120 into a frame of 40 x 40, where it is 27 wide, in the middle.
    assert boxes_of("0/p/7.png", found([]), people) == [(6, 0, 13.5, 40), (19.5, 0, 13.5, 40)]
    assert boxes_of("0/p/7.png", found([], (80, 120)), people) == [(0, 0, 40, 120), (40, 0, 40, 120)]
    assert boxes_of("0/p/9.png", found([]), people) == []
    assert matches("0/p/7.png", found([(25, 1, 5, 5), (5, 1, 5, 5), (5, 30, 5, 5)]), people) == [1, 0, None]


def test_one_face_a_picture_counts():
    """The main person's where the data set gives boxes, however large others are and whatever label they have."""
    people = people_of(CHAINS, ROWS)
    both = [(25, 1, 5, 5), (5, 1, 9, 9)]
    assert main_faces("0/p/7.png", found(both), people) == [0]
    assert main_faces("0/p/7.png", found(both[::-1]), people) == [1]
    assert main_faces("0/p/7.png", found(both[1:]), people) == []
    assert main_faces("0/p/7.png", found([]), people) == []
    # Without boxes, and in every drawn picture, the largest.
    assert main_faces("0/p/9.png", found(both), people) == [1]
    assert main_faces("c/1", found([]), people) == []
    assert main_faces("c/1", found([(0, 0, 2, 2)] * 20), people) == [0]
    assert main_faces("c/1", found([(0, 0, 2, 2)] * 19 + [(0, 0, 9, 9)]), people) == [19]
