"""Progress: a bar on a terminal, plain lines in a log file."""

import io
import re
import sys
import threading
import time

import pytest
import rich

from broken_telephone import progress
from broken_telephone.execution.executors import LocalExecutor
from broken_telephone.execution.progress import Step, WorkProgress
from broken_telephone.execution.tasks import Answer, Worker
from broken_telephone.hooks import NodeProgress, node_progress
from broken_telephone.progress import Display, duration, pace, track


@pytest.fixture
def often(monkeypatch):
    """Lines come at once."""
    monkeypatch.setattr(progress, "FIRST", 0.01)
    monkeypatch.setattr(progress, "EVERY", 0.01)
    for module in (progress, node_progress):
        monkeypatch.setattr(module, "PATIENCE", 0.0)


def waiting_for(done, seconds=5.0):
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.005)


def test_a_log_file_shows_life_even_while_nothing_ends(capsys, often):
    lines = []
    for number in track(range(3), "Reading [/sad]\n\x1b[31m.csv", 3):
        if number == 1:
            waiting_for(lambda: lines.append(capsys.readouterr().out) or "".join(lines).count("1 of 3") > 1)
    text = "".join(lines) + capsys.readouterr().out
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    assert re.search(rf"^{when} Reading \[/sad\] <U\+001B>\[31m.csv: 1 of 3, [\d.,]+/s, 0:00:\d\d left$", text, re.M)
    assert re.search(r": 3 of 3, [\d.,]+/s, took 0:00:\d\d\n$", text)
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", text)


def test_what_is_done_in_a_moment_is_not_shown(capsys):
    assert list(track("abc", "Reading", 3)) == list("abc")
    assert capsys.readouterr().out == ""


def test_a_track_that_is_left_or_fails_ends_its_thread(often):
    before = threading.active_count()
    for _ in track(range(3), "Reading", 3):
        break
    with pytest.raises(ZeroDivisionError):
        list(track((1 // number for number in (1, 0)), "Reading", 2))
    waiting_for(lambda: threading.active_count() == before)


def test_each_step_ends_with_a_line_of_counts_rate_failures_and_time_left(capsys):
    steps = {Step(1, "describe"): 4, Step(1, "draw"): 4, Step(2, "describe"): 0}
    doing = {"describe": "describing", "draw": "drawing"}
    with WorkProgress(steps, 1, doing, "chains", lambda: None) as shown:
        for step in steps:
            shown.begin(step)
            if steps[step]:
                shown.advance(step, 3, 1, seconds=6.0)
                shown.advance(step, 1, 0, seconds=2.0)
            shown.end(step)
    first, second = (line[20:] for line in capsys.readouterr().out.splitlines())
    assert first == "iteration 1/2, describing: 4 of 4 chains, 0.5/s, 1 failed, estimating the time left"
    assert second == "iteration 1/2, drawing: 4 of 4 chains, 0.5/s, 2 failed, 0:00:00 left in this stage"


class SlowModel:
    """A model that loads until it is allowed to go on."""

    device = "cpu"

    def __init__(self):
        self.go_on = threading.Event()

    def load(self):
        assert self.go_on.wait(10)

    def release(self):
        pass

    def resolved(self):
        return {}


class Nothing:
    model = "describer"

    def do(self, model):
        return Answer()


def test_it_is_shown_that_a_model_is_being_loaded(capsys, often):
    model, texts = SlowModel(), []
    with (
        LocalExecutor(Worker({"describer": model}, "both")) as workers,
        WorkProgress({Step(1, "ask"): 2}, 1, {"ask": "asking"}, "pictures", workers.loading) as shown,
    ):
        shown.begin(Step(1, "ask"))
        answer = workers.submit(Nothing())
        loading = "iteration 1/1, asking: 0 of 2 pictures, loading the describer, estimating the time left"
        waiting_for(lambda: texts.append(capsys.readouterr().out) or loading in "".join(texts))
        model.go_on.set()
        answer.result()
        assert workers.loading() is None


class NamedNode:
    """As much of a node as the hooks ask for."""

    def __init__(self, name):
        self.name = name


def test_a_node_without_progress_of_its_own_shows_that_it_runs(capsys, often):
    hooks, texts = NodeProgress(), []

    def shown(what):
        waiting_for(lambda: texts.append(capsys.readouterr().out) or re.search(what, texts[-1]))

    hooks.before_dataset_loaded(NamedNode("read_raw"))
    shown(r"read_raw: running for 0:00:0\d\n")
    hooks.before_node_run(NamedNode("collect"))
    shown("collect: running for")
    for number in track(range(2), "Reading", 2):
        if number:
            shown("Reading: 1 of 2")
            capsys.readouterr()
            shown("Reading: 1 of 2")
            assert "collect" not in texts[-1]
    assert number == 1
    shown("collect: running for")
    hooks.on_pipeline_error({})
    capsys.readouterr()
    time.sleep(0.03)
    assert capsys.readouterr().out == ""


def test_a_terminal_has_a_bar_in_which_data_is_text(monkeypatch, often):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(rich.get_console(), "_width", 120, raising=False)
    monkeypatch.setattr(rich.get_console(), "is_interactive", True)
    with Display("chains") as display:
        display.begin("describing [/sad] :smile:", 3)
        display.advance(2)
        waiting_for(lambda: "2/3 chains" in re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", terminal.getvalue()))
        display.end()
    assert "describing [/sad] :smile:" in terminal.getvalue()
    assert "2 of 3" not in terminal.getvalue()


def test_times_and_rates_are_short():
    assert [duration(seconds) for seconds in (0.4, 61, 3723)] == ["0:00:00", "0:01:01", "1:02:03"]
    assert [pace(rate) for rate in (0.0312, 3.14, 42, 1234.5)] == ["0.031/s", "3.1/s", "42/s", "1,234/s"]
