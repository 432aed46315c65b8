"""Hooks of the documentation site: it shows pages of the project's root, such as README.md, beside those of docs/.

Links between both places are written for readers of the repository. Here they are written anew for the site.
"""

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
