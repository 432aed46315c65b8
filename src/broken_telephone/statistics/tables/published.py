"""The published study's shares, and their values in the measures of this project.

The published shares of originals are the data set's labels, and those of generated pictures a model's labels. Their
difference is the "published comparison" of `decomposition`, which contains the annotator's error and is not drift.
"""

from importlib import resources

import numpy as np
import pandas as pd

from broken_telephone.labels import SCHEMES, UNSURE
from broken_telephone.statistics.estimates import distances
from broken_telephone.statistics.tables.drift_table import EACH, WHOLE
from broken_telephone.statistics.tables.group_table import Row

PUBLISHED_SHARES = ("study", "label", "attribute", "category", "original", "generated", "n")
PUBLISHED_DRIFT = ("study", "label", "attribute", "category", "measure", "value", "note")


def published_shares() -> pd.DataFrame:
    """Return the percentages of Dogan et al. (arXiv 2601.22093, CC BY) as shares.

    Returns:
        Columns PUBLISHED_SHARES. study: raf_emotion, phase_emotion or phase_activity; label, attribute and category: as
        in `SCHEMES`, with unsure; original, generated: 0 to 1, with a sum of 1 for each label and attribute, up to the
        published rounding (at most 0.0002); n: originals of the label, null if unknown.
    """
    with resources.files("broken_telephone.statistics.tables").joinpath("published.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, comment="#", dtype={"n": "Int64"})


def published_drift() -> pd.DataFrame:
    """Compute the measures of `drift_table` that do not require chains from the published shares.

    Shares of unsure are left out and the others are rescaled to the sum 1, because all measures of this project are of
    pictures with a category.

    Returns:
        Columns PUBLISHED_DRIFT, from original to generated; category: null for measures of a whole attribute. The note
        states the shares of unsure, if there are any.
    """
    rows = []
    for (study, label, attribute), shares in published_shares().groupby(["study", "label", "attribute"], sort=False):
        key = {"study": study, "label": label, "attribute": attribute}
        known = shares[shares["category"] != UNSURE]
        unsure = shares.loc[shares["category"] == UNSURE, ["original", "generated"]].sum()
        note = "unsure and left out: {original:.1%} of originals, {generated:.1%} of generated".format(**unsure)
        years = SCHEMES[str(study).split("_")[0]].attributes[str(attribute)].years
        measured = _measure(known, distances.age_midpoints(years, list(known["category"])) if years else None)
        rows += [key | row | {"note": note if unsure.any() else ""} for row in measured]
    return pd.DataFrame(rows, columns=list(PUBLISHED_DRIFT))


def _measure(known: pd.DataFrame, years: np.ndarray | None) -> list[Row]:
    # The table of independence has these margins, and the measures depend on the margins only. Kappa depends on the
    # same chains at both times, which are not published.
    table = np.outer(known["original"], known["generated"])
    measures = {name: measure.compute for name, measure in WHOLE.items() if name != "kappa"}
    rows = [{"category": None, "measure": name, "value": float(compute(table))} for name, compute in measures.items()]
    if years is not None:
        shift = float(distances.mean_shift(table, years))
        rows.append({"category": None, "measure": "mean shift in years", "value": shift})
    for name, measure in EACH.items():
        values = zip(known["category"], measure.compute(table), strict=True)
        rows += [{"category": category, "measure": name, "value": float(value)} for category, value in values]
    return rows
