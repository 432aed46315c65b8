"""Coverage of differences in success between men and women, if the annotator errs in drawn images only.

    python benchmarks/success.py             200 studies of each kind; a few minutes
    python benchmarks/success.py --tiny

Seven labels, of which the share of men and the success rate differ. The describer names the label of women less often.
In drawn images the annotator calls 25 % of the men women and 2 % of the women men. 20 images are rated in each
iteration and label. Errors may be more common in images that the describer names wrongly.
"""

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from broken_telephone.progress import track
from broken_telephone.statistics import Ratings, success_changes_table, success_differences_table
from broken_telephone.statistics.estimates.panel import Panel
from broken_telephone.statistics.tables.corrected_shares import RATINGS

LABELS, PER_LABEL = 7, 20
CATEGORIES = ("woman", "man")
RATES = np.array([0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
"""Success for men, by label."""


def simulate(
    rng: np.random.Generator,
    starts: int,
    replicates: int,
    gaps: tuple[float, float],
    errors: tuple[float, float, float],
) -> tuple[pd.DataFrame, pd.DataFrame, Panel, Ratings]:
    """Simulate predictions, chains, the annotator's answers, and ratings.

    Args:
        rng: of the study.
        starts: per label.
        replicates: chains per start.
        gaps: success of men minus that of women, at the two iterations.
        errors: shares of men and of women in drawn images that the annotator misses, and the factor of these shares in
            images that the describer names wrongly.
    """
    clusters = np.repeat(np.arange(starts * LABELS), replicates)
    label = clusters // starts
    men = np.linspace(0.35, 0.65, LABELS)
    before = rng.random(starts * LABELS) < men[np.arange(starts * LABELS) // starts]
    after = np.where(rng.random(len(clusters)) < 0.3, rng.random(len(clusters)) < 0.5, before[clusters])
    truth = np.stack([before[clusters], after], 1)
    # Half of the starts have the same luck in all replicates and at both iterations.
    shared = (rng.random(starts * LABELS) < 0.5)[clusters, None]
    luck = np.where(shared, rng.random(starts * LABELS)[clusters, None], rng.random(truth.shape))
    right = luck < RATES[label][:, None] - np.where(truth, 0, np.array(gaps))
    shares = np.where(after, *errors[:2]) * np.where(right[:, 1], 1, errors[2])
    answers = np.stack([truth[:, 0], after ^ (rng.random(len(clusters)) < shares)], 1).astype(np.int8)
    names = pd.Series([f"c{k}" for k in range(len(clusters))])
    labels = np.array([f"label {one}" for one in label], dtype=object)
    frames = []
    for k in (0, 1):
        frame = pd.DataFrame({"chain_id": names, "iteration": k, "label": labels, "truth": truth[:, k].astype(int)})
        frame["stratum"] = frame["label"] + f" | {k} | " + pd.Series(answers[:, k]).astype(str)
        frames.append(frame if k else frame[~pd.Series(clusters).duplicated()])
    frame = pd.concat(frames, ignore_index=True).sample(frac=1, random_state=rng)
    frame["turn"] = frame.groupby("stratum").cumcount()
    chosen = frame.sort_values("turn", kind="stable").groupby(["label", "iteration"]).head(PER_LABEL)
    given = chosen.assign(attribute="gender", category=np.array(CATEGORIES)[chosen["truth"]])
    ratings = Ratings(
        given[["chain_id", "iteration", "attribute", "category"]], frame[["chain_id", "iteration", "stratum"]], names
    )
    predictions = pd.concat([pd.DataFrame({"chain_id": names, "iteration": k, "correct": right[:, k]}) for k in (0, 1)])
    image, unknown = np.full(len(clusters), "image", dtype=object), np.full(len(clusters), -1, np.int8)
    panel = Panel("gender", CATEGORIES, answers, unknown, clusters, labels, image)
    return predictions, pd.DataFrame({"chain_id": names}), panel, ratings


def coverage(
    studies: int, starts: int, replicates: int, gaps: tuple[float, float], errors: tuple[float, float, float]
) -> dict[tuple[str, str], tuple[float, float, float]]:
    """Simulate studies of one kind.

    Returns:
        (difference or change, method) -> share of intervals that cover the truth, share of tests with a p-value below
        5 %, and median width of the intervals.
    """
    rng = np.random.default_rng(1)
    rows: dict[tuple[str, str], list[tuple[bool, bool, float]]] = {}
    for _ in track(range(studies), "Simulating studies", studies):
        predictions, chains, panel, ratings = simulate(rng, starts, replicates, gaps, errors)
        differences = success_differences_table(predictions, chains, [panel], {RATINGS: ratings})
        tables = {
            "difference": (differences[differences["iteration"] == 1], gaps[1]),
            "change": (success_changes_table(predictions, chains, [panel], {RATINGS: ratings}), gaps[1] - gaps[0]),
        }
        for kind, (table, expected) in tables.items():
            for row in table.itertuples():
                truth = expected if row.category == "man" else -expected
                measured = (row.ci_low <= truth <= row.ci_high, row.p_value < 0.05, row.ci_high - row.ci_low)
                rows.setdefault((kind, str(row.method)), []).append(measured)
    return {
        key: (
            float(np.mean([one[0] for one in own])),
            float(np.mean([one[1] for one in own])),
            float(np.median([one[2] for one in own])),
        )
        for key, own in rows.items()
    }


def rejections(studies: int, starts: int, replicates: int) -> tuple[float, float]:
    """Return the shares of tests of a difference, and of its change, that reject in studies without any, by 5 %."""
    rng, errors = np.random.default_rng(2), (0.0, 0.0, 1.0)
    rejected = []
    for _ in track(range(studies), "Simulating small studies", studies):
        predictions, chains, panel, _ = simulate(rng, starts, replicates, (0.0, 0.0), errors)
        differences = success_differences_table(predictions, chains, [panel])
        p_values = (
            differences["p_value"].iloc[1],
            success_changes_table(predictions, chains, [panel])["p_value"].iloc[0],
        )
        rejected.append([p_value < 0.05 for p_value in p_values])
    first, second = np.mean(rejected, 0).tolist()
    return first, second


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each kind of study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200, help="of each kind")
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args(arguments)
    kinds = [
        (100, 1, (0.0, 0.0), (0.25, 0.02, 1)),
        (100, 1, (0.0, 0.3), (0.25, 0.02, 1)),
        (100, 1, (0.3, 0.3), (0.25, 0.02, 1)),
        (100, 1, (0.0, 0.0), (0.25, 0.02, 3)),
        (30, 1, (0.3, 0.3), (0.25, 0.02, 1)),
        (300, 1, (0.3, 0.3), (0.25, 0.02, 1)),
        (100, 3, (0.3, 0.3), (0.25, 0.02, 1)),
        (100, 1, (0.3, 0.3), (0.0, 0.0, 1)),
    ]
    print(
        "starts replicates  gaps  errors; covered, claimed, width: difference and change, each annotator and corrected"
    )
    for kind in kinds[:1] if options.tiny else kinds:
        shares = coverage(2 if options.tiny else options.studies, *kind).values()
        cells = "     ".join(f"{covered:6.1%} {claimed:6.1%} {width:5.2f}" for covered, claimed, width in shares)
        print(f"{kind[0]:6} {kind[1]:10} {kind[2]!s:>12} {kind[3]!s:>17}   {cells}", flush=True)
    print("starts replicates  without differences and errors, rejected: difference, change")
    for starts in (10,) if options.tiny else (10, 30, 300):
        for replicates in (1, 3):
            first, second = rejections(2 if options.tiny else 2 * options.studies, starts, replicates)
            print(f"{starts:6} {replicates:10} {first:6.1%} {second:6.1%}", flush=True)


if __name__ == "__main__":
    main()
