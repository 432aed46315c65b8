"""Coverage of corrected drift, and claims that are false, if the annotator errs in drawn images only.

    python benchmarks/corrected_drift.py             200 studies of each kind; some minutes
    python benchmarks/corrected_drift.py --shares    coverage of the shares before and after, 30 studies of each kind
    python benchmarks/corrected_drift.py --tiny      2 studies of one kind; also with --shares

Seven labels. In drawn images the annotator calls 25 % of the men women and 2 % of the women men. 20 images are rated at
each iteration of each label, except where a column has their number. A study claims a change if one of the labels has
an adjusted p-value below 5 %.
"""

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from broken_telephone.progress import track
from broken_telephone.statistics import ALL, Ratings, Resampling, with_adjusted_p_values
from broken_telephone.statistics.estimates.panel import Panel
from broken_telephone.statistics.tables.corrected_drift import bias_table, corrected_drift_table
from broken_telephone.statistics.tables.drift_table import drift_table

LABELS, PER_LABEL = 7, 20
CATEGORIES = ("woman", "man")
MEN_BEFORE = 0.5
MEN_AFTER_A_MOVE = 0.2


def simulate(
    rng: np.random.Generator,
    starts: int,
    replicates: int,
    moves: float,
    errors: tuple[float, float],
    rated: int = PER_LABEL,
) -> tuple[Panel, Ratings]:
    """Simulate a study; half of the originals are men, and `errors` are the shares of missed men and women."""
    clusters = np.repeat(np.arange(starts * LABELS), replicates)
    labels = np.array([f"label {start // starts}" for start in clusters], dtype=object)
    before = (rng.random(starts * LABELS) < MEN_BEFORE)[clusters]
    after = np.where(rng.random(len(clusters)) < moves, rng.random(len(clusters)) < MEN_AFTER_A_MOVE, before)
    missed = rng.random(len(clusters)) < np.where(after, *errors)
    truth, answers = np.stack([before, after], 1).astype(int), np.stack([before, after ^ missed], 1).astype(np.int8)
    names = pd.Series([f"c{k}" for k in range(len(clusters))])
    frames = []
    for k in (0, 1):
        frame = pd.DataFrame({"chain_id": names, "iteration": k, "label": labels, "truth": truth[:, k]})
        frame["stratum"] = frame["label"] + f" | {k} | " + pd.Series(answers[:, k]).astype(str)
        frames.append(frame if k else frame[~pd.Series(clusters).duplicated()])
    frame = pd.concat(frames, ignore_index=True).sample(frac=1, random_state=rng)
    frame["turn"] = frame.groupby("stratum").cumcount()
    chosen = frame.sort_values("turn", kind="stable").groupby(["label", "iteration"]).head(rated)
    given = chosen.assign(attribute="gender", category=np.array(CATEGORIES)[chosen["truth"]])
    ratings = Ratings(
        given[["chain_id", "iteration", "attribute", "category"]], frame[["chain_id", "iteration", "stratum"]], names
    )
    image, unknown = np.full(len(clusters), "image", dtype=object), np.full(len(clusters), -1, np.int8)
    return Panel("gender", CATEGORIES, answers, unknown, clusters, labels, image), ratings


def true_change(moves: float) -> float:
    """Return the change of the share of men if a share of the chains moves."""
    return moves * (MEN_AFTER_A_MOVE - MEN_BEFORE) if moves else 0.0


def measure(studies: int, starts: int, replicates: int, moves: float, errors: tuple[float, float]) -> str:
    """Simulate studies of one kind; coverage and claims of the annotator's and the corrected drift."""
    rng, expected = np.random.default_rng(1), true_change(moves)
    covered: dict[str, list[bool]] = {"annotator": [], "corrected": []}
    claims: dict[str, list[bool]] = {"annotator": [], "corrected": []}
    contradicted = []
    for _ in track(range(studies), "Simulating studies", studies):
        panel, ratings = simulate(rng, starts, replicates, moves, errors)
        naive = drift_table([panel], [(None, 1)], Resampling(400, 1))
        tables = {
            "annotator": naive[naive["measure"] == "share difference"],
            "corrected": corrected_drift_table([panel], ratings),
        }
        for name, table in tables.items():
            men = with_adjusted_p_values(table[(table["category"] == "man") & (table["label"] != ALL)], ["iteration"])
            covered[name] += ((men["ci_low"] <= expected) & (expected <= men["ci_high"])).tolist()
            claims[name].append(bool((men["p_adjusted"] < 0.05).any()))
        tests = bias_table([panel], ratings)
        contradicted.append(bool((tests.loc[tests["label"] == ALL, "p_value"] < 0.05).all()))
    cells = [f"{np.mean(values):6.1%}" for values in (*covered.values(), *claims.values(), contradicted)]
    return f"{starts:6} {replicates:10} {expected:+7.2f} {errors!s:>13}   " + "     ".join(cells)


def measure_shares(studies: int, starts: int, replicates: int, rated: int) -> str:
    """Simulate studies with drift; coverage of the corrected shares, of each label and of all labels together."""
    rng, moves, errors = np.random.default_rng(2), 0.3, (0.25, 0.02)
    truths = {"before": MEN_BEFORE, "after": MEN_BEFORE + true_change(moves)}
    covered: dict[tuple[bool, str], list[bool]] = {(is_all, name): [] for is_all in (False, True) for name in truths}
    for _ in track(range(studies), "Simulating studies", studies):
        panel, ratings = simulate(rng, starts, replicates, moves, errors, rated)
        table = corrected_drift_table([panel], ratings)
        men = table[table["category"] == "man"]
        for (is_all, name), hits in covered.items():
            own = men[(men["label"] == ALL) == is_all]
            hits += ((own[f"{name}_low"] <= truths[name]) & (truths[name] <= own[f"{name}_high"])).tolist()
    cells = [f"{np.mean(hits):6.1%}" for hits in covered.values()]
    return f"{starts:6} {replicates:10} {rated:7}   " + "     ".join(cells)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each kind of study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, help="of each kind; otherwise 200, and 30 with --shares")
    parser.add_argument("--shares", action="store_true", help="coverage of the corrected shares before and after")
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args(arguments)
    studies = 2 if options.tiny else options.studies or (30 if options.shares else 200)
    if options.shares:
        designs = [(100, 1, 20), (100, 3, 20), (300, 1, 20), (100, 1, 100)]
        print("starts replicates ratings   covered: before, after; of all labels: before, after")
        for design in designs[:1] if options.tiny else designs:
            print(measure_shares(studies, *design), flush=True)
        return
    kinds = [
        (100, 1, 0.0, (0.25, 0.02)),
        (100, 1, 0.3, (0.25, 0.02)),
        (30, 1, 0.0, (0.25, 0.02)),
        (300, 1, 0.0, (0.25, 0.02)),
        (100, 3, 0.0, (0.25, 0.02)),
        (100, 1, 0.0, (0.1, 0.1)),
        (100, 1, 0.0, (0.0, 0.0)),
    ]
    print("starts replicates  change  errors      covered: annotator, corrected; claims: the same; contradicted")
    for kind in kinds[:1] if options.tiny else kinds:
        print(measure(studies, *kind), flush=True)


if __name__ == "__main__":
    main()
