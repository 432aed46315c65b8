"""Mentions of attributes in descriptions: against a loop over chains, statsmodels, and planted truth."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from broken_telephone.reporting.figures.mentions import mentions_figure
from broken_telephone.reporting.text.mentions import mention_sentences
from broken_telephone.statistics import ALL, Resampling, mention_shares, panels, with_adjusted_p_values
from broken_telephone.tables import (
    ANNOTATIONS,
    CHAINS,
    DESCRIPTIONS,
    MENTIONS,
    as_result,
    as_table,
    check_result,
    with_plain_numbers,
)

RESAMPLING = Resampling(300, 1)
NAMED = {("gender", "female", "woman"): "female", ("gender", "male", "man"): "male"}
ITERATIONS = 2


class Texts:
    """Chains of two labels; the gender is mentioned less and less often, and named wrongly more often."""

    def __init__(self, count=60, mentioned=(0.9, 0.5, 0.4), wrong=(0.0, 0.1, 0.3), replicates=1, prompts=0, seed=0):
        rng = np.random.default_rng(seed)
        chains, self.mentions, self.descriptions, annotations = [], [], [], []
        self.terms, self.truth = {}, {}
        for number in range(count + prompts):
            start = {"start": "image", "image_id": str(number), "image_path": f"{number}.png"}
            if number >= count:
                start = {"start": "prompt", "prompt": f"A person, {number}."}
            first = int(number >= count)
            for replicate in range(replicates):
                name = f"{number}_{replicate}"
                label = ("anger", "fear")[number % 2]
                chains.append(
                    {"chain_id": name, "replicate": replicate, "concept": "emotion", "label": label, "seed": 1} | start
                )
                gender = ("female", "male")[number // 2 % 2]
                self.truth[name] = gender
                annotations += [
                    {
                        "chain_id": name,
                        "iteration": k,
                        "annotator": "a",
                        "reading": "free",
                        "attribute": "gender",
                        "category": gender if k == first else "female",
                        "status": "valid",
                    }
                    for k in range(first, ITERATIONS + 1)
                ]
                if first:
                    self.describe(name, 1, "A woman.", "prompt")
                    self.mention(name, 1, "woman")
                for k in range(first, ITERATIONS + 1):
                    self.describe(name, k + 1, "text", "fake")
                    if rng.random() < mentioned[k]:
                        other = rng.random() < wrong[k]
                        term = {"female": ("woman", "man"), "male": ("man", "woman")}[gender][other]
                        self.terms[name, k] = term
                        self.mention(name, k + 1, term)
        self.chains = as_table(chains, CHAINS)
        self.annotations = as_table(annotations, ANNOTATIONS)

    def describe(self, name, k, text, describer):
        row = {"chain_id": name, "iteration": k, "text": text, "tokens": 1, "truncated": False, "describer": describer}
        self.descriptions.append(row)

    def mention(self, name, k, term):
        category = {"woman": "female", "man": "male", "they": "neutral"}[term]
        row = {"chain_id": name, "iteration": k, "attribute": "gender", "category": category, "term": term, "count": 1}
        self.mentions.append(row)

    def table(self):
        arranged = panels(self.annotations, self.chains, {"gender": ("female", "male"), "age": ("young",)}, ITERATIONS)
        tables = as_table(self.mentions, MENTIONS), as_table(self.descriptions, DESCRIPTIONS)
        shares = mention_shares(*tables, self.chains, arranged, NAMED, ITERATIONS, RESAMPLING)
        result = as_result(with_adjusted_p_values(shares, ["start", "since", "iteration", "measure"]))
        check_result(result)
        return with_plain_numbers(result)


def row_of(table, measure, iteration, label=ALL, start="image", attribute="gender"):
    cell = {"measure": measure, "iteration": iteration, "label": label, "start": start, "attribute": attribute}
    rows = table[np.logical_and.reduce([table[name] == value for name, value in cell.items()])]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize("label", ["anger", "fear", ALL])
def test_shares_are_those_of_a_loop_over_chains(label):
    made = Texts()
    table = made.table()
    names = [
        name for name, own in zip(made.chains["chain_id"], made.chains["label"], strict=True) if label in (ALL, own)
    ]
    for k in range(ITERATIONS + 1):
        terms = {name: made.terms[name, k] for name in names if (name, k) in made.terms}
        mentioned = row_of(table, "mentioned", k, label)
        assert mentioned["value"] == pytest.approx(len(terms) / len(names))
        assert (mentioned["n"], mentioned["clusters"]) == (len(names), len(names))
        low, high = proportion_confint(len(terms), len(names), method="wilson")
        assert (mentioned["ci_low"], mentioned["ci_high"]) == pytest.approx((low, high), abs=0.01)
        right = sum({"woman": "female", "man": "male"}[term] == made.truth[name] for name, term in terms.items())
        agreement = row_of(table, "agreement", k, label)
        assert agreement["value"] == pytest.approx(right / len(terms))
        assert agreement["n"] == len(terms)


def test_changes_are_tested_within_chains():
    made = Texts(count=200)
    row = row_of(made.table(), "change of mentioned", 2)
    before, after = (np.array([(name, k) in made.terms for name in made.chains["chain_id"]]) for k in (0, 2))
    assert row["value"] == pytest.approx(after.mean() - before.mean())
    counts = [[np.sum((before == a) & (after == b)) for b in (True, False)] for a in (True, False)]
    assert row["p_value"] == pytest.approx(mcnemar(counts, exact=False, correction=False).pvalue)
    spread = np.std(after.astype(int) - before.astype(int)) / np.sqrt(200)
    assert row["ci_high"] - row["ci_low"] == pytest.approx(2 * 1.97 * spread, rel=0.1)
    assert row["p_adjusted"] >= row["p_value"]


def test_terms_that_name_no_or_several_categories_do_not_count_for_agreement():
    made = Texts(count=20, mentioned=(1, 1, 1), wrong=(0, 0, 0))
    plain = row_of(made.table(), "agreement", 1)
    assert (plain["value"], plain["n"]) == (1, 20)
    made.mention("0_0", 2, "man")
    made.mention("1_0", 2, "they")
    table = made.table()
    assert (row_of(table, "agreement", 1)["value"], row_of(table, "agreement", 1)["n"]) == (1, 19)
    assert row_of(table, "mentioned", 1)["value"] == 1


def test_replicates_are_one_cluster_and_prompts_describe_no_image():
    table = Texts(count=10, replicates=3, prompts=10).table()
    assert (row_of(table, "mentioned", 0)["n"], row_of(table, "mentioned", 0)["clusters"]) == (30, 10)
    prompts = table[table["start"] == "prompt"]
    assert prompts["iteration"].min() == 1
    assert set(prompts["since"].dropna()) == {1}


def test_attributes_that_no_text_mentions_are_in_the_table_and_told():
    made = Texts()
    table = made.table()
    assert row_of(table, "mentioned", 2, attribute="age")["value"] == 0
    note = row_of(table, "agreement", 2, attribute="age")["note"]
    assert "no description names exactly one" in note
    first, second, last = mention_sentences(table)
    assert first.startswith("In chains from images, 87 % of the descriptions of image 0 mention gender, and ")
    assert "significant after adjustment" in first
    assert second.startswith("Descriptions that name one category of gender name the annotator's category")
    assert last == "In chains from images, no description mentions age."


def test_the_figure_shows_every_share():
    table = Texts().table()
    figure = mentions_figure(table)
    drawn = {tuple(np.round(line.get_ydata(), 6)) for axes in figure.axes for line in axes.get_lines()}
    for label in ("anger", "fear", ALL):
        for measure in ("mentioned", "agreement"):
            rows = table[(table["attribute"] == "gender") & (table["measure"] == measure) & (table["label"] == label)]
            assert tuple(np.round(rows.sort_values("iteration")["value"].to_numpy(float), 6)) in drawn
    empty = mentions_figure(table[table["attribute"] == "age"])
    texts = [one.get_text() for one in empty.findobj(match=lambda one: hasattr(one, "get_text"))]
    assert any("no description mentions an attribute" in text for text in texts)


def test_without_texts_there_are_no_sentences():
    assert mention_sentences(pd.DataFrame()) == []
