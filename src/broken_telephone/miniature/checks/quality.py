"""Formats the quality tables as one Markdown page, with the unplanned differences between groups.

A gap is a defect when it is above three points and beyond sampling error: a chi-square test of the groups'
counts at five per cent, without correction for the number of figures, which would make passing easier with each
one added. An IoU is no share of pictures and gets no test.
"""

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency

from broken_telephone.miniature.world.people import AGES, GENDERS, SKIN_TONES

GROUPS = {"gender": GENDERS, "age": AGES, "skin_tone": SKIN_TONES}
GAP = 0.03
_ALPHA = 0.05
_OFF = 0.07


def gaps(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the largest difference between groups for each quality figure.

    Args:
        scores: as `scores.by_group` makes them.

    Returns:
        model, kind, figure, group, lowest, highest (category and value), gap, p_value (NaN where no test
        fits, and then every gap above GAP is a defect), defect.
    """
    rows = []
    grouped = scores[scores["group"] != "all"].groupby(["model", "kind", "figure", "group"], sort=False)
    for (model, kind, figure, group), part in grouped:
        low, high = part.loc[part["value"].idxmin()], part.loc[part["value"].idxmax()]
        right = np.rint(part["value"] * part["n"]).to_numpy()
        counts = np.stack([right, part["n"].to_numpy() - right])
        testable = "IoU" not in figure and (counts.sum(axis=1) > 0).all()
        rows.append(
            {
                "model": model,
                "kind": kind,
                "figure": figure,
                "group": group,
                "lowest": f"{low['category']} {low['value']:.3f}",
                "highest": f"{high['category']} {high['value']:.3f}",
                "gap": high["value"] - low["value"],
                "p_value": chi2_contingency(counts).pvalue if testable else np.nan,
            }
        )
    return pd.DataFrame(rows).assign(
        defect=lambda table: (table["gap"] > GAP) & ~(table["p_value"] >= _ALPHA),
    )


def report(readers: pd.DataFrame, shown: pd.DataFrame, shares: pd.DataFrame) -> str:
    """Return the page: readers by groups, gaps, labels that the generator shows, planted and unplanted shares."""
    all_gaps = gaps(readers)
    wide = all_gaps[all_gaps["gap"] > GAP]
    parts = [
        "# Quality of the embedded models",
        "## Reading held-out rendered people, by groups of the main person",
        _readers(readers),
        f"## Gaps between groups above {GAP:.0%}",
        "Defect: beyond sampling error (chi-square at five per cent); an IoU has no test." if len(wide) else "None.",
        _markdown(wide) if len(wide) else "",
        "## The generator shows what is asked, as the judge reads",
        shown_table(shown),
        "## Shares of people when only the emotion or activity is named",
        _off(shares),
        shares_table(shares),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _readers(readers: pd.DataFrame) -> str:
    columns = [("all", "all"), *((group, name) for group, names in GROUPS.items() for name in names)]
    wide = readers.pivot_table(
        index=["model", "kind", "figure"], columns=["group", "category"], values="value", sort=False
    )[columns]
    wide.columns = [name for _, name in columns]
    return _markdown(wide.reset_index())


def shown_table(shown: pd.DataFrame) -> str:
    """Return the shares that show the requested label as Markdown, with one column per guidance."""
    wide = shown.pivot_table(index=["kind", "group", "category"], columns="guidance", values="value", sort=False)
    wide.columns = [f"guidance {value:g}" for value in wide.columns]
    return _markdown(wide.reset_index())


def shares_table(shares: pd.DataFrame) -> str:
    """Return the measured and planted shares of people as Markdown, with one column per guidance."""
    index = ["label", "attribute", "category", "planted"]
    wide = shares.pivot_table(index=index, columns="guidance", values="share", sort=False)
    lowest = wide.columns.min()
    off = wide[lowest] - wide.index.get_level_values("planted")
    wide.columns = [f"guidance {value:g}" for value in wide.columns]
    wide[f"guidance {lowest:g} less planted"] = off
    return _markdown(wide.reset_index())


def shortcut_table(scores: pd.DataFrame) -> str:
    """Return the results of `measure_shortcut` as Markdown."""
    return _markdown(scores)


def _off(shares: pd.DataFrame) -> str:
    """Return how many shares at the lowest guidance differ from the planted ones."""
    lowest = shares[shares["guidance"] == shares["guidance"].min()]
    off = lowest[lowest["difference"].abs() > _OFF]
    names = ", ".join(f"{row.category} given {row.label} ({row.difference:+.3f})" for row in off.itertuples())
    return f"{len(off)} of {len(lowest)} differ by more than {_OFF:.0%} from the planted world. {names}".strip()


def _markdown(table: pd.DataFrame) -> str:
    def cell(value: object) -> str:
        return f"{value:.3f}" if isinstance(value, float) else str(value)

    lines = [list(table.columns), ["---"] * table.shape[1], *([cell(v) for v in row] for row in table.to_numpy())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
