"""What Kedro-Viz shows of catalog entries: every kind of results, and short."""

import base64
import inspect
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kedro.io.core import Version
from PIL import Image
from small_study import small_study

from broken_telephone.datasets import (
    ArrayPartitionsDataset,
    FiguresDataset,
    PagesDataset,
    RatingsDataset,
    RecordPartitionsDataset,
)
from broken_telephone.datasets.previews import figures_preview, json_preview, page_preview, text_preview
from broken_telephone.datasets.versioned import PageDataset, TextDataset
from broken_telephone.rating.answer_store import AnswerStore
from broken_telephone.reporting.page.chain_browser import Browser
from broken_telephone.reporting.page.page import report_page


def png(width: int, height: int, colour: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(content, "PNG")
    return content.getvalue()


def opened(preview: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(preview)))


def kind(dataset: object) -> str:
    """Return the kind of preview as Kedro-Viz reads it."""
    return inspect.signature(dataset.preview).return_annotation.__name__  # type: ignore[attr-defined]


def test_figures_stand_side_by_side(tmp_path):
    dataset = FiguresDataset(filepath=str(tmp_path / "figures"))
    dataset.save(
        {
            "wide": {"png": png(1440, 360, "#ff0000"), "svg": b"<svg/>"},
            "tall": {"png": png(320, 640, "#00ff00")},
            "vector": {"pdf": b"%PDF"},
        }
    )
    assert kind(dataset) == "ImagePreview"
    sheet = opened(dataset.preview()).convert("RGB")
    colours = {colour: count for count, colour in sheet.getcolors(100_000)}
    # The wide one is half as large, the tall one keeps its size.
    assert colours[(255, 0, 0)] == 720 * 180
    assert colours[(0, 255, 0)] == 320 * 640
    assert opened(figures_preview([])).size[0] > 0
    # Of many figures, those that matter come first.
    few = opened(dataset.preview(first=["ta"], count=1)).convert("RGB")
    assert {colour for _, colour in few.getcolors(100_000)} == {(0, 255, 0), (255, 255, 255)}


def test_a_preview_reads_only_the_figures_that_it_shows(tmp_path, monkeypatch):
    dataset = FiguresDataset(filepath=str(tmp_path / "figures"))
    files = {"png": png(40, 40, "#ff0000"), "svg": b"<svg/>", "pdf": b"%PDF"}
    dataset.save({f"figure {number}": files for number in range(9)} | {"a/b": files})
    read, read_file = [], dataset._fs.cat_file
    monkeypatch.setattr(dataset._fs, "cat_file", lambda path: read.append(Path(path).name) or read_file(path))
    dataset.preview(first=["figure 8", "a/"], count=3)
    assert read == ["figure 8.png", "a%2Fb.png", "figure 0.png"]


def test_many_figures_fill_columns_of_like_height():
    sheet = opened(figures_preview([png(720, height, "#123456") for height in (1800, 900, 900, 600, 600, 600)]))
    assert sheet.size == (3 * 736 + 16, 16 + 900 + 16 + 600 + 16 + 600 + 16)


@pytest.mark.parametrize("count", [1, 2, 3, 6, 11])
def test_a_sheet_of_wide_figures_fits_the_window(count):
    sheet = opened(figures_preview([png(1440, 400, "#123456")] * count)).convert("RGB")
    assert sheet.width <= 1.61 * sheet.height
    assert {colour: number for number, colour in sheet.getcolors(100_000)}[(18, 52, 86)] == count * 720 * 200


def test_the_report_shows_its_sentences_and_nothing_that_runs():
    page = report_page("my <study>", small_study().tables, {}, Browser(), {}, {"Drift": ["Women: 40 % to 60 %."]})
    shown = page_preview(page, "open it")
    assert shown.startswith("<p><i>open it</i></p>")
    assert "my &lt;study&gt;" in shown
    assert set(re.findall(r"<(\w+)", shown)) <= {"p", "i", "h3", "h4", "h5", "li"}
    assert 500 < len(shown) < 20_000 < len(page)


def test_a_page_shows_text_only_and_ends_nowhere_odd():
    page = "<head><title>no</title></head><h1>A&lt;b</h1><p>one <b>bold</b>\n two<p>three<ul><li>x</ul>"
    assert page_preview(page + "<figure><p>no</p></figure><script>no</script><p>") == (
        "<h3>A&lt;b</h3><p>one bold two</p><p>three</p><li>x</li>"
    )


def test_records_and_arrays_show_how_many_and_the_first(tmp_path):
    records = RecordPartitionsDataset(path=str(tmp_path / "records"))
    assert json.loads(records.preview()) == {"files": 0}
    records.save({"b": {"n": 2}, "a": {"texts": ["x" * 900] * 30}})
    shown = json.loads(records.preview())
    assert shown["files"] == 2
    assert shown["a"]["texts"][0] == "x" * 600 + "…"
    assert shown["a"]["texts"][-1] == "… and 18 more"
    arrays = ArrayPartitionsDataset(path=str(tmp_path / "arrays"))
    arrays.save({"a": {"map": np.zeros((2, 3), np.float16), "names": ["x"]}})
    assert json.loads(arrays.preview())["a"] == {"map": "float16 array of 2 x 3", "names": ["x"]}
    assert {kind(records), kind(arrays)} == {"JSONPreview"}


@pytest.mark.parametrize("dataset", [TextDataset, PageDataset])
def test_texts_show_the_latest_version(tmp_path, dataset):
    for version in ("2024-01-01T00.00.00.000Z", "2024-01-02T00.00.00.000Z"):
        dataset(filepath=str(tmp_path / "x"), version=Version(None, version)).save(f"<p>of {version}</p>")
    latest = dataset(filepath=str(tmp_path / "x"), version=Version(None, None))
    assert "of 2024-01-02" in latest.preview()
    assert kind(latest) == ("TextPreview" if dataset is TextDataset else "HTMLPreview")


def test_long_texts_are_cut():
    lines = text_preview("\n".join(["y" * 1000] * 100)).splitlines()
    assert len(lines) == 61
    assert lines[0] == "y" * 400 + "…"
    assert lines[-1] == "…"


def test_pages_and_ratings(tmp_path):
    pages = PagesDataset(path=str(tmp_path / "pages"))
    assert "no page yet" in pages.preview()
    pages.save({"study": "<p>study at 12:00</p>"})
    assert "study at 12:00" in pages.preview()
    store = AnswerStore(f"sqlite:///{tmp_path}/r.sqlite")
    store.add([("Ada", "item", "gender", "valid", "female")])
    store.comment("Ada", "rating", "item", "looks like my neighbour")
    table = RatingsDataset(database=f"sqlite:///{tmp_path}/r.sqlite").preview()
    assert "female" in table["data"][0]
    # Who rated, and when, is nothing for a graph. Comments may name people.
    assert "Ada" not in str(table)
    assert "my neighbour" not in str(table)
    assert table["columns"] == ["mode", "item", "attribute", "status", "category"]


def test_json_holds_whatever_settings_hold(tmp_path):
    shown = json.loads(json_preview({"path": tmp_path, "when": pd.Timestamp("2024-01-01"), 1: (1, None)}))
    assert shown == {"path": str(tmp_path), "when": "2024-01-01 00:00:00", "1": [1, None]}
