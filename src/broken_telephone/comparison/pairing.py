"""Checks what pairs between studies: starts, pictures, labels, replicates, seeds, annotators, iterations.

A chain pairs with the chain of another study that has the same name, start and seed. The loops of both then differ by
the studies' settings only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.comparison.exchanged_originals import People, people_of_starts
from broken_telephone.comparison.finished_study import FinishedStudy
from broken_telephone.comparison.instruments import Instrument, common_instruments
from broken_telephone.errors import StudyError
from broken_telephone.ingestion import DatasetSettings
from broken_telephone.loop.kept import in_words
from broken_telephone.visible import shortlist

PAIRING = ("arm", "reference", "check", "passed", "count", "n", "note")
EXCHANGED = "starts whose original was exchanged"
_NAMED = 3
STOPPED = "chains that stopped early"
"""The check of the compared chains of a study that have no last image."""
_NO_COMMON_START = "no start has the same picture and label in both studies"


@dataclass(frozen=True)
class Pairing:
    """What of the studies is compared, and how."""

    table: pd.DataFrame
    """Columns PAIRING, one row for each arm but the reference and each check; of the reference, its STOPPED chains."""
    chains: Mapping[str, pd.DataFrame]
    """Arm -> its chains that are compared. Those of paired arms are in the order of the reference's."""
    paired: Mapping[str, bool]
    """Arm -> whether its chains are compared one by one with those of the reference."""
    instruments: Mapping[str, Instrument]
    images: tuple[int, ...]
    """The iterations that are compared: all studies have them, and keep their images. Image 0 is compared, too."""
    stages: frozenset[str]
    """Which of SIMILARITY and EXPLAINABILITY all studies have, measured alike."""
    exchanged: str | None = None
    """The attribute in which the originals of the arms differ; None if they are the same."""

    @property
    def iterations(self) -> int:
        """The last iteration that is compared."""
        return self.images[-1]


def pair_studies(
    studies: Mapping[str, FinishedStudy],
    reference: str,
    reading: str,
    annotator: str | None = None,
    exchanged: str | None = None,
) -> Pairing:
    """Check what pairs between the studies, and choose the chains that are compared.

    Chains are compared if their start is in all studies with the same picture and label. If replicates or seeds of an
    arm differ from those of the reference, the arm is compared unpaired. An arm without a common start is compared
    unpaired with all of its chains.

    With `exchanged`, a start may have another picture in an arm. Its main person must then have another category of
    this attribute, and the same categories of everything else in the data set.

    Args:
        studies: arm -> its study.
        reference: the arm that all others are compared with.
        reading: the reading of the annotator that is compared.
        annotator: name in the reference of the annotator to compare; None for the first that all studies have.
        exchanged: attribute in which the originals of the arms differ; None if they must be the same.

    Raises:
        StudyError: if data set schemes or concepts differ, no annotator is common, three or more studies have
            common starts by twos only, or an arm has no start with another category of `exchanged`.
    """
    for arm, study in studies.items():
        _refuse_other_concept(arm, study, reference, studies[reference])
    manifests = {arm: study.annotation_manifest for arm, study in studies.items()}
    instruments = common_instruments(manifests, reference, reading, annotator)
    starts = {arm: _starts(study.chains) for arm, study in studies.items()}
    people = {} if exchanged is None else {arm: people_of_starts(one, exchanged) for arm, one in studies.items()}
    others = [arm for arm in studies if arm != reference]
    matches = {
        arm: _Match.of(starts[reference], starts[arm], None if exchanged is None else (people[reference], people[arm]))
        for arm in others
    }
    for arm in others:
        if exchanged is not None and not matches[arm].exchanged:
            raise StudyError(
                f"comparison.exchanged: {exchanged}, but no start has another picture with another {exchanged} in "
                f"{arm} than in {reference}. Run {arm} with a data set of counterfactuals (docs/counterfactuals.md), "
                "or leave `exchanged` out"
            )
    common = starts[reference].index
    for arm in others:
        common = common[common.isin(matches[arm].usable)] if len(matches[arm].usable) else common
    if common.empty:
        raise StudyError(
            f"comparison.arms: {', '.join(others)} share starts with {reference}, but no start is in all of them. "
            "Compare them in separate comparisons"
        )
    chains = {reference: _of_starts(studies[reference].chains, common)}
    iterations = min(study.iterations for study in studies.values())
    # The loop always keeps image 1.
    images = tuple(k for k in range(1, iterations + 1) if all(k in study.kept for study in studies.values()))
    rows: list[dict[str, Any]] = [
        {"arm": reference, "reference": reference} | _stopped(studies[reference], chains[reference], images[-1])
    ]
    paired = {}
    for arm in others:
        overlap = len(matches[arm].usable) > 0
        own = _of_starts(studies[arm].chains, common) if overlap else studies[arm].chains
        replicates, seeds = _replicates_and_seeds(chains[reference], own)
        paired[arm] = overlap and replicates["passed"] and seeds["passed"]
        chains[arm] = _in_order_of(own, chains[reference]) if paired[arm] else own.reset_index(drop=True)
        checks = [
            *matches[arm].rows(len(starts[reference]), exchanged),
            _compared(matches[arm], len(common), len(starts[reference])),
            *([replicates, seeds] if overlap else []),
            *_checks_of_images(studies[arm], studies[reference], images, iterations),
            _stopped(studies[arm], chains[arm], images[-1]),
            *_further_checks(studies[arm], studies[reference], instruments[arm]),
            _verdict(paired[arm], overlap, replicates["passed"], len(chains[arm])),
        ]
        rows += [{"arm": arm, "reference": reference} | check for check in checks]
    stages = (stage for stage in _STAGES if all(_alike(stage, one, studies[reference]) for one in studies.values()))
    return Pairing(
        pd.DataFrame(rows, columns=list(PAIRING)),
        {arm: chains[arm].reset_index(drop=True) for arm in studies},
        paired,
        instruments,
        images,
        frozenset(stages),
        exchanged,
    )


