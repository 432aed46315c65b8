"""Writes sentences about where a loop is heading: Markov tests, predicted shares, diversity and motifs."""

from collections.abc import Iterator

import pandas as pd

from broken_telephone.reporting.selection import matching, select
from broken_telephone.reporting.text.wording import (
    capital,
    counted,
    for_label,
    listed,
    number_interval,
    percent,
    points,
    share_interval,
    shown_as,
    spoken,
)
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.diversity import (
    BETWEEN,
    EFFECTIVE,
    IMAGES,
    RECOGNISED,
    TEXTS,
    TOP_SENTENCE,
    VOCABULARY,
)
from broken_telephone.statistics.tables.markov_tests import LEVEL, MEMORY, ORDER
from broken_telephone.statistics.tables.predicted_shares import FIXED_POINT, LATER

_NAMED = 4
_MARGIN = 0.05
"""Distance between predicted and observed share that counts as close."""


def markov_sentences(markov_tests: pd.DataFrame) -> list[str]:
    """Say for which labels and attributes the Markov assumption is rejected, so that no prediction holds.

    Args:
        markov_tests: the `markov_tests` table.
    """
    tested = markov_tests[markov_tests["p_adjusted"].notna()] if len(markov_tests) else markov_tests
    if tested.empty:
        return []
    keys = ["start", "label", "attribute"]
    groups = tested[keys].astype(str).drop_duplicates()
    rejected = tested[tested["p_adjusted"] < LEVEL]
    failed = rejected[keys].astype(str).drop_duplicates()
    subject = "each label and attribute" if len(groups) > 1 else "the label"
    lead = f"Predictions assume that the shares of {subject} follow a Markov chain."
    if failed.empty:
        return [
            f"{lead} No test rejects this, in {counted(len(groups), 'group')} of chains. Small deviations may still "
            "be missed."
        ]
    several = groups["start"].nunique() > 1
    names = [_group(row, several) for row in failed.itertuples(index=False)]
    these = "this group" if len(failed) == 1 else "these groups"
    sentences = [
        f"{lead} The tests reject this in {len(failed)} of {counted(len(groups), 'group')} of chains: "
        f"{listed(names, _NAMED)}. The predictions of {these} are not to be relied on."
    ]
    kinds = rejected["kind"].astype(str)
    if kinds.isin([ORDER, MEMORY]).any():
        sentences.append(
            "Annotator error alone can make the tests of order and memory reject, because observed categories then "
            "have a memory that the images lack."
        )
    return sentences


def _group(row, several: bool) -> str:  # type: ignore[no-untyped-def]
    chains = f", chains from {row.start}s" if several else ""
    return f"{spoken(row.attribute)} {for_label(row.label)}{chains}"


def predicted_sentences(predicted: pd.DataFrame) -> list[str]:
    """Compare predicted with observed shares in the last image, and name the largest predicted changes.

    Args:
        predicted: the `predicted_shares` table.
    """
    rows = predicted[predicted["ci_low"].notna()] if len(predicted) else predicted
    sentences = []
    for start, own in rows.groupby("start", sort=False, observed=True) if len(rows) else ():
        lead = f"in chains from {start}s, " if rows["start"].nunique() > 1 else ""
        reliable = own[own["passed"].astype(object).eq(True)]
        last = reliable[(reliable["kind"] == LATER) & reliable["observed"].notna()]
        if len(last):
            last = last[last["iteration"] == last["iteration"].max()]
            inside = last["observed"].between(last["ci_low"] - 1e-9, last["ci_high"] + 1e-9)
            close = (last["observed"] - last["value"]).abs() <= _MARGIN
            basis, end = int(last["predicted_from"].iloc[0]), int(last["iteration"].iloc[0])
            sentences.append(
                f"{lead}the steps up to image {basis} predict image {end}, where the Markov tests do not reject. "
                f"{inside.sum()} of {counted(len(last), 'observed share')} "
                f"{'lies within its' if inside.sum() == 1 else 'lie within their'} 95 % prediction interval, "
                f"{close.sum()} within {points(_MARGIN)} of the prediction."
            )
        ends = reliable[(reliable["kind"] == FIXED_POINT) & (reliable["label"].astype(str) != ALL)]
        ends = ends if len(ends) else reliable[reliable["kind"] == FIXED_POINT]
        ends = ends.sort_values("value", ascending=False, kind="stable", key=lambda value: value.astype(float))
        named = [
            f"{shown_as(str(row.attribute), str(row.category))} {for_label(str(row.label))} at {percent(row.value)} "
            f"({share_interval(row.ci_low, row.ci_high)})"
            for row in ends.head(3).itertuples(index=False)
        ]
        if named:
            sentences.append(f"{lead}the largest predicted end points are {listed(named, 3)}.")
    return [capital(sentence) for sentence in sentences]


def diversity_sentences(diversity: pd.DataFrame, changes: pd.DataFrame) -> list[str]:
    """Say how diverse images and texts are in the last iteration, and where that changed significantly.

    Args:
        diversity: the `diversity` table.
        changes: the `diversity_changes` table.
    """
    if diversity.empty:
        return []
    sentences = [
        sentence
        for start in dict.fromkeys(diversity["start"].astype(str))
        for sentence in _diversity_of(start, diversity, changes)
    ]
    if any(" fell " in sentence or " rose " in sentence for sentence in sentences):
        sentences.append(
            "Tests of diversity are adjusted for all of them, apart from the tests of shares. They concern the chains' "
            "starts, and not the choice of models."
        )
    return [capital(sentence) for sentence in sentences]


