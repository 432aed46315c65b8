"""Where words come from, over many pictures: planted sources are found and named, and maps of nothing are not."""

import itertools
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest

from broken_telephone.explainability import ExplainSettings
from broken_telephone.explainability.maps.attribution_scores import TESTED, mean_of, support_table, support_tests
from broken_telephone.explainability.maps.fill_notes import with_fill_notes
from broken_telephone.explainability.maps.fills import FILLS
from broken_telephone.explainability.maps.picture_scores import (
    DROPS,
    MEASURES,
    OTHER_SIZES,
    by_picture,
    column_of,
    comparable_kinds,
    left_out,
)
from broken_telephone.explainability.maps.sanity_checks import ENOUGH, NEEDED, REASONS, sentences, trust_table
from broken_telephone.models import METHODS, REGIONS
from broken_telephone.pipelines.explainability.nodes import measure_support
from broken_telephone.reporting import ReportSettings
from broken_telephone.statistics import ALL, Resampling, benjamini_hochberg
from broken_telephone.tables import (
    ACTIVATIONS,
    CHAINS,
    OCCLUSIONS,
    WORDS,
    as_result,
    as_table,
    check_activations,
    check_result,
)

METHOD = "HiResCAM"
RESAMPLING = Resampling(200, 3)
AREAS = dict(zip(REGIONS, (0.4, 0.1, 0.2, 0.3), strict=True))


class Planted:
    """Tables as the journals leave them, of words whose source is known."""

    def __init__(self, seed=0, draws=10):
        self.draws = draws
        """Of random weights."""
        self.rng = np.random.default_rng(seed)
        self.chains, self.words, self.activations, self.occlusions = [], [], [], []

    def chain(self, start, label, replicate=0, prompt=False):
        name = f"{start}_r{replicate}"
        given = (
            {"prompt": start, "start": "prompt"}
            if prompt
            else {"image_id": start, "image_path": start, "start": "image"}
        )
        self.chains.append(
            {"chain_id": name, "replicate": replicate, "concept": "emotion", "label": label, "seed": 1} | given
        )
        return name

    def word(
        self,
        chain,
        iteration,
        named,
        source,
        label=None,
        gender=None,
        width=64,
        face=0,
        checked=True,
        strength=2.0,
        drop=3.0,
        curves=0.2,
        others=None,
        elsewhere=1.0,
        random=1.0,
        noise=0.05,
        drop_elsewhere=0.2,
        fills=None,
        pattern=False,
    ):
        """A word that comes from a region, or, if that is None, from nowhere: then its map and drops are noise."""
        where = {
            "chain_id": chain,
            "iteration": iteration,
            "face": face,
            "word": named,
            "char_offset": len(named),
            "term": named,
        }
        draw = lambda: float(self.rng.normal(0, noise))  # noqa: E731
        helped = curves if source is not None else 0.0
        self.words.append(
            where
            | {"label": label or named, "correct": None if pattern else (label or named) == named, "gender": gender}
            | {"width": width, "height": 64, "views": 1, "log_probability": -1.0, "agreement": 0.9}
            | {
                "deletion": 0.4 - helped + draw() if checked else None,
                "insertion": 0.4 + helped + draw() if checked else None,
                "deletion_chance": 0.4 + draw() if checked else None,
                "insertion_chance": 0.4 + draw() if checked else None,
            }
        )
        for method in METHODS:
            self._map(
                where | {"method": method}, source if method == METHOD or others is None else others, strength, draw
            )
        for seed in range(1, self.draws + 1) if checked else ():
            of_chance = source if random > 1 else None
            self._map(where | {"method": f"{METHOD}, random weights {seed}"}, of_chance, random, draw)
        for region, fill in itertools.product(REGIONS, FILLS):
            own = drop if fill not in (fills or {}) else fills[fill]
            self.occlusions.append(
                where
                | {
                    "region": region,
                    "fill": fill,
                    "log_probability_drop": (own if region == source else 0.1) + draw(),
                    "log_probability_drop_elsewhere": drop_elsewhere + draw(),
                }
                | {"density_elsewhere": (elsewhere if region == source else 1) + draw()}
            )

    def _map(self, where, source, strength, draw):
        dense = {region: (strength if region == source else 1.0) + draw() for region in REGIONS}
        total = sum(AREAS[region] * dense[region] for region in REGIONS)
        for region in REGIONS:
            share = AREAS[region] * dense[region] / total
            self.activations.append(
                where | {"region": region, "area": AREAS[region], "share": share, "density": share / AREAS[region]}
            )

    def tables(self):
        activations = as_table(self.activations, ACTIVATIONS)
        check_activations(activations)
        return (
            as_table(self.words, WORDS),
            activations,
            as_table(self.occlusions, OCCLUSIONS),
            as_table(self.chains, CHAINS),
        )

    def pictures(self):
        return by_picture(*self.tables(), METHOD)

    def measured(self):
        """Support, tests, trust and sentences, as the pipeline saves them."""
        words, activations, _, _ = self.tables()
        pictures = self.pictures()
        support, tests = support_table(pictures, RESAMPLING), support_tests(pictures, RESAMPLING)
        tests["p_adjusted"] = benjamini_hochberg(tests, ["attribute", "measure", "iteration"])
        trust = trust_table(pictures, words, activations, METHOD, RESAMPLING)
        found = tuple(as_result(table) for table in (support, tests, trust))
        for table in found:
            check_result(table)
        return *found, sentences(found[0], found[2])


