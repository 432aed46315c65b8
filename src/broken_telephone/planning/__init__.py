"""Plans a study before it is run: its size, its primary hypotheses, and the order of interim looks."""

from broken_telephone.planning.frozen_plan import (
    check_plan,
    deviations,
    plan_record,
    planned_hypotheses,
)
from broken_telephone.planning.look_order import ranks_in_cells
from broken_telephone.planning.settings import PlanSettings

__all__ = [
    "PlanSettings",
    "check_plan",
    "deviations",
    "plan_record",
    "planned_hypotheses",
    "ranks_in_cells",
]