def _diversity_of(start: str, diversity: pd.DataFrame, changes: pd.DataFrame) -> Iterator[str]:
    own = diversity[diversity["start"].astype(str) == start]
    whole = str(own["label"].iloc[-1])
    several = diversity["start"].astype(str).nunique() > 1
    lead = f"in chains from {start}s, " if several else ""
    own = own[own["label"].astype(str) == whole]
    for kind, noun in ((IMAGES, "images"), (TEXTS, "texts")):
        spread, number = (_first_and_last(own, kind, measure) for measure in (BETWEEN, EFFECTIVE))
        if spread is not None and number is not None:
            (first, last), (_, effective) = spread, number
            change = _change(
                changes,
                last,
                f"{first.value:.2f} in iteration {first.iteration}",
                f"{last.value:.2f} in iteration {last.iteration} ({_interval(last)})",
            )
            yield (
                f"{lead}the mean cosine distance of {noun} from different starts {change}. The "
                f"{last.n:,} {noun} are as diverse as {effective.value:.1f} entirely "
                f"different ones ({_interval(effective, '.1f')})."
            )
        labels = _changed_labels(changes, start, kind)
        if labels:
            yield f"{lead}the distance of {noun} within a label {labels}."
    recognised = _first_and_last(own, IMAGES, RECOGNISED)
    if recognised is not None:
        first, last = recognised
        yield (
            f"{lead}an image of iteration {last.iteration} is more similar to its own original than to that of another "
            f"start in {percent(last.value)} of comparisons ({_share_interval(last)}); chance is 50 %. In iteration "
            f"{first.iteration}, it was {percent(first.value)}."
        )
    words, top = (_first_and_last(own, TEXTS, measure) for measure in (VOCABULARY, TOP_SENTENCE))
    if words is not None and top is not None:
        (first, last), (_, sentence) = words, top
        change = _change(changes, last, f"{first.value:,.0f}", f"{last.value:,.0f} words ({_interval(last, ',.0f')})")
        yield (
            f"{lead}the vocabulary of the descriptions {change}. "
            f"{percent(sentence.value)} of the last descriptions contain the sentence "
            f"\u201c{_short(sentence.example)}\u201d."
        )


def _first_and_last(own: pd.DataFrame, kind: str, measure: str):  # type: ignore[no-untyped-def]
    rows = select(own, kind=kind, measure=measure).sort_values("iteration")
    rows = rows[rows["value"].notna()]
    if len(rows) < 2:
        return None
    named = list(rows.iloc[[0, -1]].itertuples(index=False))
    return named[0], named[1]


def _change(changes: pd.DataFrame, row, before: str, after: str) -> str:  # type: ignore[no-untyped-def]
    """State both values; claim a change only if its test is significant."""
    change = matching(changes, row, ("start", "label", "kind", "measure"))
    if change.empty or not (change["p_adjusted"] < LEVEL).fillna(False).iloc[0]:
        return f"was {before} and {after}, without a significant change"
    return f"{'fell' if change['value'].iloc[0] < 0 else 'rose'} from {before} to {after}"


def _changed_labels(changes: pd.DataFrame, start: str, kind: str) -> str:
    own = select(changes, kind=kind, measure=BETWEEN)
    if own.empty:
        return ""
    own = own[(own["start"].astype(str) == start) & (own["label"].astype(str) != ALL)]
    known = own[(own["p_adjusted"] < LEVEL).fillna(False)]
    if own["label"].nunique() < 2 or known.empty:
        return ""
    parts = []
    for verb, rows in (("fell", known[known["value"] < 0]), ("rose", known[known["value"] > 0])):
        if len(rows):
            names = listed([spoken(label) for label in rows["label"].astype(str)], 7)
            parts.append(f"{verb} significantly for {names}")
    return f"{' and '.join(parts)}, of {counted(len(own), 'label')}"


def motif_sentences(attractors: pd.DataFrame) -> list[str]:
    """Name the motifs in which most chains end.

    Args:
        attractors: the `attractors` table.
    """
    sentences = []
    for start, own in attractors.groupby("start", sort=False, observed=True) if len(attractors) else ():
        lead = f"in chains from {start}s, " if attractors["start"].nunique() > 1 else ""
        whole = own[own["label"].astype(str) == str(own["label"].iloc[-1])]
        found = whole[whole["motif"] > 0]
        last = int(whole["iteration"].iloc[0])
        if found.empty:
            sentences.append(
                f"{lead}no three images of iteration {last} form a motif, a group of images as similar as the most "
                "similar 5 % of pairs of first drawn images."
            )
            continue
        top = found.iloc[0]
        labels = own[(own["motif"] == top["motif"]) & (own["label"].astype(str) != ALL)].sort_values(
            "value", ascending=False, kind="stable"
        )
        labels = labels[labels["value"] > 0]
        named = [f"{spoken(row.label)} ({percent(row.value)})" for row in labels.itertuples(index=False)]
        most = f" Shares of the labels in it: {listed(named, 3)}." if own["label"].nunique() > 1 else ""
        sentences.append(
            f"{lead}{percent(float(found['value'].sum()))} of the images of iteration {last} are in "
            f"{counted(len(found), 'motif')}. The largest holds {percent(top['value'])} "
            f"({share_interval(top['ci_low'], top['ci_high'])}), such as chain {str(top['exemplars']).split(', ')[0]}."
            f"{most}"
        )
    return [capital(sentence) for sentence in sentences]


def _interval(row, form: str = ".2f") -> str:  # type: ignore[no-untyped-def]
    return number_interval(row.ci_low, row.ci_high, form)


def _share_interval(row) -> str:  # type: ignore[no-untyped-def]
    return share_interval(row.ci_low, row.ci_high)


def _short(text: str, most: int = 80) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
