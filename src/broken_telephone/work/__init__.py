"""How models are put to work on many items: in batches, on one machine or more, so that nothing finished is lost."""

from broken_telephone.work.batch_size import BatchSize
from broken_telephone.work.batches import Batch, work_through
from broken_telephone.work.executors import Executor, executor
from broken_telephone.work.interruption import InterruptedRunError, Interruption
from broken_telephone.work.progress import Step, WorkProgress
from broken_telephone.work.session import session_record
from broken_telephone.work.settings import BatchedSettings, WorkSettings
from broken_telephone.work.steps import Job, Kept, Saved, carry_out
from broken_telephone.work.tasks import PLAIN_PICTURE, Answer, Choose, Describe, Draw, Task, Worker, at_fault
from broken_telephone.work.versions import versions

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
