"""Every sentence, figure and table of a study stands in one section of its page."""

import html
import re
from collections import Counter

import pandas as pd
import pytest
from pages import figure, page_of
from small_study import small_study

from broken_telephone.reporting.page.sections import sections, uninformative_starts
from broken_telephone.reporting.page.shown_figures import shown_figures
from broken_telephone.reporting.page.shown_tables import shown_table
from broken_telephone.reporting.text import summary as topics
from broken_telephone.reporting.text.captions import FIGURES
from broken_telephone.reporting.text.questions import COMPARISON, METHODS, REPORT, VALIDATION
from broken_telephone.reporting.text.table_captions import TABLES
from broken_telephone.reporting.text.verdicts import NOT_ENOUGH_DATA, NOT_SIGNIFICANT

PAGES = {"report": REPORT, "comparison": COMPARISON, "validation": VALIDATION}


@pytest.mark.parametrize("name", PAGES)
def test_no_question_shares_anything_with_another(name):
    for field in ("name", "short", "topics", "figures", "tables"):
        values = [getattr(question, field) for question in PAGES[name]]
        flat = values if isinstance(values[0], str) else [one for own in values for one in own]
        assert [one for one, number in Counter(flat).items() if number > 1] == []


def test_all_figures_and_tables_have_a_question():
    figures = {kind for questions in PAGES.values() for question in questions for kind in question.figures}
    tables = {name for questions in PAGES.values() for question in questions for name in question.tables}
    assert figures == set(FIGURES)
    assert tables == set(TABLES)


def test_the_numbers_of_figures_stand_in_known_tables():
    assert {caption.table for caption in FIGURES.values()} - set(TABLES) == {""}
    assert all(caption.question.count("?") == 1 for caption in FIGURES.values())


def test_what_no_question_names_stands_with_the_methods():
    sentences = {topics.CHANGED: ["It rose."], "Unheard of": ["A sentence."], topics.MISSING: ["None is missing."]}
    tables = [shown_table(name, pd.DataFrame({"value": [1.0]})) for name in ("drift", "unheard_of")]
    arranged = sections(REPORT, sentences, shown_figures({"forest": figure(), "own": figure()}), tables)
    assert [topic.title for topic in arranged["changed"].topics] == [topics.CHANGED]
    assert [topic.title for topic in arranged["believe"].topics] == [topics.MISSING]
    assert [topic.title for topic in arranged[METHODS].topics] == ["Unheard of"]
    assert [kind.name for kind in arranged[METHODS].figures] == ["own"]
    assert [table.name for table in arranged[METHODS].tables] == ["unheard_of"]
    assert arranged["changed"].contents == "1 sentence, 1 figure, 1 table"
    assert not arranged["words"].has_answers


def test_topics_of_several_arms_keep_together():
    sentences = {"What differs: b": ["B."], "How the studies pair": ["All."], "What differs: a": ["A."]}
    arranged = sections(COMPARISON, sentences)
    assert [topic.title for topic in arranged["changed"].topics] == ["What differs: b", "What differs: a"]
    assert arranged["changed"].answers == ["B.", "A."]


def test_every_sentence_is_on_the_page_once_open():
    study = small_study()
    page = html.unescape(page_of(study)).replace("\N{NO-BREAK SPACE}", " ")
    opened = re.sub(r'<ul class="answers">.*?</ul>', "", page, flags=re.S)
    for sentences in topics.summary(study.tables).values():
        assert sentences
        for sentence in sentences:
            assert opened.count(f">{sentence}</li>") == 1


def findings(verdicts: dict[str, list[str]]) -> pd.DataFrame:
    rows = [(start, verdict) for start, own in verdicts.items() for verdict in own]
    table = pd.DataFrame(rows, columns=["start", "verdict"]).assign(family="shares", reason="", method="")
    return table.assign(label="anger", attribute="age", category="70+")


@pytest.mark.parametrize(
    ("verdicts", "folded"),
    [
        ({"image": [NOT_SIGNIFICANT, NOT_ENOUGH_DATA], "prompt": [NOT_ENOUGH_DATA] * 3}, {"prompt": "3 of 3 shares"}),
        ({"image": [NOT_SIGNIFICANT], "prompt": [NOT_ENOUGH_DATA, "rise"]}, {}),
        # A study of single prompts shows its figures, because it has no others.
        ({"prompt": [NOT_ENOUGH_DATA] * 3}, {}),
        ({"image": [NOT_ENOUGH_DATA], "prompt": [NOT_ENOUGH_DATA]}, {}),
        ({"image": ["fall"]}, {"prompt": "No chain has two images to compare"}),
        ({}, {}),
    ],
)
def test_chains_without_enough_data_are_folded_if_others_have_enough(verdicts, folded):
    reasons = uninformative_starts(findings(verdicts))
    assert set(reasons) == set(folded)
    assert all(text in reasons[start] for start, text in folded.items())


def test_folded_figures_are_on_the_page_and_closed():
    table = findings({"image": [NOT_SIGNIFICANT], "prompt": [NOT_ENOUGH_DATA]})
    kinds = shown_figures({"forest": figure(), "forest_prompt": figure()}, uninformative_starts(table))
    assert [one.name for one in kinds[0].figures] == ["forest"]
    assert [one.name for one in kinds[0].folded] == ["forest_prompt"]
    study = small_study()
    verdict = study.tables["findings"]["verdict"].where(study.tables["findings"]["start"] == "image", NOT_ENOUGH_DATA)
    tables = study.tables | {"findings": study.tables["findings"].assign(verdict=verdict)}
    page = page_of(study, {"forest": figure(), "forest_prompt": figure()}, tables=tables)
    few = re.search(r'<details class="few"><summary>(.*?)</summary>(.*?)</details>', page, re.S)
    assert "Chains from prompts. Not enough data to tell: " in few[1]
    assert 'id="figure-forest-prompt"' in few[2]
    assert 'id="figure-forest"' not in few[2]


def test_questions_without_results_are_named():
    page = page_of(small_study())
    assert 'id="words"' not in page
    assert "This study has no results for these questions: " in page
    assert "Where in the image do the words come from?" in page


def test_figures_of_a_kind_stand_in_the_order_of_the_form():
    names = ["gallery_anger", "gallery_fear", "shares_age", "shares_age_prompt", "shares_gender", "shares_skin_tone"]
    kinds = shown_figures(dict.fromkeys(names, figure()), words=["gender", "skin_tone", "age", "fear", "anger"])
    assert [one.name for kind in kinds for one in kind.figures] == [
        *("shares_gender", "shares_skin_tone", "shares_age", "shares_age_prompt"),
        *("gallery_fear", "gallery_anger"),
    ]
