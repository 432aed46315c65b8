"""Reports of small studies, and chromium to open them in."""

import shutil
from collections.abc import Iterator

import pandas as pd
import pytest
from matplotlib.figure import Figure
from small_study import EVIL, browser_of, small_study

from broken_telephone.reporting.figures.saved_figures import saved_figure
from broken_telephone.reporting.page.page import report_page
from broken_telephone.reporting.text.summary import summary

MANIFESTS = {
    "loop_manifest": {
        "study": "small",
        "complete": True,
        "settings": {"dataset": {"source": "raf_db"}, "chains": {"concept": "emotion", "seed": 1}, "guidance": 3.5},
        "counts": {"chains": 80, "images": 240, "failures": 2, "cut": 1},
        "failures": [{"picture": "a/1", "what": EVIL}],
        "sessions": [{"host": "secret-host", "versions": {"torch": "2.15"}}],
    },
    "annotation_manifest": {
        "asked": {"free": {"answered": 9, "failures": [], "asked": [{"prompt": EVIL}]}},
        "statuses": {"free": {"gender": {"valid": 0.9, "refused": 0.1}}},
    },
}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


def figure() -> dict[str, bytes]:
    drawn = Figure(figsize=(4, 3))
    drawn.subplots().plot([1, 3, 2])
    return saved_figure(drawn)


def page_of(study, figures=None, chains=None, manifests=MANIFESTS, name="small", tables=None, **other) -> str:
    tables = study.tables if tables is None else tables
    chains = browser_of(study) if chains is None else chains
    return report_page(name, tables, figures or {}, chains, manifests, summary(tables), **other)


def with_evil_tables(study) -> dict[str, pd.DataFrame]:
    return study.tables | {EVIL: pd.DataFrame({EVIL: [EVIL, '=a,"b"\nc'], "value": [1.5, float("nan")]})}


def evil_page(**originals) -> str:
    """Return the page of a study in which every name and text is harmful."""
    study = small_study(count=8, labels=(EVIL, "anger"), text=EVIL)
    annotations = study.annotations.assign(annotator=EVIL)
    prompts = study.chains.assign(prompt=study.chains["prompt"] + EVIL)
    chains = browser_of(study, originals=originals, chains=prompts, annotations=annotations)
    return page_of(study, {EVIL: figure()}, chains, MANIFESTS | {EVIL: {EVIL: [EVIL]}}, EVIL, with_evil_tables(study))


def chromium() -> Iterator:
    """Start the system's chromium; a module's fixture yields from it."""
    if shutil.which("chromium") is None:
        pytest.skip("chromium is no Python package: install the system's")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        yield player.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)


def opened(browser, tmp_path, text, width=1280, is_whole=True, **context):
    """Open a page, by default with all that is folded; it notes all requests to a network and console messages."""
    file = tmp_path / "report.html"
    file.write_text(text, encoding="utf-8")
    page = browser.new_context(viewport={"width": width, "height": 800}, accept_downloads=True, **context).new_page()
    page.troubles = []
    page.on("request", lambda r: r.url.startswith(("file:", "data:", "blob:")) or page.troubles.append(r.url[:90]))
    page.on("console", lambda message: page.troubles.append(message.text))
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.goto(file.as_uri())
    if is_whole:
        page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    return page


def accessibility_issues(page) -> list[str]:
    """Return the serious findings of an automated accessibility check of an open page."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:160]}"
        for one in axe.Axe().run(page).response["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
