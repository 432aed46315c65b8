"""Draws the parts of a batch side by side on the cores of a CPU.

Most operations of a small model take less than a tenth of a millisecond, and torch spreads each of them over all cores
and waits for the slowest. Cores that draw pictures of their own wait for each other only at the end of a batch.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

T = TypeVar("T")

_CHANGE_LAYERS = ("joint_attention_kwargs", "attention_kwargs", "cross_attention_kwargs")
"""Arguments that let a call change its layers, such as the scale of a LoRA."""


def twins(pipeline: Any, arguments: Mapping[str, Any], count: int) -> list[Any]:
    """Return pipelines with the same weights that can be called at the same time.

    Args:
        pipeline: a diffusers pipeline on the CPU.
        arguments: of its calls.
        count: how many are wanted.

    Returns:
        So many, or only the pipeline itself if its calls may change more than scheduler and tokenizers.
    """
    import torch
    from diffusers import DiffusionPipeline, SchedulerMixin
    from transformers import PreTrainedTokenizerBase

    schedulers = [name for name, part in pipeline.components.items() if isinstance(part, SchedulerMixin)]
    has_parts = any(isinstance(part, DiffusionPipeline) for part in vars(pipeline).values())
    # At float16, some pipelines move their decoder to float32 and back.
    is_half = getattr(pipeline, "dtype", None) == torch.float16
    if schedulers != ["scheduler"] or has_parts or is_half or any(arguments.get(name) for name in _CHANGE_LAYERS):
        return [pipeline]
    # A call changes its scheduler, and how its tokenizers pad and cut off.
    own = [
        "scheduler",
        *(name for name, part in pipeline.components.items() if isinstance(part, PreTrainedTokenizerBase)),
    ]
    made = [pipeline]
    for _ in range(count - 1):
        twin = copy.copy(pipeline)
        for name in own:
            setattr(twin, name, copy.deepcopy(getattr(pipeline, name)))
        made.append(twin)
    return made


def side_by_side(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Return the results of tasks that run at the same time and share torch's threads.

    Raises:
        Exception: what the first of them raises.
    """
    import torch

    threads = torch.get_num_threads()
    share = max(1, threads // len(tasks))
    try:
        with ThreadPoolExecutor(len(tasks), "drawing", lambda: torch.set_num_threads(share)) as pool:
            return list(pool.map(lambda task: task(), tasks))
    finally:
        # Some libraries below torch have one number for all threads of a process.
        torch.set_num_threads(threads)


def cut(items: Sequence[T], parts: int) -> list[Sequence[T]]:
    """Return so many parts of nearly equal lengths, in their order, without empty ones."""
    ends = [round(len(items) * number / parts) for number in range(parts + 1)]
    return [items[begin:end] for begin, end in pairwise(ends) if end > begin]
