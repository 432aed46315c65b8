"""Intervals of the corrected drift with equal and with Neyman allocation of ratings, and latent class estimates.

    python benchmarks/ratings.py             200 studies of each kind; an hour
    python benchmarks/ratings.py --only latent
    python benchmarks/ratings.py --tiny

Seven labels, 100 or 300 originals each, one drawn image per original. In drawn images the annotator calls 25 % of the
men women and 2 % of the women men. A second annotator errs in 10 % of all images, independently. The closed reading
gives its answer a probability of .99 on average if it is right and of .9 if it is wrong.

Latent classes: 300 drawn images with 30 % men. The annotators miss 30, 10 and 3 % of the men, and 5, 15 and 3 % of the
women. The second repeats a share of the answers of the first, which makes their errors dependent.
"""

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from broken_telephone.progress import track
from broken_telephone.rating.neyman import neyman_choice, with_doubt
from broken_telephone.statistics import ALL, Ratings, Resampling, latent_class_tables
from broken_telephone.statistics.estimates.panel import Panel
from broken_telephone.statistics.tables.corrected_drift import corrected_drift_table

LABELS = 7
CATEGORIES = np.array(["woman", "man"], dtype=object)
MEN_AFTER_A_MOVE = 0.2
MEN = 0.3
"""Share of men among the drawn images of the latent class simulation."""
SAMPLERS = ("equal", "neyman", "neyman after a pilot")


