"""The editor, on tiny image-to-image pipelines of three families."""

import numpy as np
import pytest
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models import make_editor

FAMILIES = ["sd15", "sdxl", "sd3"]


def noise(size: tuple[int, int], seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (*size[::-1], 3), dtype=np.uint8))


def difference(one: Image.Image, other: Image.Image) -> int:
    return int(np.abs(np.asarray(one, dtype=int) - np.asarray(other, dtype=int)).max())


@pytest.mark.parametrize("family", FAMILIES)
def test_changed_pictures_belong_to_their_items_and_not_to_the_batch(family, pipelines):
    editor = make_editor(pipelines[family])
    images = [noise((16, 16), 1), noise((16, 16), 2)]
    together = editor.edit(images, ["happy", "sad"], [1, 2], 0.6)
    assert [(image.mode, image.size) for image in together] == [("RGB", (16, 16))] * 2
    alone = [
        editor.edit([image], [prompt], [seed], 0.6)[0]
        for image, prompt, seed in zip(images, ("happy", "sad"), (1, 2), strict=True)
    ]
    assert max(difference(*both) for both in zip(together, alone, strict=True)) <= 2
    assert difference(editor.edit(images[:1], ["happy"], [3], 0.6)[0], together[0]) > 0
    # Little noise, so that tiny models do not lose the picture.
    editor = make_editor({**pipelines[family], "steps": 10})
    one, other = editor.edit(images, ["happy"] * 2, [1, 1], 0.1)
    assert difference(one, other) > 0
    assert difference(editor.edit(images[:1], ["happy"], [1], 1.0)[0], together[0]) > 0


def test_pictures_keep_their_own_sizes(pipelines):
    images = [noise((16, 16), 1), noise((40, 24), 2), noise((16, 16), 3)]
    editor = make_editor(pipelines["sd15"])
    edited = editor.edit(images, ["a"] * 3, [1, 2, 3], 0.5)
    assert [image.size for image in edited] == [(16, 16), (40, 24), (16, 16)]
    assert difference(edited[2], editor.edit(images[2:], ["a"], [3], 0.5)[0]) <= 2


def test_the_strength_says_how_much_of_the_picture_stays(pipelines):
    """All noise makes the picture irrelevant; little noise keeps differences of pictures."""
    images = [noise((16, 16), 1), noise((16, 16), 2)]
    editor = make_editor({**pipelines["sd3"], "steps": 10})
    kept, lost = (
        np.abs(
            np.subtract(*(np.asarray(one, float) for one in editor.edit(images, ["a"] * 2, [1, 1], strength)))
        ).mean()
        for strength in (0.2, 1.0)
    )
    assert lost < 0.1
    assert kept > 10 * max(lost, 0.1)


def test_a_family_without_image_to_image_is_refused(tmp_path):
    (tmp_path / "model_index.json").write_text('{"_class_name": "DDPMPipeline", "_diffusers_version": "0.30.0"}')
    with pytest.raises(StudyError, match="editor"):
        make_editor({"path": str(tmp_path)}).load()
