"""The published study's shares, and what they come to in the measures of this project.

Its originals have the data set's labels, its drawn pictures those of a model: the change between them is the "published
comparison" of `decomposition`, the instrument's error included, and never drift alone.
"""

from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.labels import SCHEMES, UNSURE
from broken_telephone.statistics.estimates import distances
from broken_telephone.statistics.tables.drift_table import EACH, WHOLE

PUBLISHED_SHARES = ("study", "label", "attribute", "category", "original", "generated", "n")
PUBLISHED_DRIFT = ("study", "label", "attribute", "category", "measure", "value", "note")


def published_shares() -> pd.DataFrame:
    """Return the percentages of Dogan et al. (arXiv 2601.22093, CC BY) as shares.

    Returns:
        Columns PUBLISHED_SHARES. study: raf_emotion, phase_emotion or phase_activity; label, attribute and category as
        in `SCHEMES`, unsure among them; original, generated: 0 to 1, those of a label and attribute sum to 1 but for
        at most 0.0002, as they were rounded; n: originals of the label, null where not known.
    """
    with resources.files("broken_telephone.statistics.tables").joinpath("published.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, comment="#", dtype={"n": "Int64"})


def published_drift() -> pd.DataFrame:
    """Put the published shares through the measures of `drift_table` that need no chains.

    What is unsure is left out and the other shares are made to sum to 1, as only pictures with a category count in this
    project's measures, and rounding goes with it.

    Returns:
        Columns PUBLISHED_DRIFT, from original to generated; category: null of measures of a whole attribute. The note
        says how many are unsure, where any are.
    """
    rows = []
    for (study, label, attribute), shares in published_shares().groupby(["study", "label", "attribute"], sort=False):
        where = {"study": study, "label": label, "attribute": attribute}
        known = shares[shares["category"] != UNSURE]
        unsure = shares.loc[shares["category"] == UNSURE, ["original", "generated"]].sum()
        note = "unsure and left out: {original:.1%} of originals, {generated:.1%} of generated".format(**unsure)
        years = SCHEMES[str(study).split("_")[0]].attributes[str(attribute)].years
        measured = _measured(known, distances.middle_years(years, list(known["category"])) if years else None)
        rows += [where | row | {"note": note if unsure.any() else ""} for row in measured]
    return pd.DataFrame(rows, columns=list(PUBLISHED_DRIFT))


def _measured(known: pd.DataFrame, years: np.ndarray | None) -> list[dict[str, Any]]:
    # A table without association has these shares, whatever their sums; all measures here look at nothing else.
    table = np.outer(known["original"], known["generated"])
    # Of agreement with itself, which takes the same chains twice, nothing is published.
    measures = {name: measure.compute for name, measure in WHOLE.items() if name != "kappa"}
    rows = [{"category": None, "measure": name, "value": float(measure(table))} for name, measure in measures.items()]
    if years is not None:
        shift = float(distances.mean_shift(table, years))
        rows.append({"category": None, "measure": "mean shift in years", "value": shift})
    for name, (each, *_) in EACH.items():
        values = zip(known["category"], each(table), strict=True)
        rows += [{"category": category, "measure": name, "value": float(value)} for category, value in values]
    return rows
