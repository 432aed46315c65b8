"""Runs tasks in a thread of this process, or in actors of a Ray cluster.

Both take tasks and return futures. Either works on one batch while the caller saves the one before and reads the next.
"""

import logging
import os
import threading
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

from broken_telephone.errors import StudyError
from broken_telephone.execution.settings import WorkSettings
from broken_telephone.execution.tasks import Answer, Task, Worker
from broken_telephone.models import Model, require

_TRIES = 4


class LocalExecutor:
    """Runs tasks in one thread beside the main one."""

    workers = 1

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="models")
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._worker.release()

    def loading(self) -> str | None:
        """Return the name of the model that is being loaded, or None."""
        return self._worker.loading

    def submit(self, task: Task) -> "Future[Answer]":
        """Put a task into the thread's queue."""
        return self._pool.submit(self._worker.do, task)


class RayExecutor:
    """Runs tasks in actors, one per GPU. An actor that dies is restarted and repeats its batch, a few times."""

    def __init__(self, worker: Worker, workers: int | None, address: str | None, group: str) -> None:
        """Take the worker to copy, the number of actors, the address of the cluster, and the settings' name."""
        self._worker, self._asked, self._address, self._group = worker, workers, address, group
        self.workers = 0

    def __enter__(self) -> Self:
        require("ray", "executor: ray")
        import ray

        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        self._ray, self._ours = ray, not ray.is_initialized()
        if self._ours:
            local: dict[str, Any] = {} if self._address else {"include_dashboard": False, "num_cpus": self._asked}
            try:
                ray.init(address=self._address, log_to_driver=False, logging_level=logging.WARNING, **local)
            except ConnectionError as error:
                raise StudyError(
                    f"{self._group}.ray_address: no Ray cluster answers at {self._address!r} ({error})"
                ) from error
        cpus, gpus = (int(ray.cluster_resources().get(kind, 0)) for kind in ("CPU", "GPU"))
        self.workers = self._asked or max(gpus, 1)
        # Ray would wait for ever for what the cluster does not have.
        for kind, available in (("CPU", cpus), ("GPU", gpus)):
            if self.workers > available and (kind == "CPU" or gpus):
                raise StudyError(
                    f"{self._group}.workers: {self.workers} actors need a {kind} each, and the cluster has {available}"
                )
        actor = ray.remote(num_cpus=1, num_gpus=1 if gpus else 0, max_restarts=-1, max_task_retries=_TRIES - 1)(Worker)
        self._actors: list[Any] = [
            actor.remote(self._worker.models, self._worker.residency) for _ in range(self.workers)
        ]
        self._busy: Counter[int] = Counter()
        self._asked_of, self._answered = "", False
        self._lock = threading.Lock()
        return self

    def __exit__(self, *_: object) -> None:
        for actor in self._actors:
            self._ray.kill(actor)
        if self._ours:
            self._ray.shutdown()

    def loading(self) -> str | None:
        """Return the name of the model that has not answered yet in its present turn; None if it has."""
        return None if self._answered else self._asked_of or None

    def submit(self, task: Task) -> "Future[Answer]":
        """Hand a task to the actor with the least to do."""
        with self._lock:
            chosen = min(range(self.workers), key=lambda number: (self._busy[number], number))
            self._busy[chosen] += 1
            if task.model != self._asked_of:
                self._asked_of, self._answered = task.model, False
        future: Future[Answer] = Future()
        # An actor is at it, or will be in a moment: it cannot be taken back.
        future.set_running_or_notify_cancel()
        self._actors[chosen].do.remote(task).future().add_done_callback(
            lambda done: self._settle(done, future, chosen, task.model)
        )
        return future

    def _settle(self, done: "Future[Answer]", future: "Future[Answer]", chosen: int, model: str) -> None:
        """Pass on the answer, or the error that the actor raised."""
        with self._lock:
            self._busy[chosen] -= 1
            self._answered = self._answered or model == self._asked_of
        error = done.exception()
        if error is None:
            future.set_result(done.result())
        elif isinstance(error, self._ray.exceptions.RayTaskError):
            future.set_exception(error.cause)
        else:
            words = f"A Ray actor died {_TRIES} times at the same batch ({type(error).__name__}): see Ray's logs"
            future.set_exception(StudyError(words))


Executor = LocalExecutor | RayExecutor
"""Workers that take tasks while it is entered, `workers` of them at once."""


def executor(settings: WorkSettings, models: Mapping[str, Model]) -> Executor:
    """Return the executor that a study asks for; its workers start when it is entered."""
    worker = Worker(models, settings.residency)
    if settings.executor == "local":
        return LocalExecutor(worker)
    return RayExecutor(
        worker, None if settings.workers == "auto" else int(settings.workers), settings.ray_address, settings.group
    )