def _refuse_other_concept(arm: str, study: FinishedStudy, reference: str, other: FinishedStudy) -> None:
    concepts = [str(one.settings["chains"]["concept"]) for one in (study, other)]
    if concepts[0] != concepts[1]:
        raise StudyError(
            f"comparison.arms: {arm} is about the concept {concepts[0]!r}, and {reference} about {concepts[1]!r}. "
            "Only studies of the same concept can be compared"
        )
    schemes = [DatasetSettings.model_validate(dict(one.settings["dataset"])).words for one in (study, other)]
    labels = [scheme.concepts[concepts[0]].values for scheme in schemes]
    if labels[0] != labels[1]:
        raise StudyError(
            f"comparison.arms: {arm} (scheme {schemes[0].name}) and {reference} (scheme {schemes[1].name}) have other "
            f"labels of {concepts[0]}: {', '.join(labels[0])} against {', '.join(labels[1])}. Only studies with the "
            "same labels can be compared"
        )


def _starts(chains: pd.DataFrame) -> pd.DataFrame:
    """Return image_digest and label of each start, by its name."""
    table = pd.DataFrame(
        {"start": _start_names(chains), "digest": chains["image_digest"], "label": chains["label"]}, dtype=object
    )
    return table.drop_duplicates("start").set_index("start")


def _start_names(chains: pd.DataFrame) -> pd.Series:
    begin = chains["image_id"].astype(object).where(chains["start"] == "image", chains["prompt"].astype(object))
    return chains["start"].astype(str) + " " + begin.astype(str)


def _people_of(both: pd.Index, people: tuple[People, People] | None) -> tuple[np.ndarray, np.ndarray]:
    """Return for each start whether its category of the exchanged attribute differs, and whether anything else does."""
    if people is None:
        return np.zeros(len(both), bool), np.zeros(len(both), bool)
    # Starts from prompts show nobody: "prompt …" is no name of an original.
    images = both.astype(str).str.removeprefix("image ")
    first, second = (one.reindex(images) for one in people)
    return (first["category"] != second["category"]).to_numpy(), (first["others"] != second["others"]).to_numpy()


