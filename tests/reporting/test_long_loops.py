"""Studies of a hundred iterations: what is shown where there is no room for all, and that it is said."""

import json

import numpy as np
import pandas as pd
import pytest
from pages import chromium, opened, page_of
from PIL import Image
from small_study import browser_of, small_study

from broken_telephone.reporting.figures import multiples
from broken_telephone.reporting.page.chain_browser import ELSEWHERE, EMBEDDED, THINNED, chain_browser
from broken_telephone.reporting.page.shown_tables import ITERATIONS, some_iterations
from broken_telephone.reporting.sheets.chains_sheet import COLUMNS, chains_sheet
from broken_telephone.reporting.shown_iterations import spread
from broken_telephone.reporting.text.limits import limits

LAST = 40
SHOWN = 9
"""Images of a chain of 40 iterations in the page: 0, 5, 10 … 40."""

browser = pytest.fixture(scope="module")(chromium)


@pytest.fixture(scope="module")
def study():
    return small_study(count=8, iterations=LAST)


def test_first_and_last_are_always_shown():
    assert spread([1, 2, 3], 5) == [1, 2, 3]
    for most in (2, 5, 12):
        chosen = spread(list(range(101)), most)
        assert (chosen[0], chosen[-1]) == (0, 100)
        assert max(most // 2, 2) <= len(chosen) <= most
        assert np.ptp(np.diff(chosen)) == 0
    assert spread(list(range(1, 101)), 12) == [1, *range(10, 101, 10)]
    odd = spread(list(range(1, 100, 2)), 12)
    assert (odd[0], odd[-1], len(odd)) == (1, 99, 12)
    assert np.ptp(np.diff(odd)) <= 2
    assert spread([1, 10, 20, 50], 3) in ([1, 10, 50], [1, 20, 50])


@pytest.mark.parametrize("last", [9, 10, 17, 20, 23, 48, 50, 99, 100, 250])
@pytest.mark.parametrize("first", [0, 1])
def test_ticks_begin_and_end_with_the_iterations_and_are_apart(first, last):
    ticks = multiples.iteration_ticks(list(range(first, last + 1)), 6)
    assert (ticks[0], ticks[-1]) == (first, last)
    assert 3 <= len(ticks) <= 7
    assert min(np.diff(ticks)) >= (last - first) / 12


def test_ticks_are_iterations_that_there_are():
    assert set(multiples.iteration_ticks([1, 7, 14, 21, 28, 35, 42, 49, 50], 5)) <= {1, 7, 14, 21, 28, 35, 42, 49, 50}


def test_a_row_of_a_sheet_has_at_most_twelve_images(study):
    seen = []

    class Seen(dict):
        def __missing__(self, name):
            seen.append(name)
            return lambda: Image.new("RGB", (8, 8))

    sheet = chains_sheet("a study", study.chains, study.descriptions, Seen(), Seen(), range(1, LAST + 1), 1)
    assert sheet.width <= 2 * (COLUMNS + 2) * 140
    shown = sorted({int(name.rpartition("/")[2]) for name in seen if "/" in name})
    assert COLUMNS // 2 <= len(shown) <= COLUMNS
    assert (shown[0], shown[-1]) == (1, LAST)


def test_tables_of_the_page_leave_out_iterations_and_say_so(study):
    drift = study.tables["drift"]
    shown, note = some_iterations(drift)
    assert set(shown["iteration"]) == {1, *range(5, LAST + 1, 5)}
    assert note.startswith(f"The page shows 9 of {LAST} iterations (1, ")
    assert note in page_of(study, tables={"drift": drift})
    few = drift[drift["iteration"] <= ITERATIONS]
    assert some_iterations(few)[0] is few
    assert some_iterations(few)[1] == ""


def test_rows_without_an_iteration_and_of_further_pairs_stay():
    rows = [(0, k) for k in range(1, 41)] + [(7, 8), (np.nan, np.nan)]
    shown, _ = some_iterations(pd.DataFrame(rows, columns=["since", "iteration"]))
    assert len(shown) == 9 + 2


def test_a_chain_has_all_texts_and_answers_and_some_images(study):
    (chain, *_) = browser_of(study, 4).chains
    assert [one["iteration"] for one in chain["pictures"]] == list(range(LAST + 1))
    assert all(one["answers"] for one in chain["pictures"])
    shown = [one["iteration"] for one in chain["pictures"] if one["lacking"] is None]
    assert shown == list(range(0, LAST + 1, 5))
    assert len(shown) <= EMBEDDED
    assert {one["lacking"] for one in chain["pictures"]} == {None, ELSEWHERE}


def test_images_that_were_not_kept_are_told_from_images_without_room(study):
    kept = {1, 10, 20, 30, 40}
    thinned = set(range(1, LAST + 1)) - kept
    opened_names = []

    class Opened(dict):
        def __missing__(self, name):
            opened_names.append(name)
            return lambda: Image.new("RGB", (8, 8))

    tables = (study.chains, study.descriptions, study.annotations, study.people)
    chains = chain_browser(*tables, Opened(), Opened(), LAST, 4, 1, thinned=thinned).chains
    for chain in chains:
        lacking = {one["iteration"]: one["lacking"] for one in chain["pictures"]}
        assert {k for k, why in lacking.items() if why is None} == kept | ({0} if chain["start"] == "image" else set())
        assert {why for why in lacking.values() if why} == {THINNED}
    assert {int(name.rpartition("/")[2]) for name in opened_names if "/" in name} == kept


def test_all_iterations_of_a_chain_can_be_reached(browser, study, tmp_path):
    page = opened(browser, tmp_path, page_of(study, chains=browser_of(study, 4)))
    card = page.locator(".chain").first
    assert card.locator("li").count() == SHOWN
    assert card.locator("img").count() == SHOWN
    button = card.get_by_role("button", name=f"Show all {LAST + 1} iterations")
    button.click()
    assert card.locator("li").count() == LAST + 1
    assert card.locator("img").count() == SHOWN
    assert card.get_by_text("Not on this page: ").count() == LAST + 1 - SHOWN
    assert [text.split(",")[0] for text in card.locator("li > p.small").all_inner_texts()] == [
        f"Image {k}" for k in range(LAST + 1)
    ]
    card.get_by_role("button", name=f"Show {SHOWN} iterations").click()
    assert card.locator("li").count() == SHOWN
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.troubles == []


def test_the_data_of_a_chain_are_json(study):
    json.dumps(browser_of(study, 2).chains)


def test_the_report_names_the_images_that_were_kept():
    counts = {"images": 140, "stored": 40, "failures": 0, "cut": 0}
    loop = {"counts": counts, "keep": {"every": 10}, "iterations": 20}
    sentences = limits(pd.DataFrame(), {}, {"loop": loop})["Images that were kept"]
    assert "iterations 1, 10, 20, as the setting loop.keep asks" in sentences[0]
    assert "the last step is not tested" in sentences[1]
    pairs = {"loop": loop | {"keep": [2, 19]}}
    assert len(limits(pd.DataFrame(), {}, pairs)["Images that were kept"]) == 1
    whole = {"loop": {"counts": counts | {"stored": 140}, "keep": "all", "iterations": 20}}
    assert "Images that were kept" not in limits(pd.DataFrame(), {}, whole)
