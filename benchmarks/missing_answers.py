"""Verdicts on shares if answers vanish: false "no significant change", false rises and falls, null claims.

    python benchmarks/missing_answers.py             200 studies of each kind; some minutes
    python benchmarks/missing_answers.py --tiny

Seven labels; half of the originals are women. One in ten chains takes a new
gender by chance, which changes no share. With a change, some women become men. Answers vanish in three ways:

- at random: in the last image, without regard to the gender drawn;
- one category: in the last image, only of drawn women, twice as often;
- constant: in both images alike, at random. These studies have no change of missing answers.

Claims of changed shares and of changed missing answers are counted in one family, as the report does. A change is
hidden if exactly the women who become men lose their answers. The truth is the change in the population.
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from broken_telephone.progress import track
from broken_telephone.statistics import (
    ABSENT,
    ALL,
    Panel,
    Resampling,
    drift_table,
    findings_table,
    missing_answers_table,
    missing_changes,
    power_table,
    share_bounds_table,
)
from broken_telephone.statistics.tables.findings import FALL, MISSING_ANSWERS, NOT_ENOUGH_DATA, NOT_SIGNIFICANT, RISE

LABELS, CHURN = 7, 0.1
CATEGORIES, WOMAN, MAN = ("woman", "man"), 0, 1
RANDOM, CATEGORY, CONSTANT, HIDDEN = "at random", "one category", "constant", "hidden change"


def simulate(rng: np.random.Generator, chains: int, vanishing: str, share: float, effect: float) -> Panel:
    """Simulate a study of `chains` chains per label, with the share `share` of answers missing.

    Args:
        rng: source of randomness.
        chains: of each label.
        vanishing: RANDOM, CATEGORY, CONSTANT or HIDDEN.
        share: of the answers that vanish, 0 to 0.5.
        effect: fall of the share of women, 0 to 0.5.
    """
    n = chains * LABELS
    before = rng.integers(2, size=n)
    after = np.where(rng.random(n) < CHURN, rng.integers(2, size=n), before)
    moves = (after == WOMAN) & (rng.random(n) < 2 * effect)
    after = np.where(moves, MAN, after)
    gone = np.zeros((n, 2), bool)
    if vanishing == HIDDEN:
        # The rest of the missing answers vanishes at random.
        rest = max(share - effect, 0) / (1 - effect)
        gone[:, 1] = moves | (rng.random(n) < rest)
    elif vanishing == CATEGORY:
        gone[:, 1] = (after == WOMAN) & (rng.random(n) < share / (0.5 - effect))
    else:
        gone[:, 1] = rng.random(n) < share
        gone[:, 0] = (rng.random(n) < share) & (vanishing == CONSTANT)
    codes = np.where(gone, ABSENT, np.stack([before, after], 1)).astype(np.int8)
    labels = np.array([f"label {k}" for k in range(LABELS)], dtype=object)[np.arange(n) // chains]
    image, unknown = np.full(n, "image", dtype=object), np.full(n, ABSENT, np.int8)
    return Panel("gender", CATEGORIES, codes, unknown, np.arange(n), labels, image)


def measure(studies: int, chains: int, vanishing: str, share: float, effect: float) -> str:
    """Simulate studies of one kind; return the shares of studies with a false verdict, and of verdicts."""
    rng = np.random.default_rng([chains, len(vanishing), round(100 * share), round(100 * effect)])
    false_quiet, false_claims, false_shares, missing_claims, verdicts = [], [], [], [], []
    resampling = Resampling(200, 1)
    for _ in track(range(studies), "Simulating studies", studies):
        panel = simulate(rng, chains, vanishing, share, effect)
        drift = drift_table([panel], [(None, 1)], resampling, shares_only=True)
        kinds = {"gender": np.full(panel.codes.shape, "unsure", dtype=object)}
        families = {MISSING_ANSWERS: missing_changes(missing_answers_table([panel], kinds, resampling))}
        bounds = share_bounds_table([panel])
        findings = findings_table(drift, power_table([panel]), share_bounds=bounds, families=families)
        is_claim = findings["verdict"].isin([RISE, FALL])
        is_missing = findings["family"] == MISSING_ANSWERS
        missing_claims.append(bool((is_missing & is_claim).any()))
        rows = findings[~is_missing]
        true = np.where(rows["category"] == "man", effect, -effect)
        is_large = np.abs(true) > rows["minimum_detectable_change"]
        false_quiet.append(bool((is_large & (rows["verdict"] == NOT_SIGNIFICANT)).any()))
        is_false = is_claim[~is_missing] & ~(rows["value"] * true > 0)
        false_claims.append(bool(is_false.any()))
        false_shares.append(is_false.sum() / max(is_claim.sum(), 1))
        labels = rows[rows["label"] != ALL]
        verdicts.append(
            [labels["verdict"].isin(names).mean() for names in ([RISE, FALL], [NOT_SIGNIFICANT], [NOT_ENOUGH_DATA])]
        )
    missing = f"{np.mean(missing_claims):.1%}" if vanishing == CONSTANT else ""
    told = " | ".join(f"{x:.0%}" for x in np.mean(verdicts, axis=0))
    false = f"{np.mean(false_quiet):.1%} | {np.mean(false_claims):.1%} | {np.mean(false_shares):.1%} | {missing}"
    return f"| {chains} | {vanishing} | {share:.0%} | {effect} | {false} | {told} |"


def kinds(is_tiny: bool, sizes: Sequence[int]) -> Iterator[tuple[int, str, float, float]]:
    """Yield the kinds of studies: chains per label, how answers vanish, their share, and the true change."""
    if is_tiny:
        yield 20, HIDDEN, 0.25, 0.25
        return
    for chains, share in product(sizes, (0.1, 0.25, 0.5)):
        yield chains, CONSTANT, share, 0.0
        for vanishing, effect in product((RANDOM, CATEGORY), (0.0, 0.3)):
            if vanishing != CATEGORY or share + effect <= 0.5:
                yield chains, vanishing, share, effect
        yield chains, HIDDEN, share, min(share, 0.3)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each kind of study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200, help="of each kind")
    parser.add_argument("--chains", type=int, nargs="+", default=[60, 300], help="of each label")
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args(arguments)
    print(
        "| chains | missing | share | change | false none | false rise or fall | false missing | claims | none | open |"
    )
    for kind in kinds(options.tiny, options.chains):
        print(measure(2 if options.tiny else options.studies, *kind), flush=True)


if __name__ == "__main__":
    main()
