"""Hooks of every run: checks before it, its progress, a summary after it, and its record in MLflow."""

from broken_telephone.hooks.node_progress import NodeProgress
from broken_telephone.hooks.study_hooks import StudyHooks
from broken_telephone.hooks.tracking import TrackingHooks

__all__ = ["NodeProgress", "StudyHooks", "TrackingHooks"]