def one(table, **where):
    """The only row; of measures of hidden regions, that of the first fill."""
    if "fill" in table and "fill" not in where:
        table = table[table["fill"].isna() | (table["fill"].astype(object) == FILLS[0])]
    for column, value in where.items():
        table = table[table[column].astype(object) == value]
    assert len(table) == 1, (where, len(table))
    return table.iloc[0]


@pytest.fixture(scope="module")
def planted():
    """Fear is named by the background, happiness by the face, anger from nowhere."""
    made = Planted()
    for label, source in (("fear", "background"), ("happiness", "face"), ("anger", None)):
        for number in range(12):
            chain = made.chain(f"{label}{number}", label)
            for iteration in range(3):
                gender = ("female", "male")[number % 2]
                made.word(chain, iteration, label, source, gender=gender)
    return made


@pytest.fixture(scope="module")
def measured(planted):
    return planted.measured()


def test_the_region_that_words_come_from_is_named(measured):
    support, _, trust, said = measured
    for label, source in (("fear", "background"), ("happiness", "face")):
        row = one(said, label=label)
        assert (row["region"], row["all_checks_passed"]) == (source, True)
        assert f"Words for {label} come from the {source}" in row["sentence"]
        assert trust.loc[trust["label"] == label, "passed"].all()
        density = one(support, label=label, attribute="all", region=source, measure="density")
        assert density["ci_low"] > 1.2
        drop = one(support, label=label, attribute="all", region=source, measure="log_probability_drop")
        assert drop["ci_low"] - 0.02 < 3 < drop["ci_high"] + 0.02
        assert f"{np.exp(drop['value']):,.3g}" in row["sentence"]


def test_a_map_of_nothing_is_reported_with_what_it_fails(measured):
    _, _, trust, said = measured
    row = one(said, label="anger")
    assert pd.isna(row["region"])
    assert not row["all_checks_passed"]
    assert "The checks do not show which region" in row["sentence"]
    failed = trust[(trust["label"] == "anger") & ~trust["passed"].astype(bool)]
    assert {"random weights", "hiding"} & set(failed["check"])
    assert {"deletion", "insertion"} <= set(failed["check"])
    for check in failed["check"]:
        assert REASONS[check] in row["sentence"]


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        ({"random": 2.0}, "random weights"),
        ({"elsewhere": 2.0}, "regions elsewhere"),
        ({"drop": 0.0}, "hiding"),
        ({"drop_elsewhere": 3.5}, "hiding elsewhere"),
        ({"curves": 0.0}, "deletion"),
        ({"curves": 0.0}, "insertion"),
        ({"others": "hair"}, "methods"),
    ],
)
def test_each_check_can_fail_alone(broken, check):
    made = Planted(seed=4)
    for number in range(8):
        made.word(made.chain(str(number), "fear"), 0, "fear", "face", **broken)
    _, _, trust, said = made.measured()
    failed = set(trust.loc[~trust["passed"].astype(bool), "check"])
    assert check in failed
    # A region whose hiding does nothing does not do more than its hiding elsewhere.
    beside = {"curves": {"deletion", "insertion"}, "drop": {"hiding elsewhere"}}
    assert failed <= {check, *beside.get(next(iter(broken)), ())}
    row = said.iloc[0]
    assert not row["all_checks_passed"]
    # Without one of these no region is named; the others are of the map as a whole.
    assert pd.isna(row["region"]) == (check in NEEDED)
    assert REASONS[check] in row["sentence"]


def test_all_labels_together_come_last(measured):
    support, tests, trust, _ = measured
    for table in (support, tests, trust):
        assert list(dict.fromkeys(table["label"].astype(str))) == ["fear", "happiness", "anger", ALL]


def slowly_by_picture(planted):
    """(kind, named, start, chain, iteration, region) -> measure -> mean over words and faces."""
    words, activations, occlusions, chains = planted.tables()
    sums = defaultdict(lambda: defaultdict(list))
    starts = {row.chain_id: row.image_id if row.start == "image" else row.prompt for row in chains.itertuples()}
    for word in words.to_dict("records"):
        key = [word[name] for name in ("chain_id", "iteration", "face", "word", "char_offset", "term")]
        for table in (activations, occlusions):
            for row in table.to_dict("records"):
                if [row[name] for name in ("chain_id", "iteration", "face", "word", "char_offset", "term")] != key:
                    continue
                if row.get("method", METHOD) != METHOD:
                    continue
                kind = f"{word['width']} x 64, 1 view"
                where = (
                    kind,
                    word["term"],
                    starts[row["chain_id"]],
                    row["chain_id"],
                    row["iteration"],
                    row["region"],
                )
                fill = row.get("fill", FILLS[0])
                for measure in set(MEASURES) & set(row):
                    if measure in DROPS or fill == FILLS[0]:
                        sums[where][column_of(measure, fill)].append(row[measure])
    return {where: {name: np.mean(values) for name, values in own.items()} for where, own in sums.items()}


