import base64
import io
import re
import time

import numpy as np
from PIL import Image

from broken_telephone.errors import UnreadableError
from broken_telephone.pictures.thumbnails import thumbnails
from broken_telephone.reporting.fonts import drawable, width, wrapped
from broken_telephone.reporting.sheets.contact_sheet import Row, _two_columns, contact_sheet
from broken_telephone.reporting.sheets.live_sheet import LiveSheet, page_address
from broken_telephone.tables import CHAINS, as_table

GREEN = Image.new("RGB", (8, 8), (0, 200, 0))


def colours(image: Image.Image) -> set:
    return {colour for _, colour in image.getcolors(1 << 20)}


def test_a_sheet_shows_every_picture_and_leaves_stopped_chains_blank():
    row = Row([GREEN, Image.new("RGB", (8, 4), (0, 0, 200)), None], ["original", "words", "(stopped)"])
    sheet = contact_sheet("a study", {"fear": [row], "anger": [row, row]})
    assert {(0, 200, 0), (0, 0, 200), (238, 238, 238)} <= colours(sheet)
    single = contact_sheet("a study", {"fear": [row]})
    assert single.width < sheet.width


def test_columns_are_about_equally_tall():
    row = Row([GREEN], [""])
    left, right = _two_columns({label: [row] for label in "abcde"})
    assert (left, right) == (["a", "b", "c"], ["d", "e"])


def test_long_texts_end_in_an_ellipsis():
    for text in ("word " * 100, "x" * 10_000, "日本語" * 100, "\u202eshort " + "long" * 200):
        lines = wrapped(text, 128, 10, 5)
        assert len(lines) == 5
        assert lines[-1].endswith(" …")
        assert all(width(line, 10) <= 128 for line in lines)
        assert drawable(text).replace(" ", "").startswith("".join(lines).replace(" ", "").removesuffix("…"))
    assert wrapped("", 128, 10, 5) == [""]
    assert wrapped("two words", 128, 10, 5) == ["two words"]
    assert "".join(wrapped("x" * 40, 128, 10, 5)) == "x" * 40


def test_thumbnails_of_nothing_are_blank():
    assert colours(thumbnails([])) == {(255, 255, 255)}
    assert thumbnails([GREEN] * 9).height > thumbnails([GREEN] * 8).height


def test_the_live_sheet_comes_now_and_then_and_shows_what_there_is(monkeypatch):
    common = {"replicate": 0, "concept": "emotion", "start": "image", "image_path": "a.png", "seed": 1}
    chains = as_table([common | {"chain_id": f"c{k}", "label": "fear", "image_id": f"c{k}"} for k in range(3)], CHAINS)
    pictures = {"a.png": lambda: Image.new("RGB", (8, 8)), "c0/1": lambda: Image.new("RGB", (8, 8), (255, 0, 0))}

    class There(dict):
        def __missing__(self, name):
            raise UnreadableError(f"{name} does not exist")

    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    live = LiveSheet("a <study>", chains, There(pictures), There(pictures), [1], 2, {"c0/1": "A fearful face."})
    assert live.now() == live.last() == {}
    now[0] = 16
    [(name, page)] = live.now().items()
    assert name == "a_study_"
    assert "<h1>a &lt;study&gt;</h1>" in page
    assert "<study>" not in page
    content = base64.b64decode(re.search(r"base64,([^\"]+)", page)[1])
    sheet = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert ((sheet == (255, 0, 0)).all(-1)).sum() == 128 * 128
    assert "location.reload()" in page
    assert live.now() == {}
    assert "reload" not in live.last()["a_study_"]
    # Where the loop says that the page will be.
    assert page_address("/my data/live", "a <study>") == "file:///my%20data/live/a_study_.html"
    assert page_address("s3://bucket/live", "a <study>") == "s3://bucket/live/a_study_.html"
