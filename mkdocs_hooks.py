"""Hooks of the documentation site.

It shows pages of the project's root, such as README.md, beside those of docs/. Links between both places are written
for readers of the repository, and here anew for the site. Tables of sentences are marked, so that phones show them as
lists.
"""

import html
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

FOLDER = "project"
ROOT_FILES = {
    "README.md": "readme.md",
    "CONTRIBUTING.md": "contributing.md",
    "CODE_OF_CONDUCT.md": "code_of_conduct.md",
    "CHANGELOG.md": "changelog.md",
    "CITATION.cff": "CITATION.cff",
    "LICENSE": "LICENSE",
}
"""File of the project's root -> its name on the site, in the folder `project`."""
_LONG = 40
"""Characters of a cell from which a table has sentences rather than numbers."""
_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_HEADER = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
_ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<td\b")
_TAG = re.compile(r"<[^>]+>")
_LINK = re.compile(r"(?<=\]\()(?P<path>[\w./-]+)(?P<anchor>#[\w-]*)?(?=\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files of the project's root."""
    root = Path(config.config_file_path).parent
    for name, address in ROOT_FILES.items():
        text = (root / name).read_text(encoding="utf-8")
        if name.endswith(".md"):
            text = _LINK.sub(_link_of_root, text)
        files.append(File.generated(config, f"{FOLDER}/{address}", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links of docs/ to the files of the project's root."""
    if page.file.src_uri.startswith(f"{FOLDER}/"):
        return markdown
    return _LINK.sub(_link_of_docs, markdown)


def on_page_content(content: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Mark tables of sentences, and name the column of each of their cells: see stylesheets/site.css."""
    return _TABLE.sub(_marked_table, content)


def _marked_table(match: re.Match[str]) -> str:
    table = match[0]
    # Entities, such as &amp;, are written anew in the attribute.
    headers = [html.unescape(_TAG.sub("", header)).strip() for header in _HEADER.findall(table)]
    cells = [_TAG.sub("", cell).strip() for cell in re.findall(r"<td\b[^>]*>(.*?)</td>", table, re.DOTALL)]
    if len(headers) < 3 or max(map(len, cells), default=0) < _LONG:
        return table

    def marked_row(row: re.Match[str]) -> str:
        names = iter(headers)
        return _CELL.sub(lambda _: f'<td data-column="{html.escape(next(names))}"', row[0])

    return _ROW.sub(marked_row, table).replace("<table>", "<table data-sentences>", 1)


def _link_of_root(link: re.Match[str]) -> str:
    """Return a link of a file in the project's root; the site has docs/ one folder above it."""
    path, anchor = link["path"], link["anchor"] or ""
    inside = f"../{path.removeprefix('docs/')}" if path.startswith("docs/") else ROOT_FILES.get(path, path)
    return f"{inside}{anchor}"


def _link_of_docs(link: re.Match[str]) -> str:
    """Return a link of a page in docs/ or in a folder of it."""
    up, _, name = link["path"].rpartition("../")
    if name not in ROOT_FILES or not link["path"].startswith("../"):
        return link[0]
    return f"{up}{FOLDER}/{ROOT_FILES[name]}{link['anchor'] or ''}"
