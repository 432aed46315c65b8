"""The command `kedro grid`: runs the studies of a grid one after the other in this process, and compares them.

Each arm is an ordinary study with a folder of its own in conf, which extends the base study. It adopts what earlier
arms made alike. Models that several arms use are loaded once. While models work for an arm, a second process writes
the report of the arm before, which needs none.
"""

import json
import multiprocessing
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import yaml
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from broken_telephone.console import say
from broken_telephone.datasets.atomic_write import write_whole
from broken_telephone.datasets.locations import located
from broken_telephone.datasets.shared_models import keep_models, shared_models
from broken_telephone.errors import StudyError, causes
from broken_telephone.execution.interruption import InterruptedRunError
from broken_telephone.grid import GridArm, GridSettings, arms_of
from broken_telephone.grid.arms import comparison_settings
from broken_telephone.pipeline_registry import STUDY
from broken_telephone.visible import one_line

_MARK = "# Written by `kedro grid` from the grid of the study {study!r}. Change the grid there, not this file.\n"
_MARKED = "# Written by `kedro grid`"
COMPARISON = "comparison"


class Grid:
    """The grid of a study: its arms, and the folders of their settings."""

    def __init__(self, env: str | None, params: Mapping[str, Any]) -> None:
        """Read the settings.

        Args:
            env: folder of the base study; None is conf/base with conf/local.
            params: settings of this run, which hold for all arms.

        Raises:
            StudyError: if the grid is wrong.
        """
        self.params = dict(params)
        with KedroSession.create(Path.cwd(), env=env, runtime_params=self.params) as session:
            context = cast(KedroSession, session).load_context()
            loader = context.config_loader
            self.base = str(loader["globals"]["study"])
            self.settings = GridSettings.model_validate(context.params["grid"])
            self.arms = arms_of(self.settings, self.base)
            _refuse_own_annotators(self.arms, context.params)
            catalog = context.catalog  # each access to the property makes the catalog anew
            self.reused = list(catalog.load("reused_studies"))
            if catalog.exists("loop_settings"):
                self.reused.append(self.base)
            self.conf = Path(str(loader.conf_source))
            default = str(vars(loader)["default_run_env"])
        if not self.conf.is_dir():
            raise StudyError(f"kedro grid writes the settings of its arms, and cannot write to {self.conf}")
        self.extends = env if env is not None else default if (self.conf / default).is_dir() else None

    def write_settings(self) -> None:
        """Write the settings of all arms, each in a folder of conf.

        Raises:
            StudyError: if a folder of this name was not written by this command.
        """
        for arm in self.arms:
            self.write_folder(arm.study, arm.settings)

    def write_folder(self, study: str, settings: Mapping[str, Any]) -> None:
        """Write the settings of a study that extends the base study; say if they replace others."""
        names = {"study": study} | ({} if self.extends is None else {"extends": self.extends})
        mark = _MARK.format(study=self.base)
        for name, content in (("globals.yml", names), ("parameters.yml", dict(settings))):
            file = self.conf / study / name
            text = mark + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
            if file.is_file():
                before = file.read_text(encoding="utf-8")
                if not before.startswith(_MARKED):
                    raise StudyError(
                        f"{file} was not written by `kedro grid`, and the grid would replace it. Rename that study, or "
                        "a level of the grid"
                    )
                if before == text:
                    continue
                say(f"{file} has other settings now, as the grid was changed.")
            filesystem, place = located(str(file))
            write_whole(filesystem, place, text.encode())


def _refuse_own_annotators(arms: Sequence[GridArm], params: Mapping[str, Any]) -> None:
    """Refuse arms that each describer would label itself: the comparison could not tell its errors from drift."""
    describers = {json.dumps(arm.settings.get("describer"), sort_keys=True) for arm in arms}
    unlabelled = [arm.study for arm in arms if not (arm.settings.get("annotator") or params.get("annotator"))]
    if len(describers) > 1 and unlabelled:
        raise StudyError(
            "grid.factors: arms have different describers, and without the setting `annotator` each labels the images "
            f"of its own arm ({unlabelled[0]}). Annotators that differ cannot be compared: state the settings of one "
            "model as `annotator`, for example those of the base study's describer"
        )


