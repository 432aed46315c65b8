"""The explorer of shares shows what stands in the tables."""

import re

import pandas as pd
import pytest
from pages import chromium, figure, opened, page_of
from small_study import browser_of, small_study
from test_first_screen import screen_of

from broken_telephone.reporting.text.summary import summary
from broken_telephone.reporting.text.verdicts import SPAN
from broken_telephone.reporting.text.wording import percent, points
from broken_telephone.statistics.tables.findings import AT_LOOKS
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
        assert row["verdict"] in text
        assert percent(row["before"]) in text
        assert percent(row["after"]) in text
    assert page.locator("#explore .mark").count() == 8


def test_halves_are_rounded_as_in_the_sentences(browser, study, tmp_path):
    page = opened(browser, tmp_path, page_of(study))
    values = [0.125, 0.135, 0.005, 0.994, 0.0004, 0.5, 1, 0.375, 0.625]
    assert page.evaluate(f"{values}.map(percentOf)") == [percent(value) for value in values]


def changed(study, **numbers) -> dict[str, pd.DataFrame]:
    """The study's tables, in which the share of women for happiness changes by these numbers."""
    findings = study.tables["findings"].copy()
    keys = {"start": "image", "label": "happiness", "attribute": "gender", "category": "female"}
    own = (findings[list(keys)].astype(str) == pd.Series(keys)).all(axis=1)
    findings.loc[own, list(numbers)] = list(numbers.values())
    return study.tables | {"findings": findings}


@pytest.mark.parametrize(
    ("before", "after", "shrunken", "cells", "sentence"),
    [
        (0.304, 0.7255, 0.4215, ["30 %", "73 %", "+43 (30 to 54)"], "rose by 43 points (95 % interval 30 to 54), "),
        (
            0.304,
            0.7255,
            0.362,
            ["30 %", "73 %", "+43 (30 to 54); +36 corrected for selection"],
            "rose by 43 points (95 % interval 30 to 54; corrected for selection 36 points), ",
        ),
        # The shares of all images are not those of the compared chains.
        (0.304, 0.80, 0.4215, ["30 %", "80 %", "+42 (30 to 54)"], "rose by 42 points (95 % interval 30 to 54), "),
    ],
)
def test_a_change_is_the_difference_of_the_shares_beside_it(
    browser, study, tmp_path, before, after, shrunken, cells, sentence
):
    limits = {"ci_low": 0.3, "ci_high": 0.54, "verdict": "rise"}
    tables = changed(study, before=before, after=after, value=0.4215, shrunken_value=shrunken, **limits)
    page = opened(browser, tmp_path, page_of(study, tables=tables))
    choose(page, start="image", attribute="gender", label="happiness")
    row = page.locator("#explore tbody tr", has_text="female")
    assert row.locator("td").all_inner_texts()[:3] == cells
    told = next(text for text in summary(tables)["What changed"] if "female for happiness" in text)
    assert sentence in told
    assert ("It was 30 % before and 73 % after" in told) == (cells[1] == "73 %")


def test_a_planned_change_has_the_verdict_and_the_numbers_of_its_last_look(browser, study, tmp_path):
    at_looks = {"verdict": "not enough data to tell", "reason": AT_LOOKS, "value": 0.42, "is_planned": True}
    tables = changed(study, **at_looks)
    row = next(one for one in tables["findings"].to_dict("records") if one["reason"] == AT_LOOKS)
    look = {name: row[name] for name in SPAN} | {"answer": "rise", "note": "", "n": 30, "clusters": 30}
    tables["planned_changes"] = pd.DataFrame([look | {"value": 0.2, "ci_low": 0.1, "ci_high": 0.3}])
    page = opened(browser, tmp_path, page_of(study, tables=tables))
    choose(page, start="image", attribute="gender", label="happiness")
    *_, change, verdict = page.locator("#explore tbody tr", has_text="female").locator("td").all_inner_texts()
    assert (change, verdict) == ("+20 (10 to 30)", "▲ rise")
    assert page.troubles == []


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
    assert page.locator("#choose .status").inner_text().startswith("This chain is not on the page: elsewhere. ")
    assert page.troubles == []


def test_a_link_that_opens_a_new_tab_leaves_this_page_as_it_is(browser, study, tmp_path):
    data = f'data-label="happiness" data-chain="{study.chains["chain_id"].iloc[0]}"'
    link = f'<a id="try" href="#chains" {data}>x</a>'
    page = opened(browser, tmp_path, page_of(study).replace("<footer>", f"{link}<footer>"), is_whole=False)
    # Nothing is opened here: a later listener refuses what the page did not.
    noted = "window.refused = event.defaultPrevented; event.preventDefault();"
    page.evaluate(f"document.addEventListener('click', (event) => {{ {noted} }})")
    for key in ("Control", "Meta", "Shift"):
        page.locator("#try").click(modifiers=[key])
        assert page.evaluate("window.refused") is False
        assert page.locator("#shown").is_hidden()
    assert page.evaluate("location.hash") == ""


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
    # The first attribute of the form is shown first.
    assert page.evaluate(visible) == ["figure-shares-gender", "figure-trajectories-gender"]
    page.locator("#figures-trajectories button", has_text="Age").click()
    assert page.evaluate(visible) == ["figure-shares-age", "figure-trajectories-age"]
    page.evaluate("location.hash = '#figure-shares-gender'")
    page.wait_for_function("!document.getElementById('figure-shares-gender').hidden")


def test_a_study_without_changes_has_no_explorer():
    prompts = small_study(count=4, iterations=1, starts=("prompt",))
    assert 'id="explore"' not in page_of(prompts)
    assert 'id="explore"' not in page_of(prompts, tables=prompts.tables | {"shares": pd.DataFrame()})


def test_a_strip_of_the_first_screen_leads_to_its_chain(browser, study, tmp_path):
    screen = screen_of(study, ("forest",))
    page = opened(browser, tmp_path, page_of(study, chains=browser_of(study, len(study.chains)), first_screen=screen))
    strip = page.locator(".first .strip").first
    wanted = strip.get_attribute("data-chain")
    assert wanted in set(study.chains["chain_id"])
    strip.click()
    page.wait_for_function("document.activeElement.matches('.chain')")
    page.wait_for_timeout(300)
    assert wanted in page.evaluate("document.activeElement.querySelector('h3').textContent")
    assert 0 <= page.evaluate("document.activeElement.getBoundingClientRect().top") < 200
    # The address leads back to the section.
    assert page.evaluate("location.hash") == "#chains"
    assert page.troubles == []
