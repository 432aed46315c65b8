"""The first screen on the page: harmless, linked, and readable at every width, without a mouse and in the dark."""

import html
import re

import pytest
from pages import chromium, figure, page_of
from pages import opened as opened_page
from small_study import EVIL, small_study
from test_first_screen import findings, screen_of

from broken_telephone.reporting.first_screen import FirstScreen
from broken_telephone.reporting.first_screen.study_facts import StudySource

browser = pytest.fixture(scope="module")(chromium)
FIGURES = ("shares_gender", "forest")


def page_with(screen: FirstScreen | None, study=None) -> str:
    drawn = {name: figure() for name in FIGURES}
    return page_of(study or small_study(), drawn, manifests={}, first_screen=screen)


def first_part(page: str) -> str:
    return re.search(r'<section class="first".*?(?=<section id=)', page, re.S)[0]


@pytest.fixture(scope="module")
def page():
    return page_with(screen_of(small_study(), FIGURES))


def opened(browser, tmp_path, text, width, **context):
    """Open a page as its readers find it: what is folded stays folded."""
    return opened_page(browser, tmp_path, text, width, is_whole=False, **context)


def test_the_first_screen_comes_before_everything_else(page):
    assert page.index('id="first"') < page.index("<section id=")
    assert 'class="first"' not in page_with(None)


def test_all_its_links_lead_to_parts_of_the_page(page):
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    links = set(re.findall(r'href="#([^"]+)"', first_part(page)))
    assert {"table-findings", "chains"} <= links
    # The explorer is hidden without scripts, so no link of the page itself leads there.
    assert {"figure-shares-gender", "figure-forest"} <= links
    assert "explore" not in links
    assert links <= set(ids)


def test_every_share_has_its_numbers_in_words(page):
    screen = screen_of(small_study(), FIGURES)
    blocks = [*screen.overview.blocks, *screen.further.blocks]
    cells = [cell for block in blocks for row in block.cells for cell in row]
    details = re.findall(r'<span class="detail" dir="auto"><b>(.*?)</b> (.*?)</span></a>', first_part(page))
    texts = [
        html.unescape(re.sub(r"<[^>]*>", "", f"{name} {detail}")).replace("\u00a0", " ") for name, detail in details
    ]
    assert len(texts) == len(cells) == 24
    for cell, text in zip(cells, texts, strict=True):
        assert text.startswith(f"{cell.name}. {cell.detail}")


def test_what_stands_in_the_study_stays_text():
    study = small_study(count=8, labels=(EVIL, "anger"), text=EVIL)
    screen = screen_of(study, FIGURES, source=StudySource(EVIL, EVIL, EVIL, 3, "free"), annotators=[EVIL])
    evil = {"label": EVIL, "attribute": EVIL, "category": EVIL, "reason": EVIL}
    for one in (screen, screen_of(study, tables={"findings": findings(evil)})):
        text = page_with(one, study)
        assert len(re.findall(r"<script[ >]", text)) == 2
        assert not re.search(r"<img[^>]*(onerror|src=.http)", text)
        assert not re.search(r"<[a-z]+ [^>]*\son[a-z]+=", re.sub('"[^"]*"', '""', text.split("<script")[0]))
        assert "\u202e" not in text


def test_overview_and_findings_begin_below_the_boxes_and_no_caption_is_cut(browser, page, tmp_path):
    for width in (390, 1440):
        shown = opened(browser, tmp_path, page, width)
        boxes = shown.locator(".first .boxes section")
        tops = [one.bounding_box()["y"] for one in boxes.all()]
        assert len(tops) == 4
        assert (len(set(tops)) == 1) == (width == 1440)
        below = max(one.bounding_box()["y"] + one.bounding_box()["height"] for one in boxes.all())
        assert min(shown.locator(f".first .{part}").bounding_box()["y"] for part in ("left", "right")) >= below
        for part in (".strip .title", ".strip .caption", ".strip .path"):
            for one in shown.locator(f".first {part}").all():
                own = one.evaluate("e => [e.scrollWidth, e.clientWidth]")
                assert own[0] <= own[1]
        note = shown.locator(".first .right > .note").bounding_box()
        assert shown.locator(".first .findings li").first.bounding_box()["y"] >= note["y"] + note["height"] + 4
        shown.context.close()


def test_each_finding_says_how_sure_it_is(page):
    screen = screen_of(small_study(), FIGURES)
    tags = re.findall(r'<span class="tag ([a-z-]+)">([a-z ]+)</span>', first_part(page))
    assert tags == [(finding.certainty, finding.certainty_words) for finding in screen.findings]
    assert f"<b>{screen.grades}.</b>" in first_part(page)
    basis = screen.headline_basis[0].upper() + screen.headline_basis[1:]
    assert f'<span class="basis">{basis}.</span></h2>' in first_part(page)
    assert f"{screen.question} {screen.definition}" in html.unescape(first_part(page))


