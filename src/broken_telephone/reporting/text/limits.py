"""What a study cannot tell, in sentences: power, failures, answers that do not count, starts that are not many."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from broken_telephone.reporting.text.verdicts import CANNOT_TELL, NONE_SHOWN, SPAN
from broken_telephone.reporting.text.wording import capital, counted, listed, percent, points
from broken_telephone.statistics import ALL

_NAMED = 6


def power_sentences(changes: pd.DataFrame, power: pd.DataFrame) -> list[str]:
    """Tell how many shares cannot show anything, and how large a change had to be to show.

    Args:
        changes: as `verdicts` returns it.
        power: the `power` table.
    """
    if power.empty:
        return ["How large a change would have to be to show is not known."]
    compared = pd.MultiIndex.from_frame(changes[list(SPAN)].astype(str))
    there = pd.MultiIndex.from_frame(power[list(SPAN)].astype(str)).isin(compared)
    mine, alone = power[there], int((~there).sum())
    sentences = []
    unanswered = int((mine["n"] == 0).sum())
    blind = mine[(mine["n"] > 0) & ~mine["can_show"].fillna(False).astype(bool)]
    if len(blind):
        whose = []
        for start, rows in mine[mine["n"] > 0].groupby("start", sort=False, observed=True):
            here = blind[blind["start"] == start]
            where = here.groupby("label", sort=False, observed=True).size().sort_values(ascending=False, kind="stable")
            names = [f"{'all together' if label == ALL else label} ({number})" for label, number in where.items()]
            by_label = f", by label {listed(names, _NAMED)}" if names else ""
            whose.append(f"in chains from {start}s {len(here)} of {len(rows)}{by_label}")
        sentences.append(
            f"{len(blind)} of {counted(len(mine) - unanswered, 'share')} cannot show anything: with so few independent "
            f"starts, even the largest possible change would be missed too often. That is {'; '.join(whose)}."
        )
    elif len(mine) > unanswered:
        sentences.append(f"All {counted(len(mine) - unanswered, 'share')} could show a change, if it is large enough.")
    if unanswered:
        sentences.append(
            f"{counted(unanswered, 'share')} cannot be compared: no chain has a valid answer about both pictures."
        )
    if alone:
        sentences.append(f"{counted(alone, 'share')} more cannot be compared: there is a single picture of each chain.")
    quiet = changes[changes["verdict"] == NONE_SHOWN]
    if len(quiet):
        least, middle, most = (points(x) for x in quiet["detectable"].quantile([0, 0.5, 1]))
        sentences.append(
            "Where no change is shown, a smaller one may be there: to be found in four of five such studies, by one "
            f"test alone, it had to be of {least} at the least, {middle} for half of these shares, {most} at the most."
        )
    open_ones = int((changes["verdict"] == CANNOT_TELL).sum()) - len(blind) - unanswered
    if open_ones > 0:
        sentences.append(f"Of {open_ones} more it cannot be told for the reasons that the table of changes gives.")
    return sentences


def limits(changes: pd.DataFrame, tables: Mapping[str, pd.DataFrame], manifests: Mapping[str, Mapping]) -> dict:
    """Return heading -> sentences on what bounds the study's conclusions, apart from trust in the annotator.

    Args:
        changes: as `verdicts` returns it.
        tables: all tables; `drift` and `power` are read.
        manifests: records of what was run, by name.
    """
    return {
        "Power": power_sentences(changes, tables.get("power", pd.DataFrame())),
        "Independent starts": list(_starts(changes)),
        "Failures": list(_failures(manifests)) or ["No record of failures is there."],
        "Answers that do not count": list(_answers(manifests)) or ["No record of invalid answers is there."],
    }


def same_model(manifests: Mapping[str, Mapping]) -> list[str]:
    """Say so where the model that describes pictures in the loop annotates them, too.

    Args:
        manifests: records of what was run, by name; that of the annotation is read, which asks both.
    """
    said = []
    for record in manifests.values():
        models = {
            name: _source(asked["settings"]) for name, asked in record.get("asked", {}).items() if "settings" in asked
        }
        describer = models.pop("last", None)
        if describer in models.values():
            said.append(
                "By their settings, annotator and describer are one model: its errors in both may go together, which "
                "only pictures that people or another model labelled can show."
            )
    return said


def _source(model: Mapping[str, Any]) -> tuple:
    """What tells models apart, however they are asked: a folder's weights, a hub's, or a name at an endpoint."""
    return tuple(model.get(name) for name in ("weights", "hub", "revision", "adapter", "model"))


def _starts(changes: pd.DataFrame) -> Iterator[str]:
    if changes.empty:
        yield "There is nothing to compare, so starts do not matter."
        return
    for start, rows in changes.groupby("start", sort=False):
        n, clusters = int(rows["n"].max()), int(rows["clusters"].max())
        alike = "; chains of one start are alike, so starts are counted, not chains" if clusters < n else ""
        yield f"From {start}s, at most {counted(n, 'chain')} from {counted(clusters, 'start')} are compared{alike}."
        fewest = rows.groupby("label", sort=False)["clusters"].max()
        if fewest.min() < 30:
            few = [f"{label} ({int(number)})" for label, number in fewest[fewest < 30].items()]
            yield f"Fewer than 30 starts from {start}s: {listed(few, _NAMED)}."


def _failures(manifests: Mapping[str, Mapping]) -> Iterator[str]:
    for name, record in manifests.items():
        counts = record.get("counts", {})
        if "failures" in counts:
            done = "" if record.get("complete", True) else " The run was not finished."
            yield (
                f"{_title(name)}: {counted(int(counts.get('images', 0)), 'picture')} drawn, "
                f"{counted(int(counts['failures']), 'failure')}, {counted(int(counts.get('cut', 0)), 'description')} "
                f"not read to the end by the generator.{done}"
            )
        for reading, asked in record.get("asked", {}).items():
            failed = len(asked.get("failures", []))
            answered = counted(int(asked.get("answered", 0)), "picture")
            yield f"{_title(name)}, {reading}: {answered} answered about, {counted(failed, 'failure')}."
        for space, embedded in record.get("embedded", {}).items():
            failed, cut = len(embedded.get("failures", [])), counted(int(embedded.get("cut", 0)), "text")
            yield f"{_title(name)}, {space}: {counted(failed, 'failure')}, {cut} not read to the end by the model."


def _answers(manifests: Mapping[str, Mapping]) -> Iterator[str]:
    for record in manifests.values():
        for reading, attributes in record.get("statuses", {}).items():
            shares: Mapping[str, Mapping[str, Any]] = attributes
            said = [
                f"{attribute.replace('_', ' ')} {_statuses(statuses)}" for attribute, statuses in sorted(shares.items())
            ]
            yield capital(f"{reading} reading: {'; '.join(said)}.")


def _statuses(statuses: Mapping[str, float]) -> str:
    apart = [f"{percent(share)} {status}" for status, share in statuses.items() if status != "valid" and share]
    return ", ".join(apart) if apart else "all valid"


def _title(name: str) -> str:
    return capital(name.replace("_", " ").removesuffix(" manifest"))