@pytest.fixture(scope="module")
def crooked():
    """Few words in all kinds of places: replicates, faces, several words and labels in a picture, sizes, a prompt."""
    made = Planted(seed=5)
    first, again, other = made.chain("a", "fear"), made.chain("a", "fear", 1), made.chain("b", "fear")
    for number in range(4):
        made.word(again, number + 1, "fear", "hair", gender="male")
    made.word(first, 0, "fear", "face", gender="female")
    made.word(first, 0, "fear", "body", face=1, gender="female")
    made.word(first, 0, "anger", "body", label="fear", gender="female")
    made.word(other, 0, "fear", "background", width=300)
    made.word(other, 1, "fear", "background")
    made.word(made.chain("A sad man.", "fear", prompt=True), 1, "fear", "face")
    return made


def test_pictures_are_what_a_loop_over_words_finds(crooked):
    expected = slowly_by_picture(crooked)
    table = crooked.pictures()
    assert len(table) == len(expected)
    for row in table.to_dict("records"):
        where = tuple(row[name] for name in ("kind", "term", "start_id", "chain_id", "iteration", "region"))
        assert {name: row[name] for name in MEASURES} == pytest.approx(expected[where])
    assert set(table["gender"]) == {"female", "male", "unknown"}
    assert set(table.loc[table["term"] == "anger", "answer"]) == {"wrong"}


def test_every_start_counts_once_whatever_its_replicates_and_pictures(crooked):
    by_start = defaultdict(list)
    for (kind, named, start, *_, region), values in slowly_by_picture(crooked).items():
        if (kind, named, region) == ("64 x 64, 1 view", "fear", "hair"):
            by_start[start].append(values["density"])
    assert sorted(map(len, by_start.values())) == [1, 1, 5]
    support = support_table(crooked.pictures(), RESAMPLING)
    row = one(support, kind="64 x 64, 1 view", label="fear", attribute="all", region="hair", measure="density")
    assert row["n"] == 3
    assert row["value"] == pytest.approx(np.mean([np.mean(values) for values in by_start.values()]))


def test_pictures_of_different_sizes_are_never_mixed():
    made = Planted(seed=6)
    for number in range(6):
        made.word(made.chain(f"s{number}", "fear"), 0, "fear", "face")
        made.word(made.chain(f"l{number}", "fear"), 0, "fear", "hair", width=300)
    support, tests, trust, said = made.measured()
    kinds = ["64 x 64, 1 view", "300 x 64, 1 view"]
    for table in (support, trust, said):
        assert list(dict.fromkeys(table["kind"].astype(str))) == kinds
    assert said["region"].tolist() == ["face", "hair"]
    assert set(support.loc[support["attribute"] == "all", "n"]) == {6}
    assert len(tests)
    assert tests["value"].isna().all()


def test_the_same_start_in_two_sizes_is_no_pair():
    """Originals are small and drawn pictures large: the first iteration is not compared with the last."""
    made = Planted(seed=7)
    for number in range(6):
        chain = made.chain(str(number), "fear")
        made.word(chain, 0, "fear", "face")
        made.word(chain, 1, "fear", "hair", width=300)
    tests = made.measured()[1]
    assert tests["value"].isna().all()
    assert tests.loc[tests["attribute"] == "iteration", "note"].tolist() == [
        "there are no such pictures in the last iteration",
        "there are no such pictures in the first iteration",
    ]


def test_too_few_starts_are_said_to_be_too_few():
    made = Planted(seed=8)
    for number in range(5):
        chain = made.chain(str(number), "fear")
        for iteration in range(6):
            made.word(chain, iteration, "fear", "face")
    support, tests, trust, said = made.measured()
    assert len(tests)
    assert tests["value"].isna().all()
    assert support["ci_low"].isna().all()
    assert set(support["note"]) == {"fewer than 6 starts: no interval"}
    # The share of methods that agree is no mean over starts.
    rest = trust[trust["check"] != "methods"]
    assert len(rest)
    assert not rest["passed"].any()
    assert all("too few starts" in note for note in rest["note"])
    assert "The checks do not show which region" in said["sentence"].item()


def test_labels_that_no_check_was_made_on_are_not_trusted():
    made = Planted(seed=9)
    for number in range(6):
        made.word(made.chain(str(number), "fear"), 0, "fear", "face", checked=False)
    _, _, trust, said = made.measured()
    assert trust.set_index("check").loc["random weights", "n"] == 0
    assert pd.isna(said["region"].item())
    assert "too few starts for its checks" in said["sentence"].item()


