"""The comparison of full-size models with vLLM, which is not installed where the tests run."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from PIL import Image

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def full_size(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import full_size

    return full_size


def engine_that_writes(tokens: int, asked: list) -> ModuleType:
    """Return a module with the two names of vLLM that are used."""

    class LLM:
        def __init__(self, **options):
            asked.append(options)

        def generate(self, requests, options):
            asked.append((requests, options))
            answer = SimpleNamespace(outputs=[SimpleNamespace(token_ids=[5] * tokens)])
            return [answer for _ in requests]

    module = ModuleType("vllm")
    module.LLM, module.SamplingParams = LLM, SimpleNamespace
    return module


def test_the_saved_shape_is_a_model_folder_without_weights(full_size, tmp_path):
    from transformers import AutoConfig, AutoProcessor

    from broken_telephone.models import DescriberSettings

    settings = {"hub": "x/y", "dtype": "float32", "device": "cpu", "max_new_tokens": 5, "template": "<image> {prompt}"}
    describer = full_size.RandomDescriber(DescriberSettings.model_validate(settings))
    describer.models = full_size.Models(tiny=True, layers=1)
    describer.load()
    full_size.vllm.save_shape(describer, tmp_path)
    config = AutoConfig.from_pretrained(tmp_path)
    assert config.architectures == ["LlavaNextForConditionalGeneration"]
    assert config.to_diff_dict()["text_config"]["num_hidden_layers"] == 1
    processor = AutoProcessor.from_pretrained(tmp_path)
    own = describer._loaded[1]
    image = Image.new("RGB", (64, 64), "red")
    read, expected = (one(images=image, text="<image> w3 w4", return_tensors="pt") for one in (processor, own))
    assert read["input_ids"].tolist() == expected["input_ids"].tolist()
    assert read["pixel_values"].equal(expected["pixel_values"])
    assert not [file for file in tmp_path.iterdir() if "safetensors" in file.name]


def test_all_pictures_are_described_at_once_after_one_for_warming_up(full_size, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setitem(sys.modules, "vllm", engine_that_writes(5, asked))
    images = [full_size.noise(16, number) for number in range(4)]
    seconds = full_size.vllm.seconds_per_description(tmp_path, images, "<image> a", 5, "float32")
    engine, (first, _), (counted, options) = asked
    assert 0 < seconds < 1
    assert (engine["load_format"], engine["enable_prefix_caching"]) == ("dummy", False)
    assert [request["multi_modal_data"]["image"] for request in first + counted] == images
    assert (options.min_tokens, options.max_tokens, options.ignore_eos) == (5, 5, True)
    monkeypatch.setitem(sys.modules, "vllm", engine_that_writes(4, []))
    with pytest.raises(SystemExit, match=r"wrote \[4\] tokens instead of 5"):
        full_size.vllm.seconds_per_description(tmp_path, images, "<image> a", 5, "float32")


def test_the_line_states_a_ratio_or_why_there_is_none(full_size, monkeypatch, tmp_path):
    bench = SimpleNamespace(asked=full_size.asked_for(["--tiny"]), shape=tmp_path)
    ways = [{"way": "published way", "seconds_per_description": 9.0}]
    ways += [{"way": "this tool, residency both", "seconds_per_description": seconds} for seconds in (0.5, 0.4)]
    with monkeypatch.context() as without:
        without.setattr(full_size.vllm.importlib.util, "find_spec", lambda package: None)
        assert full_size.against_vllm(bench, ways, 400).endswith("the package vllm is not installed")
    monkeypatch.setattr(full_size.vllm, "reason_against", lambda: None)
    assert full_size.against_vllm(bench, ways, 100).endswith("it may take 150 s to start, and 100 s are left")
    assert full_size.against_vllm(bench, ways[:1], 400).endswith("this tool was not measured")
    monkeypatch.setattr(full_size.vllm, "seconds_per_description", lambda *_: 0.2)
    assert full_size.against_vllm(bench, ways, 400) == "vLLM: 0.200 s a description, 0.50 times this tool's 0.4 s"


def result(full_size, bench, kind: dict) -> dict:
    """Return what a way takes, whatever it is."""
    bench.limit = {"least_seconds_per_chain": 0.1}
    measured = {"way": bench.name_of(**kind), "chains_per_hour": 36.0, "batches": []}
    return measured | dict.fromkeys(["seconds_per_description", "seconds_per_picture", "peak_memory_gib"])


def left_out(output: str) -> list[str]:
    return [line.partition(": ")[2] for line in output.splitlines() if line.startswith("Left out")]


def test_ways_that_would_not_end_in_time_are_left_out(full_size, monkeypatch, capsys):
    """Each way takes 100 s, and 250 s are given, of which 30 s are kept in reserve."""
    now = [0.0]
    monkeypatch.setattr(full_size.time, "perf_counter", lambda: now[0])

    def measure(bench, **kind):
        now[0] += 100
        return result(full_size, bench, kind)

    monkeypatch.setattr(full_size.Bench, "measure", measure)
    full_size.main(["--tiny", "--minutes", str(250 / 60), "--generator", "{compile: graphs}"])
    left = ["this tool, residency both", "this tool, residency both, compile: graphs"]
    assert left_out(capsys.readouterr().out) == left
    full_size.main(["--tiny", "--minutes", str(229 / 60), "--plain"])
    assert left_out(capsys.readouterr().out) == ["this tool, residency both"]


def test_a_way_that_fails_does_not_end_the_others(full_size, monkeypatch, capsys):
    errors = {4: RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), 8: RuntimeError("no kernel")}

    def measure(bench, **kind):
        if kind.get("plain") in errors and kind["residency"] is None:
            raise errors[kind.get("plain")]
        return result(full_size, bench, kind)

    monkeypatch.setattr(full_size.Bench, "measure", measure)
    full_size.main(["--tiny", "--plain", "4", "8", "2"])
    output = capsys.readouterr().out
    assert left_out(output) == [
        "plain batching, 4 at once: it does not fit into memory",
        "plain batching, 8 at once: no kernel",
    ]
    assert "plain batching, 2 at once: 36 chains per hour" in output
    assert "this tool, residency both: 36 chains per hour" in output
    errors[None] = errors[4]
    with pytest.raises(SystemExit, match=r"The published way failed, .*: it does not fit into memory"):
        full_size.main(["--tiny"])


def test_a_way_that_takes_too_long_is_stopped(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    script = (
        "import sys, time; from pathlib import Path; import full_size_deadline as module; module.RESERVE = 0.0\n"
        "deadline = module.Deadline(0.005, Path(sys.argv[1])); deadline.running = 'plain batching'\n"
        "time.sleep(60); print('too late')"
    )
    command = [sys.executable, "-c", script, str(folder)]
    ended = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, timeout=50)
    assert ended.returncode == 1
    assert ended.stdout.endswith("within 0.005 minutes: plain batching and all that would follow\n")
    assert not folder.exists()
