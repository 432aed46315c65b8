"""The graph of a study in a browser: boxes, previews, no error on the console, nothing asked of other hosts."""

import base64
import io
import json
import shutil
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from PIL import Image
from project_copies import ROOT, Project, small_project
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from broken_telephone.commands import graph
from broken_telephone.commands.graph_build import build_graph
from broken_telephone.commands.offline_graph import OfflineGraph
from broken_telephone.commands.saved_graph import saved_graph_app
from broken_telephone.errors import StudyError

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # as without a network
]
BOXES = {"ingestion", "loop", "annotation", "similarity", "explainability", "reporting"}


@contextmanager
def served(app, listener) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def address(tmp_path_factory, model_folders) -> Iterator[str]:
    """The graph of a study whose loop has run, served as `kedro viz run` serves it."""
    path = small_project(tmp_path_factory.mktemp("graph") / "project", model_folders)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        Project(path).run(loop__iterations=1)
        listener = graph._listener("127.0.0.1", 0)
        app = graph.graph_app(graph.GraphChoice(path), ["127.0.0.1"])
        with served(app, listener):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def answer(address: str, path: str):
    with urllib.request.urlopen(address + path) as response:
        return json.loads(response.read())


@pytest.fixture(scope="module")
def previews(address):
    """Entry -> its kind of preview and the preview, as the page asks for them."""
    nodes = answer(address, "api/main")["nodes"]
    found = {}
    for node in nodes:
        if node["type"] == "data":
            told = answer(address, f"api/nodes/{node['id']}")
            found[node["name"]] = (told.get("preview_type"), told.get("preview"))
    return found


def test_every_kind_of_result_has_a_preview(previews):
    kinds = {
        "chains": "TablePreview",
        "loop_descriptions": "TablePreview",
        "dataset_quality": "TablePreview",
        "ratings": "TablePreview",
        "originals": "ImagePreview",
        "loop_images": "ImagePreview",
        "loop_contact_sheet": "ImagePreview",
        "baseline_figure": "ImagePreview",
        "loop_batches": "JSONPreview",
        "loop_manifest": "JSONPreview",
        "loop_settings": "JSONPreview",
        "loop_store": "JSONPreview",
        "raw_dataset": "JSONPreview",
        "describer": "JSONPreview",
        "report_figures": "ImagePreview",
        "report": "HTMLPreview",
        "report_latex": "TextPreview",
        "loop_live": "HTMLPreview",
    }
    assert {name: previews[name][0] for name in kinds} == kinds
    # The whole study has not run: its results have a kind, and no content yet.
    assert {name for name in kinds if not previews[name][1]} == {"report_figures", "report", "report_latex"} | {
        "baseline_figure"
    }


def test_previews_show_what_is_in_the_files(previews):
    table = previews["loop_descriptions"][1]
    assert len(table["data"]) == 10
    assert "text" in table["columns"]
    sheet = Image.open(io.BytesIO(base64.b64decode(previews["loop_images"][1])))
    assert len(sheet.convert("RGB").getcolors(1_000_000)) > 50
    assert json.loads(previews["loop_manifest"][1])["counts"]["images"] == 14
    assert json.loads(previews["describer"][1])["kind"] == "describer"
    assert json.loads(previews["loop_store"][1])["images"] == "exists"


def test_entries_without_a_preview_are_in_memory(previews):
    assert {name for name, (kind, _) in previews.items() if kind is None} <= {
        *("sampled_chains", "drawn_before", "wording", "study_pictures", "inquiries", "spaces", "arranged_vectors"),
        *("explanation_plan", "words_to_explain", "panels", "arranged_ratings", "arranged_reference"),
        "annotator_labels",
    }


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if shutil.which("chromium") is None:
        pytest.skip("chromium is no Python package: install the system's")
    with playwright.sync_playwright() as player:
        yield player.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)


def opened(browser, address: str):
    """Return the page at an address, with a list of everything that went wrong."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.troubles = []
    inside = (address, "data:", "blob:" + address)
    page.on("request", lambda each: each.url.startswith(inside) or page.troubles.append(each.url[:90]))
    page.on("requestfailed", lambda each: page.troubles.append(f"{each.url[:90]} failed: {each.failure}"))
    page.on("console", lambda each: each.type in ("error", "warning") and page.troubles.append(each.text))
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.goto(address)
    page.wait_for_selector(".pipeline-node", timeout=60_000)
    return page


@pytest.fixture(scope="module")
def page(browser, address):
    return opened(browser, address)


def texts(page) -> set[str]:
    return {each.strip() for each in page.locator(".pipeline-node__text").all_text_contents()}


def test_the_study_is_a_handful_of_boxes_that_open(page):
    assert texts(page) == BOXES
    assert page.locator(".feature-hints, [class*='feature-hint']").count() == 0
    # A box opens inside the same page.
    page.locator(".pipeline-node", has_text="reporting").click()
    page.wait_for_selector(".pipeline-node:has-text('pages')")
    boxes = {text.rpartition(".")[2] for text in texts(page)}
    assert {"ingestion", "panels", "changes", "correction", "conclusions", "pages"} <= boxes
    assert page.troubles == []


def test_layers_and_a_preview_are_shown(page, address):
    page.goto(f"{address}?pid=ingestion&types=nodes,datasets&expandAllPipelines=true&sn=people")
    page.wait_for_selector(".pipeline-layer-name", timeout=60_000)
    names = [each.strip() for each in page.locator(".pipeline-layer-name").all_inner_texts()]
    known = ["raw", "intermediate", "primary", "reporting"]
    assert [name for name in names if name in known] == known
    page.wait_for_selector(".pipeline-metadata__preview", timeout=60_000)
    assert "happiness" in page.locator(".pipeline-metadata__preview").inner_text()
    assert page.troubles == []


def test_a_folder_that_build_writes_shows_the_same_page_from_any_server(browser, page, previews, capsys):
    build_graph(graph.GraphChoice(Path.cwd()), has_previews=False)
    assert "python -m http.server" in capsys.readouterr().out
    folder = Path.cwd() / "build"
    answers = [json.loads(each.read_text()) for each in (folder / "api" / "nodes").iterdir()]
    assert len(answers) > 100
    assert not any(each.get("preview") for each in answers)
    files = Starlette(routes=[Mount("/", StaticFiles(directory=folder, html=True))])
    saved = OfflineGraph(*saved_graph_app(folder), "12.5.0", ["127.0.0.1"])
    for app in (files, saved):
        listener = graph._listener("127.0.0.1", 0)
        with served(app, listener):
            other = opened(browser, f"http://127.0.0.1:{listener.getsockname()[1]}/")
            assert texts(other) == BOXES
            assert "types=nodes" in other.url
            assert other.troubles == []
            other.context.close()


def test_a_wrong_study_or_pipeline_is_refused_before_anything_is_served(address):
    for env, pipeline, message in ((None, "lop", "no pipeline 'lop'.*loop"), ("nope", None, "no study 'nope'")):
        with pytest.raises(StudyError, match=message):
            graph.view_graph(graph.GraphChoice(ROOT, env, pipeline), "127.0.0.1", 0, opens_browser=False, reloads=False)


def test_a_port_in_use_gives_the_next_one_and_a_wrong_host_a_sentence():
    first = graph._listener("127.0.0.1", 0)
    with first, graph._listener("127.0.0.1", first.getsockname()[1]) as second:
        assert 0 < second.getsockname()[1] - first.getsockname()[1] <= 20
    with pytest.raises(StudyError, match=r"cannot be served at 203\.0\.113\.1, port 4141"):
        graph._listener("203.0.113.1", 4141)
