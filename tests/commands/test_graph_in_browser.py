"""The graph of a study in a browser: boxes, previews, no error on the console, nothing asked of other hosts."""

import base64
import io
import json
import shutil
import threading
import urllib.request
from collections.abc import Iterator

import pytest
import uvicorn
from PIL import Image
from project_copies import ROOT, Project, small_project

from broken_telephone.commands import graph
from broken_telephone.errors import StudyError

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # as without a network
]
BOXES = {"ingestion", "loop", "annotation", "similarity", "explainability", "reporting"}


@pytest.fixture(scope="module")
def address(tmp_path_factory, model_folders) -> Iterator[str]:
    """The graph of a study whose loop has run, served as `kedro viz run` serves it."""
    path = small_project(tmp_path_factory.mktemp("graph") / "project", model_folders)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        Project(path).run(loop__iterations=1)
        listener = graph._listener("127.0.0.1", 0)
        app = graph.graph_app(path, None, None, {}, ["127.0.0.1"])
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        server.should_exit = True
        thread.join(10)


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
def page(address):
    playwright = pytest.importorskip("playwright.sync_api")
    if shutil.which("chromium") is None:
        pytest.skip("chromium is no Python package: install the system's")
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.troubles = []
        inside = (address, "data:", "blob:" + address)
        page.on("request", lambda each: each.url.startswith(inside) or page.troubles.append(each.url[:90]))
        page.on("requestfailed", lambda each: page.troubles.append(f"{each.url[:90]} failed: {each.failure}"))
        page.on("console", lambda each: each.type in ("error", "warning") and page.troubles.append(each.text))
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.goto(address)
        page.wait_for_selector(".pipeline-node", timeout=60_000)
        yield page


def texts(page) -> set[str]:
    return {each.strip() for each in page.locator(".pipeline-node__text").all_text_contents()}


def test_the_study_is_a_handful_of_boxes_that_open(page):
    assert texts(page) == BOXES
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


def test_a_wrong_study_or_pipeline_is_refused_before_anything_is_served(address):
    for env, pipeline, message in ((None, "lop", "no pipeline 'lop'.*loop"), ("nope", None, "no study 'nope'")):
        with pytest.raises(StudyError, match=message):
            graph.view_graph(ROOT, env, pipeline, {}, "127.0.0.1", 0, opens_browser=False)


def test_a_port_in_use_gives_the_next_one_and_a_wrong_host_a_sentence():
    first = graph._listener("127.0.0.1", 0)
    with first, graph._listener("127.0.0.1", first.getsockname()[1]) as second:
        assert 0 < second.getsockname()[1] - first.getsockname()[1] <= 20
    with pytest.raises(StudyError, match=r"cannot be served at 203\.0\.113\.1, port 4141"):
        graph._listener("203.0.113.1", 4141)
