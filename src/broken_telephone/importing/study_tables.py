"""Makes the tables of a study from imported chains: replicates, people, and where each chain ends."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from broken_telephone.chains import chain_and_iteration, iteration_of
from broken_telephone.errors import StudyError
from broken_telephone.execution.journal import UNREADABLE
from broken_telephone.importing.chain_ends import end_of
from broken_telephone.importing.chain_record import End, ImportedChain
from broken_telephone.importing.replicates import replicates, with_one_label
from broken_telephone.importing.shared_images import leave_out_shared_images
from broken_telephone.importing.starts import Start, Starts
from broken_telephone.ingestion.files.picture_checks import picture_sizes
from broken_telephone.ingestion.forgotten import is_forgotten, people_without
from broken_telephone.ingestion.reader_result import Findings
from broken_telephone.labels import Scheme
from broken_telephone.tables import CHAINS, PEOPLE, as_table


@dataclass(frozen=True)
class ImportedStudy:
    """Imported results, arranged as a study. Whether the images open shows when they are copied."""

    chains: pd.DataFrame
    """The `chains` table without digests of originals; seeds are null."""
    people: pd.DataFrame
    records: Mapping[str, ImportedChain]
    """chain_id -> what the results hold of it, up to its end."""
    ends: Mapping[str, End]
    """chain_id -> where it ends early."""
    left_out_images: int
    """Images beyond the last iteration of the study."""

    def without_forgotten(self, forgotten: Mapping[str, Any]) -> "ImportedStudy":
        """Return the study without chains and people of images that `kedro forget` removed from it."""
        if not forgotten:
            return self
        names = pd.concat([self.chains["image_id"].dropna(), self.people["image_id"]]).astype(str)
        gone = {name for name in names.unique() if is_forgotten(forgotten, name)}
        chains = self.chains[~self.chains["image_id"].isin(gone)].reset_index(drop=True)
        kept = set(chains["chain_id"])
        records = {key: record for key, record in self.records.items() if key in kept}
        ends = {key: end for key, end in self.ends.items() if key in kept}
        return replace(self, chains=chains, people=people_without(self.people, gone), records=records, ends=ends)

    def without(self, broken: Mapping[str, str], chains: pd.DataFrame, findings: Findings) -> "ImportedStudy":
        """Return the study with the final chains table, and without images that do not open.

        Args:
            broken: key -> reason; the chains of these images end there.
            chains: the `chains` table with the digests of originals.
            findings: collects these images.
        """
        ends, records = dict(self.ends), dict(self.records)
        for name in sorted(broken, key=iteration_of, reverse=True):
            chain_id, iteration = chain_and_iteration(name)
            ends[chain_id] = End(iteration, "draw", UNREADABLE, broken[name])
            record = records[chain_id]
            findings.note("unknown", UNREADABLE, record.file, f"{record.row}, image {iteration}", broken[name])
            records[chain_id] = record.until(iteration)
        return replace(self, chains=chains, records=records, ends=ends)


def arrange(
    read: Iterable[ImportedChain],
    starts: Starts,
    people: pd.DataFrame,
    scheme: Scheme,
    concept: str,
    iterations: int,
    findings: Findings,
) -> ImportedStudy:
    """Find start and replicate of each chain, and cut it where it ends.

    Args:
        read: the chains, as a layout's reader returns them.
        starts: finds their starts.
        people: the data set's; empty for a study without a data set, whose people then are the imported originals.
        scheme: the data set's.
        concept: the study's.
        iterations: the last iteration of the study.
        findings: collects defects.

    Raises:
        StudyError: if no chain remains, or no chain reaches the last iteration.
    """
    by_start: defaultdict[Start, list[ImportedChain]] = defaultdict(list)
    for chain in read:
        start = starts.of(chain)
        if start is not None:
            by_start[start].append(chain)
    by_start = with_one_label(by_start, findings)
    if not len(people):
        people, by_start = _own_people(by_start, starts.data_root, scheme, concept, findings)
    rows, records = _numbered(by_start, concept, findings)
    if not rows:
        first = "; ".join(f"{one['file']}, {one['row']}: {one['problem']}" for one in findings.defects[:3])
        raise StudyError(f"import.root: no chain of {findings.root} can be imported. First: {first or 'it is empty'}")
    leave_out_shared_images(records, findings)
    if not any(record.images for record in records.values()):
        raise StudyError(f"No drawn image of {findings.root} was found: do the images lie below import.root?")
    left_out = sum(k > iterations for record in records.values() for k in record.images)
    ends = _cut(records, iterations, findings)
    longest = max(record.length for record in records.values())
    if longest < iterations:
        name, end = next(iter(ends.items()))
        raise StudyError(
            f"loop.iterations is {iterations}, and the imported chains have {longest} drawn images at most. "
            + (f"Set loop.iterations: {longest}. " if longest else "Nothing is left to import. ")
            + f"First end: {name}, iteration {end.iteration}, {end.kind}: {end.reason}"
        )
    chains = as_table(rows, CHAINS)
    chains["start"] = chains["start"].cat.set_categories(["image", "prompt"])
    chains["label"] = chains["label"].cat.set_categories(list(scheme.concepts[concept].values))
    return ImportedStudy(chains, people, records, ends, left_out)


def _own_people(
    by_start: Mapping[Start, list[ImportedChain]], data_root: Path, scheme: Scheme, concept: str, findings: Findings
) -> tuple[pd.DataFrame, defaultdict[Start, list[ImportedChain]]]:
    """Return a person for each original, and the starts whose original opens. Their attributes are unknown (null)."""
    usable, broken = picture_sizes(data_root, (s.original.image_path for s in by_start if s.original is not None))
    kept: defaultdict[Start, list[ImportedChain]] = defaultdict(list)
    rows: list[dict] = []
    paths: dict[str, str] = {}
    for start, chains in by_start.items():
        original = start.original
        if original is not None and paths.setdefault(start.name, original.image_path) != original.image_path:
            for chain in chains:
                findings.note("dropped", "two originals of one name", chain.file, chain.row, original.image_path)
            continue
        if original is not None and original.image_path not in usable:
            problem, reason = broken[original.image_path]
            for chain in chains:
                findings.note("dropped", f"original: {problem}", chain.file, chain.row, original.image_path, reason)
            continue
        kept[start] = chains
        if original is not None:
            who = {"person_id": original.person_id, "image_id": original.image_id, "image_path": original.image_path}
            rows.append(who | {"dataset": "imported", "split": "all", "is_main": True, concept: start.label})
    people = as_table(rows, PEOPLE)
    for name, variable in scheme.variables.items():
        values = [row[name] if name == concept else None for row in rows]
        people[name] = pd.Categorical(values, categories=variable.categories)
    return people, kept


def _numbered(
    by_start: Mapping[Start, list[ImportedChain]], concept: str, findings: Findings
) -> tuple[list[dict], dict[str, ImportedChain]]:
    """Return the rows of the `chains` table, and chain_id -> chain."""
    rows, records = [], {}
    for start, chains in by_start.items():
        for replicate, chain in replicates(chains, findings):
            chain_id = f"{start.name}_r{replicate}"
            origin = start.original
            row = {"chain_id": chain_id, "replicate": replicate, "concept": concept, "label": start.label}
            row |= {"start": "prompt" if origin is None else "image", "prompt": start.prompt}
            if origin is not None:
                row |= {"image_id": origin.image_id, "image_path": origin.image_path}
            rows.append(row)
            records[chain_id] = chain
    return rows, records


def _cut(records: Mapping[str, ImportedChain], iterations: int, findings: Findings) -> dict[str, End]:
    """Remove what lies beyond the end of each chain, and return the early ends."""
    ends = {}
    for chain_id, record in records.items():
        end = end_of(record, iterations)
        last = iterations
        if end is not None:
            ends[chain_id] = end
            last = end.iteration - 1
            findings.note("kept", f"chain ends early: {end.kind}", record.file, record.row, end.reason)
        described = last + (1 if end is None or end.phase == "draw" else 0)
        record.images = {k: file for k, file in record.images.items() if 1 <= k <= last}
        record.descriptions = {k: text for k, text in record.descriptions.items() if 1 <= k <= described}
    return ends
