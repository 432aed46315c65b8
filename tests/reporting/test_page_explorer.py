"""The explorer of shares shows what stands in the tables."""

import re

import pandas as pd
import pytest
from pages import chromium, figure, opened, page_of
from small_study import small_study

from broken_telephone.reporting.text.wording import percent, points
from broken_telephone.statistics.tables.shares_table import DATASET

browser = pytest.fixture(scope="module")(chromium)


@pytest.fixture(scope="module")
def study():
    return small_study()


def choose(page, **values):
    for name, value in values.items():
        page.select_option(f"#explore select[name={name}]", value)


def readings(page) -> list[str]:
    """Walk from mark to mark with the arrow keys."""
    chart, texts = page.locator("#explore svg[role=application]"), []
    chart.focus()
    rows = page.locator("#explore tbody tr").count()
    marks = page.locator("#explore .mark").count() // rows
    for row in range(rows):
        for place in range(marks):
            page.keyboard.press("ArrowRight" if place or not row else "ArrowDown")
            texts.append(page.locator("#explore .reading").inner_text())
        for _ in range(marks):
            page.keyboard.press("ArrowLeft")
    return texts


def test_every_mark_reads_as_its_row_of_the_table(browser, study, tmp_path):
    page = opened(browser, tmp_path, page_of(study))
    choose(page, start="image", attribute="age", label="happiness")
    shares = study.tables["shares"].astype({"annotator": str})
    own = shares[(shares["annotator"] != DATASET) & (shares["start"] == "image")]
    own = own[(own["attribute"] == "age") & (own["label"] == "happiness")]
    expected = {
        f"{row.category}, {'original' if row.iteration == 0 else f'image {row.iteration}'}: {percent(row.share)} "
        f"(95 % interval {percent(row.ci_low).removesuffix(' %')} to {percent(row.ci_high)}), {row.n} chains"
        for row in own.itertuples()
    }
    assert len(expected) == 8
    assert set(readings(page)) == expected
    assert page.troubles == []


def test_changes_read_as_the_findings(browser, study, tmp_path):
    page = opened(browser, tmp_path, page_of(study))
    choose(page, start="image", attribute="gender", label="(all)")
    findings = study.tables["findings"]
    own = findings[(findings["start"] == "image") & (findings["attribute"] == "gender")]
    own = own[own["label"] == "(all)"].set_index("category")
    rows = page.locator("#explore tbody tr").all_inner_texts()
    assert len(rows) == len(own) == 2
    for text in rows:
        row = own.loc[next(name for name in own.index if re.search(rf"\b{name}\b", text))]
        assert f"({points(row['ci_low'], unit=False)} to {points(row['ci_high'], unit=False)})" in text
        assert points(row["shrunken_value"], unit=False).strip("−") in text
        assert row["verdict"] in text
        assert percent(row["before"]) in text
        assert percent(row["after"]) in text
    assert page.locator("#explore .mark").count() == 8


def test_halves_are_rounded_as_in_the_sentences(browser, study, tmp_path):
    page = opened(browser, tmp_path, page_of(study))
    values = [0.125, 0.135, 0.005, 0.994, 0.0004, 0.5, 1, 0.375, 0.625]
    assert page.evaluate(f"{values}.map(percentOf)") == [percent(value) for value in values]
    differences = [0.125, -0.125, 0.004, -0.004, 0, 0.375, -1, 0.0949]
    assert page.evaluate(f"{differences}.map(pointsOf)") == [points(value, unit=False) for value in differences]


def test_links_lead_to_a_share_and_to_its_chains(browser, study, tmp_path):
    data = 'data-attribute="gender" data-label="happiness" data-start="image" data-category="female"'
    link = f'<a id="try" href="#explore" {data}>x</a>'
    page = opened(browser, tmp_path, page_of(study).replace("<footer>", f"{link}<footer>"), is_whole=False)
    page.locator("#try").click()
    assert page.locator("#explore select[name=attribute]").input_value() == "gender"
    assert page.locator("#explore select[name=label]").input_value() == "happiness"
    assert page.locator("#explore .reading").inner_text().startswith("female, image 3: ")
    assert page.locator("#shown").is_hidden()
    page.locator("#explore .to-chains").click()
    assert page.locator("#shown").is_visible()
    assert page.locator("select[name=changed]").input_value() == "=gender"
    assert set(page.locator(".chain h3 bdi:first-child").all_inner_texts()) == {"happiness"}
    shown = page.locator(".chain h3 bdi:nth-child(2)").all_inner_texts()
    page.evaluate(f"document.getElementById('try').dataset.chain = '{shown[-1]}'")
    page.evaluate("document.getElementById('try').href = '#chains'")
    page.locator("#try").click()
    page.wait_for_function("document.activeElement.matches('.chain')")
    assert shown[-1] in page.evaluate("document.activeElement.querySelector('h3').textContent")
    page.wait_for_timeout(300)
    assert 0 <= page.evaluate("document.activeElement.getBoundingClientRect().top") < 200
    # A chain that the page does not have: the others of its label.
    page.evaluate("document.getElementById('try').dataset.chain = 'elsewhere'")
    page.locator("#try").click()
    page.wait_for_timeout(300)
    assert 0 <= page.evaluate("document.getElementById('chains').getBoundingClientRect().top") < 200
    assert page.troubles == []


def test_labels_without_enough_data_stand_apart(browser, study, tmp_path):
    findings = study.tables["findings"]
    few = findings["label"] == "anger"
    tables = study.tables | {
        "findings": findings.assign(verdict=findings["verdict"].mask(few, "not enough data to tell"))
    }
    page = opened(browser, tmp_path, page_of(study, tables=tables))
    choose(page, start="image")
    assert page.locator("#explore optgroup option").all_inner_texts() == ["anger"]


def test_a_figure_is_chosen_everywhere(browser, study, tmp_path):
    names = [f"{kind}_{attribute}" for kind in ("shares", "trajectories") for attribute in ("age", "gender")]
    page = opened(browser, tmp_path, page_of(study, dict.fromkeys(names, figure())))
    visible = "[...document.querySelectorAll('figure')].filter(e => e.checkVisibility()).map(e => e.id)"
    assert page.evaluate(visible) == ["figure-shares-age", "figure-trajectories-age"]
    page.locator("#figures-trajectories button", has_text="Gender").click()
    assert page.evaluate(visible) == ["figure-shares-gender", "figure-trajectories-gender"]
    page.evaluate("location.hash = '#figure-shares-age'")
    page.wait_for_function("!document.getElementById('figure-shares-age').hidden")


def test_a_study_without_changes_has_no_explorer():
    prompts = small_study(count=4, iterations=1, starts=("prompt",))
    assert 'id="explore"' not in page_of(prompts)
    assert 'id="explore"' not in page_of(prompts, tables=prompts.tables | {"shares": pd.DataFrame()})
