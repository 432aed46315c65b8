"""Which part of a picture each patch sees, against what the processors are known to do."""

import numpy as np
import pytest
import torch

from broken_telephone.errors import StudyError
from broken_telephone.models import make_describer
from broken_telephone.models.attribution.vision_tower import Tower

TEMPLATES = {"paligemma": "<image>{prompt}"}


def patches(path: str, size: tuple[int, int], family: str = ""):
    describer = make_describer({"path": path, "template": TEMPLATES.get(family)})
    describer.load()
    tower = Tower(describer._loaded[0], describer.name)
    with torch.no_grad():
        return tower.patches(size, lambda picture: describer._loaded[0](**describer._inputs([picture], "Say it.")))


def grid(left: float, top: float, right: float, bottom: float, rows: int, columns: int) -> np.ndarray:
    """The boxes of a view that is cut into equal patches, row by row."""
    wide, high = (right - left) / columns, (bottom - top) / rows
    return np.array(
        [
            [left + k * wide, top + j * high, left + (k + 1) * wide, top + (j + 1) * high]
            for j in range(rows)
            for k in range(columns)
        ]
    )


@pytest.mark.parametrize("size", [(64, 64), (100, 100), (768, 768)])
def test_llava_next_sees_a_square_picture_whole_and_in_four_quarters(size, embedded):
    found = patches(str(embedded / "describer"), size)
    side = size[0]
    half = side / 2
    wanted = [grid(0, 0, side, side, 4, 4)]
    wanted += [grid(x, y, x + half, y + half, 4, 4) for y in (0, half) for x in (0, half)]
    assert found.views == 5
    # To an eighth of a pixel, or a thousandth of a large picture.
    np.testing.assert_allclose(found.boxes, np.concatenate(wanted), atol=max(0.13, side / 1000))


def test_llava_next_sees_a_wide_picture_squeezed_and_between_bars(embedded):
    found = patches(str(embedded / "describer"), (100, 60))
    np.testing.assert_allclose(found.boxes[:16], grid(0, 0, 100, 60, 4, 4), atol=0.13)
    # 100 x 60 becomes 64 x 38, with bars of 13 pixels above and below: a patch is 12.5 x 12.6 pixels of the picture.
    above = found.boxes[16:48]
    assert np.isnan(above[[0, 1, 2, 3]]).all()  # the first row of patches, pixels 0 to 8 of 13
    row = above[4:8]
    np.testing.assert_allclose(row[:, 0], [0, 12.5, 25, 37.5], atol=0.3)
    np.testing.assert_allclose(row[:, 1], 0, atol=0.3)  # half of it is bar: what it sees begins at the picture's edge
    np.testing.assert_allclose(row[:, 3], 100 / 64 * 3, atol=1.7)
    known = found.boxes[np.isfinite(found.boxes).all(1)]
    assert known.min() >= 0
    assert (known <= [100, 60, 100, 60]).all()


@pytest.mark.parametrize(
    ("family", "size", "views", "wanted"),
    [
        # The shorter side is brought to 8 pixels, and the middle cut out.
        ("llava", (40, 20), 1, grid(10, 0, 30, 20, 2, 2)),
        # Squeezed to a square.
        ("paligemma", (40, 20), 1, grid(0, 0, 40, 20, 2, 2)),
        ("blip2", (40, 20), 1, grid(0, 0, 40, 20, 2, 2)),
        ("instructblip", (16, 16), 1, grid(0, 0, 16, 16, 2, 2)),
    ],
)
def test_views_of_other_families(family, size, views, wanted, describers):
    found = patches(describers[family], size, family)
    assert found.views == views
    np.testing.assert_allclose(found.boxes, wanted, atol=0.13)


def test_idefics_sees_tiles_and_the_whole(describers):
    found = patches(describers["idefics3"], (40, 20))
    assert found.views == 3
    wanted = [grid(0, 0, 20, 20, 4, 4), grid(20, 0, 40, 20, 4, 4), grid(0, 0, 40, 20, 4, 4)]
    np.testing.assert_allclose(found.boxes, np.concatenate(wanted), atol=0.13)


def test_qwen_gathers_windows(describers):
    # 40 x 20 becomes 40 x 16: 10 x 4 patches of 4 pixels, in twos by twos, and these in windows of 16 pixels.
    found = patches(describers["qwen"], (40, 20))
    order = []
    for window in ((0, 4), (4, 8), (8, 10)):
        for y in (0, 2):
            for x in range(*window, 2):
                order += [(y + j, x + k) for j in range(2) for k in range(2)]
    wanted = np.array([[4 * x, 5 * y, 4 * x + 4, 5 * y + 5] for y, x in order])
    np.testing.assert_allclose(found.boxes, wanted, atol=0.13)


def test_a_block_that_is_not_there_is_named(embedded):
    describer = make_describer({"path": str(embedded / "describer")})
    describer.load()
    tower = Tower(describer._loaded[0], describer.name)
    with pytest.raises(StudyError, match=r"explain\.layers: 6 is too large: describer has 5 blocks"):
        tower.layer(6)
    assert type(tower.layer(3)).__name__ == "LayerNorm"
    assert tower.layer(3) is tower.blocks[2].layer_norm2


def test_patches_of_a_picture_one_pixel_wide(embedded):
    found = patches(str(embedded / "describer"), (1, 40))
    known = found.boxes[np.isfinite(found.boxes).all(1)]
    assert len(known)
    assert (known >= 0).all()
    assert (known <= [1, 40, 1, 40]).all()
