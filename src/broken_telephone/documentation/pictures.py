"""Takes the pictures of docs/images that show pages, in the chromium of this machine.

    kedro viz run --no-browser
    python -m broken_telephone.documentation.pictures graph http://127.0.0.1:4141/ docs/images
    python -m broken_telephone.documentation.pictures comparison data/08_reporting/…/comparison.html docs/images

The graph has to be that of a finished miniature study, for its preview. Nothing is written of a page that reports an
error, that asks another host, that does not come to rest, or whose graph leaves the window.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 1440, 900
"""Size of the window in pixels."""
# A container has no sandbox of its own for chromium, no graphics card, and little shared memory.
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
_OPEN = "types=nodes,datasets&expandAllPipelines=true"
GRAPH: Mapping[str, str] = {
    "viz_study": "",
    "viz_loop": "?pid=loop&types=nodes&expandAllPipelines=true",
    "viz_annotation": "?pid=annotation&types=nodes&expandAllPipelines=true",
    "viz_explainability": "?pid=explainability&types=nodes&expandAllPipelines=true",
    "viz_reporting": "?pid=reporting&types=nodes",
    "viz_ingestion": f"?pid=ingestion&{_OPEN}",
    "viz_similarity": f"?pid=similarity&{_OPEN}",
    "viz_miniature": "?pid=miniature&types=nodes",
}
"""Picture -> address of the graph; docs/architecture.md has the same addresses."""
BOXES_TO_OPEN: Mapping[str, str] = {"viz_reporting": "reporting"}
"""Picture -> box of its graph that is opened by a click."""
_OUTSIDE = """[...document.querySelectorAll(".pipeline-node")].map(node => node.getBoundingClientRect())
    .some(box => box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight)"""
PREVIEW = "viz_preview"
"""The picture of the figures of a report, expanded."""
_PAUSE, _MOST_PAUSES = 500, 60
"""Milliseconds between two pictures of a page that may move, and the number of pictures."""


def main(arguments: list[str]) -> None:
    """Take the pictures of the graph or of a comparison, as the command line says."""
    takers = {"graph": graph_pictures, "comparison": comparison_pictures}
    parser = argparse.ArgumentParser(description="Takes the pictures of the documentation that show pages.")
    parser.add_argument("kind", choices=takers, help="what the pictures show")
    parser.add_argument("place", help="address of the graph, or file of the comparison's page")
    parser.add_argument("folder", type=Path, help="where the pictures are written")
    wanted = parser.parse_args(arguments)
    takers[wanted.kind](wanted.place, wanted.folder)


def graph_pictures(address: str, folder: Path) -> None:
    """Take the pictures of the graph that is served at an address."""
    for name, query in GRAPH.items():
        with opened(address + query, folder) as (page, taken):
            _wait_for_graph(page)
            for part in ("Hide menu", "Turn minimap off"):
                page.get_by_label(part, exact=True).click()
            at_rest(page)
            if name in BOXES_TO_OPEN:
                page.locator(".pipeline-node", has_text=BOXES_TO_OPEN[name]).click()
            page.mouse.move(0, 0)  # away from hints
            picture = at_rest(page)
            if page.evaluate(_OUTSIDE):
                raise SystemExit(f"{address}{query}: the graph is wider or higher than the window")
            taken[name] = picture
    preview = f"?pid=reporting&{_OPEN}&sn=report_figures"
    with opened(address + preview, folder) as (page, taken):
        _wait_for_graph(page)
        page.get_by_text("Expand preview").click()
        taken[PREVIEW] = at_rest(page)


def comparison_pictures(path: str, folder: Path) -> None:
    """Take the pictures of the page of a comparison: the first screen, changes of shares, and chains."""
    with opened(Path(path).resolve().as_uri(), folder) as (page, taken):
        taken["comparison_first_screen"] = at_rest(page)
        shares = page.locator("#figures-arms")
        shares.locator("summary", has_text="How to read this").click()
        taken["comparison_shares"] = shares.screenshot()
        page.locator("#chains summary").first.click()
        page.locator("#chains").scroll_into_view_if_needed()
        page.evaluate("window.scrollTo(0, document.querySelector('#chains').offsetTop - 50)")
        taken["comparison"] = at_rest(page, clip={"x": 0, "y": 50, "width": 800, "height": 850})


@contextmanager
def opened(address: str, folder: Path) -> Iterator[tuple[Any, dict[str, bytes]]]:
    """Open a page in chromium, and write the pictures that were taken of it, unless anything went wrong.

    Args:
        address: of the page.
        folder: of the pictures.

    Yields:
        The page, and an empty dictionary for its pictures: name -> content of the PNG file.

    Raises:
        SystemExit: if the page wrote an error or a warning to the console, or asked another host.
    """
    from playwright.sync_api import sync_playwright

    troubles: list[str] = []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        inside = (address.split("?")[0], "data:", "blob:")
        page.on(
            "request", lambda each: troubles.extend([] if each.url.startswith(inside) else [f"asked {each.url[:120]}"])
        )
        page.on("requestfailed", lambda each: troubles.append(f"{each.url[:120]} failed: {each.failure}"))
        page.on("console", lambda each: troubles.extend([each.text] if each.type in ("error", "warning") else []))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(address)
        taken: dict[str, bytes] = {}
        yield page, taken
        browser.close()
    if troubles:
        raise SystemExit(f"{address}: {'; '.join(troubles)}")
    for name, content in taken.items():
        (folder / f"{name}.png").write_bytes(content)


def at_rest(page: Any, **part: Any) -> bytes:
    """Return a picture of a page, as soon as two pictures in succession are equal.

    Args:
        page: that may still load or move.
        part: of the page, as `page.screenshot` takes it.

    Raises:
        SystemExit: if the page does not come to rest.
    """
    picture: bytes = page.screenshot(**part)
    for _ in range(_MOST_PAUSES):
        page.wait_for_timeout(_PAUSE)
        earlier, picture = picture, page.screenshot(**part)
        if picture == earlier:
            return picture
    raise SystemExit(f"{page.url}: the page does not come to rest")


def _wait_for_graph(page: Any) -> None:
    page.wait_for_selector(".pipeline-node", timeout=60_000)
    at_rest(page)


if __name__ == "__main__":
    main(sys.argv[1:])
