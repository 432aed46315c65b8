"""Writes contrasts of shares as LaTeX tables: one table per study and attribute, one row per label."""

import re

import pandas as pd

from broken_telephone.reporting.page.latex import HEAD, LOW_POWER, corrected_for_selection, escape, number, stars
from broken_telephone.reporting.text.contrast_names import judged
from broken_telephone.reporting.text.verdicts import NOT_ENOUGH_DATA
from broken_telephone.reporting.text.wording import spoken
from broken_telephone.statistics import ALL
from broken_telephone.statistics.outcomes import SHARES
from broken_telephone.statistics.tables.contrasts import HIGHER, LOWER, NO_DIFFERENCE

_EQUAL = r"\approx"


def contrast_tables(study: str, contrasts: pd.DataFrame) -> str:
    r"""Write the contrasts of all shares at the last image: change of the arm minus change of the reference, in points.

    A significant contrast has stars: * for an adjusted p below 0.05, ** below 0.01, *** below 0.001. In brackets stands
    the same contrast corrected for selection. A dagger marks a contrast without enough data. The sign of near equality
    marks a contrast that is shown to be smaller than the margin.

    Args:
        study: name of the comparison, for the captions.
        contrasts: the `contrasts` table.

    Returns:
        LaTeX for \input; only a comment if no share is compared.
    """
    rows = judged(contrasts, family=SHARES)
    if rows.empty:
        return f"{HEAD}% {escape(study)}: no share is compared.\n"
    groups = rows.groupby(["arm", "start", "attribute"], sort=False)
    return HEAD + "\n".join(
        _table(study, str(arm), str(start), str(attribute), own) for (arm, start, attribute), own in groups
    )


def _table(study: str, arm: str, start: str, attribute: str, rows: pd.DataFrame) -> str:
    categories = list(dict.fromkeys(rows["category"].astype(str)))
    reference = str(rows["reference"].iloc[0])
    name = escape(spoken(attribute))
    heads = ["Label", "$n$", "Starts", *map(escape, categories)]
    caption = (
        rf"{escape(study)}: change of {name} in {escape(arm)} minus that in {escape(reference)}, up to image "
        rf"{int(rows['iteration'].iloc[0])}, chains from {start}s, measured, in percentage points; in brackets, the "
        r"same corrected for selection, if it is significant and the correction visible. * $p<0.05$, ** $p<0.01$, "
        rf"*** $p<0.001$, adjusted for all tests of the comparison. ${_EQUAL}$: smaller than the "
        rf"margin. ${LOW_POWER}$: not enough data. $n$ and Starts: largest "
        r"number of chains, and of their independent starts, in the row."
    )
    lines = [
        r"\begin{table}",
        r"\centering\footnotesize",
        rf"\caption{{{caption}}}",
        rf"\label{{tab:{re.sub('[^a-z0-9]+', '-', f'{study}-{arm}-{attribute}-{start}'.lower())}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}",
        r"\toprule",
        " & ".join(heads) + r" \\",
        r"\midrule",
    ]
    first = len(lines)
    for label, own in rows.groupby("label", sort=False):
        if label == ALL and len(lines) > first:
            lines.append(r"\midrule")
        cells = {str(row.category): _cell(row) for row in own.itertuples(index=False)}
        counts = [f"{int(own[column].max())}" if own[column].notna().any() else "--" for column in _COUNTS]
        shown = [escape(spoken(label)), *counts, *(cells.get(category, "--") for category in categories)]
        lines.append(" & ".join(shown) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


_COUNTS = ("n_pairs", "clusters")


def _cell(row) -> str:  # type: ignore[no-untyped-def]
    if row.verdict in (HIGHER, LOWER):
        mark = number(100 * row.value, "+.1f", stars(row.p_adjusted))
        return mark + corrected_for_selection(row.value, row.shrunken_value)
    if row.verdict == NO_DIFFERENCE:
        return rf"${_EQUAL}$ {number(100 * row.value, '+.1f')}"
    return number(100 * row.value, "+.1f", f"^{{{LOW_POWER}}}" if row.verdict == NOT_ENOUGH_DATA else "")
