"""Recognises out-of-memory errors, and frees memory."""

import gc
import sys

# Libraries below torch raise plain errors.
_MESSAGES = (
    "DefaultCPUAllocator: can't allocate memory",
    "CUDA error: out of memory",
    "CUDA out of memory",
    "HIP out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "MPS backend out of memory",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that a device or this machine ran out of memory."""
    # By name: torch, which may not be loaded at all, has had this class in two places.
    by_name = any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)
    return by_name or isinstance(error, MemoryError) or any(message in str(error) for message in _MESSAGES)


def free_memory() -> None:
    """Free the memory that failed attempts still hold."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch is not None and torch.backends.mps.is_available():
        torch.mps.empty_cache()
