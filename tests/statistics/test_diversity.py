"""Diversity of vectors and texts, recognition of the start and motifs, against slow direct computations."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy

from broken_telephone.statistics import ABSENT, ALL, Vectors
from broken_telephone.statistics.estimates.diversity import (
    distance_between_starts,
    distance_within_starts,
    effective_number,
    recognition,
    unit_vectors,
)
from broken_telephone.statistics.estimates.jackknife import Jackknife, jackknifed_ratio
from broken_telephone.statistics.estimates.motifs import NO_MOTIF, find_motifs, similar_distance
from broken_telephone.statistics.estimates.text_variety import (
    different_items,
    most_frequent,
    pairs_of,
    sentences_of,
    words_of,
)
from broken_telephone.statistics.tables.attractors import ATTRACTORS, attractors_table
from broken_telephone.statistics.tables.diversity import (
    BETWEEN,
    DIVERSITY,
    DIVERSITY_CHANGES,
    EFFECTIVE,
    IMAGES,
    RECOGNISED,
    TEXTS,
    TOP_SENTENCE,
    VOCABULARY,
    WITHIN,
    diversity_tables,
)
from broken_telephone.tables import as_result, check_result

RNG = np.random.default_rng(8)
VECTORS = unit_vectors(RNG.normal(size=(14, 6)) + 0.5)
OWNER = np.array([0, 0, 0, 1, 1, 2, 3, 3, 4, 4, 4, 5, 6, 6])


def pairs(vectors, owner, same):
    distances = [
        1 - float(vectors[a] @ vectors[b])
        for a, b in combinations(range(len(vectors)), 2)
        if (owner[a] == owner[b]) == same
    ]
    return np.mean(distances)


def vendi(vectors):
    return np.exp(entropy(np.linalg.eigvalsh(vectors.astype(float) @ vectors.T.astype(float)).clip(1e-12)))


@pytest.mark.parametrize(("measure", "same"), [(distance_between_starts, False), (distance_within_starts, True)])
def test_mean_distances_equal_those_of_all_pairs(measure, same):
    result = measure(VECTORS, OWNER, 7)
    assert result.value == pytest.approx(pairs(VECTORS, OWNER, same), abs=1e-5)
    slow = [pairs(VECTORS[start != OWNER], OWNER[start != OWNER], same) for start in range(7)]
    assert result.without == pytest.approx(slow, abs=1e-5)


@pytest.mark.parametrize("n", [5, 14])
def test_effective_number_equals_the_entropy_of_the_kernel(n):
    result = effective_number(VECTORS[:n], OWNER[:n], 7)
    assert result.value == pytest.approx(vendi(VECTORS[:n]), rel=1e-4)


def test_effective_number_of_copies_and_of_orthogonal_vectors():
    assert effective_number(np.repeat(VECTORS[:1], 5, 0), np.arange(5), 5).value == pytest.approx(1, abs=1e-4)
    assert effective_number(np.eye(5, dtype=np.float32), np.arange(5), 5).value == pytest.approx(5, abs=1e-4)


def test_influence_on_the_effective_number_is_that_of_leaving_starts_out():
    vectors = unit_vectors(RNG.normal(size=(300, 8)) + 0.4)
    owner = np.arange(300) // 3
    fast = effective_number(vectors, owner, 100)
    slow = Jackknife(vendi(vectors), np.array([vendi(vectors[owner != start]) for start in range(100)]), 300, 100)
    assert fast.standard_error == pytest.approx(slow.standard_error, rel=0.05)


def test_jackknife_of_a_mean_is_the_usual_standard_error():
    values = RNG.normal(size=20)
    result = jackknifed_ratio(values, np.ones(20))
    assert result.standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(20))
    # A start without data changes nothing.
    more = Jackknife(result.value, np.append(result.without, result.value), 20, 20)
    assert more.standard_error == pytest.approx(result.standard_error)


def test_intervals_of_distances_and_tests_of_changes_hold_their_level():
    big = unit_vectors(np.random.default_rng(0).normal(size=(20000, 6)) + 0.5)
    truth = distance_between_starts(big, np.arange(20000), 20000).value
    held, rejected = [], []
    for seed in range(300):
        rng = np.random.default_rng(seed + 1)
        owner = np.repeat(np.arange(20), 2)
        before, after = (
            unit_vectors(np.repeat(rng.normal(size=(20, 6)), 2, 0) * 0.8 + rng.normal(size=(40, 6)) * 0.6 + 0.5)
            for _ in range(2)
        )
        first, last = (distance_between_starts(vectors, owner, 20) for vectors in (before, after))
        estimate = first.estimate()
        held.append(estimate.low <= truth <= estimate.high)
        rejected.append(last.since(first).p_value() < 0.05)
    assert 0.9 <= np.mean(held) <= 0.98
    assert 0.02 <= np.mean(rejected) <= 0.08


def test_recognition_equals_a_slow_count():
    originals = {start: unit_vectors(RNG.normal(size=(1, 6)))[0] for start in range(7)}
    area, first = recognition(VECTORS, OWNER, originals, 7, 1)

    def slow(rows):
        wins, ranked, own_starts = [], [], sorted(set(OWNER[rows]))
        for row in rows:
            cosines = {start: float(VECTORS[row] @ originals[start]) for start in own_starts}
            own = cosines.pop(OWNER[row])
            wins += [own > other for other in cosines.values()]
            ranked.append(own > max(cosines.values()))
        return np.mean(wins), np.mean(ranked)

    assert (area.value, first.value) == pytest.approx(slow(range(14)))
    without = [slow(np.flatnonzero(start != OWNER))[0] for start in range(7)]
    assert area.without == pytest.approx(without)


def test_copies_of_the_original_are_recognised_and_equal_originals_are_not():
    originals = dict(enumerate(VECTORS[:5]))
    area, first = recognition(VECTORS[:5], np.arange(5), originals, 5, 1)
    assert (area.value, first.value) == (1, 1)
    area, first = recognition(VECTORS[:5], np.arange(5), dict.fromkeys(range(5), VECTORS[0]), 5, 1)
    assert (area.value, first.value) == (0.5, 0)


def test_variety_of_texts():
    texts = ["A man. He smiles!", "a man.  A hat", "Well-lit room"]
    assert [sentences_of(text) for text in texts] == [["a man.", "he smiles!"], ["a man.", "a hat"], ["well-lit room"]]
    words = [words_of(text) for text in texts]
    assert words[2] == ["well-lit", "room"]
    owner = np.array([0, 1, 1])
    number, share = different_items(words, owner, 2)
    assert (number.value, share.value) == (7, pytest.approx(7 / 10))
    assert number.without.tolist() == [5, 4]
    assert share.without == pytest.approx([5 / 6, 4 / 4])
    assert different_items([pairs_of(one) for one in words], owner, 2)[0].value == 6
    example, frequent = most_frequent([sentences_of(text) for text in texts], owner, 2)
    assert example == "a man."
    assert frequent.value == pytest.approx(2 / 3)
    assert frequent.without.tolist() == [0.5, 1]


def test_motifs_of_planted_groups():
    rng = np.random.default_rng(2)
    first = unit_vectors(rng.normal(size=(60, 40)))
    threshold = similar_distance(first, np.arange(60))
    distances = [1 - float(first[a] @ first[b]) for a, b in combinations(range(60), 2)]
    assert threshold == pytest.approx(np.quantile(distances, 0.05), abs=1e-5)
    centres = np.sqrt(40) * np.eye(40)[:2]
    last = np.vstack([centres[0] + 0.3 * rng.normal(size=(25, 40)), centres[1] + 0.3 * rng.normal(size=(15, 40))])
    last = unit_vectors(np.vstack([last, rng.normal(size=(20, 40))]))
    motifs = find_motifs(last, threshold)
    assert set(motifs.codes[:25]) == {0}
    assert set(motifs.codes[25:40]) == {1}
    assert (motifs.codes[40:] == NO_MOTIF).mean() > 0.8
    assert set(motifs.exemplars[0]) <= set(range(25))


def study(n=40, iterations=4, replicates=2, collapse=True):
    rng = np.random.default_rng(3)
    starts = n // replicates
    vectors, places = [], np.full((n, iterations + 1), ABSENT)
    centre = rng.normal(size=16)
    texts = np.full((n, iterations + 1), None, dtype=object)
    for row in range(n):
        original = np.random.default_rng(row // replicates).normal(size=16)
        for k in range(iterations + 1):
            weight = 0.9 * k / iterations if collapse else 0.0
            noise = 0.3 * rng.normal(size=16) * (k > 0)
            vectors.append((1 - weight) * original + weight * centre + noise)
            places[row, k] = len(vectors) - 1
            if k:
                texts[row, k] = "A face." if collapse and k == iterations else f"A face, number {row}. Iteration {k}."
    chains = pd.DataFrame(
        {
            "chain_id": [f"c{row}" for row in range(n)],
            "start": "image",
            "image_id": [f"i{row // replicates}" for row in range(n)],
            "prompt": None,
            "label": np.where(np.arange(n) // replicates < starts // 2, "joy", "fear"),
        }
    )
    return chains, Vectors(np.array(vectors, np.float16), places), texts


def test_tables_show_a_planted_collapse():
    chains, pictures, texts = study()
    sentences = Vectors(pictures.values, np.where(np.arange(5) > 0, pictures.places, ABSENT))
    levels, changes = diversity_tables(chains, pictures, sentences, texts, 1)
    assert list(levels.columns) == list(DIVERSITY)
    assert list(changes.columns) == list(DIVERSITY_CHANGES)
    assert set(levels["label"]) == {"joy", "fear", ALL}
    whole = levels[levels["label"] == ALL].set_index(["kind", "measure", "iteration"])["value"]
    assert whole[IMAGES, BETWEEN, 0] > 0.8 > 0.3 > whole[IMAGES, BETWEEN, 4]
    # Replicates share their original.
    assert (IMAGES, WITHIN, 0) not in whole.index
    assert whole[IMAGES, WITHIN, 1] > whole[IMAGES, WITHIN, 4] > 0
    assert whole[IMAGES, EFFECTIVE, 0] > 2 * whole[IMAGES, EFFECTIVE, 4]
    assert whole[IMAGES, RECOGNISED, 1] > 0.95
    assert whole[TEXTS, TOP_SENTENCE, 4] == 1
    assert whole[TEXTS, VOCABULARY, 4] == 2
    fell = changes[(changes["measure"] == BETWEEN) & (changes["kind"] == IMAGES)]
    assert (fell["value"] < 0).all()
    assert (fell["p_adjusted"] < 0.01).all()
    for table, columns in ((levels, ["value", "ci_low", "ci_high"]), (changes, ["value", "ci_low", "p_value"])):
        silent = table[table[columns].isna().any(axis=1) & (table["note"] == "")]
        assert silent.empty
    rows = attractors_table(chains, pictures, 1)
    assert list(rows.columns) == list(ATTRACTORS)
    top = rows[(rows["label"] == ALL) & (rows["motif"] == 1)].iloc[0]
    assert top["value"] > 0.9
    assert set(top["exemplars"].split(", ")) <= set(chains["chain_id"])


def test_tables_without_a_collapse_claim_none():
    chains, pictures, texts = study(collapse=False)
    sentences = Vectors(pictures.values, np.where(np.arange(5) > 0, pictures.places, ABSENT))
    _, changes = diversity_tables(chains, pictures, sentences, texts, 1)
    own = changes[(changes["measure"] == BETWEEN) & (changes["kind"] == TEXTS)]
    assert (own["p_adjusted"] > 0.05).all()
    rows = attractors_table(chains, pictures, 1)
    assert rows.loc[(rows["label"] == ALL) & (rows["motif"] == 1), "value"].sum() < 0.3


@pytest.mark.filterwarnings("error")
def test_measures_of_a_single_start_are_null_and_never_infinite():
    """Pairs of different starts need two starts, and leaving one of two out leaves none."""
    one = np.zeros(3, np.int64)
    for measure in (distance_between_starts, distance_within_starts, effective_number):
        for clusters in (1, 2, 4):
            found = measure(VECTORS[:3], one, clusters)
            assert not np.isinf([found.value, *found.without]).any(), measure
            change = found.since(measure(VECTORS[3:6], one, clusters))
            assert not np.isinf([change.value, *change.without]).any()
    between = distance_between_starts(VECTORS[:3], one, 1)
    assert np.isnan(between.value)
    assert between.why_no_interval() == "not defined for a single start"
    two = distance_between_starts(VECTORS[:4], OWNER[:4], 2)
    assert two.value == pytest.approx(pairs(VECTORS[:4], OWNER[:4], same=False))
    assert np.isnan(two.without).all()
    counted, share = different_items([["a"], []], np.array([0, 1]), 2)
    assert (counted.value, share.value, np.isnan(share.without).tolist()) == (1, 1, [True, False])
    empty, nothing = different_items([], np.zeros(0, np.int64), 1)
    assert (empty.value, np.isnan(nothing.value)) == (0, True)
    ratio = jackknifed_ratio(np.array([2.0, 0.0]), np.array([3.0, 0.0]))
    assert ratio.value == pytest.approx(2 / 3)
    assert np.isnan(ratio.without).tolist() == [True, False]


def test_tables_of_a_single_start_have_null_with_a_note():
    chains = pd.DataFrame(
        {"chain_id": ["a", "b"], "start": "image", "image_id": "one", "prompt": None, "label": "fear"}
    )
    places = np.arange(6).reshape(2, 3)
    vectors = Vectors(VECTORS[:6], places)
    texts = np.array([["A man.", "A woman.", "A man."]] * 2, dtype=object)
    sentences = Vectors(VECTORS[6:12], places)
    levels, changes = diversity_tables(chains, vectors, sentences, texts, 1)
    for table in (levels, changes):
        numbers = table.select_dtypes("number").astype(float)
        assert not np.isinf(numbers).any(axis=None)
        undefined = table[table["measure"] == BETWEEN]
        assert undefined["value"].isna().all()
        assert (undefined["note"].str.startswith("not defined for a single start")).all()
        check_result(as_result(table))
