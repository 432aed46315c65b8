"""Writes drift as LaTeX tables: one table per attribute, one row per label, with significance marks and sizes.

Every mark comes from the adjusted p-value in the row of its value. The tables need the package booktabs, and LuaLaTeX
or XeLaTeX for labels in other than Latin letters.
"""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from broken_telephone.reporting.text.verdicts import CELL, first_to_last
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
_LOW_POWER = r"\dagger"
_WHOLE = (("total variation", "TV"), ("kappa", r"$\kappa$"), ("Stuart-Maxwell", r"$\chi^2$"))
_HEAD = "% Needs \\usepackage{booktabs}. Other than Latin letters need LuaLaTeX or XeLaTeX and a font.\n"


def drift_tables(study: str, drift: pd.DataFrame, power: pd.DataFrame) -> str:
    r"""Write the drift from first image to last: change of every share in points, then measures of all categories.

    Marks: * for an adjusted p below 0.05, ** below 0.01, *** below 0.001, of a share (McNemar's test) or of all
    categories (Stuart-Maxwell). A dagger replaces the mark if the `power` table says that no change is detectable.

    Args:
        study: name of the study, for the captions.
        drift: the `drift` table.
        power: the `power` table; it may be empty.

    Returns:
        LaTeX for \input; only a comment if there is nothing to compare.
    """
    rows = first_to_last(drift).astype(dict.fromkeys(CELL, object)) if len(drift) else drift
    if rows.empty or not rows["value"].notna().any():
        return f"{_HEAD}% {_line(study)}: there is nothing to compare.\n"
    low_power = _low_power_cells(power)
    groups = rows.groupby(["start", "attribute"], sort=False)
    return _HEAD + "\n".join(_table(study, start, attribute, table, low_power) for (start, attribute), table in groups)


def escape(text: object) -> str:
    """Escape a text for LaTeX."""
    # Separated hyphens do not become a dash, and separated apostrophes or commas no quotation mark.
    apart = re.sub("(?<=[-',])(?=[-',])", "\0", _line(str(text)))
    return "".join(_ESCAPED.get(sign, sign) for sign in apart)


def _line(text: str) -> str:
    """Replace line ends and control characters, which end a comment or a cell, by spaces; name invisible ones."""
    return visible(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text))


def _low_power_cells(power: pd.DataFrame) -> set[tuple[str, ...]]:
    """Return the cells in which no change is detectable; an attribute as a whole has the category ''."""
    if power.empty:
        return set()
    plain = power.assign(**{name: power[name].astype(str) for name in CELL})
    is_detectable = plain["is_detectable"].fillna(False).astype(bool)
    cells = set(plain.loc[~is_detectable, list(CELL)].itertuples(index=False, name=None))
    whole = is_detectable.groupby([plain[name] for name in CELL[:3]]).any()
    return cells | {(*key, "") for key, any_detectable in whole.items() if not any_detectable}


def _table(study: str, start: str, attribute: str, rows: pd.DataFrame, low_power: set[tuple[str, ...]]) -> str:
    changes = rows[rows["measure"] == "share difference"]
    categories = [str(category) for category in changes["category"].dropna().unique()]
    since, last = int(rows["since"].iloc[0]), int(rows["iteration"].iloc[0])
    heads = ["Label", "$n$", "Starts", *map(escape, categories), *(head for _, head in _WHOLE)]
    name = escape(spoken(attribute))
    lines = [
        r"\begin{table}",
        r"\centering\footnotesize",
        rf"\caption{{{escape(study)}: change of {name} from image {since} to image {last}, chains from {start}s. "
        rf"Categories: change of the share in points. TV: total variation with its 95\,\% interval. $\kappa$: "
        r"agreement of the two images. $\chi^2$: Stuart--Maxwell, with degrees of freedom; $p$ by "
        r"permutation if few starts leave a category. "
        r"$^{*}\,p<0.05$, $^{**}\,p<0.01$, $^{***}\,p<0.001$, adjusted for the number of tests; "
        rf"$^{{{_LOW_POWER}}}$ too few starts to detect any change.}}",
        rf"\label{{tab:{re.sub('[^a-z0-9]+', '-', f'{study}-{attribute}-{start}'.lower())}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}",
        r"\toprule",
        " & ".join(heads) + r" \\",
        r"\midrule",
    ]
    for label, own in rows.groupby("label", sort=False):
        if label == ALL and len(lines) > 8:
            lines.append(r"\midrule")
        cells = [escape(label), *_counts(own), *_cells((start, str(label), attribute), own, categories, low_power)]
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def _counts(rows: pd.DataFrame) -> Iterator[str]:
    for name in ("n", "clusters"):
        yield f"{int(rows[name].max())}" if rows[name].notna().any() else "--"


def _cells(
    key: tuple[str, str, str], rows: pd.DataFrame, categories: list[str], low_power: set[tuple[str, ...]]
) -> Iterator[str]:
    whole = {row.measure: row for row in rows[rows["category"].isna()].itertuples(index=False)}
    each = rows[rows["measure"] == "share difference"].set_index("category")
    each.index = each.index.astype(str)
    for category in categories:
        row = each.loc[category] if category in each.index else None
        marks = "" if row is None else _mark(row.get("p_adjusted"), (*key, category) in low_power)
        yield _number(np.nan if row is None else 100 * row["value"], "+.1f", marks)
    for measure, _ in _WHOLE:
        row = whole.get(measure)
        if row is None:
            yield "--"
        elif measure == "Stuart-Maxwell":
            mark = _mark(getattr(row, "p_adjusted", np.nan), (*key, "") in low_power)
            yield _number(row.value, ".1f", mark) + (
                "" if pd.isna(row.degrees_of_freedom) else f" ({int(row.degrees_of_freedom)})"
            )
        else:
            limits = f" [{row.ci_low:.2f}, {row.ci_high:.2f}]".replace("-", "$-$")
            yield _number(row.value, ".2f") + ("" if pd.isna(row.ci_low) or measure == "kappa" else limits)


def _mark(p_adjusted: float | None, has_low_power: bool) -> str:
    if has_low_power:
        return f"^{{{_LOW_POWER}}}"
    if p_adjusted is None or pd.isna(p_adjusted):
        return ""
    return next((f"^{{{stars}}}" for level, stars in _MARKS if p_adjusted < level), "")


def _number(value: float, form: str, marks: str = "") -> str:
    if pd.isna(value):
        return f"--${marks}$" if marks else "--"
    # A rounded zero has no sign.
    text = f"{value:{form}}"
    return f"${text if float(text) else text.lstrip('+-')}{marks}$"
