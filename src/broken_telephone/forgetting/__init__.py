"""Removes an image, and everything made from it, from the results of one study."""

from broken_telephone.forgetting.subject import Subject, find_subject

__all__ = ["Subject", "find_subject"]