class Study:
    """A simulated study: true categories, the annotator's answers, and all tables that a sampler needs."""

    def __init__(
        self, rng: np.random.Generator, starts: int, moves: float, errors: tuple[float, float], informed: bool
    ):
        """Simulate. `errors` are the shares of missed men and women; `informed`: other opinions hint at errors."""
        n = starts * LABELS
        self.names = pd.Series([f"c{k}" for k in range(n)])
        self.labels = np.array([f"label {k // starts}" for k in range(n)], dtype=object)
        before = rng.random(n) < 0.5
        after = np.where(rng.random(n) < moves, rng.random(n) < MEN_AFTER_A_MOVE, before)
        self.truth = np.stack([before, after], 1).astype(int)
        missed = rng.random(n) < np.where(after, *errors)
        self.answers = np.stack([before, after ^ missed], 1).astype(np.int8)
        # Without hints, the other opinions repeat the annotator's answer instead of the truth.
        known = self.truth if informed else self.answers
        second = np.where(rng.random((n, 2)) < 0.1, 1 - known, known)
        is_wrong = (self.answers != known).ravel()
        probability = np.where(is_wrong, rng.beta(9, 1, 2 * n), rng.beta(99, 1, 2 * n)).clip(0.5)
        frame = pd.DataFrame({"chain_id": np.repeat(self.names, 2), "iteration": np.tile([0, 1], n)})
        frame = frame.assign(attribute="gender", status="valid")
        own = CATEGORIES[self.answers.ravel()]
        self.annotations = pd.concat(
            [
                frame.assign(annotator="one", reading="free", category=own, probability=np.nan),
                frame.assign(annotator="one", reading="closed", category=own, probability=probability),
                frame.assign(annotator="two", reading="free", category=CATEGORIES[second.ravel()], probability=np.nan),
            ],
            ignore_index=True,
        )
        self.strata = frame[["chain_id", "iteration"]].assign(
            answer=own, label=np.repeat(self.labels, 2), image_id=np.repeat(self.names, 2), split="none"
        )
        self.strata["rank"] = rng.random(2 * n)
        self.strata["truth"] = CATEGORIES[self.truth.ravel()]
        self.strata["wrong"] = (self.truth != self.answers).ravel().astype(float)
        image, unknown = np.full(n, "image", dtype=object), np.full(n, -1, np.int8)
        self.panel = Panel("gender", tuple(CATEGORIES), self.answers, unknown, np.arange(n), self.labels, image)

    def ratings(self, sampler: str, per_cell: int) -> Ratings:
        """Rate as many images with each sampler."""
        cell = ["label", "iteration"]
        if sampler == "equal":
            table = self.strata.sort_values("rank")
            table["turn"] = table.groupby([*cell, "answer"]).cumcount()
            chosen = table.sort_values(["turn", "rank"]).groupby(cell).head(per_cell)
        else:
            table = with_doubt(self.strata, self.annotations)
            wrong = table[["chain_id", "iteration", "wrong"]]
            table, known = table.drop(columns="wrong"), wrong.head(0)
            if sampler != "neyman":
                pilot = neyman_choice(table, max(per_cell // 2, 6), known)
                known = wrong.merge(pilot[["chain_id", "iteration"]], on=["chain_id", "iteration"])
            chosen = neyman_choice(table, per_cell, known)
        given = chosen.assign(attribute="gender", category=chosen["truth"])
        stratum = table[["label", "iteration", "answer"]].astype(str).agg(" | ".join, axis=1)
        columns = ["chain_id", "iteration", "attribute", "category"]
        return Ratings(given[columns], table[["chain_id", "iteration"]].assign(stratum=stratum), self.names)


def measure_samplers(
    studies: int, starts: int, per_cell: int, moves: float, errors: tuple[float, float], informed: bool
) -> list[str]:
    """Simulate studies of one kind: ratings, width and coverage of the labels' intervals, for each sampler."""
    rng, truth = np.random.default_rng(1), moves * (MEN_AFTER_A_MOVE - 0.5)
    rows: dict[str, list[pd.DataFrame]] = {sampler: [] for sampler in SAMPLERS}
    for _ in track(range(studies), "Simulating studies", studies):
        study = Study(rng, starts, moves, errors, informed)
        for sampler, tables in rows.items():
            table = corrected_drift_table([study.panel], study.ratings(sampler, per_cell))
            tables.append(table[(table["category"] == "man") & (table["label"] != ALL)])
    lines, equal = [], np.nan
    for sampler, tables in rows.items():
        table = pd.concat(tables)
        half = ((table["ci_high"] - table["ci_low"]) / 2).mean()
        equal = half if sampler == "equal" else equal
        covered = ((table["ci_low"] <= truth) & (truth <= table["ci_high"])).mean()
        error = np.sqrt(((table["value"] - truth) ** 2).mean())
        lines.append(
            f"{starts:6} {per_cell:8} {truth:+7.2f} {errors!s:>13} {'yes' if informed else 'no':>6} {sampler:>21} "
            f"{table['n_checked'].mean():8.1f} {half:10.3f} {half / equal:6.2f} {covered:8.1%} "
            f"{table['value'].mean() - truth:+7.3f} {error:6.3f}"
        )
    return lines


def measure_latent_classes(studies: int, n: int, copied: float) -> str:
    """Simulate studies of one kind: bias and coverage of the share of men by the latent class estimate."""
    rng, errors = np.random.default_rng(1), {"one": (0.05, 0.3), "two": (0.15, 0.1), "three": (0.03, 0.03)}
    values, covered = [], []
    for _ in track(range(studies), "Simulating annotators", studies):
        truth = rng.random(n) < MEN
        answers = {name: truth ^ (rng.random(n) < np.where(truth, men, women)) for name, (women, men) in errors.items()}
        answers["two"] = np.where(rng.random(n) < copied, answers["one"], answers["two"])
        frame = pd.DataFrame({"item": [f"c{k}/1" for k in range(n)], "cluster": range(n)})
        frame = frame.assign(iteration=1, start="image", label="joy", attribute="gender")
        frames = [frame.assign(annotator=name, category=CATEGORIES[own.astype(int)]) for name, own in answers.items()]
        table, _ = latent_class_tables(pd.concat(frames), {"gender": CATEGORIES}, list(errors), Resampling(100, 1))
        row = table[table["category"] == "man"].iloc[0]
        values.append(row["value"])
        covered.append(row["ci_low"] <= MEN <= row["ci_high"])
    bias, error = np.nanmean(values) - MEN, np.nanstd(values)
    return f"{n:6} {copied:14.0%} {bias:+8.3f} {error:9.3f} {np.mean(covered):9.1%} {np.isnan(values).mean():12.1%}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each kind of study and sampler."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200, help="of each kind")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--only", choices=["samplers", "latent"])
    options = parser.parse_args(arguments)
    studies = 2 if options.tiny else options.studies
    if options.only != "samplers":
        print("images  copied answers    bias  std.dev.   covered  no estimate")
        for copied in (0.0, 0.2, 0.5, 0.8)[: 1 if options.tiny else None]:
            print(measure_latent_classes(studies, 300, copied), flush=True)
    if options.only == "latent":
        return
    kinds = [
        (100, 20, 0.0, (0.25, 0.02), True),
        (100, 20, 0.3, (0.25, 0.02), True),
        (300, 20, 0.3, (0.25, 0.02), True),
        (300, 60, 0.0, (0.25, 0.02), True),
        (300, 60, 0.3, (0.25, 0.02), True),
        (300, 60, 0.3, (0.25, 0.02), False),
    ]
    print("starts per_cell  change        errors  hints               sampler", end="")
    print("  ratings half width  ratio  covered    bias  error")
    for kind in kinds[:1] if options.tiny else kinds:
        print("\n".join(measure_samplers(studies, *kind)), flush=True)


if __name__ == "__main__":
    main()
