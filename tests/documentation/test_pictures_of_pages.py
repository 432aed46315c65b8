"""Pictures of pages: their addresses are those of the docs, and a page that goes wrong is refused."""

import re
import shutil

import pandas as pd
import pytest
from pages import figure
from PIL import Image
from project_copies import ROOT

from broken_telephone.documentation import pictures
from broken_telephone.reporting.page.comparison_page import comparison_page
from broken_telephone.reporting.text.comparison_overview import Overview

needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is no Python package")


def test_the_docs_name_the_address_of_each_picture_of_a_pipeline():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    named = dict(re.findall(r"`(\?pid=\S+)` \| \[\w+\]\(images/(\w+)\.png\)", text))
    assert {name: query for query, name in named.items()} == {k: v for k, v in pictures.GRAPH.items() if v}
    for name in (*pictures.GRAPH, pictures.PREVIEW):
        with Image.open(ROOT / f"docs/images/{name}.png") as shown:
            assert shown.size == (pictures.WIDTH, pictures.HEIGHT)


@needs_chromium
@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        ("<script>console.error('broken')</script>", "broken"),
        ("<script>throw new Error('broken')</script>", "broken"),
        ("<img src='http://127.0.0.2:9/outside.png'>", "asked http://127.0.0.2:9/outside.png"),
    ],
)
def test_a_page_that_goes_wrong_is_refused(tmp_path, content, trouble):
    file = tmp_path / "page.html"
    file.write_text(f"<link rel=icon href='data:,'>{content}", encoding="utf-8")
    with pytest.raises(SystemExit, match=trouble):
        _take(file, tmp_path)
    assert not list(tmp_path.glob("*.png"))


def _take(file, folder):
    with pictures.opened(file.as_uri(), folder) as (page, taken):
        page.wait_for_timeout(200)
        taken["page"] = page.screenshot()


@needs_chromium
def test_a_page_that_moves_is_taken_when_it_rests(tmp_path, monkeypatch):
    file = tmp_path / "page.html"
    # A block moves for two seconds, longer than the pause between two pictures, or for ever.
    moving = "<div style='position:absolute;left:0;width:9px;height:9px;background:red'></div><script>"
    moving += "let steps = 0; const timer = setInterval(() => { document.querySelector('div').style.left = "
    moving += "`${++steps}px`; if (steps === LAST) clearInterval(timer); }, 100);</script>"
    for last in ("20", "0"):
        file.write_text(f"<link rel=icon href='data:,'>{moving.replace('LAST', last)}", encoding="utf-8")
        monkeypatch.setattr(pictures, "_MOST_PAUSES", 60 if last == "20" else 3)
        with pictures.opened(file.as_uri(), tmp_path) as (page, _):
            if last == "20":
                pictures.at_rest(page)
                assert page.evaluate("document.querySelector('div').style.left") == "20px"
            else:
                with pytest.raises(SystemExit, match="does not come to rest"):
                    pictures.at_rest(page)


def test_an_incomplete_command_line_ends_with_its_usage(capsys):
    with pytest.raises(SystemExit):
        pictures.main(["graph"])
    assert "required: place, folder" in capsys.readouterr().err


@needs_chromium
def test_a_comparison_has_pictures_of_its_first_screen_its_shares_and_its_chains(tmp_path):
    drawn = {"arms_gender": figure()}
    settings = pd.DataFrame(columns=["setting", "a", "b"])
    file = tmp_path / "page.html"
    page = comparison_page("x", {"a": "a", "b": "b"}, "a", Overview("a.", [], []), {}, settings, drawn, [], 0, {})
    file.write_text(page, encoding="utf-8")
    pictures.main(["comparison", str(file), str(tmp_path)])
    names = {path.stem for path in tmp_path.glob("*.png")}
    assert names == {"comparison", "comparison_first_screen", "comparison_shares"}
