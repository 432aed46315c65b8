"""Writes the graph of a study as a folder that any web server can serve."""

import shutil

from broken_telephone.commands.graph import GraphChoice, read_project
from broken_telephone.commands.offline_page import static_page
from broken_telephone.commands.saved_graph import kedro_viz_page, save_graph
from broken_telephone.console import say

PAGES = ("index.html", "404.html")
"""Pages in the folder; servers of files show the second one for an address that they do not know."""


def build_graph(choice: GraphChoice, *, has_previews: bool) -> None:
    """Write the folder `build` below the project's, and say where it is.

    Args:
        choice: what is shown.
        has_previews: whether the files contain previews of results: pictures, texts, tables.

    Raises:
        StudyError: if there is no such study.
    """
    study = choice.study()
    read_project(choice)
    build = choice.folder / "build"
    save_graph(build, has_previews=has_previews)
    shutil.copytree(kedro_viz_page() / "assets", build / "assets", dirs_exist_ok=True)
    shutil.copy(kedro_viz_page() / "favicon.ico", build)
    page = (kedro_viz_page() / "index.html").read_bytes()
    for name in PAGES:
        (build / name).write_bytes(static_page(page, "__default__"))
    say(f"Graph of {study}: {build}. To look at it: python -m http.server --bind 127.0.0.1 --directory build")
