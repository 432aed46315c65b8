"""Scales a model's outputs to vectors of length one."""

from typing import Any

import numpy as np

from broken_telephone.errors import StudyError
from broken_telephone.models.loading.torch_model import name_of_dtype


def unit_vectors(features: Any, setting: str) -> np.ndarray:
    """Return the rows of a torch tensor (n, d), each divided by its length, as float32.

    Args:
        features: the tensor, on any device and of any dtype.
        setting: the model's name in the study, for the error.

    Raises:
        StudyError: if a number overflowed.
    """
    from torch.nn import functional

    # Half precision is too coarse for lengths.
    vectors = np.asarray(functional.normalize(features.float(), dim=1).cpu().numpy())
    if not np.isfinite(vectors).all():
        kind = name_of_dtype(features.dtype)
        raise StudyError(f"The numbers of the {setting} overflowed in {kind}: set {setting}.dtype to float32")
    return vectors
