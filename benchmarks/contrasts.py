"""Contrasts of studies: coverage, false claims, blame in planted arrangements, time and memory.

    python benchmarks/contrasts.py             all parts; about an hour on one core
    python benchmarks/contrasts.py --part blame --studies 100
    python benchmarks/contrasts.py --tiny

- `claims`: two studies of four labels and two attributes. With an effect, the arm pulls one category of gender in
  half of the labels. All families are judged by `contrasts_table`.
- `blame`: grids of 2 x 2 x 2 arms. `effects_table` has to blame the factors that were planted, and no other. Some grids
  lack arms, and in some half of one gender that the second generator draws gets no answer.
- `arms`: three arms and a reference. `arms_table` has to find what was planted.
- `size`: two studies of 53,000 chains with seven labels, three attributes, one iteration and all families.
"""

import argparse
import itertools
import resource
import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from broken_telephone.progress import track
from broken_telephone.statistics import ALL, Panel
from broken_telephone.statistics.outcomes import (
    MENTIONS,
    REGION,
    SUPPORT,
    Arm,
    Outcome,
    category_outcomes,
    missing_outcome,
    similarity_outcomes,
    success_outcomes,
)
from broken_telephone.statistics.tables.arms import HARMS, HELPS, HELPS_NOT, arms_table
from broken_telephone.statistics.tables.contrasts import HIGHER, LOWER, NO_DIFFERENCE, contrasts_table
from broken_telephone.statistics.tables.effect_verdicts import BLAMED, SHARE_OF_DRIFT
from broken_telephone.statistics.tables.effects import effects_table

ATTRIBUTES = {"gender": 2, "age": 5, "ethnicity": 6}
"""Numbers of categories, which all have the same share in the originals."""
CHURN = 0.2
"""Share of the chains that take a new category by chance, without a change of the shares."""
MISSING = 0.02
PARTS = ("claims", "blame", "arms", "size")
FACTORS = ("generator", "describer", "prompt")
DEPENDENT = 0.5
"""Share of missing answers for the first gender, where missing answers depend on the gender."""
Pull = Callable[[tuple[int, ...], int], float]
"""Levels of the factors and number of a label -> share of the chains that are pulled to the first gender, or, below 0,
to the second one."""
ARRANGEMENTS: dict[str, tuple[Pull, set[str]]] = {
    "generator": (lambda arm, _: 0.5 * arm[0], {"generator"}),
    "describer": (lambda arm, _: 0.5 * arm[1], {"describer"}),
    "prompt": (lambda arm, _: 0.5 * arm[2], {"prompt"}),
    "generator and describer": (lambda arm, _: 0.4 * arm[0] + 0.4 * arm[1], {"generator", "describer"}),
    "interaction only": (lambda arm, _: 0.5 if arm[0] == arm[1] else -0.5, {"generator x describer"}),
    "all three": (lambda arm, _: 0.3 * sum(arm), {"generator", "describer", "prompt"}),
    "opposite signs in two labels": (lambda arm, label: arm[0] * (0.5, -0.5, 0, 0)[label], {"generator"}),
    "one small label": (lambda arm, label: 0.9 * arm[0] * (label == 3), {"generator"}),
    "nobody": (lambda arm, _: 0.0, set()),
}
"""Name -> what is planted, and the terms that have to be blamed. The fourth label has a third as many starts."""


def study(
    name: str,
    rng: np.random.Generator,
    originals: pd.DataFrame,
    pulled: np.ndarray,
    is_whole: bool,
    unanswered: float = 0.0,
) -> Arm:
    """Simulate one study.

    Args:
        name: of the arm.
        rng: of everything that is not in the originals.
        originals: columns of the `chains` table, and the codes of each attribute.
        pulled: (n,), share of the chains that are pulled, see `Pull`.
        is_whole: whether the study has all families.
        unanswered: share of the last images of the first gender that get no answer.
    """
    n = len(originals)
    labels, starts = (originals[column].to_numpy(dtype=object) for column in ("label", "start"))
    clusters = np.unique(originals["image_id"], return_inverse=True)[1]
    panels = []
    for attribute in (name for name in ATTRIBUTES if name in originals):
        size, before = ATTRIBUTES[attribute], originals[attribute].to_numpy()
        after = np.where(rng.random(n) < CHURN, rng.integers(0, size, n), before)
        if attribute == "gender":
            after = np.where(rng.random(n) < np.abs(pulled), np.where(pulled > 0, 0, 1), after)
        after = np.where(rng.random(n) < MISSING, -1, after) if is_whole else after
        if attribute == "gender":
            after = np.where((after == 0) & (rng.random(n) < unanswered), -1, after)
        codes = np.stack([before, after], 1).astype(np.int8)
        names = tuple("abcdef"[:size])
        panels.append(Panel(attribute, names, codes, np.full(n, -1, np.int8), clusters, labels, starts))
    outcomes = [one for panel in panels for one in category_outcomes(panel)]
    if is_whole:
        outcomes += [missing_outcome(panel) for panel in panels]
        ids = originals[["chain_id"]]
        predictions = pd.concat([ids.assign(iteration=k, correct=rng.random(n) < 0.7) for k in (0, 1)])
        outcomes += success_outcomes(predictions, originals, panels)
        cosines = ids.assign(iteration=1, pair="origin", kind="image-image", value=rng.normal(0.7, 0.1, n))
        outcomes += similarity_outcomes(cosines, originals, 1)
        outcomes += [
            Outcome(MENTIONS, panel.attribute, "mentioned", (rng.random((n, 2)) < 0.6).astype(float))
            for panel in panels
        ]
        outcomes += [
            Outcome(SUPPORT, REGION, region, rng.beta(2, 5, (n, 2)), categories=0) for region in ("face", "background")
        ]
    return Arm(name, originals[["chain_id", "start", "image_id", "prompt", "label"]], outcomes)


