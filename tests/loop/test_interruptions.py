"""Runs that are killed: in a process of its own, and an actor of a Ray cluster."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import ray
from fakes import FakeGenerator
from test_loop_run import Bench

from broken_telephone.errors import StudyError
from broken_telephone.execution.executors import executor
from broken_telephone.execution.tasks import Draw
from broken_telephone.loop import LoopSettings


class SlowGenerator(FakeGenerator):
    """Takes its time, minds its batch, and notes in a file what it draws."""

    def __init__(self, notes: Path, seconds: float) -> None:
        super().__init__(minds_the_batch=True)
        self.notes, self.seconds = notes, seconds

    def draw(self, prompts, seeds):
        if seeds == [0]:  # tried before the first batch
            return super().draw(prompts, seeds)
        with self.notes.open("a") as file:
            file.write(json.dumps({"pid": os.getpid(), "seeds": seeds}) + "\n")
        time.sleep(self.seconds)
        return super().draw(prompts, seeds)

    def noted(self) -> list[dict]:
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        # The process that wrote the last line may have been killed at it.
        return [json.loads(line) for line in lines if line.endswith("}")]


def slow_bench(path: Path, seconds: float) -> Bench:
    path.mkdir()
    bench = Bench(path)
    bench.generator = SlowGenerator(path / "drawn.jsonl", seconds)
    return bench


def start_runs(path: Path) -> None:
    """Run in a new process whenever a line comes: its id, then that it ended, then, asked once more, its status.

    Modules are read once, which takes longer than a run.
    """
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                os.dup2(2, 1)  # The progress bar.
                bench = Bench(path, new=False)
                bench.generator = SlowGenerator(bench.path / "drawn.jsonl", 0.02)
                bench.run(iterations=6)
                os._exit(0)
            finally:
                os._exit(1)
        print(pid, flush=True)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        print("ended", flush=True)
        sys.stdin.readline()
        print(os.waitpid(pid, 0)[1], flush=True)


def test_killed_at_twenty_moments_it_ends_the_same_and_repeats_only_what_was_at_work(tmp_path):
    whole = slow_bench(tmp_path / "whole", 0)
    whole.run(iterations=6)
    killed = slow_bench(tmp_path / "killed", 0.02)
    script = f"import pathlib, test_interruptions as t; t.start_runs(pathlib.Path({str(killed.path)!r}))"
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    rng, kills, status = random.Random(4), 0, None
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    ) as starter:
        assert starter.stdin is not None
        assert starter.stdout is not None
        while status != 0:
            print("run", file=starter.stdin, flush=True)
            run = int(starter.stdout.readline())
            if kills < 20:
                time.sleep(rng.uniform(0.0, 0.06))
                # One that has ended is not reaped yet, so that the signal meets no other process.
                os.kill(run, signal.SIGKILL)
            assert starter.stdout.readline() == "ended\n"
            print("reap", file=starter.stdin, flush=True)
            status = int(starter.stdout.readline())
            kills += status == signal.SIGKILL
            assert status in (0, signal.SIGKILL)
        starter.stdin.close()
    assert kills == 20
    assert killed.results() == whole.results()
    assert killed.manifest(iterations=6)["complete"]
    drawn = [seed for note in killed.generator.noted() for seed in note["seeds"]]
    twice = len(drawn) - len(set(drawn))
    assert len(set(drawn)) == 42
    assert twice <= kills * 3, "more than the batch at work was done again"


def test_a_second_signal_ends_the_process_at_once(tmp_path):
    bench = slow_bench(tmp_path / "slow", 0)
    script = (
        "import pathlib, test_interruptions as t, test_loop_run\n"
        f"bench = test_loop_run.Bench(pathlib.Path({str(bench.path)!r}), new=False)\n"
        "bench.generator = t.SlowGenerator(bench.path / 'drawn.jsonl', 60)\n"
        "bench.run()\n"
    )
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    run = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": paths}
    )
    while not bench.generator.noted():
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        run.wait(1)
    run.send_signal(signal.SIGINT)
    assert run.wait(10) == -signal.SIGINT
    assert not bench.images.load()


@pytest.fixture
def ray_finds_the_fakes(monkeypatch):
    # Before what is there: the workers must find the same sources.
    paths = [str(Path(__file__).parent), *sys.path]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


@pytest.mark.usefixtures("ray_finds_the_fakes")
def test_an_actor_that_dies_is_replaced_and_the_results_are_the_same(tmp_path):
    whole = slow_bench(tmp_path / "whole", 0)
    whole.run(iterations=3, draw_batch=2)
    bench = slow_bench(tmp_path / "ray", 0.4)
    followed = bench.follow(iterations=3, draw_batch=2, executor="ray", workers=2)
    next(finished for finished in followed if finished.images)
    pids = {note["pid"] for note in bench.generator.noted()}
    assert len(pids) == 2
    assert os.getpid() not in pids
    os.kill(min(pids), signal.SIGKILL)
    for _ in followed:
        pass
    assert bench.results() == whole.results()
    assert len({note["pid"] for note in bench.generator.noted()}) == 3
    assert bench.manifest(iterations=3)["complete"]


def test_more_workers_than_a_cluster_has_room_for_are_refused():
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    settings = LoopSettings(iterations=1, describe_prompt="Describe.", executor="ray", workers=3)
    try:
        with (
            pytest.raises(StudyError, match=r"loop\.workers: 3 actors need a CPU each, and the cluster has 1"),
            executor(settings, {"generator": FakeGenerator()}),
        ):
            pass
    finally:
        ray.shutdown()


class HeldGenerator(FakeGenerator):
    """Answers nothing before a file is there."""

    def __init__(self, gate: Path) -> None:
        super().__init__()
        self.gate = gate

    def draw(self, prompts, seeds):
        while not self.gate.exists():
            time.sleep(0.01)
        return super().draw(prompts, seeds)


@pytest.mark.usefixtures("ray_finds_the_fakes")
def test_workers_of_a_cluster_are_counted(tmp_path):
    gate = tmp_path / "gate"
    settings = LoopSettings(iterations=1, describe_prompt="Describe.", executor="ray")
    with executor(settings, {"generator": HeldGenerator(gate)}) as workers:
        assert workers.workers == 1
        assert workers.loading() is None
        asked = workers.submit(Draw(["a"], [1]))
        # Until the first answer comes, an actor of another process may be loading it.
        assert workers.loading() == "generator"
        assert not asked.done()
        gate.touch()
        answer = asked.result()
        assert workers.loading() is None
        assert answer.images[0].size == (4, 4)
        assert answer.device == "cpu"