def run_grid(env: str | None, params: Mapping[str, Any]) -> None:
    """Run all arms of a study's grid, then compare those that finished.

    Raises:
        StudyError: if the grid is wrong, or, at the end, if an arm failed.
        InterruptedRunError: after a signal; the same command goes on from there.
    """
    grid = Grid(env, params)
    grid.write_settings()
    failures = run_arms(grid)
    finished = [arm for arm in grid.arms if arm.study not in failures]
    if len(finished) > 1:
        failures |= _compared(grid, finished)
    if failures:
        reasons = "\n".join(f"  {study}: {one_line(reason)}" for study, reason in failures.items())
        raise StudyError(
            f"{len(finished)} of {len(grid.arms)} arms are finished. These failed:\n{reasons}\n"
            "Mend that, and run the same command again: what is finished is not made again."
        )


def run_arms(grid: Grid) -> dict[str, str]:
    """Run the arms one after the other; return study -> why it failed, for those that did.

    Raises:
        InterruptedRunError: after a signal.
    """
    failures: dict[str, str] = {}
    reports: dict[str, Future[EndedRun]] = {}
    reused, count = list(grid.reused), len(grid.arms)
    with shared_models(), _one_worker() as worker:
        for number, arm in enumerate(grid.arms, 1):
            say(f"Arm {number} of {count}: {arm.study}")
            began = time.perf_counter()
            reason = run_study(arm.study, STUDY[:-1], {**grid.params, "reuse": list(reused)})
            if reason is None:
                say(f"Arm {number} of {count}: its models took {time.perf_counter() - began:.0f} s")
                reused.append(arm.study)
                if grid.settings.report:
                    reports[arm.study] = worker.submit(report_study, arm.study, grid.params)
            else:
                say(f"Arm {number} of {count} failed: {one_line(reason)}")
                failures[arm.study] = reason
            failures |= _collect_reports(reports, wait=number == count)
    return failures


def _collect_reports(reports: "dict[str, Future[EndedRun]]", wait: bool) -> dict[str, str]:
    """Print what finished reports wrote, and forget them; return study -> why it failed.

    Args:
        reports: study -> its report, which may still be written.
        wait: whether to wait for all of them.
    """
    failures = {}
    for study in [study for study, future in reports.items() if wait or future.done()]:
        run = reports.pop(study).result()
        say(f"Report of {study}:\n{run.output.rstrip()}")
        if run.failure is not None:
            failures[study] = run.failure
    return failures


@contextmanager
def _one_worker() -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of one process, in which nothing of this one is loaded."""
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), bootstrap_project, (Path.cwd(),))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class EndedRun(NamedTuple):
    """The end of a run in another process."""

    failure: str | None
    output: str
    """What it printed."""


def report_study(env: str, params: Mapping[str, Any]) -> EndedRun:
    """Write the report of a study in a process that prints nothing; return what it would have printed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as file:
        sys.stdout.flush()
        sys.stderr.flush()
        before = os.dup(1), os.dup(2)
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        try:
            failure = run_study(env, STUDY[-1:], params)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, kept in zip((1, 2), before, strict=True):
                os.dup2(kept, number)
                os.close(kept)
        file.seek(0)
        return EndedRun(failure, file.read())


def run_study(env: str, pipelines: Sequence[str], params: Mapping[str, Any]) -> str | None:
    """Run pipelines of a study; return the reason if they fail.

    Raises:
        InterruptedRunError: after a signal.
    """
    try:
        with KedroSession.create(Path.cwd(), env=env, runtime_params=dict(params)) as created:
            session = cast(KedroSession, created)
            keep_models(session.load_context().params)
            session.run(pipeline_names=list(pipelines))
    except InterruptedRunError:
        raise
    # Whatever an arm raises, the others do not depend on it.
    except Exception as error:
        # Kedro wraps what a catalog entry raises.
        readable = next((cause for cause in causes(error) if isinstance(cause, StudyError)), None)
        return f"{type(error).__name__}: {error}" if readable is None else str(readable)
    return None


def _compared(grid: Grid, finished: Sequence[GridArm]) -> dict[str, str]:
    """Compare arms in a study of its own; return why it failed, if it did."""
    study = f"{grid.base}-{COMPARISON}"
    grid.write_folder(study, {COMPARISON: comparison_settings(list(finished))})
    say(f"Comparison of {len(finished)} arms; again: kedro run --env {shlex.quote(study)} --pipeline {COMPARISON}")
    reason = run_study(study, [COMPARISON], grid.params)
    return {} if reason is None else {study: reason}
