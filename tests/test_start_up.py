"""What a command loads before it does anything: a second of imports is a second of waiting."""

import subprocess
import sys

import pytest
from project_copies import ROOT

MODEL_LIBRARIES = {"torch", "torchvision", "diffusers", "transformers", "facexlib", "accelerate", "cv2"}
SLOW_LIBRARIES = MODEL_LIBRARIES | {"pandas", "scipy", "statsmodels", "matplotlib", "pyarrow", "sqlalchemy", "flask"}
CALL = """
import sys
from kedro.framework.cli.cli import main
sys.argv = ["kedro", *{words!r}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("loaded:", *sorted({{name.partition(".")[0] for name in sys.modules}} & {libraries!r}))
"""


def loaded(*words: str) -> tuple[str, set[str]]:
    """Return what a command prints, and which slow libraries it loads."""
    script = CALL.format(words=words, libraries=SLOW_LIBRARIES)
    told = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    output, _, last = told.stdout.rstrip("\n").rpartition("loaded:")
    return output, set(last.split())


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["doctor", "--help"], ["viz", "run", "--help"]])
def test_help_loads_nothing_slow(words):
    output, libraries = loaded(*words)
    assert "Usage: kedro" in output
    assert not libraries


def test_the_list_of_pipelines_loads_no_model_library():
    output, libraries = loaded("registry", "list")
    assert "- loop\n" in output
    assert not libraries & MODEL_LIBRARIES


def test_studies_load_no_model_library():
    output, libraries = loaded("studies")
    assert "raf_emotion" in output
    assert not libraries & MODEL_LIBRARIES
