"""An annotator with a known error: what it does to shares, and whether ratings of a sample correct it."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.progress import track
from broken_telephone.statistics import ABSENT, Resampling, corrected_table, panels
from broken_telephone.statistics.estimates.panel import label_groups
from broken_telephone.statistics.estimates.shares import clustered_shares
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.statistics.tables.group_table import ANNOTATOR, Row
from broken_telephone.validation.arms import ValidatedArm
from broken_telephone.validation.judge_ratings import judge_ratings
from broken_telephone.validation.settings import AnsweredError

KNOWN_ERROR = ("arm", "start", "label", "attribute", "category", "method", "n", "drawn", "value", "coverage", "note")


def known_error_table(
    arms: Sequence[ValidatedArm], errors: Sequence[AnsweredError], studies: int, rated_per_cell: int, seed: int
) -> pd.DataFrame:
    """Exchange answers about drawn images at known rates, and correct the shares with the judge's ratings.

    Args:
        arms: the studies, with their real answers.
        errors: what is exchanged. Originals keep their answers, so the error looks like drift.
        studies: simulated studies for each arm, each with new errors and a new sample.
        rated_per_cell: see `judge_ratings`.
        seed: of errors and samples.

    Returns:
        Columns KNOWN_ERROR, for the last image and the attributes with an error, two rows a cell: `method` ANNOTATOR
        and RATINGS. `drawn`: the share that the judge reads in all images. `value`: mean share over the n studies.
        `coverage`: share of the studies whose 95 % interval contains `drawn`.

    Raises:
        StudyError: if an error names an unknown attribute or category.
    """
    if not errors:
        return pd.DataFrame(columns=list(KNOWN_ERROR))
    _check(arms, errors)
    rows = [row for arm in arms for row in _rows(arm, errors, studies, rated_per_cell, seed)]
    return pd.DataFrame(rows, columns=list(KNOWN_ERROR))


def _check(arms: Sequence[ValidatedArm], errors: Sequence[AnsweredError]) -> None:
    known = {name: panel.categories for name, panel in arms[0].panels.items()}
    for number, error in enumerate(errors):
        if error.attribute not in known:
            raise StudyError(
                f"validation.errors.{number}.attribute: {error.attribute!r} is none of the validated attributes "
                f"({', '.join(known)})"
            )
        for name in (error.category, error.answered):
            if name not in known[error.attribute]:
                raise StudyError(
                    f"validation.errors.{number}: {name!r} is no category of {error.attribute} "
                    f"({', '.join(known[error.attribute])})"
                )


def with_errors(annotations: pd.DataFrame, errors: Sequence[AnsweredError], rng: np.random.Generator) -> pd.DataFrame:
    """Exchange categories of drawn images with the given rates; all errors see the answers before the exchange."""
    before, attributes = annotations["category"].astype(object), annotations["attribute"].astype(str)
    categories = before.copy()
    for error in errors:
        is_open = (attributes == error.attribute) & (before == error.category) & (annotations["iteration"] > 0)
        categories[is_open & (rng.random(len(annotations)) < error.rate)] = error.answered
    return annotations.assign(category=categories)


def _rows(
    arm: ValidatedArm, errors: Sequence[AnsweredError], studies: int, rated_per_cell: int, seed: int
) -> Iterator[Row]:
    attributes = {error.attribute: arm.panels[error.attribute].categories for error in errors}
    truth = dict(_judged_shares(arm, attributes))
    rng = np.random.default_rng(seed)
    estimates = []
    for number in track(range(studies), f"Known errors, {arm.name}", studies):
        answers = with_errors(arm.annotations, errors, rng)
        ratings = judge_ratings(arm, answers, rated_per_cell, seed + number)
        own = panels(answers, arm.chains, attributes, arm.last)
        table = corrected_table([*own.values()], Resampling(200, seed), ratings)
        corrected = table[(table["iteration"] == arm.last) & (table["method"] == RATINGS)]
        estimates += [
            (
                (str(row.start), str(row.label), str(row.attribute), str(row.category), RATINGS),
                *(row.value, row.ci_low, row.ci_high),
            )
            for row in corrected.itertuples()
        ]
        for attribute, panel in own.items():
            valid = panel.codes[:, arm.last] != ABSENT
            for start, label, chosen in label_groups(panel.starts, panel.labels):
                codes, clusters = panel.codes[chosen & valid, arm.last], panel.clusters[chosen & valid]
                for category, share in zip(
                    panel.categories, clustered_shares(codes, clusters, len(panel.categories)), strict=True
                ):
                    key = (start, label, attribute, category, ANNOTATOR)
                    estimates.append((key, share.share, share.ci_low, share.ci_high))
    table = pd.DataFrame(estimates, columns=["key", "value", "ci_low", "ci_high"])
    for key, own in table.groupby("key", sort=False):
        start, label, attribute, category, method = key
        drawn = truth[start, label, attribute, category]
        has_interval = own["ci_low"].notna()
        covers = ((own["ci_low"] <= drawn) & (drawn <= own["ci_high"]))[has_interval]
        note = "" if has_interval.all() else f"{int((~has_interval).sum())} studies without an interval"
        yield {
            **{"arm": arm.name, "start": start, "label": label, "attribute": attribute, "category": category},
            **{"method": method, "n": len(own), "drawn": drawn, "value": own["value"].mean()},
            **{"coverage": covers.mean() if len(covers) else np.nan, "note": note},
        }


def _judged_shares(arm: ValidatedArm, attributes: Iterable[str]) -> Iterator[tuple[tuple[str, str, str, str], float]]:
    for attribute in attributes:
        panel = arm.judged[attribute]
        for start, label, chosen in label_groups(panel.starts, panel.labels):
            codes = panel.codes[chosen, arm.last]
            codes = codes[codes != ABSENT]
            for code, category in enumerate(panel.categories):
                yield (start, label, attribute, category), float((codes == code).mean()) if len(codes) else np.nan
