"""The sample that puts ratings where the annotator errs: allocation by brute force, planted doubt, and simulation."""

import importlib.util
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from broken_telephone.rating import RatingSettings
from broken_telephone.rating.allocation import error_deviations, neyman_allocation
from broken_telephone.rating.doubt import LEVELS, doubt_levels, doubts
from broken_telephone.rating.neyman import neyman_choice, with_doubt, wrong_answers
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.corrected_drift import corrected_drift_table


@pytest.fixture(scope="module")
def benchmark():
    path = Path(__file__).parents[2] / "benchmarks" / "ratings.py"
    spec = importlib.util.spec_from_file_location("benchmark_ratings", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_allocation_has_the_smallest_variance_of_all_allocations():
    sizes, deviations, scales = np.array([30, 6, 4, 12]), np.array([0.1, 0.9, 0.7, 0.3]), np.array([40, 40, 16, 16])

    def variance(ratings) -> float:
        return float(((sizes * deviations / scales) ** 2 / ratings).sum())

    allocation = neyman_allocation(sizes, deviations, 16, 1, scales)
    every = [n for n in product(*(range(1, size + 1) for size in sizes)) if sum(n) == 16]
    assert allocation.sum() == 16
    assert variance(allocation) == pytest.approx(min(variance(np.array(n)) for n in every))
    larger = neyman_allocation(sizes, deviations, 21, 1, scales)
    assert (larger >= allocation).all()


def test_the_allocation_keeps_to_the_sizes_and_to_the_least_numbers():
    assert neyman_allocation([5, 1, 100], [0.9, 0.9, 0.0], 200).tolist() == [5, 1, 100]
    assert neyman_allocation([50, 50, 50], [0.5, 0.01, 0.01], 10, [2, 2, 3]).tolist() == [5, 2, 3]
    # Too few for all: the stratum that counts most comes first.
    assert neyman_allocation([50, 50], [0.1, 0.5], 3).tolist() == [1, 2]


def test_ratings_replace_the_expected_errors():
    deviations = error_deviations(np.array([0.25, 0.25, 0.25]), np.array([0.0, 0.0, 60.0]), np.array([0, 96, 96]), 4)
    assert deviations == pytest.approx([0.5, 0.1, np.sqrt(0.61)])


def annotations(rows) -> pd.DataFrame:
    columns = ["chain_id", "iteration", "annotator", "reading", "attribute", "category", "probability"]
    return pd.DataFrame(rows, columns=columns).assign(status="valid")


def test_doubt_is_what_other_opinions_say_against_the_answer():
    table = annotations(
        [
            ("a", 0, "one", "free", "gender", "man", np.nan),
            ("a", 0, "one", "free", "age", "young", np.nan),
            ("b", 0, "one", "free", "gender", "man", np.nan),
            ("c", 0, "one", "free", "gender", None, np.nan),
            ("a", 0, "one", "closed", "gender", "man", 0.9),
            ("b", 0, "one", "closed", "gender", "woman", 0.8),
            ("a", 0, "two", "free", "gender", "woman", np.nan),
            ("a", 0, "two", "free", "age", "young", np.nan),
            ("b", 0, "two", "free", "gender", "man", np.nan),
        ]
    )
    doubt = doubts(table).set_index("chain_id")["doubt"]
    # a: supports 0.9 and 0 of the gender, 1 of the age. b: supports 0.2 and 1. c has no answer.
    assert doubt.to_dict() == pytest.approx({"a": 0.55, "b": 0.4, "c": 1.0})
    alone = doubts(table[(table["annotator"] == "one") & (table["reading"] == "free")]).set_index("chain_id")["doubt"]
    assert alone.to_dict() == {"a": 0.0, "b": 0.0, "c": 1.0}


def test_levels_of_doubt_are_ordered_and_keep_equal_pictures_together():
    doubt = np.random.default_rng(0).choice([0.0, 0.01, 0.3, 0.6, 1.0], 500, p=[0.5, 0.3, 0.1, 0.05, 0.05])
    levels = doubt_levels(doubt)
    assert set(levels) == set(range(LEVELS))
    order = np.argsort(doubt)
    assert (np.diff(levels[order]) >= 0).all()
    assert all(len(set(levels[doubt == value])) == 1 for value in np.unique(doubt))
    assert set(doubt_levels(np.zeros(9))) == {1}


def test_a_label_has_as_many_ratings_and_more_where_the_annotator_errs(benchmark):
    study = benchmark.Study(np.random.default_rng(1), 80, 0.0, (0.25, 0.02), True)
    table = with_doubt(study.strata.drop(columns="wrong"), study.annotations)
    wrong = study.strata[["chain_id", "iteration", "wrong"]]
    first = neyman_choice(table, 10, wrong.head(0))
    assert set(first.groupby("label").size()) == {20}
    sizes = table.groupby(["label", "iteration", "answer"]).size()
    chosen = first.groupby(["label", "iteration", "answer"]).size().reindex(sizes.index, fill_value=0)
    assert (chosen >= np.minimum(sizes, 2)).all()
    # Without ratings, the expected errors decide: most doubt, most ratings for each picture.
    rate = chosen.groupby("answer").sum() / sizes.groupby("answer").sum()
    assert rate["doubt 2"] > 2 * rate["doubt 0"]
    # With ratings, the drawn images have more errors than the originals.
    rated = wrong.merge(first[["chain_id", "iteration"]], on=["chain_id", "iteration"])
    second = neyman_choice(table, 20, rated)
    assert set(second.groupby("label").size()) == {40}
    assert (second["iteration"] == 1).mean() > (first["iteration"] == 1).mean() + 0.03
    key = ["chain_id", "iteration"]
    assert len(second.merge(first[key], on=key)) == len(first)


def test_pictures_between_first_and_last_keep_their_ratings(benchmark):
    study = benchmark.Study(np.random.default_rng(2), 40, 0.0, (0.25, 0.02), True)
    table = with_doubt(study.strata.drop(columns="wrong"), study.annotations)
    between = table[table["iteration"] == 1]
    table = pd.concat([table, between.assign(iteration=2)])
    chosen = neyman_choice(table, 8, study.strata.head(0)[["chain_id", "iteration", "wrong"]])
    sizes = chosen.assign(ends=chosen["iteration"] != 1).groupby(["label", "ends"]).size().unstack()
    assert set(sizes[True]) == {16}
    assert set(sizes[False]) == {8}


def test_errors_in_rated_pictures_are_counted_over_attributes_and_averaged_over_raters():
    answers = annotations(
        [("a", 1, "one", "free", "gender", "man", np.nan), ("a", 1, "one", "free", "age", "young", np.nan)]
    )
    rows = [("x", "gender", "woman"), ("x", "gender", "man"), ("x", "age", "old"), ("gone", "age", "old")]
    ratings = pd.DataFrame(rows, columns=["item", "attribute", "category"]).assign(mode="rating", status="valid")
    items = pd.DataFrame({"item": ["x"], "chain_id": ["a"], "iteration": [1]})
    assert wrong_answers(answers, ratings, items).to_dict("records") == [
        {"chain_id": "a", "iteration": 1, "wrong": 1.5}
    ]


def test_too_few_ratings_for_the_levels_are_refused():
    with pytest.raises(ValidationError, match="per_cell of at least 6"):
        RatingSettings(database="sqlite:///r.sqlite", sampler="neyman", per_cell=5)
    assert RatingSettings(database="sqlite:///r.sqlite", sampler="neyman", per_cell=6).sampler == "neyman"


def test_intervals_are_narrower_at_the_same_number_of_ratings_and_cover(benchmark):
    rng, tables = np.random.default_rng(3), {"equal": [], "neyman": []}
    for _ in range(5):
        study = benchmark.Study(rng, 150, 0.3, (0.25, 0.02), True)
        for sampler, rows in tables.items():
            table = corrected_drift_table([study.panel], study.ratings(sampler, 40))
            rows.append(table[(table["category"] == "man") & (table["label"] != ALL)])
    joined = {sampler: pd.concat(rows) for sampler, rows in tables.items()}
    assert all((table["n_checked"] == 80).all() for table in joined.values())
    width = {sampler: (table["ci_high"] - table["ci_low"]).mean() for sampler, table in joined.items()}
    assert width["neyman"] < 0.8 * width["equal"]
    for table in joined.values():
        assert ((table["ci_low"] <= -0.09) & (table["ci_high"] >= -0.09)).mean() > 0.85
        assert table["value"].mean() == pytest.approx(-0.09, abs=0.03)
