"""Similarities of planted vectors, and their averages over starts."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from broken_telephone.errors import StudyError
from broken_telephone.statistics import ABSENT, ALL, Resampling, Vectors, similarities, similarity_curves
from broken_telephone.statistics.estimates.similarity import cosines
from broken_telephone.statistics.tables.similarity_curves import CURVES
from broken_telephone.tables import CHAINS, SIMILARITIES, as_result, as_table, check_result, check_similarities

ITERATIONS = 2
RESAMPLING = Resampling(2000, 0)
WHERE = ["chain_id", "kind", "pair", "iteration"]


def chains_of(*rows: tuple[str, str, str], label: str = "happiness") -> pd.DataFrame:
    """Return chains of name, start and where they start from."""
    found = [
        {
            "chain_id": name,
            "replicate": 0,
            "start": start,
            "image_id": begin if start == "image" else None,
            "image_path": begin if start == "image" else None,
            "prompt": begin if start == "prompt" else None,
            "concept": "emotion",
            "label": label,
            "seed": 0,
        }
        for name, start, begin in rows
    ]
    return as_table(found, CHAINS)


def at(*degrees: float) -> np.ndarray:
    """Return vectors in a plane, of whatever length."""
    angles = np.radians(degrees)
    return (np.stack([np.cos(angles), np.sin(angles)], axis=1) * (1 + np.arange(len(angles)))[:, None]).astype(
        np.float16
    )


@pytest.fixture
def planted():
    """Two replicates that share image 0, and a chain from a prompt; text 2 of the second is missing."""
    chains = chains_of(("i_r0", "image", "1.png"), ("i_r1", "image", "1.png"), ("p_r0", "prompt", "A happy man."))
    pictures = Vectors(at(0, 30, 90, 10, 20, 0, 60), np.array([[0, 1, 2], [0, 3, 4], [ABSENT, 5, 6]]))
    places = np.array([[ABSENT, 0, 1], [ABSENT, 0, ABSENT], [ABSENT, 2, 3]])
    texts = Vectors(at(45, 80, 10, 90), places)
    sentences = Vectors(at(0, 5, 0, 180), places)
    return chains, pictures, texts, sentences


def test_every_pair_is_compared_with_what_it_should_be(planted):
    table = similarities(*planted)
    check_similarities(table)
    found = np.degrees(np.arccos(table.set_index(WHERE)["value"].astype(float)))
    wanted = {
        ("i_r0", "image-image", "previous", 1): 30,
        ("i_r0", "image-image", "previous", 2): 60,
        ("i_r0", "image-image", "origin", 1): 30,
        ("i_r0", "image-image", "origin", 2): 90,
        ("i_r0", "text-text", "previous", 2): 5,
        ("i_r0", "text-text", "origin", 2): 5,
        ("i_r0", "image-text", "previous", 1): 15,
        ("i_r0", "image-text", "previous", 2): 10,
        ("i_r0", "image-text", "origin", 1): 15,
        ("i_r0", "image-text", "origin", 2): 45,
        ("i_r1", "image-image", "previous", 1): 10,
        ("i_r1", "image-image", "previous", 2): 10,
        ("i_r1", "image-image", "origin", 1): 10,
        ("i_r1", "image-image", "origin", 2): 20,
        ("i_r1", "image-text", "previous", 1): 35,
        ("i_r1", "image-text", "origin", 1): 35,
        ("i_r1", "image-text", "origin", 2): 25,
        # A chain from a prompt begins with image 1.
        ("p_r0", "image-image", "previous", 2): 60,
        ("p_r0", "image-image", "origin", 2): 60,
        ("p_r0", "text-text", "previous", 2): 180,
        ("p_r0", "text-text", "origin", 2): 180,
        ("p_r0", "image-text", "previous", 1): 10,
        ("p_r0", "image-text", "previous", 2): 30,
        ("p_r0", "image-text", "origin", 1): 10,
        ("p_r0", "image-text", "origin", 2): 50,
    }
    # Half precision turns vectors by some hundredths of a degree, which show most where they are the same or opposite.
    assert found.to_dict() == pytest.approx(wanted, abs=0.2)
    assert list(table["iteration"]) == sorted(table["iteration"])


def test_an_original_that_is_missing_is_not_replaced_by_the_next_picture(planted):
    chains, pictures, texts, sentences = planted
    places = pictures.places.copy()
    places[0, 0] = ABSENT
    places[1, 1] = ABSENT
    table = similarities(chains, Vectors(pictures.values, places), texts, sentences)
    rows = table[table["kind"] == "image-image"]
    found = {name: list(zip(some["pair"], some["iteration"], strict=True)) for name, some in rows.groupby("chain_id")}
    assert found == {
        "i_r0": [("previous", 2)],
        "i_r1": [("origin", 2)],
        "p_r0": [("previous", 2), ("origin", 2)],
    }


def test_cosines_are_those_of_full_precision():
    rng = np.random.default_rng(0)
    whole = rng.normal(size=(20000, 64))
    whole /= np.linalg.norm(whole, axis=1, keepdims=True)
    rows, others = rng.integers(0, len(whole), (2, 9000))
    found = cosines(whole.astype(np.float16), rows, whole.astype(np.float16), others)
    np.testing.assert_allclose(found, (whole[rows] * whole[others]).sum(1), atol=5e-4)
    assert cosines(whole, rows, whole, rows).max() <= 1
    assert len(cosines(whole, rows[:0], whole, rows[:0])) == 0


def test_nothing_at_all_is_an_empty_table(planted):
    chains = planted[0]
    none = Vectors(np.empty((0, 0), np.float16), np.full((3, ITERATIONS + 1), ABSENT))
    table = similarities(chains, none, none, none)
    check_similarities(table)
    assert table.empty
    curves = similarity_curves(table, chains, RESAMPLING)
    assert curves.empty
    assert list(curves.columns) == list(CURVES)


def test_what_is_no_cosine_is_refused(planted):
    table = similarities(*planted)
    with pytest.raises(StudyError, match="no cosine"):
        check_similarities(table.assign(value=table["value"] * 2))
    with pytest.raises(StudyError, match=r"i_r0.*occurs more than once"):
        check_similarities(pd.concat([table, table.head(1)], ignore_index=True))


def made(values: dict[str, float]) -> pd.DataFrame:
    """Return similarities of one kind, pair and iteration."""
    where = {"pair": "previous", "kind": "image-image", "iteration": 1}
    return as_table([{"chain_id": name, "value": value, **where} for name, value in values.items()], SIMILARITIES)


def test_the_interval_of_independent_starts_is_students():
    rng = np.random.default_rng(3)
    values = rng.uniform(0.3, 0.9, 12)
    chains = chains_of(*((f"c{k}", "image", f"{k}.png") for k in range(12)))
    table = made(dict(zip(chains["chain_id"], values, strict=True)))
    (row,) = similarity_curves(table, chains, Resampling(20000, 1)).to_dict("records")
    low, high = stats.t.interval(0.95, 11, values.mean(), stats.sem(values))
    assert row["value"] == pytest.approx(values.mean())
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high), abs=0.01 * (high - low))
    assert (row["n"], row["clusters"], row["note"], row["label"]) == (12, 12, "", "happiness")


def test_replicates_are_no_independent_starts():
    starts = {"a": 0.2, "b": 0.5, "c": 0.6, "d": 0.9}
    once = chains_of(*((f"{name}_r0", "image", f"{name}.png") for name in starts))
    thrice = chains_of(*((f"{name}_r{r}", "image", f"{name}.png") for name in starts for r in range(3)))
    rows = [
        similarity_curves(made({name: starts[name[0]] for name in chains["chain_id"]}), chains, RESAMPLING).iloc[0]
        for chains in (once, thrice)
    ]
    assert [(row["n"], row["clusters"]) for row in rows] == [(4, 4), (12, 4)]
    assert rows[0][["value", "ci_low", "ci_high"]].to_list() == pytest.approx(
        rows[1][["value", "ci_low", "ci_high"]].to_list()
    )


def test_a_single_start_has_no_interval_and_says_so(planted):
    curves = similarity_curves(similarities(*planted), planted[0], RESAMPLING)
    check_result(as_result(curves))
    assert set(curves["start"]) == {"image", "prompt"}
    assert set(curves["note"]) == {"a single start: no interval"}
    assert curves["ci_low"].isna().all()
    one = curves.set_index(["start", "kind", "pair", "iteration"]).loc[("image", "text-text", "origin", 2)]
    assert (one["n"], one["clusters"]) == (1, 1)
    assert one["value"] == pytest.approx(np.cos(np.radians(5)), abs=1e-3)


def test_starts_that_are_all_alike_promise_nothing():
    chains = chains_of(*((f"c{k}", "image", f"{k}.png") for k in range(5)))
    table = made({name: 1 - k * 1e-8 for k, name in enumerate(chains["chain_id"])})
    (row,) = similarity_curves(table, chains, RESAMPLING).to_dict("records")
    assert row["value"] == pytest.approx(1)
    assert np.isnan([row["ci_low"], row["ci_high"]]).all()
    assert row["note"] == "all starts alike: no interval"


def test_labels_stand_alone_and_together():
    chains = pd.concat(
        [
            chains_of(("a", "image", "a.png"), ("b", "image", "b.png")),
            chains_of(("c", "image", "c.png"), ("d", "image", "d.png"), label="fear"),
            chains_of(("e", "prompt", "A man.")),
        ],
        ignore_index=True,
    )
    curves = similarity_curves(
        made({"a": 0.1, "b": 0.3, "c": 0.7, "e": 0.5, "unknown": 1.0, "other": 1.0}), chains, RESAMPLING
    )
    found = curves.set_index(["start", "label"])[["value", "n", "clusters"]].T.to_dict("list")
    assert found == {
        ("image", "happiness"): pytest.approx([0.2, 2, 2]),
        ("image", "fear"): pytest.approx([0.7, 1, 1]),
        ("image", ALL): pytest.approx([1.1 / 3, 3, 3]),
        ("prompt", "happiness"): pytest.approx([0.5, 1, 1]),
    }
    # Of fear one start of two has a value, which a sample may miss.
    assert curves.set_index("label").loc["fear", "note"] == "a single start: no interval"
    assert curves.set_index(["start", "label"]).loc[("image", ALL), "note"] == ""