def test_two_words_in_every_picture_are_checked_apart():
    """All texts say two things: fear, by the background, and happiness, by the face."""
    made = Planted(seed=10)
    for number in range(8):
        chain = made.chain(str(number), "fear")
        made.word(chain, 0, "fear", "background", strength=1.6)
        # With random weights this one's map is dense on the background, too; that says nothing of the other.
        made.word(chain, 0, "happiness", "face", label="fear", strength=6.0, others="hair")
    _, _, trust, said = made.measured()
    assert one(said, label="fear")["region"] == "background"
    assert one(said, label="fear")["all_checks_passed"]
    assert one(said, label="happiness")["region"] == "face"
    agree = trust[trust["check"] == "methods"].set_index("label")["value"]
    assert agree["fear"] == 1
    assert agree["happiness"] == pytest.approx(1 / len(METHODS))


def test_random_weights_of_one_word_are_not_held_against_another():
    made = Planted(seed=11)
    for number in range(8):
        chain = made.chain(str(number), "fear")
        made.word(chain, 0, "fear", "face")
        made.word(chain, 0, "happiness", "face", label="fear", strength=4.0, random=4.0)
    trust = made.measured()[2]
    passed = trust[trust["check"] == "random weights"].set_index("label")["passed"]
    assert passed["fear"]
    assert not passed["happiness"]


def words_of_faces(made, count=6, **stated):
    for number in range(count):
        made.word(made.chain(str(number), "fear"), 0, "fear", "face", **stated)
    return made


def test_a_region_must_be_denser_than_random_weights_make_it_on_average():
    made = words_of_faces(Planted(seed=20), 8)
    row = one(made.measured()[2], check="random weights")
    assert row["passed"]
    assert 0 < row["ci_low"] < row["value"] < row["ci_high"]
    # In all draws alike, the face is as dense: that is of the pictures.
    for place in made.activations:
        if place["method"].startswith(f"{METHOD}, random weights") and place["region"] == "face":
            place["density"] = 9.0
    _, _, trust, said = made.measured()
    row = one(trust, check="random weights")
    assert not row["passed"]
    assert row["value"] < 0
    assert row["note"] == REASONS["random weights"]
    assert pd.isna(said["region"].item())


@pytest.mark.parametrize("draws", [1, ENOUGH - 1, ENOUGH])
def test_few_draws_of_random_weights_cannot_tell(draws):
    _, _, trust, said = words_of_faces(Planted(seed=21, draws=draws), 8).measured()
    row = one(trust, check="random weights")
    assert row["passed"] == (draws == ENOUGH)
    assert ("fewer than 6 draws" in said["sentence"].item()) == (draws < ENOUGH)
    assert pd.isna(said["region"].item()) == (draws < ENOUGH)


def test_draws_of_random_weights_are_compared_in_the_pictures_they_were_tried_on():
    """Later pictures, in which the map is denser, do not make the first ones pass."""
    made = Planted(seed=22)
    for number in range(6):
        chain = made.chain(str(number), "fear")
        made.word(chain, 0, "fear", "face", strength=1.2, random=2.0)
        made.word(chain, 1, "fear", "face", strength=6.0)
    name = f"{METHOD}, random weights"
    made.activations = [row for row in made.activations if row["iteration"] == 0 or not row["method"].startswith(name)]
    row = one(made.measured()[2], check="random weights")
    assert (row["n"], row["passed"]) == (6, False)
    assert row["ci_high"] < 0


def test_what_pictures_alone_make_dense_passes_seldom():
    """True weights add nothing: the face is as dense as draws make it on average, each by chance of its own."""
    passed = []
    words, planted_activations, occlusions, chains = words_of_faces(Planted(seed=0), 8).tables()
    draw = planted_activations["method"].astype(str).str.extract(r"weights (\d+)")[0].fillna(0).astype(int)
    faces = planted_activations["region"] == "face"
    for seed in range(60):
        rng = np.random.default_rng(seed)
        activations = planted_activations.copy()
        liked = np.append(3.0, rng.normal(3.0, 0.4, draw.max()))
        activations.loc[faces, "density"] = liked[draw[faces]] + rng.normal(0, 0.1, faces.sum())
        mine = activations[activations["method"] == METHOD]
        pictures = by_picture(words, mine, occlusions, chains, METHOD)
        trust = trust_table(pictures, words, activations, METHOD, Resampling(400, 1))
        row = one(trust, check="random weights")
        assert row["region"] == "face"
        passed.append(row["passed"])
    # One in forty by the level; twice that with so few draws.
    assert sum(passed) <= 7


def test_hiding_as_much_elsewhere_is_told_and_needed():
    assert "hiding elsewhere" in NEEDED
    _, _, trust, said = words_of_faces(Planted(seed=23), drop_elsewhere=2.9, noise=0.01).measured()
    row = one(trust, check="hiding elsewhere")
    assert row["passed"]
    assert row["value"] == pytest.approx(0.1, abs=0.03)
    assert f"by {np.exp(2.9):.2g}"[:5] in said["sentence"].item()


def test_the_region_that_is_checked_is_the_one_that_is_densest_over_starts():
    """One start has many pictures, whose words come from the face; those of all others from the background."""
    made = Planted(seed=12)
    chain = made.chain("many", "fear")
    for iteration in range(30):
        made.word(chain, iteration, "fear", "face", strength=4.0)
    for number in range(7):
        made.word(made.chain(str(number), "fear"), 0, "fear", "background", strength=2.0)
    support, _, trust, _ = made.measured()
    densities = support[(support["attribute"] == "all") & (support["measure"] == "density")].set_index("region")[
        "value"
    ]
    assert densities.astype(float).idxmax() == "background"
    assert set(trust["region"]) == {"background"}
    assert one(trust, check="methods")["passed"]


