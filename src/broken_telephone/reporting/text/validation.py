"""Sentences and Markdown of a validation: what is recovered, what is invented, and whom the bench blames."""

from collections.abc import Iterator, Mapping

import pandas as pd

from broken_telephone.reporting.text.table_captions import of_table
from broken_telephone.reporting.text.wording import (
    NO_VALUE,
    capital,
    counted,
    p_value,
    percent,
    points,
    share_interval,
    spoken,
    with_minus,
)
from broken_telephone.statistics.tables.effect_verdicts import BLAMED
from broken_telephone.validation.blame import PLANTED
from broken_telephone.validation.null_world import NONE

OUTCOME, RECOVERED, INVENTED, ERRORS = "Outcome", "Planted shares", "Worlds without associations", "Known errors"
BLAME, LONG, ENDS = "Whom the bench blames", "Long chains", "Where long chains end"
_ALL = "(all)"
_PART_OF_MARKDOWN = ("validation_verdicts", "validation_blame", "validation_null")
"""Tables that the Markdown page shows whole; the other ones have a row for each share."""
_LEFT_OUT = ("ci_low", "ci_high", "p_value", "clusters", "n_pairs")


def validation_sentences(
    tables: Mapping[str, pd.DataFrame], studies: Mapping[str, tuple[int, int]]
) -> dict[str, list[str]]:
    """Return topic -> sentences.

    Args:
        tables: by name, the tables of the validation; also attractors and diversity_changes of the long loop.
        studies: study -> number of its chains and iterations.
    """
    topics = {
        OUTCOME: list(_outcome(tables["validation_verdicts"], studies)),
        RECOVERED: list(_recovery(tables["validation_recovery"])),
        INVENTED: list(_null(tables["validation_null"])),
        ERRORS: list(_errors(tables["validation_errors"])),
        BLAME: list(_verdicts_on_factors(tables["validation_blame"])),
        LONG: list(_long(tables["validation_long"])),
        ENDS: list(_ends(tables)),
    }
    return {topic: sentences for topic, sentences in topics.items() if sentences}