def test_no_page_is_wider_than_its_window(browser, page, tmp_path):
    for width in (390, 768, 1440):
        shown = opened(browser, tmp_path, page, width)
        assert shown.troubles == []
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        for row in shown.locator(".first .block tbody tr").all():
            assert row.bounding_box()["x"] + row.bounding_box()["width"] <= width
        shown.context.close()


def test_pointing_or_tabbing_to_a_share_shows_its_numbers(browser, page, tmp_path):
    shown = opened(browser, tmp_path, page, 1440)
    cell = shown.locator(".first .share.rose").first
    detail = cell.locator(".detail")
    assert detail.bounding_box()["width"] <= 1
    cell.hover()
    assert detail.bounding_box()["width"] > 200
    shown.mouse.move(0, 0)
    assert detail.bounding_box()["width"] <= 1
    shown.locator(".first .strip").last.focus()
    shown.keyboard.press("Tab")
    focused = shown.locator(".first .share:focus .detail")
    assert focused.bounding_box()["width"] > 200
    shown.context.close()


def test_a_share_leads_to_the_explorer_and_without_scripts_to_its_figure(browser, page, tmp_path):
    for has_scripts, part in ((True, "explore"), (False, "figure-shares-gender")):
        shown = opened(browser, tmp_path, page, 1440, java_script_enabled=has_scripts)
        cell = shown.locator('.first .share.rose[data-attribute="gender"]').first
        label = cell.get_attribute("data-label")
        cell.click()
        assert shown.url.endswith(f"#{part}")
        if has_scripts:
            assert shown.locator('#explore select[name="label"]').input_value() == label
            assert 0 <= shown.locator("#explore").bounding_box()["y"] < 800
        assert shown.troubles == []
        shown.context.close()


def test_the_key_counts_the_shares_of_its_overview_and_names_only_marks_that_occur(page):
    screen = screen_of(small_study(), FIGURES)
    counts = re.search(r'<ul class="key">(.*?)</ul>', page, re.S)[1]
    numbers = [int(number) for number in re.findall(r"<b>(\d+)</b>", counts)]
    assert sum(numbers) == screen.overview.counts.total == 12
    assert 0 not in numbers
    assert screen.counts.total == 24
    assert "in percentage points (chains from images)</h3>" in page


def test_rows_of_neighbouring_attributes_stand_on_one_line(browser, page, tmp_path):
    shown = opened(browser, tmp_path, page, 1440)
    first = shown.locator(".first .left > .map").first
    tops = [
        [row.bounding_box()["y"] for row in block.locator("tbody tr").all()] for block in first.locator(".block").all()
    ]
    assert len(tops) >= 2
    assert all(one == pytest.approx(tops[0], abs=1) for one in tops)
    shown.context.close()


def test_on_a_phone_every_attribute_names_its_rows(browser, page, tmp_path):
    shown = opened(browser, tmp_path, page, 390)
    for block in shown.locator(".first .left > .map .block").all():
        assert block.locator("tbody th").first.bounding_box()["width"] > 40
    shown.context.close()


def test_a_study_without_a_comparison_has_a_first_screen(browser, tmp_path):
    study = small_study(count=4)
    screen = screen_of(study, tables={})
    text = page_with(screen, study)
    assert "Drift cannot be measured" in first_part(text)
    shown = opened(browser, tmp_path, text, 390)
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    shown.context.close()


def test_without_findings_the_boxes_stand_beside_the_overview(browser, tmp_path):
    study = small_study(count=4)
    quiet = {"verdict": "no significant change", "value": 0.01, "shrunken_value": 0.01}
    text = page_with(screen_of(study, tables={"findings": findings(quiet, quiet | {"category": "male"})}), study)
    shown = opened(browser, tmp_path, text, 1440)
    overview = shown.locator(".first .left .blocks").bounding_box()
    boxes = [box.bounding_box() for box in shown.locator(".first .boxes section").all()]
    assert len(boxes) == 4
    assert all(box["x"] > overview["x"] + overview["width"] for box in boxes)
    assert boxes[0]["y"] < overview["y"]
    shown.context.close()


def test_ranges_of_numbers_stay_on_one_line():
    screen = screen_of(small_study(count=4), tables={"findings": findings({"attribute": "age", "category": "40-69"})})
    text = first_part(page_with(screen, small_study(count=4)))
    assert '<span class="range">40-69</span>' in text
    visible = re.sub(r"<[^>]*>", " ", text.replace('<span class="range">40-69</span>', ""))
    assert "40-69" not in visible
    # What scripts read is the name of the category.
    assert 'data-category="40-69"' in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_an_automated_check_of_the_first_screen_finds_nothing_serious(browser, page, tmp_path, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    shown = opened(browser, tmp_path, page, width, bypass_csp=True, color_scheme=scheme)
    found = axe.Axe().run(shown, context="#first").response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    shown.context.close()
