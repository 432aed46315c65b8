"""Writes drift as LaTeX tables: one table per attribute, one row per label, with significance marks and sizes.

Changes and marks of shares are those of the `findings` table, so that the paper and the summary agree. The tables
need the package booktabs, and LuaLaTeX or XeLaTeX for labels in other than Latin letters.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from broken_telephone.reporting.text.verdicts import (
    ANNOTATOR,
    CELL,
    FALL,
    NOT_ENOUGH_DATA,
    RISE,
    first_to_last,
    of_family,
)
from broken_telephone.reporting.text.wording import spoken
from broken_telephone.statistics import ALL
from broken_telephone.visible import visible

_ESCAPED = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\textasciigrave{}",
    "\0": "{}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
} | {sign: f"\\{sign}" for sign in "&%$#_"}
_MARKS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
LOW_POWER = r"\dagger"
_WHOLE = (("total variation", "TV"), ("kappa", r"$\kappa$"), ("Stuart-Maxwell", r"$\chi^2$"))
HEAD = "% Needs \\usepackage{booktabs}. Other than Latin letters need LuaLaTeX or XeLaTeX and a font.\n"


def drift_tables(study: str, drift: pd.DataFrame, findings: pd.DataFrame) -> str:
    r"""Write the drift from first image to last: change of every share in points, then measures of all categories.

    The change of a share is that of the `findings` table: corrected where ratings correct it, with the annotator's own
    change in parentheses. A significant change is followed by the same change corrected for selection, in brackets.

    Marks: * for an adjusted p below 0.05, ** below 0.01, *** below 0.001, of a share (over all comparisons of the
    study) or of all categories (Stuart-Maxwell). A dagger replaces the mark of a share if there is not enough data to
    tell. Without a share that has enough, the test of all categories has no mark.

    Args:
        study: name of the study, for the captions.
        drift: the `drift` table.
        findings: the `findings` table; shares that it lacks have no value.

    Returns:
        LaTeX for \input; only a comment if there is nothing to compare.
    """
    rows = first_to_last(drift).astype(dict.fromkeys(CELL, object)) if len(drift) else drift
    if rows.empty or not rows["value"].notna().any():
        return f"{HEAD}% {_line(study)}: there is nothing to compare.\n"
    shares = of_family(findings)
    judged = {tuple(map(str, key)): row for key, row in zip(_keys(shares), shares.itertuples(index=False), strict=True)}
    groups = rows.groupby(["start", "attribute"], sort=False)
    return HEAD + "\n".join(_table(study, start, attribute, table, judged) for (start, attribute), table in groups)


def escape(text: object) -> str:
    """Escape a text for LaTeX."""
    # Separated hyphens do not become a dash, and separated apostrophes or commas no quotation mark.
    apart = re.sub("(?<=[-',])(?=[-',])", "\0", _line(str(text)))
    return "".join(_ESCAPED.get(sign, sign) for sign in apart)


def _line(text: str) -> str:
    """Replace line ends and control characters, which end a comment or a cell, by spaces; name invisible ones."""
    return visible(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text))


def _keys(findings: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    return findings[list(CELL)].itertuples(index=False, name=None)


def _table(study: str, start: str, attribute: str, rows: pd.DataFrame, judged: Mapping[tuple[str, ...], Any]) -> str:
    changes = rows[rows["measure"] == "share difference"]
    categories = [str(category) for category in changes["category"].dropna().unique()]
    since, last = int(rows["since"].iloc[0]), int(rows["iteration"].iloc[0])
    heads = ["Label", "$n$", "Starts", *map(escape, categories), *(head for _, head in _WHOLE)]
    name = escape(spoken(attribute))
    lines = [
        r"\begin{table}",
        r"\centering\footnotesize",
        rf"\caption{{{escape(study)}: change of {name} from image {since} to image {last}, chains from {start}s. "
        r"Categories: measured change of the share in points, corrected for annotator error where ratings allow it "
        r"(the annotator's own change in parentheses); in brackets, the same corrected for selection, if the change is "
        r"significant and the correction visible. TV, $\kappa$ and $\chi^2$ are of the annotator's answers. "
        r"TV: total variation with its 95\,\% interval. $\kappa$: "
        r"agreement of the two images. $\chi^2$: Stuart--Maxwell, with degrees of freedom; $p$ by "
        r"permutation if few starts leave a category. "
        r"$^{*}\,p<0.05$, $^{**}\,p<0.01$, $^{***}\,p<0.001$, adjusted for the number of tests; "
        rf"$^{{{LOW_POWER}}}$ not enough data to tell.}}",
        rf"\label{{tab:{re.sub('[^a-z0-9]+', '-', f'{study}-{attribute}-{start}'.lower())}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}",
        r"\toprule",
        " & ".join(heads) + r" \\",
        r"\midrule",
    ]
    for label, own in rows.groupby("label", sort=False):
        if label == ALL and len(lines) > 8:
            lines.append(r"\midrule")
        cells = [escape(label), *_counts(own), *_cells((start, str(label), attribute), own, categories, judged)]
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def _counts(rows: pd.DataFrame) -> Iterator[str]:
    for name in ("n", "clusters"):
        yield f"{int(rows[name].max())}" if rows[name].notna().any() else "--"


def _cells(
    key: tuple[str, str, str], rows: pd.DataFrame, categories: list[str], judged: Mapping[tuple[str, ...], Any]
) -> Iterator[str]:
    whole = {row.measure: row for row in rows[rows["category"].isna()].itertuples(index=False)}
    for category in categories:
        row = judged.get((*key, category))
        yield "--" if row is None else _share(row)
    cells = [judged[(*key, category)] for category in categories if (*key, category) in judged]
    can_tell = "p_adjusted" in rows and any(row.verdict != NOT_ENOUGH_DATA for row in cells)
    for measure, _ in _WHOLE:
        row = whole.get(measure)
        if row is None:
            yield "--"
        elif measure == "Stuart-Maxwell":
            yield number(row.value, ".1f", stars(row.p_adjusted if can_tell else None)) + (
                "" if pd.isna(row.degrees_of_freedom) else f" ({int(row.degrees_of_freedom)})"
            )
        else:
            limits = f" [{row.ci_low:.2f}, {row.ci_high:.2f}]".replace("-", "$-$")
            yield number(row.value, ".2f") + ("" if pd.isna(row.ci_low) or measure == "kappa" else limits)


def _share(row) -> str:  # type: ignore[no-untyped-def]
    """Write the change of a share, and the annotator's own change if it was corrected."""
    marks = f"^{{{LOW_POWER}}}" if row.verdict == NOT_ENOUGH_DATA else ""
    marks = stars(row.p_adjusted) if row.verdict in (RISE, FALL) else marks
    change = number(100 * row.value, "+.1f", marks) + corrected_for_selection(row.value, row.shrunken_value)
    return change if row.method == ANNOTATOR else f"{change} ({number(100 * row.annotator_value, '+.1f')})"


def corrected_for_selection(value: float, shrunken_value: float) -> str:
    """Return the value corrected for selection in brackets, in points; nothing if rounding hides the correction."""
    measured, corrected = (number(100 * one, "+.1f") for one in (value, shrunken_value))
    return "" if pd.isna(shrunken_value) or measured == corrected else f" [{corrected}]"


def stars(p_adjusted: float | None) -> str:
    """Return the superscript of a significant p-value; nothing without a test."""
    if p_adjusted is None or pd.isna(p_adjusted):
        return ""
    return next((f"^{{{stars}}}" for level, stars in _MARKS if p_adjusted < level), "")


def number(value: float, form: str, marks: str = "") -> str:
    """Write a number with marks behind it, both in math mode."""
    if pd.isna(value):
        return f"--${marks}$" if marks else "--"
    # A rounded zero has no sign.
    text = f"{value:{form}}"
    return f"${text if float(text) else text.lstrip('+-')}{marks}$"