def two_sided(observed, permuted):
    """Twice the smaller tail, ties counted, at most 1."""
    above, below = (np.mean([side * (value - observed) >= -1e-12 for value in permuted]) for side in (1, -1))
    return min(1.0, 2 * min(above, below))


def density_of(made, region="face"):
    """(start, named, iteration) -> density, of pictures without replicates."""
    rows = made.pictures().to_dict("records")
    return {(row["start_id"], row["term"], row["iteration"]): row["density"] for row in rows if row["region"] == region}


def slow_difference(values, first):
    """Difference of means by stratum, weighted by n1 n0 / (n1 + n0); values: (start, stratum) -> number."""
    above = total = 0
    for stratum in {where[1] for where in values}:
        mine = [where for where in values if where[1] == stratum]
        one, other = [[values[k] for k in mine if (k in first) == side] for side in (True, False)]
        weight = len(one) * len(other) / len(mine)
        above += weight * (np.mean(one) - np.mean(other)) if weight else 0
        total += weight
    return above / total


def test_p_values_between_groups_are_those_of_all_exchanges_within_strata():
    """Two labels, starts from images and from prompts: 6 women and 7 men, of which no stratum has more than 3."""
    made = Planted(seed=13)
    women = {("fear", False): 2, ("fear", True): 1, ("anger", False): 2, ("anger", True): 1}
    men = {("fear", False): 1, ("fear", True): 2, ("anger", False): 2, ("anger", True): 2}
    strata = {}
    for (label, prompt), few in women.items():
        for number in range(few + men[label, prompt]):
            name = f"{label}{prompt}{number}"
            strata[name] = (label, prompt)
            gender = "female" if number < few else "male"
            strength = 2 + number / 10 + 2 * prompt
            made.word(
                made.chain(name, label, prompt=prompt), 1, label, "face", gender=gender, strength=strength, noise=0.3
            )
    values = {(start, strata[start]): density for (start, _, _), density in density_of(made).items()}
    names = {stratum: [where for where in values if where[1] == stratum] for stratum in women}
    chosen = [list(itertools.combinations(names[stratum], few)) for stratum, few in women.items()]
    everything = [
        slow_difference(values, set(itertools.chain.from_iterable(one))) for one in itertools.product(*chosen)
    ]
    assert len(everything) == 3 * 3 * 6 * 3
    row = one(made.measured()[1], attribute="gender", region="face", measure="density")
    assert (row["label"], row["iteration"], row["n"]) == (ALL, 1, 13)
    assert row["value"] == pytest.approx(everything[0])
    assert row["p_value"] == pytest.approx(two_sided(everything[0], everything), abs=0.02)
    assert row["ci_low"] < row["value"] < row["ci_high"]


def test_starts_with_words_for_two_labels_are_exchanged_as_wholes():
    """All texts say fear and anger: of each start one is right, the other wrong, and both are as dense."""
    made = Planted(seed=19)
    for number in range(8):
        label = "fear" if number < 4 else "anger"
        chain = made.chain(str(number), label)
        for named in ("fear", "anger"):
            made.word(chain, 0, named, "face", label=label, strength=2 + number % 3, noise=0.2)
    values = {(start, named): density for (start, named, _), density in density_of(made).items()}
    everything = []
    for chosen in itertools.combinations(range(8), 4):
        first = {(str(k), "fear" if k in chosen else "anger") for k in range(8)}
        everything.append(slow_difference(values, first))
    row = one(made.measured()[1], attribute="answer", region="face", measure="density")
    assert (row["label"], row["n"]) == (ALL, 8)
    assert row["value"] == pytest.approx(everything[0])
    assert row["p_value"] == pytest.approx(two_sided(everything[0], everything), abs=0.02)


def test_a_start_with_pictures_of_both_groups_counts_in_neither():
    made = Planted(seed=20)
    for number in range(14):
        for replicate in range(3):
            gender = "female" if number % 2 or (number == 0 and replicate) else "male"
            region = "face" if gender == "female" else "hair"
            made.word(made.chain(str(number), "fear", replicate), 0, "fear", region, gender=gender)
    row = one(made.measured()[1], attribute="gender", region="face", measure="density")
    assert (row["n"], row["note"]) == (13, "1 start with pictures of both left out")
    mine = made.pictures()
    mine = mine[(mine["region"] == "face") & (mine["start_id"] != "0")]
    means = mine.groupby(["gender", "start_id"])["density"].mean().groupby("gender").mean()
    assert row["value"] == pytest.approx(means["female"] - means["male"])


