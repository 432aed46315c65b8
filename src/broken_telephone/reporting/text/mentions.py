"""Writes sentences about the demographic attributes that the descriptions still mention."""

import pandas as pd

from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.verdicts import LEVEL
from broken_telephone.reporting.text.wording import capital, interval, percent, points, spoken
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.mentions import AGREEMENT, CHANGE, MENTIONED


def mention_sentences(table: pd.DataFrame, level: float = LEVEL) -> list[str]:
    """Say, for each kind of start, what share of the descriptions mentions each attribute in the first and last image.

    Args:
        table: the `mention_shares` table, with p_adjusted.
        level: adjusted p-values below it are significant.
    """
    sentences = []
    for start in ("image", "prompt"):
        rows = select(table, start=start) if len(table) else table
        if rows.empty:
            continue
        labels = [str(label) for label in dict.fromkeys(rows["label"])]
        rows = select(rows, label=ALL if ALL in labels else labels[0])
        attributes = [str(name) for name in dict.fromkeys(rows["attribute"])]
        never = [name for name in attributes if not (_of(rows, name, MENTIONED)["value"] > 0).any()]
        for name in attributes:
            if name not in never:
                sentences += [_mentioned(rows, name, start, level), *_agreement(rows, name, start, level)]
        if never:
            named = " or ".join(filter(None, [", ".join(map(spoken, never[:-1])), spoken(never[-1])]))
            sentences.append(f"In chains from {start}s, no description mentions {named}.")
    return sentences


def _of(rows: pd.DataFrame, attribute: str, measure: str) -> pd.DataFrame:
    return select(rows, attribute=attribute, measure=measure).sort_values("iteration")


def _mentioned(rows: pd.DataFrame, attribute: str, start: str, level: float) -> str:
    shares = _of(rows, attribute, MENTIONED)
    shares = shares[shares["value"].notna()]
    first, last = shares.iloc[0], shares.iloc[-1]
    what = (
        f"{percent(first['value'])} of the descriptions of image {int(first['iteration'])} mention {spoken(attribute)}"
    )
    if first["iteration"] == last["iteration"]:
        return f"In chains from {start}s, {what}."
    return (
        f"In chains from {start}s, {what}, and {percent(last['value'])} of those of image {int(last['iteration'])}"
        f"{_change(rows, attribute, MENTIONED, int(last['iteration']), level)}."
    )


def _agreement(rows: pd.DataFrame, attribute: str, start: str, level: float) -> list[str]:
    shares = _of(rows, attribute, AGREEMENT)
    shares = shares[shares["value"].notna()]
    if shares.empty:
        return []
    first, last = shares.iloc[0], shares.iloc[-1]
    if first["iteration"] == last["iteration"]:
        agreed = f"{percent(first['value'])} ({int(first['n'])} descriptions of image {int(first['iteration'])})"
    else:
        agreed = (
            f"{percent(first['value'])} for image {int(first['iteration'])} ({int(first['n'])} descriptions) and in "
            f"{percent(last['value'])} for image {int(last['iteration'])} ({int(last['n'])} descriptions)"
            f"{_change(rows, attribute, AGREEMENT, int(last['iteration']), level)}"
        )
    named = f"descriptions that name one category of {spoken(attribute)}"
    return [capital(f"{named} name the annotator's category of the first image in {agreed}.")]


def _change(rows: pd.DataFrame, attribute: str, measure: str, last: int, level: float) -> str:
    change = select(_of(rows, attribute, f"{CHANGE}{measure}"), iteration=last)
    if change.empty or pd.isna(change["value"].iloc[0]):
        return " (no chain has both, so the change is not tested)"
    row = change.iloc[0]
    verdict = "significant" if float(row["p_adjusted"]) < level else "not significant"
    limits = interval(row["ci_low"], row["ci_high"])
    return f" (change within chains {points(row['value'])}, {limits}, {verdict} after adjustment)"
