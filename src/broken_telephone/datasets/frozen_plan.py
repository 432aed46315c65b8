"""A catalog type for a study's frozen plan: written once, checked by its digest whenever it is read."""

from broken_telephone.datasets.atomic_write import create_whole
from broken_telephone.datasets.records import JSONDataset, Record, as_json


class FrozenPlanDataset(JSONDataset):
    """The plan that `kedro plan --freeze` wrote; an empty record if no plan is frozen."""

    _mend = "Put back the original file: a frozen plan cannot be made again."

    def load(self) -> Record:
        """Return the plan.

        Raises:
            StudyError: if the file was changed since it was frozen, or cannot be read.
        """
        from broken_telephone.planning import check_plan

        if not self._exists():
            return {}
        record = super().load()
        check_plan(record, self._place)
        return record

    def save(self, data: Record) -> None:
        """Create the file; do nothing if the same plan is frozen already.

        Raises:
            StudyError: if another plan is frozen already, naming the differences.
        """
        from broken_telephone.planning.frozen_plan import refuse_another_plan

        try:
            create_whole(self._filesystem, self._place, as_json(data))
        except FileExistsError:
            refuse_another_plan(self.load(), data, self._place)