def simulated(rng, starts=32, iterations=4, by_iteration=1.0, by_label=0.0, replicates=1, prompts=False):
    """Pictures whose density depends on iteration and label alone, and whose groups do, too."""
    rows = []
    for start, replicate in itertools.product(range(starts), range(replicates)):
        own = rng.normal(0, 0.3)
        for iteration in range(prompts, iterations):
            label = "fear" if start % 4 else "anger"
            for_fear = label == "fear"
            right = rng.random() < (0.8 if iteration == 0 else 0.4)
            woman = rng.random() < 0.3 + 0.1 * iteration + 0.2 * for_fear
            density = 1 + by_iteration * (iteration == 0) + by_label * for_fear + own + rng.normal(0, 0.1)
            rows.append(
                {"kind": "64 x 64, 1 view", "term": label, "start": "prompt" if prompts else "image"}
                | {"start_id": str(start), "chain_id": f"{start}_{replicate}", "iteration": iteration, "region": "face"}
                | {"gender": "female" if woman else "male", "answer": "right" if right else "wrong"}
                | dict.fromkeys(MEASURES, density)
            )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("replicates", "prompts"), [(1, False), (2, True)])
def test_density_that_depends_on_iteration_or_label_alone_is_no_difference_of_groups(replicates, prompts):
    rng = np.random.default_rng(21)
    made = [
        simulated(rng, 32 * replicates, 4 - replicates, 1.0, 1.5, replicates, prompts) for _ in range(30 * replicates)
    ]
    # Null measures are not compared, which saves their permutations.
    others = dict.fromkeys(set(MEASURES) - {"density"}, np.nan)
    found = pd.concat(support_tests(one.assign(**others), RESAMPLING) for one in made)
    found = found[(found["measure"] == "density") & found["value"].notna()]
    for attribute in ("gender", "answer"):
        mine = found[(found["attribute"] == attribute) & (found["label"] == ALL)]
        assert len(mine) > 20
        assert (mine["p_value"] < 0.05).mean() < 0.12
        assert ((mine["ci_low"] > 0) | (mine["ci_high"] < 0)).mean() < 0.12
        assert abs(mine["value"].mean()) < 0.05


def test_a_difference_of_labels_is_none_of_women_and_men():
    """Simpson: of women most texts say fear, whose words are denser; within either label all are alike."""
    made = Planted(seed=22)
    for number in range(32):
        label, gender = ("fear", "anger")[number % 2], ("female", "male")[number % 2]
        gender = {"female": "male", "male": "female"}[gender] if number % 8 < 2 else gender
        made.word(made.chain(str(number), label), 0, label, "face" if label == "fear" else None, gender=gender)
    mine = made.pictures()
    means = mine[mine["region"] == "face"].groupby("gender")["density"].mean()
    assert means["female"] - means["male"] > 0.2
    row = one(made.measured()[1], attribute="gender", label=ALL, region="face", measure="density")
    assert abs(row["value"]) < 0.05
    assert row["p_value"] > 0.05
    assert row["ci_low"] < 0 < row["ci_high"]


def test_chains_from_prompts_are_compared_from_their_own_first_picture():
    made = Planted(seed=23)
    for number in range(6):
        chain = made.chain(f"A man {number}.", "fear", prompt=True)
        for iteration in range(1, 4):
            made.word(chain, iteration, "fear", "face", strength=1.0 + iteration)
    tests = made.measured()[1]
    row = one(tests, attribute="iteration", region="face", measure="density")
    found = density_of(made)
    expected = np.mean([found[f"A man {k}.", "fear", 3] - found[f"A man {k}.", "fear", 1] for k in range(6)])
    assert (row["group_a"], row["group_b"], row["n"]) == ("last", "first", 6)
    assert pd.isna(row["iteration"])
    assert row["value"] == pytest.approx(expected)
    assert row["p_value"] == pytest.approx(2 / 2**6)
    # With no more than one drawn picture of each, first and last are the same.
    alone = support_tests(made.pictures().query("iteration == 1"), RESAMPLING)
    rows = alone[alone["attribute"] == "iteration"]
    assert rows["value"].isna().all()
    assert rows["note"].tolist() == ["no start has two such pictures"]


def test_what_is_missing_for_a_comparison_is_said():
    made = Planted(seed=24)
    for number in range(8):
        gender = "female" if number < 4 else "male"
        made.word(made.chain(str(number), "fear"), 0, "fear", "face", gender=gender)
    notes = made.measured()[1].set_index("attribute")["note"]
    assert notes["gender"] == "no iteration has 6 starts of either whose words are for the same labels"
    assert notes["answer"] == "there are no wrong answers"
    assert notes["iteration"] == "no start has two such pictures"
    unknown = support_tests(made.pictures().assign(gender="unknown"), RESAMPLING).set_index("attribute")["note"]
    assert unknown["gender"] == "there are neither women nor men"


