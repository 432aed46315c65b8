"""Coverage of the intervals that the summary states, the winner's curse, and false claims in studies without drift.

    python benchmarks/selection.py             200 studies of each kind; some minutes
    python benchmarks/selection.py --tiny

Labels, and three attributes with two or three categories. In studies with drift, half of the pairs of label and
attribute drift in seven labels, or a few of the pairs in twenty labels: the share of one category rises by the effect.
In studies without drift, chains change their category, but no share changes. Every study is judged by
`findings_table`, and its claims are those that the summary describes. Studies without drift also have success, crossed
attributes and missing answers, and claims of all families count.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd

from broken_telephone.progress import track
from broken_telephone.reporting.text.changes import significant_changes
from broken_telephone.reporting.text.summary import MOST
from broken_telephone.reporting.text.verdicts import FALL, RISE
from broken_telephone.statistics import (
    ABSENT,
    ALL,
    Panel,
    Resampling,
    drift_table,
    findings_table,
    intersections_table,
    missing_answers_table,
    missing_changes,
    power_table,
    success_changes_table,
    success_comparisons,
    success_differences_table,
)

LABELS, FEW = 7, 20
"""Labels of a study in which half of the pairs of label and attribute drift, and of one in which few do."""
ATTRIBUTES = {"gender": (0.5, 0.5), "age": (0.5, 0.3, 0.2), "ethnicity": (0.6, 0.25, 0.15)}
"""Shares of the categories in the originals."""
CHURN = 0.2
"""Share of the chains that take a new category by chance, without a change of the shares."""
DRIFTING = {LABELS: 0.5, FEW: 0.07}
"""Labels -> share of the pairs of label and attribute that drift."""


def simulate(
    rng: np.random.Generator, starts: int, replicates: int, effect: float, number: int = LABELS
) -> tuple[list[Panel], dict[tuple[str, str, str], float]]:
    """Simulate a study with this number of labels.

    Returns:
        Its panels, and the true change of each label, attribute and category.
    """
    clusters = np.repeat(np.arange(starts * number), replicates)
    names = [f"label {k}" for k in range(number)]
    labels, place = np.array(names, dtype=object)[clusters // starts], clusters // starts
    panels, truth = [], {}
    for attribute, shares in ATTRIBUTES.items():
        p, categories = np.array(shares), tuple("abc"[: len(shares)])
        before = rng.choice(len(p), starts * number, p=p)[clusters]
        target = rng.integers(1, len(p), number)
        pulled = np.where(rng.random(number) < DRIFTING[number], effect, 0) / (1 - p[target])
        # Replicates of a start are pulled together in half of the starts.
        chance = np.where((rng.random(starts * number) < 0.5)[clusters], rng.random(starts * number)[clusters], np.nan)
        chance = np.where(np.isnan(chance), rng.random(len(clusters)), chance)
        after = np.where(rng.random(len(clusters)) < CHURN, rng.choice(len(p), len(clusters), p=p), before)
        after = np.where(chance < pulled[place], target[place], after)
        changes = pulled[:, None] * (np.eye(len(p))[target] - p)
        truth |= {(name, attribute, c): changes[k, j] for k, name in enumerate(names) for j, c in enumerate(categories)}
        truth |= {(ALL, attribute, c): changes[:, j].mean() for j, c in enumerate(categories)}
        unknown, image = np.full(len(clusters), -1, np.int8), np.full(len(clusters), "image", dtype=object)
        codes = np.stack([before, after], 1).astype(np.int8)
        panels.append(Panel(attribute, categories, codes, unknown, clusters, labels, image))
    return panels, truth


def judged(panels: list[Panel], **families: pd.DataFrame) -> pd.DataFrame:
    """Judge a study as the report does."""
    return findings_table(changes_of(panels), power_table(panels), families=families)


def changes_of(panels: list[Panel]) -> pd.DataFrame:
    """Return the changes of shares."""
    return drift_table(panels, [(None, 1)], Resampling(200, 1), shares_only=True)


def further_families(rng: np.random.Generator, panels: list[Panel]) -> dict[str, pd.DataFrame]:
    """Return the comparisons of success, crossed attributes and missing answers of a study without drift."""
    resampling = Resampling(200, 1)
    chains = pd.DataFrame({"chain_id": [f"c{k}" for k in range(len(panels[0].codes))]})
    seen = pd.concat([chains.assign(iteration=k) for k in (0, 1)], ignore_index=True)
    predictions = seen.assign(correct=rng.random(len(seen)) < 0.7)
    differences, changes = (
        make(predictions, chains, panels) for make in (success_differences_table, success_changes_table)
    )
    # Answers are missing as often before as after, at three rates.
    chance = rng.choice([0.02, 0.1, 0.3], len(chains))[:, None]
    answered = [
        replace(panel, codes=np.where(rng.random(panel.codes.shape) < chance, np.int8(ABSENT), panel.codes))
        for panel in panels
    ]
    kinds = {panel.attribute: np.full(panel.codes.shape, "unsure", dtype=object) for panel in panels}
    return {
        "success": success_comparisons(differences, changes),
        "intersections": intersections_table([(panels[0], panels[1])], resampling),
        "missing answers": missing_changes(missing_answers_table(answered, kinds, resampling)),
    }


def measure(studies: int, starts: int, replicates: int, effect: float, number: int) -> str:
    """Simulate studies of one kind: claims, false claims, coverage, claimed over true change, and mean errors."""
    rng = np.random.default_rng([starts, replicates, round(100 * effect), *([number] if number != LABELS else [])])
    covered, at_ends, ratios, raw_ratios, errors, raw_errors, false = ([] for _ in range(7))
    for _ in track(range(studies), "Simulating studies", studies):
        panels, truth = simulate(rng, starts, replicates, effect, number)
        findings = judged(panels, **({} if effect else further_families(rng, panels)))
        claims = significant_changes(findings[findings["family"] == "shares"]).head(MOST)
        true = np.array(
            [truth[key] for key in zip(claims["label"], claims["attribute"], claims["category"], strict=True)]
        )
        covered += ((claims["ci_low"] <= true) & (true <= claims["ci_high"])).tolist()
        is_true = true * claims["value"] > 0
        false.append(not is_true.all() if effect else bool(findings["verdict"].isin([RISE, FALL]).any()))
        ratios += (claims["shrunken_value"] / true)[is_true].tolist()
        raw_ratios += (claims["value"] / true)[is_true].tolist()
        errors += (claims["shrunken_value"] - true).abs().tolist()
        raw_errors += (claims["value"] - true).abs().tolist()
        ends = np.where(claims["value"] > 0, claims["ci_low"], claims["ci_high"])
        at_ends += np.isclose(claims["shrunken_value"], ends).tolist()
    cells = [len(covered) / studies, np.mean(false), np.mean(covered or [np.nan]), np.mean(at_ends or [np.nan])]
    cells += [np.median(values or [np.nan]) for values in (ratios, raw_ratios)]
    cells += [100 * np.mean(values or [np.nan]) for values in (errors, raw_errors)]
    forms = (".1f", ".1%", ".1%", ".1%", ".2f", ".2f", ".1f", ".1f")
    return (
        f"| {number} | {starts} | {replicates} | {effect} | "
        + " | ".join(f"{x:{form}}" for x, form in zip(cells, forms, strict=True))
        + " |"
    )


def kinds(is_tiny: bool) -> Iterator[tuple[int, int, float, int]]:
    """Yield the kinds of studies: starts per label, replicates, effect and labels."""
    if is_tiny:
        yield 10, 1, 0.4, LABELS
        return
    yield from product((30, 100, 300), (1,), (0.1, 0.2, 0.3, 0.4), (LABELS,))
    yield from product((30, 100), (1,), (0.2, 0.4), (FEW,))
    yield from product((10, 30, 300), (1, 3), (0.0,), (LABELS,))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each kind of study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200, help="of each kind")
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args(arguments)
    print(
        "| labels | starts | replicates | effect | claims | false | covered | at the end | corrected / true "
        "| measured / true | error (points), corrected | measured |"
    )
    for kind in kinds(options.tiny):
        print(measure(2 if options.tiny else options.studies, *kind), flush=True)


if __name__ == "__main__":
    main()