@dataclass(frozen=True)
class _Match:
    """The starts of two studies."""

    usable: pd.Index
    """Starts that both have, with the same label, and the same picture or an exchanged one."""
    exchanged: list[str]
    """Those of the usable starts whose picture shows another category of the exchanged attribute, and nothing else."""
    changed: list[str]
    others_changed: list[str]
    """Starts with another category of the exchanged attribute that also differ otherwise, or have the same picture."""
    relabelled: list[str]
    only_reference: list[str]
    only_arm: list[str]

    @classmethod
    def of(cls, reference: pd.DataFrame, arm: pd.DataFrame, people: tuple[People, People] | None = None) -> "_Match":
        """Match starts. `people` are the main persons in both studies, if an attribute of theirs was exchanged."""
        both = reference.index.intersection(arm.index, sort=False)
        first, second = (starts.loc[both].astype(object).fillna("") for starts in (reference, arm))
        is_changed, is_relabelled = ((first[name] != second[name]).to_numpy() for name in ("digest", "label"))
        has_other, differs_otherwise = _people_of(both, people)
        is_exchanged = has_other & is_changed & ~differs_otherwise
        is_wrong = has_other & ~is_exchanged
        is_changed = is_changed & ~has_other
        is_usable = ~is_changed & ~is_wrong & ~is_relabelled
        return cls(
            both[is_usable],
            list(both[is_usable & is_exchanged]),
            list(both[is_changed]),
            list(both[is_wrong]),
            list(both[is_relabelled & ~is_changed & ~is_wrong]),
            list(reference.index.difference(both, sort=False)),
            list(arm.index.difference(both, sort=False)),
        )

    def rows(self, total: int, exchanged: str | None = None) -> list[dict[str, Any]]:
        """Return the rows of the checks of starts; `total` starts are in the reference."""
        both = len(self.usable) + len(self.changed) + len(self.others_changed) + len(self.relabelled)
        rows = [
            _row("starts in both studies", both > 0, both, total, "" if both else "no start is in both studies"),
            _faults("starts only in the reference", self.only_reference, total),
            _faults("starts only in this study", self.only_arm, both + len(self.only_arm)),
        ]
        if both:
            rows += [
                _faults("starts whose picture differs", self.changed, both),
                _faults("starts whose label differs", self.relabelled, both),
            ]
        if both and exchanged is not None:
            rows += [
                _faults(
                    f"starts with another {exchanged} that differ in more or have one picture",
                    self.others_changed,
                    both,
                ),
                _row(EXCHANGED, True, len(self.exchanged), both, f"their original shows another {exchanged}"),
            ]
        return rows


def _compared(match: _Match, count: int, total: int) -> dict[str, Any]:
    if not len(match.usable):
        note = f"{_NO_COMMON_START}: each study is compared with its own starts"
        return _row("starts that are compared", False, 0, total, note)
    fewer = count < len(match.usable)
    note = "starts that another study lacks are left out for all studies" if fewer else ""
    return _row("starts that are compared", not fewer, count, len(match.usable), note)


def _of_starts(chains: pd.DataFrame, starts: pd.Index) -> pd.DataFrame:
    return chains[_start_names(chains).isin(starts).to_numpy()].reset_index(drop=True)


