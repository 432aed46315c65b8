"""The page of the report in a browser: tables, chains and figures are chosen, and nothing is asked of a network."""

import re

import numpy as np
import pandas as pd
import pytest
from pages import chromium, evil_page, opened, page_of
from small_study import small_study

from broken_telephone.reporting.page.chain_browser import Browser
from broken_telephone.reporting.page.page import report_page
from broken_telephone.reporting.page.shown_tables import FIRST

browser = pytest.fixture(scope="module")(chromium)


study = pytest.fixture(scope="module")(small_study)
evil = pytest.fixture(scope="module")(evil_page)


def column(page, table, name):
    heads = page.locator(f"#table-{table} th").all_inner_texts()
    return page.locator(f"#table-{table} tbody td:nth-child({heads.index(name) + 1})").all_inner_texts()


def test_tables_are_sorted_filtered_and_saved(browser, study, tmp_path):
    page = opened(browser, tmp_path, page_of(study))
    before = page.locator("#table-drift tbody").inner_text()
    # Drawn from the CSV, the first rows are what they were.
    page.fill("#table-drift .filter", " ")
    assert page.locator("#table-drift tbody").inner_text() == before
    drift = study.tables["drift"]
    for sign in (1, -1):
        page.get_by_role("region", name="Drift").get_by_role("button", name="value", exact=True).click()
        shown = [float(text.replace("\u2212", "-")) for text in column(page, "drift", "value")]
        assert shown == pytest.approx(sorted(drift["value"].dropna(), reverse=sign < 0)[:FIRST], abs=6e-4)
    assert page.locator("#table-drift th[aria-sort=descending]").inner_text() == "value"
    page.fill("#table-drift .filter", "kappa HAPPINESS prompt")
    fitting = drift[(drift["measure"] == "kappa") & (drift["label"] == "happiness") & (drift["start"] == "prompt")]
    assert set(column(page, "drift", "measure")) == {"kappa"}
    assert f"{len(fitting)} rows that match" in page.locator("#table-drift .status").inner_text()
    page.fill("#table-drift .filter", "")
    page.locator("#table-drift .more button").click()
    assert page.locator("#table-drift tbody tr").count() == min(len(drift), FIRST + 200)
    with page.expect_download() as saved:
        page.get_by_role("link", name="drift as CSV").click()
    assert saved.value.suggested_filename == "drift.csv"
    assert saved.value.path().read_text() == drift.to_csv(index=False)
    assert page.troubles == []


def test_infinite_numbers_are_sorted_as_numbers(browser, study, tmp_path):
    values = [2.0, float("-inf"), 1.0, float("inf"), float("nan"), float("inf"), -3.0]
    page = opened(browser, tmp_path, page_of(study, tables={"odds": pd.DataFrame({"value": values})}))
    button = page.locator("#table-odds").get_by_role("button", name="value", exact=True)
    rising = ["\u2212∞", "\u22123.000", "1.000", "2.000", "∞", "∞"]
    for expected in (rising, rising[::-1]):
        button.click()
        # The cell without a value comes last in both orders.
        assert column(page, "odds", "value") == [*expected, "–"]


def test_a_long_table_is_saved_whole(browser, study, tmp_path):
    table = pd.DataFrame({"value": np.random.default_rng(1).random(70_000), "note": 'żółw, "quoted"'})
    page = opened(browser, tmp_path, page_of(study, tables={"long": table}))
    for _ in range(2):
        with page.expect_download() as saved:
            page.get_by_role("link", name="long as CSV").click()
        assert saved.value.path().read_text(encoding="utf-8") == table.to_csv(index=False)
    assert page.troubles == []


def test_chains_are_chosen_and_walked_through(browser, study, tmp_path):
    page = opened(browser, tmp_path, page_of(study))
    cards = page.locator(".chain")
    assert cards.count() == 6
    page.locator("#further").click()
    assert cards.count() == 12
    page.select_option("#choose select[name=label]", "anger")
    page.select_option("#choose select[name=start]", "prompt")
    assert set(page.locator(".chain h3 bdi:first-child").all_inner_texts()) == {"anger"}
    assert cards.count() > 0
    assert page.locator(".chain img").count() == 3 * cards.count()
    assert "From the prompt: anger" in cards.first.inner_text()
    page.select_option("#choose select[name=label]", "")
    page.select_option("#choose select[name=start]", "")
    page.select_option("#choose select[name=changed]", "=gender")
    assert cards.count() > 0
    assert all("Changed: gender male → female" in text for text in cards.all_inner_texts())
    assert page.locator(".chain mark").count() > 0
    page.select_option("#choose select[name=changed]", "nothing")
    assert cards.count() > 0
    assert all("No change" in text for text in cards.all_inner_texts())
    page.select_option("#choose select[name=changed]", "")
    active = "[...document.querySelectorAll('.chain')].indexOf(document.activeElement)"
    # Keys of one letter do nothing outside the section of the chains.
    page.locator("#methods > details > summary").focus()
    page.keyboard.press("j")
    assert page.evaluate(active) == -1
    page.locator("#chains > details > summary").focus()
    indices = []
    for key in "j" * 8 + "kk":
        page.keyboard.press(key)
        indices.append(page.evaluate(active))
    assert indices == [0, 1, 2, 3, 4, 5, 6, 7, 6, 5]
    first = page.locator(".chain img").first
    first.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('.chain img').naturalWidth === 160")
    assert re.match(r"Image 0, the original of \w+, shown as gender", first.get_attribute("alt"))
    assert page.troubles == []


@pytest.mark.parametrize("width", [1280, 1030, 390])
def test_a_record_of_settings_within_settings_can_be_read(browser, study, tmp_path, width):
    words = "several words, which stand beside each other"
    record = {"settings": {"reading": {"asked": [{"prompt": {"text": words}}], "deeper": {"more": {"text": words}}}}}
    page = opened(browser, tmp_path, page_of(study, manifests={"loop_manifest": record}), width)
    assert page.get_by_text(words).count() == 2
    assert all(one.bounding_box()["width"] > 150 for one in page.get_by_text(words).all())


@pytest.mark.parametrize("width", [1280, 700, 390])
def test_hostile_texts_do_nothing_and_nothing_is_wider_than_the_window(browser, evil, tmp_path, width):
    page = opened(browser, tmp_path, evil, width)
    assert page.title().startswith("</script>")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelectorAll('script').length") == 2
    assert "onerror=alert(1)" in page.locator(".chain .description").first.inner_text()
    assert page.get_by_text("This image is missing.").count() > 0
    page.locator(".more button:visible").first.click()
    page.locator(".table .filter").first.fill("<script>")
    # Cells that the script draws from the CSV are those that stood there before.
    guarded = page.locator(".table", has_text='=a,"b"').first
    before = guarded.locator("tbody").inner_text()
    guarded.locator(".filter").fill(" ")
    assert guarded.locator("tbody").inner_text() == before
    page.select_option("#choose select[name=label]", index=1)
    outside = "e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, .strip')"
    assert page.evaluate(f"[...document.querySelectorAll('main *')].filter({outside}).map(e => e.outerHTML)") == []
    # Nothing but the one script would run.
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.owned = 1'}))")
    assert page.evaluate("window.owned") is None
    assert page.troubles
    assert all("Content Security Policy" in trouble for trouble in page.troubles)
    assert page.title() != "owned"


def test_an_empty_page_opens(browser, tmp_path):
    page = opened(browser, tmp_path, report_page("nothing", {"drift": pd.DataFrame()}, {}, Browser(), {}, {}), 390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.troubles == []
