"""Drift as LaTeX tables: a table an attribute, a row a label, with significance marks and numbers of chains.

Every mark comes from the adjusted p-value of the very row whose value it stands beside. The tables need the package
booktabs; where labels are written in other than Latin letters, LuaLaTeX or XeLaTeX.
"""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from broken_telephone.reporting.text.verdicts import CELL, widest
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
_BLIND = r"\dagger"
_WHOLE = (("total variation", "TV"), ("kappa", r"$\kappa$"), ("Stuart-Maxwell", r"$\chi^2$"))
_HEAD = "% Needs \\usepackage{booktabs}; with other than Latin letters, LuaLaTeX or XeLaTeX and a font for them.\n"


def drift_tables(study: str, drift: pd.DataFrame, power: pd.DataFrame) -> str:
    r"""Write the drift from first picture to last: change of every share in points, then measures of all categories.

    Marks: * for an adjusted p below 0.05, ** 0.01, *** 0.001, of a share (McNemar's test) or of all (Stuart-Maxwell);
    a dagger in place of a mark where the `power` table says that the cell cannot show anything.

    Args:
        study: its name, for the captions.
        drift: the `drift` table.
        power: the `power` table, or none of its rows.

    Returns:
        LaTeX, to be read by \input; a comment alone where there is nothing to compare.
    """
    rows = widest(drift).astype(dict.fromkeys(CELL, object)) if len(drift) else drift
    if rows.empty or not rows["value"].notna().any():
        return f"{_HEAD}% {_line(study)}: there is nothing to compare.\n"
    blind = _blind(power)
    groups = rows.groupby(["start", "attribute"], sort=False)
    return _HEAD + "\n".join(_table(study, start, attribute, mine, blind) for (start, attribute), mine in groups)


def escape(text: object) -> str:
    """Write any text so that LaTeX shows it as it is."""
    # Apart, two hyphens are no dash, and two apostrophes or commas no quotation mark.
    apart = re.sub("(?<=[-',])(?=[-',])", "\0", _line(str(text)))
    return "".join(_ESCAPED.get(sign, sign) for sign in apart)


def _line(text: str) -> str:
    """Lines and control characters end a comment or a cell: a space in their place. What else is unseen is named."""
    return visible(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text))


def _blind(power: pd.DataFrame) -> set[tuple[str, ...]]:
    """Cells that cannot show anything; those of an attribute as a whole have the category ''."""
    if power.empty:
        return set()
    plain = power.assign(**{name: power[name].astype(str) for name in CELL})
    can = plain["can_show"].fillna(False).astype(bool)
    cells = set(plain.loc[~can, list(CELL)].itertuples(index=False, name=None))
    whole = can.groupby([plain[name] for name in CELL[:3]]).any()
    return cells | {(*key, "") for key, any_can in whole.items() if not any_can}


def _table(study: str, start: str, attribute: str, rows: pd.DataFrame, blind: set[tuple[str, ...]]) -> str:
    changes = rows[rows["measure"] == "share difference"]
    categories = [str(category) for category in changes["category"].dropna().unique()]
    since, last = int(rows["since"].iloc[0]), int(rows["iteration"].iloc[0])
    heads = ["Label", "$n$", "Starts", *map(escape, categories), *(head for _, head in _WHOLE)]
    name = escape(attribute.replace("_", " "))
    lines = [
        r"\begin{table}",
        r"\centering\footnotesize",
        rf"\caption{{{escape(study)}: change of {name} from picture {since} to picture {last}, chains from {start}s. "
        rf"Categories: change of the share in points. TV: total variation with its 95\,\% interval; $\kappa$: "
        r"agreement of the two pictures; $\chi^2$: Stuart--Maxwell, with degrees of freedom; $p$ by "
        r"permutation where few starts leave a category. "
        r"$^{*}\,p<0.05$, $^{**}\,p<0.01$, $^{***}\,p<0.001$, adjusted for the number of tests; "
        rf"$^{{{_BLIND}}}$ too few starts to show anything.}}",
        rf"\label{{tab:{re.sub('[^a-z0-9]+', '-', f'{study}-{attribute}-{start}'.lower())}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}",
        r"\toprule",
        " & ".join(heads) + r" \\",
        r"\midrule",
    ]
    for label, mine in rows.groupby("label", sort=False):
        if label == ALL and len(lines) > 8:
            lines.append(r"\midrule")
        cells = [escape(label), *_counts(mine), *_cells((start, str(label), attribute), mine, categories, blind)]
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def _counts(rows: pd.DataFrame) -> Iterator[str]:
    for name in ("n", "clusters"):
        yield f"{int(rows[name].max())}" if rows[name].notna().any() else "--"


def _cells(
    key: tuple[str, str, str], rows: pd.DataFrame, categories: list[str], blind: set[tuple[str, ...]]
) -> Iterator[str]:
    whole = {row.measure: row for row in rows[rows["category"].isna()].itertuples(index=False)}
    each = rows[rows["measure"] == "share difference"].set_index("category")
    each.index = each.index.astype(str)
    for category in categories:
        row = each.loc[category] if category in each.index else None
        marks = "" if row is None else _mark(row.get("p_adjusted"), (*key, category) in blind)
        yield _number(np.nan if row is None else 100 * row["value"], "+.1f", marks)
    for measure, _ in _WHOLE:
        found = whole.get(measure)
        if found is None:
            yield "--"
        elif measure == "Stuart-Maxwell":
            mark = _mark(getattr(found, "p_adjusted", np.nan), (*key, "") in blind)
            yield _number(found.value, ".1f", mark) + ("" if pd.isna(found.degrees) else f" ({int(found.degrees)})")
        else:
            ends = f" [{found.ci_low:.2f}, {found.ci_high:.2f}]".replace("-", "$-$")
            yield _number(found.value, ".2f") + ("" if pd.isna(found.ci_low) or measure == "kappa" else ends)


def _mark(p_adjusted: float | None, is_blind: bool) -> str:
    if is_blind:
        return f"^{{{_BLIND}}}"
    if p_adjusted is None or pd.isna(p_adjusted):
        return ""
    return next((f"^{{{stars}}}" for level, stars in _MARKS if p_adjusted < level), "")


def _number(value: float, form: str, marks: str = "") -> str:
    if pd.isna(value):
        return f"--${marks}$" if marks else "--"
    # Never a negative zero.
    text = f"{value:{form}}"
    return f"${text if float(text) else text.lstrip('+-')}{marks}$"
