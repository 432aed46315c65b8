"""Sentences of a comparison: what differs, what does not, what the data do not show, and how the studies pair."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from broken_telephone.comparison.pairing import EXCHANGED
from broken_telephone.reporting.text.contrast_names import FAMILIES, has_points, judged, limits, size, subject
from broken_telephone.reporting.text.verdicts import NOT_ENOUGH_DATA
from broken_telephone.reporting.text.wording import (
    capital,
    counted,
    interval,
    listed,
    p_value,
    percent,
    points,
    share_interval,
    spoken,
    with_minus,
)
from broken_telephone.statistics import ALL
from broken_telephone.statistics.outcomes import SHARES, SIMILARITY, SUCCESS
from broken_telephone.statistics.tables.arms import REFERENCE
from broken_telephone.statistics.tables.contrasts import HIGHER, LOWER, NO_DIFFERENCE, NOT_SIGNIFICANT
from broken_telephone.statistics.tables.effect_verdicts import (
    BLAME_LEVEL,
    BLAMED,
    LEAST_SHARE,
    MINOR,
    NOT_BLAMED,
    SHARE_OF_DRIFT,
)

ORIGINALS = "Exchanged originals"
DIFFERS, ALIKE, UNKNOWN = "What differs", "What does not differ", "What the data do not show"
ACHIEVED, EFFECTS, PAIRS = "What each study achieves", "Effects of factors", "How the studies pair"
_BLAME = {BLAMED: "is blamed", MINOR: "is significant but minor", NOT_BLAMED: "is not blamed"}
_ZEROS = ("0 points", "0.00")
MOST = 6
"""Contrasts of an arm that the summary describes one by one."""
_IMPORTANCE = ["place", "is_part", "reach"]
_ORDER = {family: place for place, family in enumerate(FAMILIES)}


def comparison_summary(
    tables: Mapping[str, pd.DataFrame],
    settings: pd.DataFrame,
    reference: str,
    margin: float,
    most: int = MOST,
    exchanged: str | None = None,
) -> dict[str, list[str]]:
    """Return topic -> sentences.

    Args:
        tables: by name: contrasts, pairing, arms and effects.
        settings: the settings that differ, see `comparison.differing_settings`.
        reference: the arm that all others are compared with.
        margin: the difference below which there is none, 0 to 1.
        most: contrasts of an arm that are described one by one.
        exchanged: the attribute in which the originals of the arms differ.
    """
    rows, pairing = judged(tables["contrasts"]), tables["pairing"]
    arms = [arm for arm in dict.fromkeys(pairing["arm"].astype(str)) if arm != reference]
    each = {
        **{
            DIFFERS if len(arms) == 1 else f"{DIFFERS}: {arm}": list(_differences(rows, arm, reference, most))
            for arm in arms
        },
        ALIKE: [sentence for arm in arms for sentence in _equalities(rows, arm, reference, margin)],
    }
    together = {ACHIEVED: list(_arm_sentences(tables["arms"])), EFFECTS: list(_effect_sentences(tables["effects"]))}
    topics = {
        ORIGINALS: [] if exchanged is None else list(_exchange_sentences(pairing, arms, reference, exchanged)),
        # Who compares many arms asks first which of them helps, and which factor matters.
        **(each | together if len(arms) == 1 else together | each),
        UNKNOWN: [sentence for arm in arms for sentence in _unknown(rows, arm)],
        PAIRS: [
            *_setting_sentences(settings, reference),
            *_failed_checks(pairing, reference),
            *(sentence for arm in arms for sentence in _pairing_sentences(pairing, arm, reference)),
        ],
    }
    return {topic: sentences for topic, sentences in topics.items() if sentences}


def _exchange_sentences(pairing: pd.DataFrame, arms: list[str], reference: str, exchanged: str) -> Iterator[str]:
    attribute = spoken(exchanged)
    for arm in arms:
        row = pairing[(pairing["arm"].astype(str) == arm) & (pairing["check"].astype(str) == EXCHANGED)].iloc[0]
        yield (
            f"{int(row['count']):,} of {counted(int(row['n']), 'start')} {'shows' if row['count'] == 1 else 'show'} "
            f"another {attribute} in {arm} than in {reference}, and nothing else in the data set's labels differs."
        )
    yield (
        f"The comparison shows whether the results depend on the visible {attribute} of the start, all else equal. "
        f"The studies differ in {attribute} at image 0 by design: its own shares are compared as they are, and all "
        "other shares by their changes since image 0."
    )


def _differences(contrasts: pd.DataFrame, arm: str, reference: str, most: int) -> Iterator[str]:
    own = contrasts[contrasts["arm"] == arm]
    claims = own[own["verdict"].isin([HIGHER, LOWER])]
    several = own["start"].nunique() > 1
    shares = own[own["family"] == SHARES]
    if len(shares) and not (claims["family"] == SHARES).any():
        yield (
            f"Who is shown: no share differs significantly between {arm} and {reference} "
            f"({counted(len(shares), 'comparison')}: each category, for each label and over all labels)."
        )
    # What holds over all labels says most.
    ordered = claims.assign(
        place=claims["family"].map(_ORDER).astype(float),
        is_part=(claims["label"] != ALL) | ((claims["family"] == SUCCESS) & (claims["attribute"] != ALL)),
        reach=-claims["value"].astype(float).abs(),
    ).sort_values(_IMPORTANCE, kind="stable")
    shown = _shared_out(ordered, most).sort_values(_IMPORTANCE, kind="stable")
    yield from (_difference(row, several) for row in shown.itertuples(index=False))
    if rest := len(claims) - len(shown):
        yield f"{counted(rest, 'more significant difference')} of {arm} {'is' if rest == 1 else 'are'} in the table."
    counts = own["verdict"].value_counts()
    yield (
        f"{counted(len(own), 'comparison')} of {arm} with {reference} at the last image, adjusted together: "
        f"higher: {counts.get(HIGHER, 0)}; lower: {counts.get(LOWER, 0)}; no difference: "
        f"{counts.get(NO_DIFFERENCE, 0)}; no significant difference: {counts.get(NOT_SIGNIFICANT, 0)}; "
        f"not enough data to tell: {counts.get(NOT_ENOUGH_DATA, 0)}."
    )


def _shared_out(claims: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the largest claims of each family in turn, so that no family fills the summary."""
    rank = claims.groupby("family", sort=False).cumcount()
    return claims.assign(rank_in_family=rank).sort_values(["rank_in_family", "place"], kind="stable").head(most)