def _outcome(verdicts: pd.DataFrame, studies: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    checked = verdicts[verdicts["passed"].notna()]
    passed = checked["passed"].astype(bool)
    yield f"{int(passed.sum())} of {counted(len(checked), 'check')} with a bar passed."
    for row in checked[~passed].itertuples(index=False):
        yield f"Not passed: {row.check}: {_number(row)}, which must be {row.kind} {_as_bar(row)}."
    without = verdicts[verdicts["limit"].notna() & verdicts["passed"].isna()]
    for row in without.itertuples(index=False):
        yield f"Not checked, because no case belongs to it: {row.check}."
    images = sum(chains * iterations for chains, iterations in studies.values())
    yield (
        f"{counted(len(studies), 'study')} were validated, with {counted(images, 'drawn image')}. The judge, a "
        "classifier that trained with none of the models, read all of them. In the samples that correct the annotator, "
        "it stands for human raters."
    ).replace("studys", "studies")


def _number(row) -> str:  # type: ignore[no-untyped-def]
    return f"{int(row.count)} of {int(row.n)} ({percent(row.value)})" if row.n and row.value <= 1 else f"{row.value:g}"


def _as_bar(row) -> str:  # type: ignore[no-untyped-def]
    return percent(row.limit) if row.limit <= 1 else f"{row.limit:g}"


def _recovery(recovery: pd.DataFrame) -> Iterator[str]:
    own = recovery[(recovery["label"].astype(str) != _ALL) & recovery["ci_low"].notna()]
    for method, rows in own.groupby("method", observed=True, sort=False):
        planted = rows[rows["planted"].notna()]
        inside = (planted["ci_low"] <= planted["planted"]) & (planted["planted"] <= planted["ci_high"])
        source = "the annotator's share" if method == "annotator" else "the share corrected with ratings of a sample"
        again = rows["passed"].dropna().astype(bool)
        yield (
            f"The interval of {source} contains the planted share in {percent(inside.mean())} of "
            f"{counted(len(planted), 'case')}. It contains what the same generator draws in further images in "
            f"{percent(again.mean())} of {counted(len(again), 'case')}."
        )
    cells = own.drop_duplicates(["arm", "start", "label", "attribute", "category"])
    off = (cells["redrawn"] - cells["planted"]).abs()
    if off.notna().any():
        yield f"What the generators draw deviates from the planted shares by {points(off.mean())} on average (judge)."


def _null(null_world: pd.DataFrame) -> Iterator[str]:
    for row in null_world.itertuples(index=False):
        if row.n == 1:
            claims = f"claims a change ({row.note})" if row.count else "claims no change of any share"
            yield f"{row.arm}, {row.kind}: the study {claims}."
        else:
            yield (
                f"{row.arm}, {row.kind}: {int(row.count)} of {int(row.n)} studies claim a change of any share "
                f"({percent(row.value)}; {share_interval(row.ci_low, row.ci_high)})."
            )


def _errors(errors: pd.DataFrame) -> Iterator[str]:
    for method, rows in errors.groupby("method", observed=True, sort=False):
        distance = (rows["value"] - rows["drawn"]).abs().mean()
        name = "The annotator's shares" if method == "annotator" else "The corrected shares"
        yield (
            f"{name} miss the drawn shares by {points(distance)} on average; their intervals contain them in "
            f"{percent(rows['coverage'].mean())} of the simulated studies."
        )


def _verdicts_on_factors(blame: pd.DataFrame) -> Iterator[str]:
    planted = blame[blame["kind"] == PLANTED]
    is_unplanted = planted["planted"] < NONE
    yield from _expected_verdicts("Planted effects", planted[~is_unplanted])
    yield from _unplanted(planted[is_unplanted])
    for kind, rows in blame[blame["kind"] != PLANTED].groupby("kind", observed=True, sort=False):
        yield from _expected_verdicts(capital(str(kind)), rows)


def _expected_verdicts(kind: str, rows: pd.DataFrame) -> Iterator[str]:
    closed = rows[rows["passed"].notna()]
    right = closed.groupby("arrangement", observed=True)["passed"].all()
    if len(right):
        count = f"{int(right.sum())} of {counted(len(right), 'arrangement')}"
        yield f"{kind}: the verdicts are the expected ones in {count}."
    for row in closed[~closed["passed"].astype(bool)].itertuples(index=False):
        yield (
            f"{kind}, {row.arrangement}: {spoken(row.factor)} is {row.verdict}, and should be {row.expected} "
            f"(largest planted effect {points(row.planted)})."
        )


def _unplanted(factors: pd.DataFrame) -> Iterator[str]:
    """Tell about factors without a planted effect, by the judge's decision."""
    if not len(factors):
        return
    is_blamed = factors["verdict"] == BLAMED
    groups = [
        f"{decision} {len(own)} ({int(is_blamed[own.index].sum())} blamed)"
        for decision, own in factors.groupby("judge", observed=True, sort=True)
    ]
    yield f"Factors without a planted effect, by the judge's decision: {'; '.join(groups)}."
    detectable = factors["detectable"].dropna()
    if len(detectable):
        yield (
            f"The judge's test finds a change in one direction with a power of 80 % if it affects "
            f"{percent(detectable.max())} of the starts of a label."
        )
    for row in factors[is_blamed].itertuples(index=False):
        again = "not tested in other replicates"
        if pd.notna(row.confirmed):
            again = "confirmed in the other replicates" if row.confirmed else "not confirmed in the other replicates"
        yield (
            f"{row.arrangement}: {spoken(row.factor)} is blamed without a planted effect. The judge finds: {row.judge} "
            f"({row.judge_share}: {points(row.judge_effect)}, adjusted p-value {p_value(row.judge_p)}); {again}."
        )


def _long(long_loop: pd.DataFrame) -> Iterator[str]:
    if long_loop.empty:
        return
    fixed = long_loop[(long_loop["kind"] == "fixed point") & long_loop["is_near"].notna()]
    for reader, rows in fixed.groupby("annotator", observed=True, sort=False):
        for passed, own in rows.groupby(rows["passed"].fillna(False).astype(bool)):
            how = "pass" if passed else "reject the Markov assumption, or cannot be made"
            together = own[own["label"].astype(str) == _ALL]
            near = f"{int(together['is_near'].astype(bool).sum())} of {len(together)}"
            all_labels = f" Over all labels, {near} are within 5 points." if len(together) else ""
            yield (
                f"{capital(str(reader))}: where the Markov tests {how}, predicted fixed points miss the mean share "
                f"of the last images by {points(own['difference'].abs().mean())} on average "
                f"({counted(len(own), 'share')})."
                f"{all_labels}"
            )
        if not rows["passed"].fillna(False).astype(bool).all():
            yield f"{capital(str(reader))}: where the tests reject, do not rely on predictions of long loops."


def _ends(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    attractors = tables.get("attractors")
    if attractors is not None and len(attractors):
        whole = attractors[attractors["label"].astype(str) == _ALL]
        whole = whole if len(whole) else attractors
        for row in whole[whole["motif"] > 0].nlargest(3, "value").itertuples(index=False):
            yield (
                f"Motif {row.motif} holds {percent(row.value)} of the last images ({int(row.count)} of {int(row.n)} "
                "chains)."
            )
        if not (whole["motif"] > 0).any():
            yield "The last images form no motif: no group of them is more alike than first images of different starts."
    changes = tables.get("diversity_changes")
    if changes is not None and len(changes):
        own = changes[(changes["label"].astype(str) == _ALL) & (changes["iteration"] == changes["iteration"].max())]
        for row in own.itertuples(index=False):
            name = " ".join(spoken(getattr(row, column)) for column in ("kind", "measure") if hasattr(row, column))
            if pd.notna(row.value):
                change = with_minus(f"{row.value:.3f}")
                yield f"Diversity, {name}: a change of {change} up to image {int(row.iteration)}."


def validation_markdown(study: str, sentences: Mapping[str, list[str]], tables: Mapping[str, pd.DataFrame]) -> str:
    """Write the validation as a Markdown page.

    Args:
        study: name of the base study.
        sentences: topic -> sentences, see `validation_sentences`.
        tables: by name; those with a row for each share are left out.
    """
    lines = [
        "# Validation",
        f"This page was written by a run: `kedro run --env {study} --pipeline validation` after "
        f"`kedro grid --env {study}`. "
        "Do not edit it. [Measures](measures.md#validation) explains the checks.",
    ]
    for topic, own in sentences.items():
        lines += [f"## {topic}", "\n".join(f"- {sentence}" for sentence in own)]
    for name in _PART_OF_MARKDOWN:
        if len(tables[name]):
            caption = of_table(name)
            lines += [f"## {caption.title}", caption.text, _table(tables[name])]
    return "\n\n".join(line for line in lines if line) + "\n"


def _table(table: pd.DataFrame) -> str:
    shown = table.drop(columns=[name for name in _LEFT_OUT if name in table])
    rows = [[spoken(name) for name in shown.columns], ["---"] * shown.shape[1]]
    rows += [[_cell(value) for value in row] for row in shown.astype(object).itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(value: object) -> str:
    if pd.isna(value):
        return NO_VALUE
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return with_minus(text) if isinstance(value, float) else text.replace("|", "\\|")