def _in_order_of(chains: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    by_name = chains.set_index(chains["chain_id"].astype(str))
    return by_name.loc[order["chain_id"].astype(str)].reset_index(drop=True)


def _replicates_and_seeds(reference: pd.DataFrame, arm: pd.DataFrame) -> tuple[dict[str, Any], dict[str, Any]]:
    seeds = [pd.Series(one["seed"].to_list(), one["chain_id"].astype(str), "Int64") for one in (reference, arm)]
    both = seeds[0].index.intersection(seeds[1].index, sort=False)
    single = [*seeds[0].index.difference(both, sort=False), *seeds[1].index.difference(both, sort=False)]
    # The seeds of imported chains are unknown, and so is whether they are equal.
    is_equal = (seeds[0][both] == seeds[1][both]).fillna(False).to_numpy(dtype=bool)
    other = list(both[~is_equal])
    return (
        _faults("chains (replicates) without a partner", single, len(both) + len(single)),
        _faults("chains whose seed differs", other, len(both)),
    )


def _checks_of_images(
    arm: FinishedStudy, reference: FinishedStudy, images: tuple[int, ...], iterations: int
) -> list[dict[str, Any]]:
    """Return the rows about the images that are compared; `iterations` is the least number of all studies."""
    all_compared = arm.iterations == reference.iterations == images[-1]
    ends = f"{arm.iterations} in this study and {reference.iterations} in the reference"
    thinned = f"not all studies keep the other images (`loop.keep`). Compared: {in_words(images)}"
    is_complete = len(images) == iterations
    return [
        _row("iterations", all_compared, None, None, "" if all_compared else f"{ends}. Compared: 1 to {images[-1]}"),
        _row("kept images", is_complete, len(images), iterations, "" if is_complete else thinned),
    ]


def _stopped(study: FinishedStudy, chains: pd.DataFrame, last: int) -> dict[str, Any]:
    """Count the compared chains of a study whose loop stopped before the last compared image."""
    names = chains["chain_id"].astype(str)
    drawn = study.results.loop_pictures["name"].astype(str)
    stopped = names[~(names + f"/{last}").isin(drawn)]
    return _faults(STOPPED, list(stopped), len(chains))


def _further_checks(arm: FinishedStudy, reference: FinishedStudy, instrument: Instrument) -> list[dict[str, Any]]:
    rows = [
        _row("annotator", True, None, None, f"the same in both studies; here it is called {instrument.annotator}"),
    ]
    for stage, instrument_of in _STAGES.items():
        lacking = [one.arm for one in (arm, reference) if instrument_of(one) is None]
        note = f"not compared: other models or settings of {stage}" if not _alike(stage, arm, reference) else ""
        if lacking:
            note = f"not compared: no results for {' and '.join(lacking)} (`kedro run --pipeline {stage}`)"
        rows.append(_row(f"results of {stage}", not note, None, None, note))
    return rows


def _alike(stage: str, arm: FinishedStudy, reference: FinishedStudy) -> bool:
    """Return whether both studies have the results of a stage, measured alike."""
    own, other = _STAGES[stage](arm), _STAGES[stage](reference)
    return own is not None and own == other


def _embedders(study: FinishedStudy) -> Any:
    record = study.similarity_manifest
    return None if record is None else {name: space["settings"] for name, space in record["embedded"].items()}


def _maps(study: FinishedStudy) -> Any:
    record = study.explanation_manifest
    if record is None or not record["explained"]["words"]:
        return None
    return {name: record["by"].get(name) for name in ("layers", "method", "target", "size")}


SIMILARITY, EXPLAINABILITY = "similarity", "explainability"
_STAGES: dict[str, Callable[[FinishedStudy], Any]] = {SIMILARITY: _embedders, EXPLAINABILITY: _maps}
"""Pipeline -> function that returns how a study was measured; None without results."""


def _verdict(is_paired: bool, overlap: bool, same_replicates: bool, chains: int) -> dict[str, Any]:
    if is_paired:
        note = "paired: each chain is compared with the same chain of the reference"
    elif not overlap:
        note = f"unpaired: {_NO_COMMON_START}, so their starts also differ"
    else:
        reason = "seeds" if same_replicates else "replicates"
        note = f"unpaired: {reason} differ, so shares of the same starts are compared, not single chains"
    return _row("pairing", is_paired, chains, None, note)


def _faults(check: str, names: list[str], total: int) -> dict[str, Any]:
    return _row(check, not names, len(names), total, shortlist(names, _NAMED))


def _row(check: str, passed: bool, count: int | None, n: int | None, note: str) -> dict[str, Any]:
    return {"check": check, "passed": passed, "count": count, "n": n, "note": note}
