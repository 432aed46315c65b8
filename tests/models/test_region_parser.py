"""The region parser: whole pictures, squares around faces, and what each network's classes count as."""

import inspect
import re

import numpy as np
import pytest
import torch
from faces import PARSER, SIZES, box
from PIL import Image

from broken_telephone.miniature.world import canvas
from broken_telephone.models import REGIONS, make_parser
from broken_telephone.models.faces.facexlib_parser import _Use
from broken_telephone.models.faces.region_parsing import BISENET, PARSENET, places

BACKGROUND, HAIR, FACE, BODY = range(4)


def test_the_embedded_parser_sees_whole_pictures(rendered, drawn):
    faces = [[box(20, 20, 20, 20)] * (1 + number % 2) for number in range(len(rendered))]
    faces[3] = []
    maps = make_parser(PARSER).parse(rendered, faces)
    assert [len(own) for own in maps] == [len(own) for own in faces]
    assert np.array_equal(*maps[1])
    right = []
    for own, picture in zip(maps, drawn, strict=True):
        for each in own[:1]:
            assert (each.dtype, each.shape) == (np.uint8, (64, 64))
            right.append((each == picture.regions).mean())
    assert np.mean(right) > 0.97


@pytest.mark.parametrize("grow", [None, 1.5])
def test_maps_have_the_size_of_their_picture(rendered, grow):
    parser = make_parser(PARSER | ({} if grow is None else {"grow": grow}))
    pictures = [rendered[0].resize(size) for size in SIZES]
    for (width, height), own in zip(SIZES, parser.parse(pictures, [[box(0, 0, 1, 1)]] * len(SIZES)), strict=True):
        assert [each.shape for each in own] == [(height, width)]
        assert own[0].max() < len(REGIONS)
    assert parser.parse([], []) == []


def test_a_larger_picture_has_the_same_regions_with_finer_edges(rendered, drawn):
    large = [image.resize((256, 128), Image.Resampling.BICUBIC) for image in rendered[:10]]
    maps = make_parser(PARSER).parse(large, [[box(0, 0, 9, 9)]] * 10)
    for (each,), picture in zip(maps, drawn[:10], strict=True):
        blocks = picture.regions.repeat(2, 0).repeat(4, 1)
        assert (each == blocks).mean() > 0.93
        # An edge is not a staircase of blocks of four pixels.
        changes = np.nonzero(each[:, 1:] != each[:, :-1])[1] + 1
        assert (changes % 4 != 0).any()


SHOWN = {"hat": (255, 0, 0), "cloth": (0, 255, 0), "l_lip": (0, 0, 255), "background": (0, 0, 0)}


class ByColour(torch.nn.Module):
    """A network that is always right: it sees the three classes that have a colour, and else background."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[tuple[int, ...]] = []

    def forward(self, pictures):
        self.sizes.append(tuple(pictures.shape))
        scores = torch.zeros(len(pictures), len(BISENET), *pictures.shape[2:])
        scores[:, 0] = 0.4
        for channel, name in enumerate(("hat", "cloth", "l_lip")):
            scores[:, BISENET.index(name)] = pictures[:, channel]
        return (scores,)


def seen_by_colour(images, faces, grow):
    parser = make_parser({"facexlib": "bisenet", "grow": grow})
    network = ByColour()
    parser._loaded = network, _Use(128, places(BISENET), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    return parser.parse(images, faces), network.sizes


def test_a_parser_of_faces_looks_around_each_and_nowhere_else():
    image = Image.new("RGB", (160, 90), SHOWN["background"])
    image.paste(SHOWN["hat"], (40, 0, 80, 90))
    image.paste(SHOWN["l_lip"], (80, 0, 120, 30))
    image.paste(SHOWN["cloth"], (80, 30, 160, 90))
    wanted = np.zeros((90, 160), np.uint8)
    wanted[:, 40:80], wanted[:30, 80:120], wanted[30:, 80:] = HAIR, FACE, BODY
    # In the middle; over a corner; beyond all edges. Boxes are half as high as wide: the longer side counts.
    squares = [(50, 5, 80), (-20, -20, 80), (-40, -90, 240)]
    faces = [[box(left + side / 4, top + side * 3 / 8, side / 2, side / 4) for left, top, side in squares], []]
    maps, sizes = seen_by_colour([image, image], faces, 2.0)
    assert sizes == [(3, 3, 128, 128)]
    assert maps[1] == []
    for each, (left, top, side) in zip(maps[0], squares, strict=True):
        looked = np.zeros((90, 160), bool)
        looked[max(top, 0) : top + side, max(left, 0) : left + side] = True
        assert not each[~looked].any()
        assert (each[looked] == wanted[looked]).mean() > 0.97
    assert {int(value) for value in np.unique(maps[0][0])} == {0, HAIR, FACE, BODY}


def test_more_faces_than_go_through_the_network_at_once():
    image = Image.new("RGB", (400, 20), SHOWN["l_lip"])
    faces = [[box(10 * number, 5, 10, 10) for number in range(40)]]
    (maps,), sizes = seen_by_colour([image], faces, 1.0)
    assert [shape[0] for shape in sizes] == [16, 16, 8]
    assert len(maps) == 40
    for number, each in enumerate(maps):
        assert (each[5:15, 10 * number : 10 * number + 10] == FACE).all()
        assert (each == FACE).sum() == 100


@pytest.mark.parametrize(("classes", "hair"), [(BISENET, 17), (PARSENET, 13)])
def test_the_classes_of_each_parser_are_in_its_own_order(classes, hair):
    assert len(classes) == 19
    assert set(classes) == set(PARSENET)
    counts_as = dict(zip(classes, places(classes), strict=True))
    assert classes[hair] == "hair"
    assert {name for name, place in counts_as.items() if place == HAIR} == {"hair", "hat"}
    assert {name for name, place in counts_as.items() if place == BODY} == {"neck", "neck_l", "cloth"}
    assert [name for name, place in counts_as.items() if place == BACKGROUND] == ["background"]


def test_parsenet_is_in_the_order_that_facexlib_pastes_faces_by():
    """Its helper keeps all of the head but hat and clothes, by number."""
    from facexlib.utils import face_restoration_helper

    text = re.search(r"MASK_COLORMAP = \[(.*?)\]", inspect.getsource(face_restoration_helper)).group(1)
    kept = {name for name, value in zip(PARSENET, text.split(","), strict=True) if int(value)}
    assert kept == set(PARSENET) - {"background", "hat", "neck_l", "neck", "cloth"}


def test_regions_are_the_same_everywhere():
    assert canvas.REGIONS is REGIONS
    assert REGIONS == ("background", "hair", "face", "body")
    assert (canvas.BACKGROUND, canvas.HAIR, canvas.FACE, canvas.BODY) == (BACKGROUND, HAIR, FACE, BODY)
