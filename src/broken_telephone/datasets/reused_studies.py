"""A catalog type for other studies whose equal results a study adopts (`reuse`)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from broken_telephone.datasets.finished_studies import store_of
from broken_telephone.datasets.previews import json_preview
from broken_telephone.datasets.store import StageStore
from broken_telephone.errors import StudyError
from broken_telephone.execution.adoption import Donor

ReusedStudies = Mapping[str, StageStore]
"""Study -> its results."""
NO_STUDIES: ReusedStudies = MappingProxyType({})


class ReusedStudiesDataset(AbstractDataset[None, ReusedStudies]):
    """The journals of other studies, which are only read."""

    def __init__(
        self,
        *,
        studies: Sequence[str],
        study: str,
        parts: dict[str, dict[str, Any]],
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Take the names and the entries of the studies.

        Args:
            studies: names of the other studies; its own name is left out.
            study: the study's own name.
            parts: configuration of the entries that each study has. `{study}` stands for its name.
            metadata: for kedro-viz.

        Raises:
            StudyError: if `studies` is no list of names.
        """
        if (
            not isinstance(studies, Sequence)
            or isinstance(studies, str)
            or not all(isinstance(s, str) for s in studies)
        ):
            raise StudyError(f"reuse: a list of names of studies is expected, such as [other_study], not {studies!r}")
        self._studies = [name for name in dict.fromkeys(studies) if name != study]
        self._parts = parts
        self.metadata = metadata

    def load(self) -> ReusedStudies:
        """Return the stores of the studies, in the order of the settings; nothing but their seals is looked for.

        Raises:
            StudyError: if a study has no results.
        """
        stores = {}
        for study in self._studies:
            stores[study] = store_of(study, self._parts)
            if stores[study].loop_settings is None:
                raise StudyError(
                    f"reuse: the study {study!r} has no results to adopt. Run its loop first, correct the name (study: "
                    "in its globals.yml), or take it out of the list"
                )
        return stores

    def save(self, data: None) -> None:
        """Refuse: each study writes its own results."""
        raise TypeError("the results of other studies are only read")

    def preview(self) -> JSONPreview:
        """Show the names of the studies."""
        return json_preview(self._describe())

    def _describe(self) -> dict[str, Any]:
        return {"studies": self._studies, "parts": list(self._parts)}

    def _exists(self) -> bool:
        # An empty list is a valid one.
        return True


def donors(studies: ReusedStudies, batches: str, sessions: str) -> list[Donor]:
    """Return the studies as donors of one stage.

    Args:
        studies: the studies.
        batches: the entry with the journal of the stage.
        sessions: the entry with the records of its runs.
    """
    return [
        Donor(study, store.loop_settings, getattr(store, batches), getattr(store, sessions))
        for study, store in studies.items()
    ]
