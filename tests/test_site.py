"""The documentation site: whole, without requests to other places, and equal to what GitHub shows of the same files."""

import re
import runpy
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from made_once import made_once
from markdown_it import MarkdownIt
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

ROOT = Path(__file__).parents[1]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
COUNTED = {"h1", "h2", "h3", "h4", "li", "ol", "ul", "table", "tr", "td", "pre", "img"}
PAGES = sorted((ROOT / "docs").glob("*.md"))
SHOWN = {page: f"{page.stem}.html" for page in PAGES} | {
    ROOT / "README.md": "project/readme.html",
    ROOT / "CONTRIBUTING.md": "project/contributing.html",
    ROOT / "CHANGELOG.md": "project/changelog.html",
}
TABLES_FIT = """[...document.querySelectorAll("table[data-sentences]")].every(
    table => table.scrollWidth <= table.parentElement.clientWidth + 1)"""
"""Whether nobody has to scroll sideways to read a table of sentences. Tables of numbers scroll by themselves."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `mkdocs build --strict` does: a missing page, link or anchor ends the build."""

    def make(folder: Path) -> None:
        build(load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(folder)))

    return made_once(tmp_path_factory, "site", make)


class Elements(HTMLParser):
    """Counts elements, and collects the texts of table cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.cells: list[str] = []
        self._open = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.counts[tag] += tag in COUNTED
        if tag in ("td", "th"):
            self.cells.append("")
            self._open += 1

    def handle_endtag(self, tag):
        self._open -= tag in ("td", "th")

    def handle_data(self, data):
        if self._open:
            self.cells[-1] += data


def article(page: Path) -> str:
    """Return what a page of the site says, without navigation."""
    html = page.read_text(encoding="utf-8")
    return html[html.index("<article") : html.index("</article>")]


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.name)
def test_a_page_has_the_lists_tables_and_code_that_github_shows(site, page):
    """Markdown has two readers here, which differ in lists, indented code and pipes within tables."""
    github = Elements(MarkdownIt("commonmark").enable("table").render(page.read_text(encoding="utf-8")))
    shown = Elements(article(site / SHOWN[page]))
    assert +shown.counts == +github.counts
    assert [" ".join(cell.split()) for cell in shown.cells] == [" ".join(cell.split()) for cell in github.cells]


def test_every_page_of_docs_is_in_the_navigation():
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        assert f": {page.relative_to(ROOT / 'docs').as_posix()}\n" in config, page


def test_the_api_pages_show_docstrings(site):
    """The names come from the modules themselves, not from the builder."""
    from broken_telephone import statistics

    text = article(site / "api/statistics.html")
    functions = [name for name in statistics.__all__ if callable(getattr(statistics, name))]
    assert len(functions) > 40
    for name in functions:
        assert f'id="broken_telephone.statistics.{name}"' in text, name
    assert "Benjamini" in text


def test_no_page_loads_anything_from_elsewhere(site):
    loads = re.compile(r"<(?:script|img|iframe|source|video)\b[^>]*\bsrc=\"([^\"]+)|<link\b[^>]*\bhref=\"([^\"]+)")
    checked = 0
    for page in site.rglob("*.html"):
        for match in loads.finditer(page.read_text(encoding="utf-8")):
            assert "//" not in (match[1] or match[2]), (page.name, match[0])
            checked += 1
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")), sheet.name
    assert checked > 100


def test_headers_with_special_characters_are_escaped_once():
    marked = runpy.run_path(str(ROOT / "mkdocs_hooks.py"))["on_page_content"]
    cells = "".join(f"<td>{'word ' * 20}</td>" for _ in range(3))
    table = f"<table><tr><th>q &amp; a</th><th>a &lt; b</th><th>plain</th></tr><tr>{cells}</tr></table>"
    shown = marked(table, None, None, None)
    assert re.findall(r'data-column="(.*?)"', shown) == ["q &amp; a", "a &lt; b", "plain"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[a](other.md)", "other.md"),
        ("[a](#nothing)", "#nothing"),
        ("[a](index.md#nothing)", "#nothing"),
    ],
)
def test_a_wrong_link_or_anchor_ends_the_build(tmp_path, text, problem, caplog):
    """So that a site that builds has no wrong link."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text(f"# Title\n\n{text}\n")
    folders = {"docs_dir": str(tmp_path / "docs"), "site_dir": str(tmp_path / "site")}
    with pytest.raises(Abort):
        build(load_config(str(ROOT / "mkdocs.yml"), nav=None, plugins=[], hooks=[], extra_css=[], **folders))
    assert problem in caplog.text


needs_chromium = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="chromium is no Python package: install the system's"
)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        yield player.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)


@needs_chromium
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_open_from_the_disk_without_requests_errors_or_sideways_scroll(site, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    for name in ("index", "settings", "appendix_tables", "measures", "api/models", "project/readme"):
        page.goto(f"file://{site}/{name}.html", timeout=60_000)
        # Scripts that start after the page, such as the search's.
        page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.evaluate(TABLES_FIT), name
    page.close()
    assert len(asked) > 6
    assert not [address for address in asked if not address.startswith(("file://", "data:", "blob:"))]
    assert not errors


@needs_chromium
def test_search_finds_a_setting_on_pages_from_the_disk(site, browser):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"file://{site}/index.html")
    page.keyboard.press("f")
    page.keyboard.type("equivalence_margin", delay=20)
    page.wait_for_selector(".md-search-result__item a[href*='settings.html']", timeout=20_000)
    page.close()