def originals_of(
    rng: np.random.Generator, starts: Sequence[int], replicates: int, attributes: Sequence[str]
) -> pd.DataFrame:
    """Return the chains of a study with so many starts in each label, and the attributes of their originals."""
    labels = np.repeat(np.arange(len(starts)), starts)
    table = pd.DataFrame({"image_id": [f"i{k}" for k in range(len(labels))], "label": [f"label {k}" for k in labels]})
    table = table.assign(start="image", prompt=None)
    table = table.assign(**{name: rng.integers(0, ATTRIBUTES[name], len(labels)) for name in attributes})
    table = table.loc[table.index.repeat(replicates)].reset_index(drop=True)
    return table.assign(chain_id=[f"c{k}" for k in range(len(table))])


def claims(studies: int, starts: int, replicates: int, pull: float, is_paired: bool, seed: int) -> str:
    """Simulate pairs of studies: false claims, coverage of all 95 % intervals of shares, and true claims."""
    rng = np.random.default_rng([starts, replicates, round(100 * pull), is_paired, seed])
    covered, false, found, same = [], [], [], []
    for _ in track(range(studies), "Simulating comparisons", studies):
        originals = originals_of(rng, (starts,) * 4, replicates, ("gender", "age"))
        number = originals["label"].str[-1].astype(int)
        pulled = np.where(number < 2, pull, 0.0)
        arms = [study(name, rng, originals, own, True) for name, own in (("a", 0 * pulled), ("b", pulled))]
        if not is_paired:
            other = originals_of(rng, (starts,) * 4, replicates, ("gender", "age"))
            other = other.assign(image_id="o" + other["image_id"])
            arms[1] = study("b", rng, other, pulled, True)
        table = contrasts_table(arms, "a", {"b": is_paired})
        is_pulled = (table["family"] == "shares") & (table["attribute"] == "gender")
        place = table["label"].map({"label 0": 1.0, "label 1": 1.0, ALL: 0.5}).fillna(0)
        truth = np.where(is_pulled, pull * place * np.where(table["category"] == "a", 0.5, -0.5), 0.0)
        is_share = (table["family"] == "shares") & table["ci_low"].notna()
        inside = (table["ci_low"] <= truth) & (truth <= table["ci_high"])
        covered.append(inside[is_share].mean())
        is_claim = table["verdict"].isin([HIGHER, LOWER])
        false.append(bool((is_claim & (truth * table["value"] <= 0)).any()))
        found.append(is_claim[truth != 0].mean() if pull else np.nan)
        same.append(bool(((table["verdict"] == NO_DIFFERENCE) & (np.abs(truth) >= 0.05)).any()))
    kind = "paired" if is_paired else "unpaired"
    numbers = [np.mean(false), np.mean(covered), np.mean(found), np.mean(same)]
    return f"| {kind} | {starts} | {replicates} | {pull / 2:.2f} | " + " | ".join(f"{x:.1%}" for x in numbers) + " |"


def rate(hits: Sequence[bool]) -> str:
    """Return the share of hits with its exact 95 % interval (Clopper and Pearson 1934)."""
    from scipy.stats import binomtest

    interval = binomtest(int(sum(hits)), len(hits)).proportion_ci()
    return f"{sum(hits)} of {len(hits)} ({interval.low:.1%} to {interval.high:.1%})"


