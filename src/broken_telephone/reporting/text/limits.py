"""Writes sentences about a study's limits: power, failures, invalid answers, few independent starts."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from broken_telephone.loop.kept import in_words, kept_iterations
from broken_telephone.reporting.text.requests import kinds_of_failures, request_sentences
from broken_telephone.reporting.text.unknown_form import unknown_form_sentences
from broken_telephone.reporting.text.verdicts import NOT_ENOUGH_DATA, NOT_SIGNIFICANT, SPAN, TOO_FEW_STARTS
from broken_telephone.reporting.text.wording import capital, counted, listed, percent, points, spoken

_NAMED = 6


def power_sentences(changes: pd.DataFrame, power: pd.DataFrame) -> list[str]:
    """Count the shares with too little power, and give the smallest detectable change.

    Args:
        changes: the shares of the `findings` table.
        power: the `power` table.
    """
    if power.empty:
        return ["The smallest detectable change is unknown."]
    compared = pd.MultiIndex.from_frame(changes[list(SPAN)].astype(str))
    single = int((~pd.MultiIndex.from_frame(power[list(SPAN)].astype(str)).isin(compared)).sum())
    answered = changes[changes["n"] > 0]
    unanswered = int((changes["n"] == 0).sum())
    blind = answered[answered["reason"].str.startswith(TOO_FEW_STARTS)]
    sentences = []
    if len(blind):
        sentences += [
            f"{len(blind)} of {counted(len(answered), 'share')} {'has' if len(blind) == 1 else 'have'} too few "
            "independent starts: after adjustment for all tests, even the largest possible change would be missed too "
            "often.",
            f"{'It is' if len(blind) == 1 else 'They are'} {'; '.join(_counts_by_label(answered, blind))}.",
        ]
    elif len(answered):
        sentences.append(
            f"{'The only share has' if len(answered) == 1 else f'All {len(answered):,} shares have'} enough data to "
            "detect a change that is large enough."
        )
    if unanswered:
        sentences.append(
            f"{counted(unanswered, 'share')} cannot be compared: no chain has a valid answer for both images."
        )
    if single:
        sentences.append(f"{counted(single, 'more share')} cannot be compared: each chain has a single image.")
    # Interim looks do not say how small a change they detect.
    quiet = changes[(changes["verdict"] == NOT_SIGNIFICANT) & changes["minimum_detectable_change"].notna()]
    if len(quiet):
        sizes = quiet["minimum_detectable_change"].quantile([0, 0.5, 1])
        (least, middle), most = (points(size, unit=False) for size in sizes[:0.5]), points(sizes[1])
        size = f"from {least} to {most}, depending on the share (median {middle})" if len(set(sizes)) > 1 else most
        sentences += [
            "Where no change is significant, a smaller one may exist.",
            "After adjustment for all tests, four of five such studies detect a change only if it is large enough: "
            f"{size}.",
        ]
    others = int((changes["verdict"] == NOT_ENOUGH_DATA).sum()) - len(blind) - unanswered
    if others > 0:
        sentences.append(f"{counted(others, 'more share')}: {NOT_ENOUGH_DATA}. The table of changes gives the reasons.")
    return sentences


def _counts_by_label(answered: pd.DataFrame, blind: pd.DataFrame) -> Iterator[str]:
    for start, rows in answered.groupby("start", sort=False, observed=True):
        own = blind[blind["start"] == start]
        if own.empty:
            continue
        counts = own.groupby("label", sort=False, observed=True).size().sort_values(ascending=False, kind="stable")
        names = listed([f"{spoken(label)}: {number}" for label, number in counts.items()], _NAMED)
        yield f"{len(own)} of {counted(len(rows), 'share')} in chains from {start}s{f' ({names})' if names else ''}"


def limits(changes: pd.DataFrame, tables: Mapping[str, pd.DataFrame], manifests: Mapping[str, Mapping]) -> dict:
    """Return heading -> sentences about the limits of the conclusions, without the annotator's reliability.

    Args:
        changes: the shares of the `findings` table.
        tables: all tables; `power` is read.
        manifests: records of the runs, by name.
    """
    kept, requests = list(_kept(manifests)), request_sentences(manifests)
    return {
        "Power": power_sentences(changes, tables.get("power", pd.DataFrame())),
        "Independent starts": list(_starts(changes)),
        **({"Images that were kept": kept} if kept else {}),
        "Failures": list(_failures(manifests)) or ["There is no record of failures."],
        **({"Requests to servers": requests} if requests else {}),
        "Invalid answers": list(_invalid_answers(manifests)) or ["There is no record of invalid answers."],
    }


def _kept(manifests: Mapping[str, Mapping]) -> Iterator[str]:
    """Say which images a study kept, if not all."""
    for record in manifests.values():
        counts = record.get("counts", {})
        if counts.get("stored", 0) < counts.get("images", 0) and "keep" in record:
            kept = kept_iterations(record["keep"], record["iterations"])
            yield (
                f"The study kept the images of iterations {in_words(kept)}, as the setting loop.keep asks. Only these "
                "are labelled, compared and shown; descriptions are there for all iterations."
            )
            if not {k - 1 for k in kept if k > 1} & set(kept):
                yield (
                    "No two successive images after image 1 were kept. Transitions, fixed points and half-lives rest "
                    "on the first step only, and the last step is not tested."
                )


def drawn_text_sentences(manifests: Mapping[str, Mapping]) -> list[str]:
    """Say how the drawn texts differ from the descriptions, if they do.

    Args:
        manifests: records of the runs, by name; the loop's has `drawn_texts` and the sealed settings.
    """
    sentences: list[str] = []
    for record in manifests.values():
        counts, settings = record.get("drawn_texts") or {}, record.get("settings", {}).get("loop", {})
        if not counts:
            continue
        total = counted(int(counts["descriptions"]), "description")
        sentences += [
            f"The generator drew {counts['reworded']} of {total} with another wording. Mentions, success and text "
            "similarity are about the descriptions, not about the drawn texts."
        ]
        if settings.get("neutralise"):
            names = listed([spoken(name) for name in settings["neutralise"]], _NAMED)
            sentences.append(f"Terms of {names} were taken out of {counted(counts['neutralised'], 'description')}.")
            if counts["not_english"]:
                number = counted(counts["not_english"], "description")
                verb = "seems" if counts["not_english"] == 1 else "seem"
                sentences.append(f"{number} {verb} not to be English; the generator drew the text unchanged.")
        steer = settings.get("steer") or {}
        for kind, how in (("anchor", "as the data set states it for the original"), ("balance", "drawn from shares")):
            for name in steer.get(kind, ()):
                missing = int(counts["not_steered"][name])
                rest = f" {counted(missing, 'text')} could not name it." if missing else ""
                sentences.append(f"The drawn texts name {spoken(name)}, {how}.{rest}")
    return sentences


def shared_model_sentences(manifests: Mapping[str, Mapping]) -> list[str]:
    """Warn if the loop's describer also annotates the images.

    Args:
        manifests: records of the runs, by name; the annotation's record names both models.
    """
    sentences = []
    for record in manifests.values():
        models = {
            name: _source(asked["settings"]) for name, asked in record.get("asked", {}).items() if "settings" in asked
        }
        describer = models.pop("last", None)
        shared = {record["asked"][name].get("by", "") for name, model in models.items() if model == describer}
        if shared:
            annotators = {record["asked"][name].get("by", "") for name in models}
            name = "annotator" if len(annotators) == 1 else f"annotator ({', '.join(sorted(shared))})"
            sentences.append(
                f"According to their settings, {name} and describer are one model, so their errors may be "
                "correlated. Only labels by people or by another model can show this."
            )
    return sentences


def _source(model: Mapping[str, Any]) -> tuple:
    """Return what identifies a model, however it is asked: weights of a folder or a hub, or a name at an endpoint."""
    return tuple(model.get(name) for name in ("weights", "hub", "revision", "adapter", "model"))


def _starts(changes: pd.DataFrame) -> Iterator[str]:
    if changes.empty:
        yield "There is nothing to compare."
        return
    for start, rows in changes.groupby("start", sort=False):
        n, clusters = int(rows["n"].max()), int(rows["clusters"].max())
        yield f"Chains from {start}s: at most {counted(n, 'chain')} from {counted(clusters, 'start')} are compared."
        if clusters < n:
            yield "Chains of one start resemble each other, so the analysis counts starts, not chains."
        fewest = rows.groupby("label", sort=False)["clusters"].max()
        if fewest.min() < 30:
            few = [f"{spoken(label)} ({int(number)})" for label, number in fewest[fewest < 30].items()]
            yield f"Fewer than 30 starts from {start}s: {listed(few, _NAMED)}."


def _failures(manifests: Mapping[str, Mapping]) -> Iterator[str]:
    for name, record in manifests.items():
        title = capital(spoken(name).removesuffix(" manifest"))
        counts = record.get("counts", {})
        if "failures" in counts:
            yield (
                f"{title}: {counted(int(counts.get('images', 0)), 'image')} drawn, "
                f"{counted(int(counts['failures']), 'failure')}, {_truncated(counts.get('cut', 0))}."
                f"{'' if record.get('complete', True) else ' The run was not finished.'}"
            )
        if kinds := kinds_of_failures(record):
            yield f"{title}, why chains ended early: {kinds}. Later iterations are without these chains."
        for reading, asked in record.get("asked", {}).items():
            answered = counted(int(asked.get("answered", 0)), "image")
            yield f"{title}, {reading}: {answered} answered, {counted(len(asked.get('failures', [])), 'failure')}."
        for space, embedded in record.get("embedded", {}).items():
            failed, cut = len(embedded.get("failures", [])), counted(int(embedded.get("cut", 0)), "text")
            yield f"{title}, {space}: {counted(failed, 'failure')}, {cut} truncated by the model."


def _truncated(count: int | None) -> str:
    if count is None:
        return "how many descriptions the generator truncated is unknown"
    return f"{counted(int(count), 'description')} truncated by the generator"


def _invalid_answers(manifests: Mapping[str, Mapping]) -> Iterator[str]:
    for record in manifests.values():
        for reading, attributes in record.get("statuses", {}).items():
            parts = [f"{spoken(attribute)} {_statuses(statuses)}" for attribute, statuses in sorted(attributes.items())]
            kind, by, annotator = reading.partition(" by ")
            yield capital(f"{kind} reading{by}{annotator}: {'; '.join(parts)}.")
        yield from unknown_form_sentences(record)


def _statuses(statuses: Mapping[str, float]) -> str:
    invalid = [f"{percent(share)} {status}" for status, share in statuses.items() if status != "valid" and share]
    return ", ".join(invalid) or "all valid"
