"""Hooks of every run: checks before it, its progress, and a summary after it."""

from broken_telephone.hooks.node_progress import NodeProgress
from broken_telephone.hooks.study_hooks import StudyHooks

__all__ = ["NodeProgress", "StudyHooks"]
