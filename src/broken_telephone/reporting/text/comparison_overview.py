"""Answers the questions of a comparison on its first screen: what differs, how sure, which factor, what is open."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from broken_telephone.reporting.first_screen.certainty import CLEAR, certainty_of
from broken_telephone.reporting.text.contrast_names import FAMILIES, judged, row_name
from broken_telephone.reporting.text.verdicts import NOT_ENOUGH_DATA
from broken_telephone.reporting.text.wording import (
    NO_VALUE,
    capital,
    counted,
    for_label,
    listed,
    percent,
    points,
    share_interval,
    spoken,
    with_minus,
)
from broken_telephone.statistics import ALL
from broken_telephone.statistics.outcomes import SHARES
from broken_telephone.statistics.tables.arms import REFERENCE
from broken_telephone.statistics.tables.contrasts import HIGHER, LOWER, NO_DIFFERENCE, NOT_SIGNIFICANT
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.statistics.tables.effect_verdicts import BLAMED, SHARE_OF_DRIFT

_MOST = 3
"""Differences that the first screen names."""
_SINGLE = "each label has a single start"
"""Why nothing is told of a kind of start."""
_NAMED = 4
"""Settings and factors that a sentence names."""


@dataclass(frozen=True)
class Answer:
    """Holds a question and its answer."""

    question: str
    sentences: Sequence[str]
    link: str
    """Name of the section of the page with the details."""


@dataclass(frozen=True)
class StudyLine:
    """Holds what one study achieves, as texts for a line of the table."""

    name: str
    is_reference: bool
    differences: str
    """How many shares differ significantly from those of the reference."""
    drift: str
    left: str
    success: str
    verdict: str


@dataclass(frozen=True)
class Overview:
    """Holds the first screen of a comparison."""

    headline: str
    studies: Sequence[StudyLine]
    answers: Sequence[Answer]
    left_out_starts: Mapping[str, str] = field(default_factory=dict)
    """Kind of start that tells nothing -> why; the page folds its figures."""


def comparison_overview(
    tables: Mapping[str, pd.DataFrame], settings: pd.DataFrame, reference: str, margin: float
) -> Overview:
    """Answer the questions of the first screen.

    Kinds of starts whose labels have a single start each are only named, if another kind has more.

    Args:
        tables: by name: contrasts, pairing, arms and effects.
        settings: the settings that differ, see `comparison.differing_settings`.
        reference: the study that all others are compared with.
        margin: the difference below which there is none, 0 to 1.
    """
    rows = judged(tables["contrasts"])
    shares = rows[rows["family"] == SHARES]
    repeated = shares[(shares["label"] != ALL) & (shares["clusters"].fillna(0).astype(int) > 1)]
    starts = list(dict.fromkeys(repeated["start"]) or dict.fromkeys(shares["start"]))
    left_out = {str(start): _SINGLE for start in dict.fromkeys(shares["start"]) if start not in starts}
    shares = shares[shares["start"].isin(starts)]
    arms = tables["arms"][tables["arms"]["start"].astype(str).isin(starts)]
    factors = _factors(tables["effects"], starts)
    pairing = tables["pairing"].astype({"arm": object, "check": object})
    return Overview(
        _headline(shares, factors, reference),
        [_line(row, shares, len(starts) > 1) for row in arms.itertuples(index=False)],
        [
            Answer("What differs?", list(_differences(rows, shares)), "changed"),
            Answer("How sure is it?", list(_certainty(rows, shares, pairing)), "pairs"),
            Answer(
                "Which factor is to blame?",
                list(_factor_sentences(factors, settings)),
                "changed" if len(factors) else "methods",
            ),
            Answer("What cannot be told?", list(_unknown(shares, left_out, margin)), "changed"),
        ],
        left_out,
    )


def _claims(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["verdict"].isin([HIGHER, LOWER])]


def _factors(effects: pd.DataFrame, starts: Sequence[str]) -> pd.DataFrame:
    """Return the shares of the factors in the differences of chains with these starts, the largest first."""
    if effects.empty:
        return effects
    rows = effects.astype(dict.fromkeys(("start", "kind", "factor", "verdict"), object))
    rows = rows[(rows["kind"] == SHARE_OF_DRIFT) & rows["start"].isin(starts)]
    return rows.sort_values("value", ascending=False, kind="stable")


def _headline(shares: pd.DataFrame, factors: pd.DataFrame, reference: str) -> str:
    if len(blamed := factors[factors["verdict"] == BLAMED] if len(factors) else factors):
        names = [spoken(factor) for factor in dict.fromkeys(blamed["factor"])]
        verb = "is" if len(names) == 1 else "are"
        return f"{capital(listed(names, _NAMED))} {verb} to blame for the differences between the studies."
    arms = list(dict.fromkeys(shares["arm"]))
    if not arms:
        return "No share was compared."
    known = shares[shares["verdict"] != NOT_ENOUGH_DATA]
    if known.empty:
        others = arms[0] if len(arms) == 1 else f"any of {len(arms)} studies"
        return f"There is not enough data to tell whether {others} and {reference} differ in any share."
    differing = list(dict.fromkeys(_claims(shares)["arm"]))
    if len(arms) == 1:
        enough = "" if len(known) == len(shares) else " with enough data"
        number = len(_claims(shares))
        if len(known) == 1:
            verb = "differ" if number else "do not differ"
            return f"{arms[0]} and {reference} {verb} significantly in the only share{enough}."
        return f"{arms[0]} and {reference} differ significantly in {number or 'none'} of {len(known):,} shares{enough}."
    verb = "differs" if len(differing) == 1 else "differ"
    return f"{len(differing) or 'None'} of {len(arms)} studies {verb} significantly from {reference} in who is shown."


def _line(row: Any, shares: pd.DataFrame, has_several_starts: bool) -> StudyLine:
    is_reference = row.verdict == REFERENCE
    own = shares[(shares["arm"] == row.arm) & (shares["start"] == row.start)]
    left, success = NO_VALUE, NO_VALUE
    if is_reference:
        left = "100 %"
    elif pd.notna(row.drift_left):
        left = f"{percent(row.drift_left)} ({_short(share_interval(row.drift_left_low, row.drift_left_high))})"
    if not is_reference and pd.notna(row.success_kept):
        low, high = (points(limit, unit=False) for limit in (row.success_low, row.success_high))
        success = f"{_signed(row.success_kept, unit=True)} ({low} to {high})"
    return StudyLine(
        f"{row.arm} (chains from {row.start}s)" if has_several_starts else str(row.arm),
        is_reference,
        NO_VALUE if is_reference else f"{len(_claims(own))} of {len(own)}",
        NO_VALUE if pd.isna(row.drift) else points(row.drift),
        with_minus(left),
        success,
        str(row.verdict),
    )


def _short(interval: str) -> str:
    return interval.removeprefix("95 % interval ")


def _signed(value: float, unit: bool = False) -> str:
    sign = "+" if value > 0 and points(value, unit=False) != "0" else ""
    return f"{sign}{points(value, unit)}"


def _differences(rows: pd.DataFrame, shares: pd.DataFrame) -> Iterator[str]:
    """Yield the largest differences of shares, of each study in turn, and the number of other differences."""
    claims = _claims(shares)
    # A rise of one gender is a fall of the other: one of both is named.
    ranked = claims.assign(size=claims["value"].astype(float).abs().round(9), is_fall=claims["verdict"] == LOWER)
    ranked = ranked.sort_values(["size", "is_fall"], ascending=[False, True], kind="stable")
    ranked = ranked.drop_duplicates(["arm", "start", "label", "attribute"])
    ranked = ranked.assign(rank_in_study=ranked.groupby("arm", sort=False).cumcount())
    several = rows["arm"].nunique() > 1
    for row in ranked.sort_values("rank_in_study", kind="stable").head(_MOST).itertuples(index=False):
        yield _difference(row, several)
    if claims.empty:
        yield f"No share differs significantly ({counted(len(shares), 'comparison')})."
    others = _claims(rows[rows["family"] != SHARES])["family"].value_counts()
    totals = rows["family"].value_counts()
    named = [f"{spoken(one)} {others[one]} of {totals[one]}" for one in FAMILIES if one in others]
    yield f"Other significant differences: {', '.join(named) or 'none'}."


def _difference(row: Any, has_several_arms: bool) -> str:
    measured, corrected = _signed(row.value), _signed(row.shrunken_value)
    limits = ""
    if pd.notna(row.ci_low) and pd.notna(row.ci_high):
        low, high = (points(limit, unit=False) for limit in (row.ci_low, row.ci_high))
        limits = f"95 % interval {low} to {high}"
    selection = f"corrected for selection {corrected}" if corrected != measured else ""
    brackets = "; ".join(part for part in (limits, selection) if part)
    arm = f"{row.arm}: " if has_several_arms else ""
    return (
        f"{arm}{row_name(row.family, row.attribute, row.category)} {for_label(row.label)}: "
        f"{_signed(row.value, unit=True)}{f' ({brackets})' if brackets else ''}."
    )


def _certainty(rows: pd.DataFrame, shares: pd.DataFrame, pairing: pd.DataFrame) -> Iterator[str]:
    grades = [certainty_of(row) == CLEAR for row in _claims(shares).itertuples(index=False)]
    if len(grades) == 1:
        verb, part = ("is", "at least") if grades[0] else ("is not", "less than")
        yield (
            f"The significant difference of shares {verb} clear: the nearer end of the interval keeps {part} half of "
            "the difference."
        )
    elif grades:
        yield (
            f"{sum(grades)} of {len(grades):,} differences of shares {'is' if sum(grades) == 1 else 'are'} clear: the "
            "nearer end of the interval keeps at least half of the difference."
        )
    tests = int(rows["p_value"].notna().sum())
    yield f"All {tests:,} tests are adjusted together." if tests > 1 else f"The page rests on {counted(tests, 'test')}."
    verdicts = pairing[pairing["check"] == "pairing"]
    pairs = verdicts[verdicts["passed"].astype(bool)]
    if len(pairs):
        least = int(pairs["count"].min())
        number = f"at least {counted(least, 'chain')} of each study" if len(pairs) > 1 else counted(least, "chain")
        yield f"Chains are paired: {number} with the same start and seed as in the reference."
    if len(pairs) < len(verdicts):
        names = [str(arm) for arm in verdicts.loc[~verdicts["passed"].astype(bool), "arm"]]
        yield f"Compared without pairs: {listed(names, _NAMED)}."
    corrected = int(shares["method"].astype(str).str.endswith(RATINGS).sum())
    if corrected:
        yield f"Human ratings correct {corrected} of {counted(len(shares), 'difference')} of shares."
    elif most_rated := int(shares["n_checked"].fillna(0).max() if len(shares) else 0):
        yield (
            "The annotator's answers alone say who is shown; too few ratings exist to correct them (at most "
            f"{counted(most_rated, 'rated image')} for a difference)."
        )
    else:
        yield "The annotator's answers alone say who is shown; no ratings correct them."


def _factor_sentences(factors: pd.DataFrame, settings: pd.DataFrame) -> Iterator[str]:
    if len(factors):
        several = factors["start"].nunique() > 1
        for row in factors.head(_NAMED).itertuples(index=False):
            start = f" (chains from {row.start}s)" if several else ""
            share = str(row.note)
            if pd.notna(row.value):
                limits = _short(share_interval(row.ci_low, row.ci_high))
                share = f"{row.verdict}, {with_minus(f'{percent(row.value)} of the differences ({limits})')}"
            yield f"{capital(spoken(row.factor))}{start}: {share}."
        if (rest := len(factors) - _NAMED) > 0:
            yield f"{rest} more {'factor or interaction' if rest == 1 else 'factors or interactions'} below."
        return
    if settings.empty:
        yield "No setting of the loop differs between the studies."
    elif len(settings) == 1:
        row = settings.iloc[0]
        values = ", ".join(f"{row[arm]} in {arm}" for arm in settings.columns if arm != "setting")
        yield f"One setting of the loop differs, {row['setting']}: {values}."
        yield "Other causes are excluded as far as chains pair."
    else:
        names = listed([str(name) for name in settings["setting"]], _NAMED)
        yield f"{len(settings)} settings of the loop differ: {names}."
        yield "The data cannot tell which of them is to blame, because the comparison states no factors."


def _unknown(shares: pd.DataFrame, left_out: Mapping[str, str], margin: float) -> Iterator[str]:
    counts = shares["verdict"].value_counts()
    total = counted(len(shares), "share")
    yield f"{counts.get(NOT_ENOUGH_DATA, 0)} of {total}: not enough data to tell."
    yield f"{counts.get(NOT_SIGNIFICANT, 0)} of {total}: neither a difference nor its absence is shown."
    yield f"{counts.get(NO_DIFFERENCE, 0)} of {total}: shown to differ by less than {points(margin)}."
    few = shares.loc[shares["verdict"] == NOT_ENOUGH_DATA, "reason"].astype(str)
    if len(few):
        yield f"Most frequent reason: {few.value_counts().index[0]}."
    for start, reason in left_out.items():
        yield f"Chains from {start}s: {reason}."
