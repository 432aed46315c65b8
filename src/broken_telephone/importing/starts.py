"""Finds the start of each imported chain: a person of the data set, an original among the results, or a prompt."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from broken_telephone.importing.chain_record import ImportedChain
from broken_telephone.importing.originals import Original, Originals
from broken_telephone.importing.start_labels import StartLabels
from broken_telephone.ingestion.files.folder_names import folder_name, folder_names
from broken_telephone.ingestion.reader_result import Findings
from broken_telephone.labels import Variable
from broken_telephone.seeds import digest


@dataclass(frozen=True)
class Start:
    """Where chains begin. Chains of one start are replicates."""

    name: str
    """The beginning of their chain_id, as sampled chains have it."""
    label: str
    original: Original | None = None
    prompt: str | None = None


class Starts:
    """Finds starts, and records why a chain has none."""

    def __init__(
        self,
        people: pd.DataFrame,
        data_root: Path,
        concept: tuple[str, Variable],
        labels: StartLabels,
        findings: Findings,
        other_paths: Iterable[str] = (),
    ) -> None:
        """Index the data set.

        Args:
            people: its people; none without a data set.
            data_root: the folder in which originals are read in place.
            concept: name and values of the study's concept.
            labels: labels of starts that the data set does not label.
            findings: collects chains without a start.
            other_paths: paths of images that the data set has and `people` lacks, such as broken ones.
        """
        self.data_root = data_root
        self._originals = Originals(people, concept[0], concept[1].values, other_paths) if len(people) else None
        self._folders = folder_names(people["person_id"].astype(str)) if len(people) else {}
        self._labels, self._findings = labels, findings

    def of(self, chain: ImportedChain) -> Start | None:
        """Return the start of a chain; None if it is unknown or has no label."""
        if chain.original is None:
            return self._from_prompt(chain)
        if self._originals is None:
            return self._from_own_original(chain)
        return self._from_data_set(chain, chain.original, self._originals)

    def _from_prompt(self, chain: ImportedChain) -> Start | None:
        if chain.prompt is None:
            self._drop("chain without a start", chain)
            return None
        label = self._known(chain, self._labels.of(chain, self._findings))
        if label is None:
            return None
        name = folder_name(f"prompt_{label.replace(' ', '-')}_{digest(chain.prompt, size=5)}")
        return Start(name, label, prompt=chain.prompt)

    def _from_data_set(self, chain: ImportedChain, stated: str, originals: Originals) -> Start | None:
        matches = originals.find(stated)
        if len(matches) != 1:
            problem = "original of several images of the data set" if matches else "original is not in the data set"
            value = ": ".join([stated, *([", ".join(one.image_path for one in matches[:3])] if matches else [])])
            self._drop(problem, chain, value, "data_root and dataset.source name the data set of the originals")
            return None
        original, label = matches[0], self._labels.of(chain, self._findings)
        if None not in (original.label, label) and original.label != label:
            value = f"{label} in the results, {original.label} in the data set"
            problem, advice = "label differs from the data set's", "The data set's counts"
            self._findings.note("kept", problem, chain.file, chain.row, value, advice)
        label = self._known(chain, original.label or label)
        return None if label is None else Start(self._folders[original.person_id], label, original)

    def _from_own_original(self, chain: ImportedChain) -> Start | None:
        if chain.original_file is None:
            self._drop("original missing", chain, chain.original)
            return None
        path = _path_below(chain.original_file, self.data_root)
        if path is None:
            advice = "Originals are read in place: set data_root to the folder of the results, or to one above it"
            self._drop("original is not below data_root", chain, str(chain.original_file), advice)
            return None
        label = self._known(chain, self._labels.of(chain, self._findings))
        if label is None:
            return None
        image_id = path.with_suffix("").as_posix()
        return Start(folder_name(image_id), label, Original(image_id, image_id, path.as_posix(), label))

    def _known(self, chain: ImportedChain, label: str | None) -> str | None:
        if label is None:
            advice = "State it: import.labels: {name: label}, or the prompt file of the run in chains.prompt_file"
            self._drop("start without a label", chain, chain.name, advice)
        return label

    def _drop(self, problem: str, chain: ImportedChain, value: str | None = None, advice: str | None = None) -> None:
        self._findings.note("dropped", problem, chain.file, chain.row, value, advice)


def _path_below(file: Path, folder: Path) -> Path | None:
    """Return the path of a file below a folder; None if it is elsewhere. The file itself may be a link."""
    for place, base in ((file.absolute(), folder.absolute()), (file.parent.resolve() / file.name, folder.resolve())):
        if place.is_relative_to(base):
            return place.relative_to(base)
    return None