def _difference(row, several_starts: bool) -> str:  # type: ignore[no-untyped-def]
    measured, corrected = size(row.family, row.value), size(row.family, row.shrunken_value)
    low, high = sorted((abs(row.ci_low), abs(row.ci_high)))
    chains = counted(int(row.n_pairs), "chain")
    chains += f" from {counted(int(row.clusters), 'start')}" if row.clusters < row.n_pairs else ""
    # A value that is shrunken to the end of its interval is a bound, not an estimate.
    at_least = "at least " if np.isclose(abs(row.shrunken_value), low) else ""
    selection = f"; corrected for selection {at_least}{corrected}" if corrected != measured else ""
    numbers = f"({limits(row.family, low, high)}{selection}; {chains})"
    name = capital(subject(row)) + (f" (chains from {row.start}s)" if several_starts else "")
    relation = "higher" if row.verdict == HIGHER else "lower"
    if pd.isna(row.since):
        return f"{name} is {relation} in {row.arm} than in {row.reference}, by {measured} {numbers}."
    changes = [_change(row.family, one) for one in (row.value_arm, row.value_reference)]
    return (
        f"{name} {changes[0]} in {row.arm}, and {changes[1]} in {row.reference}: {row.arm} ends {relation}, by "
        f"{measured} {numbers}."
    )


def _change(family: str, value: float) -> str:
    text = size(family, value)
    if not value:
        return "did not change"
    if text in _ZEROS:
        return f"changed by less than {'0.1 points' if has_points(family) else '0.01'}"
    return f"{'rose' if value > 0 else 'fell'} by {text}"


def _equalities(contrasts: pd.DataFrame, arm: str, reference: str, margin: float) -> Iterator[str]:
    own = contrasts[(contrasts["arm"] == arm) & (contrasts["verdict"] == NO_DIFFERENCE)]
    if own.empty:
        yield f"No comparison shows that {arm} and {reference} are equal within {points(margin)}."
        return
    # What holds over all labels says most.
    ordered = own.assign(is_part=own["label"] != ALL, place=own["family"].map(_ORDER))
    ordered = ordered.sort_values(["is_part", "place"], kind="stable")
    names = listed([subject(row) for row in ordered.itertuples(index=False)], 4)
    cosines = f" (similarities: {margin:.2f})" if (own["family"] == SIMILARITY).any() else ""
    yield (
        f"{arm} and {reference} are shown to differ by less than {points(margin)}{cosines} in "
        f"{counted(len(own), 'comparison')} ({_by_family(own)}): {names}."
    )


def _unknown(contrasts: pd.DataFrame, arm: str) -> Iterator[str]:
    own = contrasts[contrasts["arm"] == arm]
    open_ones = own[own["verdict"] == NOT_SIGNIFICANT]
    if len(open_ones):
        shares = open_ones[open_ones["family"] == SHARES]
        widest = pd.concat([shares["ci_low"], shares["ci_high"]]).astype(float).abs().max()
        reach = f" Their intervals reach up to {points(widest)}." if pd.notna(widest) else ""
        yield (
            f"{arm}: {counted(len(open_ones), 'comparison')} {'is' if len(open_ones) == 1 else 'are'} not significant "
            f"and not shown to be equal either ({_by_family(open_ones)}).{reach}"
        )
    few = own[own["verdict"] == NOT_ENOUGH_DATA]
    if len(few):
        reasons = few["reason"].astype(str).value_counts()
        yield (
            f"{arm}: {counted(len(few), 'comparison')} {'has' if len(few) == 1 else 'have'} not enough data to tell "
            f"whether the studies differ ({_by_family(few)}). The most frequent reason: {reasons.index[0]} "
            f"({reasons.iloc[0]})."
        )


