"""How models are put to work on many items: in batches, on one machine or more, so that nothing finished is lost."""

from broken_telephone.execution.batch_size import BatchSize
from broken_telephone.execution.batches import Batch, work_through
from broken_telephone.execution.executors import Executor, executor
from broken_telephone.execution.interruption import InterruptedRunError, Interruption
from broken_telephone.execution.library_versions import versions
from broken_telephone.execution.progress import Step, WorkProgress
from broken_telephone.execution.session import session_record
from broken_telephone.execution.settings import BatchedSettings, WorkSettings
from broken_telephone.execution.steps import Job, Kept, Saved, carry_out
from broken_telephone.execution.tasks import PLAIN_PICTURE, Answer, Choose, Describe, Draw, Task, Worker, at_fault

__all__ = [
    "PLAIN_PICTURE",
    "Answer",
    "Batch",
    "BatchSize",
    "BatchedSettings",
    "Choose",
    "Describe",
    "Draw",
    "Executor",
    "InterruptedRunError",
    "Interruption",
    "Job",
    "Kept",
    "Saved",
    "Step",
    "Task",
    "WorkProgress",
    "WorkSettings",
    "Worker",
    "at_fault",
    "carry_out",
    "executor",
    "session_record",
    "versions",
    "work_through",
]
