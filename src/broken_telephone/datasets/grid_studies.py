"""A catalog type for the studies of a grid, which are only read."""

from collections.abc import Mapping
from typing import Any

from broken_telephone.datasets.finished_studies import FinishedStudiesDataset
from broken_telephone.datasets.store import StageStore
from broken_telephone.grid import GridSettings, arms_of


class GridStudiesDataset(FinishedStudiesDataset):
    """The results of all arms of a study's grid, by the names of the arms, and of further studies."""

    def __init__(
        self,
        *,
        grid: Mapping[str, Any],
        study: str,
        parts: dict[str, dict[str, Any]],
        further: Mapping[str, str | None] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Take the settings of the grid and the entries of its studies.

        Args:
            grid: the setting `grid` of the base study.
            study: name of the base study.
            parts: see `FinishedStudiesDataset`.
            further: name -> name of a study that does not belong to the grid; those without a study are left out.
            metadata: for other tools, such as Kedro-Viz.
        """
        super().__init__(studies={}, parts=parts, metadata=metadata)
        self._grid, self._base, self._further = dict(grid), study, dict(further or {})

    def load(self) -> dict[str, StageStore]:
        """Return the stores of the arms, the reference first, then those of further studies.

        Raises:
            StudyError: if the study has no grid.
        """
        arms = arms_of(GridSettings.model_validate(self._grid), self._base)
        self._studies = {arm.name: arm.study for arm in arms}
        self._studies |= {name: study for name, study in self._further.items() if study}
        return super().load()

    def _describe(self) -> dict[str, Any]:
        return {"grid of": self._base, "parts": list(self._parts)}

    def _exists(self) -> bool:
        return bool(self._grid.get("factors"))
