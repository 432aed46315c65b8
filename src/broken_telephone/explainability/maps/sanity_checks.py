"""Whether to believe a map, label by label: checks that it can fail, and what is then said of the label's words."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.explainability.maps.attribution_scores import label_groups, mean_of
from broken_telephone.explainability.maps.fills import BLURRED, FILLS, MEAN_COLOUR, NOISE
from broken_telephone.explainability.maps.picture_scores import DROPS, OF_A_WORD, column_of
from broken_telephone.explainability.maps.props_apart import in_kind
from broken_telephone.explainability.tables import RANDOM
from broken_telephone.statistics import ALL, Resampling

WEIGHTS, ELSEWHERE, HIDING, HIDING_ELSEWHERE, DELETION, INSERTION, METHODS_AGREE = (
    "random weights",
    "regions elsewhere",
    "hiding",
    "hiding elsewhere",
    "deletion",
    "insertion",
    "methods",
)
REASONS = {
    WEIGHTS: "random weights give as dense a map there",
    ELSEWHERE: "other places of the same size and shape are as dense",
    DELETION: "hiding what the map marks lowers the word's probability no faster than hiding by chance",
    INSERTION: "showing what the map marks raises the word's probability no faster than showing by chance",
    HIDING: "hiding the region that is densest is not what lowers the word's probability most",
    HIDING_ELSEWHERE: "hiding as much elsewhere lowers the word's probability as far",
    METHODS_AGREE: "most methods find another region densest",
}
"""Check -> what it means that a map fails it."""
LACKING_WORDS = "lacking words"
"""Kind of the sentences that count descriptions without a word that matches a pattern."""
_FILL_WORDS = {MEAN_COLOUR: "with the mean colour", NOISE: "with noise", BLURRED: "with a blurred copy"}
NEEDED = (WEIGHTS, ELSEWHERE, HIDING, HIDING_ELSEWHERE)
"""Checks without which no region is named; the others are of the map as a whole."""
_PICTURE = ["chain_id", "iteration", "term"]
"""A picture, and the label that words about it stand for: two labels in one text are checked apart."""


ENOUGH = 6
"""Starts, and draws of random weights, that an interval needs."""


def trust_table(
    pictures: pd.DataFrame, words: pd.DataFrame, activations: pd.DataFrame, method: str, resampling: Resampling
) -> pd.DataFrame:
    """Check the maps of every label.

    Args:
        pictures: as `support.by_picture` returns them.
        words: the table of words.
        activations: of regions, by all methods and with random weights.
        method: whose maps are checked.
        resampling: how often intervals are resampled, starts as units.

    Returns:
        Columns kind, label, region (the densest), check, fill (of `HIDING` and `HIDING_ELSEWHERE`, which are made with
        each fill; else null), value, ci_low, ci_high, n (starts), passed and note (why not).
        Of `WEIGHTS` the value is how much denser the region is than in the mean of all draws of random weights; of
        `ELSEWHERE` how much denser it is than places of its size and shape, and of `HIDING_ELSEWHERE` how much more the
        log-probability falls than there; of `HIDING` how much more it falls when the region is hidden than when any
        other is; of `DELETION` and `INSERTION` how much the mean probability differs from chance, in the right
        direction; of `METHODS_AGREE` the share of methods that find the same region.
    """
    rows = []
    maps = activations.merge(words[OF_A_WORD], on=OF_A_WORD)
    maps = maps.astype(dict.fromkeys(("term", "method", "region"), str) | {"density": float})
    for kind, label, own in label_groups(pictures):
        own_maps = in_kind(maps, kind)
        # Every start counts once, as in the means that are reported.
        means = own.groupby(["start_id", "region"])["density"].mean().groupby("region").mean()
        if means.notna().sum() == 0:
            continue
        densest = str(means.idxmax())
        here = own[own["region"] == densest].set_index(_PICTURE)
        where = [kind, label, densest]
        for (check, fill), values in _differences(own, here, words, densest).items():
            by_start = values.dropna().groupby(level="start_id").mean().to_numpy()
            value, low, high = mean_of(by_start, resampling)
            passed = bool(low > 0)
            note = "" if passed else "there are too few starts for its checks" if np.isnan(low) else REASONS[check]
            rows.append([*where, check, fill, value, low, high, len(by_start), passed, note])
        rows.append([*where, WEIGHTS, None, *_against_random(here, own_maps, method, densest, resampling)])
        share, count = _same_region(own, own_maps, densest)
        passed = share > 0.5
        rows.append(
            [*where, METHODS_AGREE, None, share, share, share, count, passed, "" if passed else REASONS[METHODS_AGREE]]
        )
    columns = ["kind", "label", "region", "check", "fill", "value", "ci_low", "ci_high", "n", "passed", "note"]
    return pd.DataFrame(rows, columns=columns)


def _differences(
    own: pd.DataFrame, here: pd.DataFrame, words: pd.DataFrame, densest: str
) -> Mapping[tuple[str, str | None], pd.Series]:
    """Check and fill -> one number a picture, which is above 0 on average if the map passes; by start."""
    curves = (
        words.astype({"term": str})
        .groupby(_PICTURE)[["deletion", "deletion_chance", "insertion", "insertion_chance"]]
        .mean()
        .astype(float)
    )
    differences: dict[tuple[str, str | None], Any] = {
        (ELSEWHERE, None): here["density"] - here["density_elsewhere"],
        (DELETION, None): curves["deletion_chance"] - curves["deletion"],
        (INSERTION, None): curves["insertion"] - curves["insertion_chance"],
    }
    for fill in FILLS:
        drop, elsewhere = (column_of(measure, fill) for measure in DROPS)
        drops = own.groupby([*_PICTURE, "region"])[drop].mean().unstack("region")
        differences[HIDING_ELSEWHERE, fill] = here[drop] - here[elsewhere]
        differences[HIDING, fill] = drops[densest] - drops.drop(columns=densest).max(axis=1)
    starts = pd.Index(here["start_id"], name="start_id")
    return {key: values.reindex(here.index).set_axis(starts) for key, values in differences.items()}


def _against_random(
    here: pd.DataFrame, maps: pd.DataFrame, method: str, densest: str, resampling: Resampling
) -> list[Any]:
    """Compare a region's density with what random weights give on average, in the pictures that these were tried on.

    What all draws have in common is of the picture and the method, not of the model. Starts and draws are resampled,
    both of which are few.
    """
    chance = maps[maps["method"].str.startswith(f"{method}, {RANDOM}") & (maps["region"] == densest)]
    chance = chance.merge(here[["start_id", "density"]].reset_index(), on=_PICTURE, suffixes=("", "_true"))
    chance["more"] = chance["density_true"] - chance["density"]
    more = chance.pivot_table(index="start_id", columns="method", values="more").dropna().to_numpy()
    starts, draws = more.shape
    if min(starts, draws) < ENOUGH:
        few = f"there are too few starts, or fewer than {ENOUGH} draws of random weights (explain.random_weights)"
        return [float(more.mean()) if more.size else np.nan, np.nan, np.nan, starts, False, few]
    rng = np.random.default_rng(resampling.seed)
    of_starts, of_draws = (rng.multinomial(n, np.full(n, 1 / n), resampling.n_bootstrap) / n for n in more.shape)
    low, high = np.quantile(((of_starts @ more) * of_draws).sum(1), [0.025, 0.975])
    passed = bool(low > 0)
    return [float(more.mean()), float(low), float(high), starts, passed, "" if passed else REASONS[WEIGHTS]]


def _same_region(own: pd.DataFrame, maps: pd.DataFrame, densest: str) -> tuple[float, int]:
    """Share of methods that find the same region densest, and how many starts there are."""
    starts = own[[*_PICTURE, "start_id"]].drop_duplicates()
    rows = maps[~maps["method"].str.contains(RANDOM, regex=False)].merge(starts, on=_PICTURE)
    means = rows.groupby(["start_id", "method", "region"])["density"].mean().groupby(["method", "region"]).mean()
    # A method whose maps are all empty finds nothing.
    same = means.dropna().groupby(level="method").idxmax().map(lambda place: place[1] == densest)
    return float(same.mean()), int(own["start_id"].nunique())


def sentences(support: pd.DataFrame, trust: pd.DataFrame, patterns: Collection[str] = ()) -> pd.DataFrame:
    """Name for every label the region that its words come from, or the checks that failed.

    Args:
        support: as `support.support_table` returns it.
        trust: as `trust_table` returns it.
        patterns: terms that are no labels, see `word_patterns`.

    Returns:
        Columns kind, label (or pattern), region (null if a necessary check failed), all_checks_passed and sentence.
    """
    rows = []
    overall = support[support["attribute"].astype(str) == "all"]
    for (kind, label), checks in trust.groupby(["kind", "label"], sort=False, observed=True):
        own = overall[(overall["kind"] == kind) & (overall["label"] == label)]
        densest = str(checks["region"].iloc[0])
        all_failed = checks[~checks["passed"].astype(bool)]
        # The reference fill decides; the others tell whether the verdict depends on it.
        failed = all_failed[all_failed["fill"].isna() | (all_failed["fill"] == FILLS[0])]
        named = not failed["check"].isin(NEEDED).any()
        subject = f'Words that match "{label}"' if label in patterns else f"Words for {_label(own)}"
        words = (_named if named else _unnamed)(subject, own, densest, failed)
        words += _dependence(checks, densest)
        rows.append([kind, label, densest if named else None, all_failed.empty, words])
    return pd.DataFrame(rows, columns=["kind", "label", "region", "all_checks_passed", "sentence"])


def _named(subject: str, own: pd.DataFrame, densest: str, failed: pd.DataFrame) -> str:
    values = own[own["fill"].isna() | (own["fill"] == FILLS[0])].set_index(["region", "measure"])
    density = values.loc[(densest, "density")]
    drops = [values.loc[(densest, f"log_probability_drop{where}"), "value"] for where in ("", "_elsewhere")]
    factor, elsewhere = (_factor(np.exp(float(drop))) for drop in drops)
    doubts = f" The map failed a check: {_reasons(failed)}." if len(failed) else ""
    return (
        f"{subject} come from the {densest}: the map is {density['value']:.2f} times as dense there as "
        f"over the picture (95 % interval {density['ci_low']:.2f} to {density['ci_high']:.2f}), and hiding it divides "
        f"the word's probability by {factor} (hiding as much elsewhere: by {elsewhere}).{doubts}"
    )


def _unnamed(subject: str, own: pd.DataFrame, densest: str, failed: pd.DataFrame) -> str:
    density = own.set_index(["region", "measure"]).loc[(densest, "density"), "value"]
    return (
        f"The checks do not show which region {subject[0].lower()}{subject[1:]} come from: the map is densest on "
        f"the {densest} ({density:.2f} times the picture's mean), but {_reasons(failed)}."
    )


def pattern_sentences(counts: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, str]]:
    """Yield each pattern and a sentence with the number of descriptions that lack it.

    Args:
        counts: pattern -> number of `pictures` with a description, and of those `without` a match.
    """
    for pattern, own in counts.items():
        lacking = f"{own['without']} of {own['pictures']} descriptions have no word that matches"
        yield pattern, f'{lacking} "{pattern}". Their pictures are not explained for it.'


def _dependence(checks: pd.DataFrame, densest: str) -> str:
    """Say with which fills both checks of hiding pass, if that differs between fills."""
    hiding = checks[checks["fill"].notna()]
    passed = hiding["passed"].astype(bool).groupby(hiding["fill"].astype(str)).all()
    holds, fails = ([_FILL_WORDS[fill] for fill in FILLS if passed.get(fill) == value] for value in (True, False))
    if not holds or not fails:
        return ""
    return (
        f" The verdict depends on the fill: hiding the {densest} {' and '.join(holds)} lowers the probability more "
        f"than hiding any other region and as much elsewhere; hiding it {' and '.join(fails)} does not."
    )


def _factor(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _label(own: pd.DataFrame) -> str:
    label = str(own["label"].iloc[0])
    return "all labels together" if label == ALL else label


def _reasons(failed: pd.DataFrame) -> str:
    return "; and ".join(dict.fromkeys(failed["note"].astype(str)))