def blame(studies: int, starts: int, name: str, kind: str, seed: int) -> str:
    """Simulate grids of one arrangement: how often exactly the planted terms are blamed, and any other one.

    Args:
        studies: number of grids.
        starts: in each of the first three labels.
        name: one of ARRANGEMENTS.
        kind: full; incomplete, where the arms that change the prompt and another factor are missing; or
            missing, if answers are missing in the second generator only.
        seed: of all grids.
    """
    pull, expected = ARRANGEMENTS[name]
    rng = np.random.default_rng([starts, list(ARRANGEMENTS).index(name), seed])
    exact, missed, wrong, shares = [], [], [], []
    for _ in track(range(studies), f"Simulating {name}", studies):
        originals = originals_of(rng, (starts, starts, starts, starts // 3), 1, ("gender", "age"))
        number = originals["label"].str[-1].astype(int).to_numpy()
        levels = list(itertools.product((0, 1), repeat=3))
        levels = [own for own in levels if not own[2] or own == (0, 0, 1)] if kind == "incomplete" else levels
        names = ["".join(map(str, own)) for own in levels]
        arms = [
            study(
                arm,
                rng,
                originals,
                np.array([pull(own, label) for label in range(4)])[number],
                False,
                DEPENDENT * own[0] if kind == "missing" else 0.0,
            )
            for arm, own in zip(names, levels, strict=True)
        ]
        table = effects_table(arms, pd.DataFrame(levels, index=names, columns=list(FACTORS)))
        rows = table[table["kind"] == SHARE_OF_DRIFT].set_index("factor")
        blamed = set(rows.index[rows["verdict"] == BLAMED])
        exact.append(blamed == expected)
        missed.append(not expected <= blamed)
        wrong.append(not blamed <= expected)
        shares.append(rows.loc[sorted(expected), "value"].sum() if expected else np.nan)
    rates = " | ".join(map(rate, (exact, missed, wrong)))
    return f"| {name}, {kind} | {starts} | {rates} | {np.mean(shares):.1%} |"


def achieved(studies: int, starts: int, seed: int) -> list[str]:
    """Simulate a reference that drifts in two of four labels, and arms with planted merits; count their verdicts."""
    rng = np.random.default_rng([starts, seed])
    truth = {
        "equal": (0.6, 0.6, 0, 0),
        "cured": (0.06, 0.06, 0, 0),
        "moved": (0, 0, 0.6, 0.6),
        "turned": (-0.6, -0.6, 0, 0),
    }
    verdicts: dict[str, list[str]] = {name: [] for name in truth}
    for _ in track(range(studies), "Simulating arms", studies):
        originals = originals_of(rng, (starts,) * 4, 1, ("gender",))
        number = originals["label"].str[-1].astype(int).to_numpy()
        right = (rng.random((len(originals), 1)) < 0.7) * np.ones(2)
        arms = []
        for name, pulls in {"reference": (0.6, 0.6, 0, 0), **truth}.items():
            arm = study(name, rng, originals, np.array(pulls)[number], False)
            # The describer of all arms is the same and names the label of almost the same chains.
            flips = rng.random(right.shape) < 0.005
            arms.append(
                arm._replace(outcomes=[*arm.outcomes, Outcome("success", ALL, ALL, np.abs(right - flips), False)])
            )
        table = arms_table(arms, "reference", contrasts_table(arms, "reference")).set_index("arm")
        for name in truth:
            verdicts[name].append(str(table.loc[name, "verdict"]))
    return [
        f"| {name} | {starts} | "
        + " | ".join(rate([one == own for one in verdicts[name]]) for own in (HELPS, HELPS_NOT, HARMS))
        + " |"
        for name in truth
    ]


def size(chains: int) -> str:
    """Measure time and memory of one comparison of two studies."""
    rng = np.random.default_rng(0)
    originals = originals_of(rng, (chains // 7,) * 7, 1, tuple(ATTRIBUTES))
    arms = [study(name, rng, originals, np.full(len(originals), own), True) for name, own in (("a", 0.0), ("b", 0.1))]
    begin = time.perf_counter()
    table = contrasts_table(arms, "a")
    seconds = time.perf_counter() - begin
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return f"| {len(originals):,} | {len(table)} | {seconds:.1f} s | {gigabytes:.2f} GB |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each kind of comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200, help="of each kind")
    parser.add_argument("--part", choices=PARTS, help="only one part")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args(arguments)
    studies = 2 if options.tiny else options.studies
    parts = (options.part,) if options.part else PARTS
    if "claims" in parts:
        print("| kind | starts | replicates | effect | false claim | covered | found | false 'no difference' |")
        kinds = (
            [(10, 1, 0.6, True)] if options.tiny else itertools.product((10, 30, 100), (1, 3), (0, 0.4), (True, False))
        )
        for kind in kinds:
            print(claims(studies, *kind, options.seed), flush=True)
    if "blame" in parts:
        print("| planted | starts | exactly right | missed | another blamed | share of the planted |")
        grids = [(60, name, "full") for name in ARRANGEMENTS] + [(120, "one small label", "full")]
        grids += [
            (60, name, kind) for kind in ("incomplete", "missing") for name in ("generator", "describer", "nobody")
        ]
        for grid in [(30, "generator", "full"), (30, "nobody", "incomplete")] if options.tiny else grids:
            print(blame(studies, *grid, options.seed), flush=True)
    if "arms" in parts:
        print("| planted | starts | helps | does not help | harms |")
        for starts in (30,) if options.tiny else (100, 700):
            print("\n".join(achieved(studies, starts, options.seed)), flush=True)
    if "size" in parts:
        print("| chains | contrasts | time | peak memory |")
        print(size(700 if options.tiny else 53_000), flush=True)


if __name__ == "__main__":
    main()
