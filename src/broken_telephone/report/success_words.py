"""Whether the describer still names the label, and of everybody alike, in sentences."""

from collections.abc import Iterator

import pandas as pd

from broken_telephone.measures import ALL
from broken_telephone.report.wording import interval, listed, percent, points


def success_sentences(success: pd.DataFrame) -> list[str]:
    """Tell how often the label is named of the first and of the last pictures, and of whom less often.

    Categories are told apart where the interval of their largest difference, which allows for its being the largest,
    excludes none.

    Args:
        success: the `success` table.
    """
    if success.empty:
        return []
    here = success[success["label"].astype(str) == ALL]
    return [
        sentence
        for start, rows in here.groupby(here["start"].astype(str), sort=False)
        for sentence in _of(str(start), rows)
    ]


def _of(start: str, rows: pd.DataFrame) -> Iterator[str]:
    rates = rows[(rows["kind"] == "rate") & (rows["n"] > 0)]
    if rates.empty:
        return
    times = {"first": int(rates["iteration"].min()), "last": int(rates["iteration"].max())}
    if times["first"] == times["last"]:
        del times["first"]
    overall = " and in ".join(_overall(rates, k, when) for when, k in times.items())
    yield f"In chains that start from {start}s, the describer names the label in {overall} pictures."
    gaps = rows[(rows["kind"] == "parity difference") & rows["value"].notna()]
    compared, told = list(dict.fromkeys(gaps["attribute"].astype(str))), 0
    for when, k in times.items():
        for gap in gaps[(gaps["iteration"] == k) & (gaps["ci_low"] > 0)].itertuples(index=False):
            told += 1
            yield _gap(rates[(rates["iteration"] == k) & (rates["attribute"] == gap.attribute)], gap, when)
    if compared and not told:
        yield f"That it does so of some people less often than of others, by {_names(compared)}, is not shown."


def _overall(rates: pd.DataFrame, iteration: int, when: str) -> str:
    """Of the attribute that most pictures have a category of."""
    there = rates[rates["iteration"] == iteration]
    parts = [rows for _, rows in there.groupby(there["attribute"].astype(str), sort=False)]
    most = max(parts, key=lambda rows: rows["n"].sum())
    share = float((most["value"] * most["n"]).sum() / most["n"].sum())
    return f"{percent(share)} of the {int(most['n'].sum()):,} {when}"


def _gap(rates: pd.DataFrame, gap, when: str) -> str:  # type: ignore[no-untyped-def]
    ordered = rates.sort_values("value", kind="stable")
    least, most = (f"{row['category']} ({percent(row['value'])})" for _, row in ordered.iloc[[0, -1]].iterrows())
    return (
        f"By {_names([str(gap.attribute)])}, it does so least often of {least} and most often of {most} in the {when} "
        f"pictures, {points(gap.value)} apart ({interval(gap.ci_low, gap.ci_high)})."
    )


def _names(attributes: list[str]) -> str:
    return listed([name.replace("_", " ") for name in attributes], len(attributes))
