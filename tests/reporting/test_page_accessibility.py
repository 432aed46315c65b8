"""Pages are usable with a keyboard and a screen reader, in both colour schemes, on a phone, and on paper."""

import re

import pandas as pd
import pytest
from matplotlib.figure import Figure
from pages import accessibility_issues, chromium, figure, opened, page_of
from PIL import Image
from small_study import small_study
from test_first_screen import screen_of

from broken_telephone.reporting.figures.saved_figures import saved_figure
from broken_telephone.reporting.page.comparison_page import comparison_page
from broken_telephone.reporting.page.validation_page import validation_page
from broken_telephone.reporting.sheets.live_sheet import LiveSheet
from broken_telephone.reporting.text import comparison, validation
from broken_telephone.reporting.text.captions import FIGURES
from broken_telephone.reporting.text.comparison_overview import Answer, Overview, StudyLine
from broken_telephone.reporting.text.questions import COMPARISON
from broken_telephone.tables import CHAINS, as_table

browser = pytest.fixture(scope="module")(chromium)
A4 = {"format": "A4", "prefer_css_page_size": True, "print_background": True}


def report() -> str:
    figures = {name: figure() for name in ("forest", "shares_age", "shares_gender", "forest_prompt")}
    return page_of(small_study(), figures)


def compared() -> str:
    settings = pd.DataFrame({"setting": ["generator.guidance"], "one": ["3"], "two": ["5"]})
    sentences = {comparison.DIFFERS: ["More women."], comparison.PAIRS: ["All chains pair."]}
    arms = {"one": "study_a", "two": "study_b"}
    tables = {"contrasts": pd.DataFrame({"arm": ["two"], "value": [0.1]})}
    overview = Overview(
        "two differs from one.",
        [StudyLine("two", False, "1 of 2", "11 points", "50 % (40 to 60 %)", "+1 (0 to 2)", "helps")],
        [Answer("What differs?", ["More women."], "changed")],
    )
    return comparison_page("x", arms, "one", overview, sentences, settings, {"effects": figure()}, [], 40, tables)


def validated() -> str:
    tables = {"validation_verdicts": pd.DataFrame({"check": ["recovered"], "value": [0.95]})}
    return validation_page("x", {"one": "study_a"}, {validation.OUTCOME: ["3 of 3 checks passed."]}, tables)


def live() -> str:
    chains = as_table([{"chain_id": "c", "start": "prompt", "prompt": "A face.", "label": "fear"}], CHAINS)
    sheet = LiveSheet("a study", chains, {}, {"c/1": lambda: Image.new("RGB", (64, 64))}, [1], 1, {"c/1": "A face."})
    return sheet.page(is_last=False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("made", [report, compared, validated, live])
def test_an_automated_check_has_no_serious_finding(browser, tmp_path, made, width, scheme):
    page = opened(browser, tmp_path, made(), width, bypass_csp=True, color_scheme=scheme)
    assert accessibility_issues(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_check_would_find_something(browser, tmp_path):
    page = opened(
        browser, tmp_path, report().replace("</main>", '<img src="data:,"><a href="#main"></a></main>'), bypass_csp=True
    )
    assert {text.split(" ")[0] for text in accessibility_issues(page)} >= {"image-alt", "link-name"}


def test_sections_open_with_the_keyboard_and_from_the_navigation(browser, tmp_path):
    page = opened(browser, tmp_path, report(), is_whole=False)
    assert page.evaluate("[...document.querySelectorAll('.body')].map(e => e.open)").count(True) == 1
    page.locator("#methods summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#run").is_visible()
    page.locator("nav a", has_text="Chains").click()
    assert page.locator("#shown").is_visible()
    page.locator("nav a", has_text="Top").click()
    page.wait_for_function("window.scrollY < 100")
    page.locator("#all").click()
    assert page.evaluate("[...document.querySelectorAll('.body')].every(e => e.open)")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    # The navigation stays in view, and marks the part that is read.
    assert page.evaluate("document.querySelector('nav').getBoundingClientRect().top") == 0
    page.locator("#believe-head").scroll_into_view_if_needed()
    page.evaluate("document.getElementById('believe').scrollIntoView()")
    page.wait_for_selector('nav a[aria-current="true"][href="#believe"]')
    assert page.troubles == []


def test_further_parts_are_in_a_menu_that_closes(browser, tmp_path):
    page = opened(browser, tmp_path, report(), is_whole=False)
    named = page.evaluate("[...document.querySelectorAll('nav a')].map(e => e.getAttribute('href').slice(1))")
    assert set(named) - {"main"} == set(page.evaluate("[...document.querySelectorAll('.question')].map(e => e.id)"))
    menu, further = page.locator("nav .rest summary"), page.locator("nav .rest a", has_text="Comparison")
    assert further.is_hidden()
    menu.focus()
    page.keyboard.press("Enter")
    assert further.is_visible()
    page.keyboard.press("Escape")
    assert further.is_hidden()
    menu.click()
    further.click()
    assert further.is_hidden()
    assert page.locator("#comparison .body").evaluate("part => part.open")
    assert page.troubles == []


def test_a_closed_section_answers_in_a_sentence(browser, tmp_path):
    page = opened(browser, tmp_path, report(), is_whole=False)
    for name in ("believe", "heading"):
        assert page.locator(f"#{name} > .answers li").first.is_visible()
    assert page.locator("#changed > .answers").is_hidden()
    # What is closed takes two screens, whatever the study has in it.
    page.evaluate("for (const part of document.querySelectorAll('.body')) part.open = false")
    assert page.evaluate("document.body.scrollHeight") < 2 * 800 + 400


def pages_of(content: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", content))


def test_a_whole_report_prints_on_at_most_15_pages(browser, tmp_path):
    """The figures are as large as those of a study of eight labels and three attributes, from images and prompts."""
    tall = Figure(figsize=(7.2, 5.2))
    tall.subplots().plot([1, 2])
    files = saved_figure(tall)
    single = {"forest", "mentions", "diversity", "motifs", "similarity", "reliability", "agreement", "annotators"}
    of_comparisons = {kind for question in COMPARISON for kind in question.figures}
    kinds = [kind for kind in FIGURES if kind not in of_comparisons]
    names = [
        f"{kind}{attribute}{suffix}"
        for kind in kinds
        for attribute in ([""] if kind in single else ["_age", "_gender", "_ethnicity"])
        for suffix in ("", "_prompt")
    ]
    screen = screen_of(small_study(), names)
    page = opened(
        browser, tmp_path, page_of(small_study(), dict.fromkeys(names, files), first_screen=screen), is_whole=False
    )
    content = page.pdf(**A4)
    assert 5 <= pages_of(content) <= 15
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.locator("#first").is_visible()