def test_kinds_that_too_few_starts_have_are_left_out_and_counted(caplog):
    made = Planted(seed=25)
    for number in range(70):
        chain = made.chain(str(number), "fear")
        made.word(chain, 0, "fear", "hair", width=100 + number)
        if number < 8:
            made.word(chain, 1, "fear", "face")
    every = made.pictures()
    assert every["kind"].nunique() == 71
    assert set(comparable_kinds(every)["kind"]) == {"64 x 64, 1 view"}
    settings = ReportSettings(n_bootstrap=200)
    explain = ExplainSettings(method=METHOD)
    support, tests, trust, said = measure_support(*made.tables(), {"patterns": {}}, explain, settings)
    for table in (support, tests, trust):
        assert set(table["kind"]) == {"64 x 64, 1 view"}
    last = said.iloc[-1]
    assert (last["kind"], last["label"], bool(last["all_checks_passed"])) == (OTHER_SIZES, ALL, False)
    assert pd.isna(last["region"])
    assert last["sentence"] == (
        "70 pictures of 70 sizes in 1 view are left out, since too few have the same: bring all to one by explain.size."
    )
    assert last["sentence"] in caplog.text
    assert len(said) == 2
    # Without a kind that is large enough nothing else is said.
    large = [table[table["iteration"] == 0] if "iteration" in table else table for table in made.tables()]
    *tables, said = measure_support(*large, {"patterns": {}}, explain, settings)
    assert all(table.empty for table in tables)
    assert said["kind"].tolist() == [OTHER_SIZES]
    for table in tables:
        check_result(table)


def test_a_single_kind_is_kept_however_few_starts_there_are():
    made = Planted(seed=26)
    made.word(made.chain("0", "fear"), 0, "fear", "hair")
    mine = made.pictures()
    assert len(comparable_kinds(mine)) == len(mine)
    assert left_out(mine, comparable_kinds(mine)) == ""


def test_families_are_comparison_measure_and_iteration():
    found = support_tests(simulated(np.random.default_rng(27)), RESAMPLING)
    pairs = zip(found["measure"], found["fill"].fillna(FILLS[0]), strict=True)
    assert {column_of(measure, fill) for measure, fill in pairs} == set(TESTED)
    expected = benjamini_hochberg(found, ["attribute", "measure", "iteration"])
    for (attribute, iteration), rows in found.groupby(["attribute", "iteration"], dropna=False):
        own = benjamini_hochberg(found.loc[rows.index], ["measure"])
        assert expected[rows.index].tolist() == pytest.approx(own.tolist(), nan_ok=True), (attribute, iteration)


def test_p_values_between_iterations_are_those_of_all_swaps_within_starts():
    made = Planted(seed=14)
    differences = []
    for number in range(7):
        chain = made.chain(str(number), "fear")
        for iteration in range(3):
            made.word(chain, iteration, "fear", "face", strength=2.0 + iteration * 0.3, noise=0.3)
    # A start without a last picture is no pair.
    made.word(made.chain("alone", "fear"), 0, "fear", "face", strength=9.0)
    found = {
        (row["start_id"], row["iteration"]): row["density"]
        for row in made.pictures().to_dict("records")
        if row["region"] == "face"
    }
    differences = np.array([found[str(k), 2] - found[str(k), 0] for k in range(7)])
    everything = [np.mean(differences * signs) for signs in itertools.product([1, -1], repeat=7)]
    row = one(made.measured()[1], attribute="iteration", region="face", measure="density")
    assert (row["group_a"], row["group_b"], row["n"]) == ("last", "first", 7)
    assert row["value"] == pytest.approx(differences.mean())
    assert row["p_value"] == pytest.approx(two_sided(differences.mean(), everything))


def test_planted_differences_are_found_and_no_others(planted):
    made = Planted(seed=15)
    for number in range(16):
        gender = ("female", "male")[number % 2]
        chain = made.chain(str(number), "fear")
        for iteration in range(2):
            made.word(chain, iteration, "fear", "face" if gender == "female" else "hair", gender=gender)
    tests = made.measured()[1]
    faces = one(tests, attribute="gender", iteration=1, region="face", measure="density")
    assert faces["value"] > 0.3
    assert faces["p_adjusted"] < 0.01
    assert (tests.loc[tests["attribute"] == "iteration", "p_adjusted"] > 0.01).all()
    assert one(tests, attribute="gender", iteration=0, region="hair", measure="density")["value"] < -0.3


def test_right_answers_are_compared_with_wrong_ones():
    made = Planted(seed=16)
    for number in range(12):
        label = "fear" if number % 2 else "anger"
        made.word(made.chain(str(number), label), 0, "fear", "face" if label == "fear" else "body", label=label)
    row = one(made.measured()[1], attribute="answer", region="face", measure="share")
    assert (row["group_a"], row["group_b"]) == ("right", "wrong")
    assert row["value"] > 0.05
    assert row["p_value"] < 0.01


def test_a_method_whose_maps_are_empty_finds_nothing():
    made = Planted(seed=18)
    for number in range(6):
        made.word(made.chain(str(number), "fear"), 0, "fear", "face")
    words, activations, _, _ = made.tables()
    activations.loc[activations["method"] == "LayerCAM", ["density", "share"]] = pd.NA
    check_activations(activations)
    trust = trust_table(made.pictures(), words, activations, METHOD, RESAMPLING)
    assert one(trust, check="methods")["value"] == 1


def test_tables_of_nothing_are_empty_and_whole():
    for table in Planted().measured():
        assert table.empty