def _by_family(rows: pd.DataFrame) -> str:
    counts = rows["family"].value_counts()
    return ", ".join(f"{spoken(family)}: {counts[family]}" for family in FAMILIES if family in counts)


def _setting_sentences(settings: pd.DataFrame, reference: str) -> Iterator[str]:
    arms = [name for name in settings.columns if name != "setting"]
    if settings.empty:
        yield f"The sealed settings of {listed(arms, 6)} are equal."
        return
    names = listed([f"{name}" for name in settings["setting"]], 5)
    yield (
        f"{counted(len(settings), 'setting')} of the loop {'differs' if len(settings) == 1 else 'differ'} between the "
        f"studies: {names}. Other causes of a difference are excluded only as far as chains pair."
    )


def _pairing_sentences(pairing: pd.DataFrame, arm: str, reference: str) -> Iterator[str]:
    own = pairing[(pairing["arm"].astype(str) == arm) & (pairing["check"].astype(str) == "pairing")]
    verdict = next(own.itertuples(index=False))
    chains = counted(int(verdict.count), "chain")
    if verdict.passed:
        yield f"{arm} and {reference} are compared chain by chain: {chains} have the same start and seed in both."
    else:
        yield f"{arm} and {reference} are compared without pairs ({verdict.note.removeprefix('unpaired: ')}); {chains}."
    yield from _failed_checks(pairing, arm)


def _failed_checks(pairing: pd.DataFrame, arm: str) -> Iterator[str]:
    for row in pairing[pairing["arm"].astype(str) == arm].itertuples(index=False):
        if not row.passed and row.check != "pairing":
            number = (
                ""
                if pd.isna(row.count)
                else f": {int(row.count):,}" + ("" if pd.isna(row.n) else f" of {int(row.n):,}")
            )
            note = f" ({row.note})" if row.note else ""
            yield f"{arm}, {row.check}{number}{note}."


def _arm_sentences(arms: pd.DataFrame) -> Iterator[str]:
    """Yield a sentence about the drift, the success and the cost of each arm but the reference."""
    several = arms["start"].nunique() > 1
    first = {str(row.start): row for row in arms.itertuples(index=False) if row.verdict == REFERENCE}
    costs: list[str] = []
    for row in arms.itertuples(index=False):
        if row.verdict == REFERENCE:
            continue
        starts = f" (chains from {row.start}s)" if several else ""
        left = "an unknown part"
        if pd.notna(row.drift_left):
            left = f"{percent(row.drift_left)} ({share_interval(row.drift_left_low, row.drift_left_high)})"
        success = "was not compared"
        if pd.notna(row.success_kept):
            success = _relation(row.success_kept, interval(row.success_low, row.success_high))
        reason = f" ({row.reason})" if row.reason else ""
        yield (
            f"{row.arm}{starts}: {left} of the reference's drift is left; success {success}. Verdict: {row.verdict}"
            f"{reason}."
        )
        reference = first.get(str(row.start))
        if reference is not None:
            costs += _costs(row, reference)
    # Chains from images and from prompts cost the same.
    yield from dict.fromkeys(costs)


def _costs(row, reference) -> Iterator[str]:  # type: ignore[no-untyped-def]
    own, other = (one.describe_seconds + one.draw_seconds for one in (row, reference))
    if pd.notna(own + other + row.tokens + reference.tokens):
        yield (
            f"One iteration of a chain took {own:.2g} s of the models' time and {row.tokens:.0f} tokens in {row.arm}, "
            f"and {other:.2g} s and {reference.tokens:.0f} tokens in {row.reference}."
        )


def _relation(value: float, limits_text: str) -> str:
    text = points(abs(value))
    if text in _ZEROS:
        return f"differs by {text} ({limits_text})"
    return f"is {text} {'higher' if value > 0 else 'lower'} ({limits_text})"


def _effect_sentences(effects: pd.DataFrame) -> Iterator[str]:
    """Yield the share of each factor in the differences, the largest first, and then what the verdicts mean."""
    rows = effects[effects["kind"].astype(object) == SHARE_OF_DRIFT] if len(effects) else effects
    several = rows["start"].nunique() > 1 if len(rows) else False
    for row in rows.sort_values("value", ascending=False, kind="stable").itertuples(index=False):
        starts = f" (chains from {row.start}s)" if several else ""
        if pd.isna(row.value):
            yield f"{capital(spoken(row.factor))}{starts}: {row.note}."
            continue
        limit = with_minus(share_interval(row.ci_low, row.ci_high))
        blamed = _BLAME.get(str(row.verdict), f"has {row.verdict}")
        test = "no test" if pd.isna(row.p_adjusted) else f"adjusted p {p_value(row.p_adjusted)}"
        yield (
            f"{capital(spoken(row.factor))}{starts} makes {with_minus(percent(row.value))} of the differences "
            f"between the studies ({limit}) and {blamed} ({test})."
        )
    if len(rows):
        yield (
            f"A factor is blamed if its effect is significant at {percent(BLAME_LEVEL)} after adjustment for all "
            f"factors, and if it makes at least {percent(LEAST_SHARE)} of the differences."
        )
