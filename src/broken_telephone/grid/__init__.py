"""Grids: studies that differ from one base study in the levels of some factors."""

from broken_telephone.grid.arms import GridArm, arms_of
from broken_telephone.grid.settings import GridSettings

__all__ = ["GridArm", "GridSettings", "arms_of"]