def test_intervals_of_means_cover_them():
    rng = np.random.default_rng(17)
    hits = 0
    for _ in range(200):
        _, low, high = mean_of(rng.exponential(1, 20), Resampling(300, 1))
        hits += low <= 1 <= high
    assert hits / 200 > 0.86
    nearly = np.array([0.1 + 0.2, *[0.3] * 5])
    assert mean_of(nearly, RESAMPLING) == (pytest.approx(0.3),) * 3
    assert mean_of(np.full(6, 0.3), RESAMPLING) == (pytest.approx(0.3),) * 3
    value, low, high = mean_of(np.arange(5.0), RESAMPLING)
    assert (value, np.isnan(low), np.isnan(high)) == (2, True, True)


def test_of_six_starts_without_an_effect_few_intervals_lie_above_zero():
    rng = np.random.default_rng(28)
    above = [mean_of(rng.normal(0, 1, 6), Resampling(1000, 1))[1] > 0 for _ in range(1000)]
    assert np.mean(above) < 0.05


def test_a_verdict_that_depends_on_the_fill_says_so():
    """Hiding the face lowers the probability with two fills, a blurred face keeps what matters."""
    _, _, trust, said = words_of_faces(Planted(seed=23), fills={"blurred": 0.1}, noise=0.01).measured()
    passed = {(row["check"], row["fill"]): row["passed"] for row in trust.to_dict("records") if pd.notna(row["fill"])}
    assert passed == {(check, fill): fill != "blurred" for check in ("hiding", "hiding elsewhere") for fill in FILLS}
    assert "from the face" in said["sentence"].item()
    assert (
        "depends on the fill: hiding the face with the mean colour and with noise lowers the probability more than "
        "hiding any other region and as much elsewhere; hiding it with a blurred copy does not."
    ) in said["sentence"].item()
    assert not said["all_checks_passed"].item()
    # With the reference fill alone, the region is not named; that noise would name it is told.
    _, _, _, said = words_of_faces(Planted(seed=23), fills={"mean colour": 0.1, "blurred": 0.1}).measured()
    assert said["region"].isna().all()
    assert "hiding the face with noise lowers" in said["sentence"].item()
    _, _, _, said = words_of_faces(Planted(seed=23)).measured()
    assert "depends on the fill" not in said["sentence"].item()


def test_comparisons_that_depend_on_the_fill_are_noted():
    keys = {"kind": "k", "label": ALL, "attribute": "gender", "iteration": 0, "measure": DROPS[0], "note": ""}
    rows = [
        keys | {"region": region, "fill": fill, "value": value, "p_adjusted": p}
        for region, values in (("face", ((1.0, 0.01), (1.0, 0.2), (-1.0, 0.01))), ("hair", ((1.0, 0.01),) * 3))
        for fill, (value, p) in zip(FILLS, values, strict=True)
    ]
    rows.append(keys | {"region": "face", "fill": None, "measure": "density", "value": 1.0, "p_adjusted": 0.01})
    noted = with_fill_notes(pd.DataFrame(rows).astype({"iteration": "Int64"}), 0.05)
    expected = "the verdict depends on the fill (mean colour: higher, noise: no significant difference, blurred: lower)"
    assert noted["note"].tolist() == [expected] * 3 + [""] * 4


def test_patterns_are_terms_of_their_own_and_no_part_of_all_labels():
    made, plain = Planted(seed=3, draws=ENOUGH), Planted(seed=3, draws=ENOUGH)
    for number in range(16):
        label, gender = ("fear", "anger")[number % 2], ("female", "male")[number // 2 % 2]
        for planted in (made, plain):
            chain = planted.chain(str(number), label)
            for iteration in range(2):
                planted.word(chain, iteration, label, "face", gender=gender)
    for number in range(16):
        for iteration in range(2):
            made.word(f"{number}_r0", iteration, "she|her", "hair", gender="female", pattern=True)
    settings, explain = ReportSettings(n_bootstrap=200), ExplainSettings(method=METHOD, words=["she|her"])
    counts = {"patterns": {"she|her": {"pictures": 40, "without": 8}}}
    support, tests, trust, said = measure_support(*made.tables(), counts, explain, settings)
    others, other_tests, _, _ = measure_support(
        *plain.tables(), {"patterns": {}}, ExplainSettings(method=METHOD), settings
    )
    for table, other in ((support, others), (tests, other_tests)):
        own = table[table["label"] != "she|her"].drop(columns="p_adjusted", errors="ignore").reset_index(drop=True)
        other = other.drop(columns="p_adjusted", errors="ignore")
        pd.testing.assert_frame_equal(own.astype(object), other.astype(object))
    pattern = support[support["label"] == "she|her"]
    assert set(pattern["attribute"]) == {"all", "gender", "iteration"}
    assert one(pattern, attribute="all", region="hair", measure="density")["value"] > 1.5
    row = said[said["label"] == "she|her"].iloc[0]
    assert row["region"] == "hair"
    assert row["sentence"].startswith('Words that match "she|her" come from the hair')
    assert said.iloc[-1]["sentence"].startswith('8 of 40 descriptions have no word that matches "she|her".')
    assert set(trust["label"]) == {"fear", "anger", ALL, "she|her"}
