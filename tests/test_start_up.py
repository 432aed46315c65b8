"""What a command loads before it does anything: a second of imports is a second of waiting."""

import subprocess
import sys

import pytest
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project
from project_copies import ROOT

MODEL_LIBRARIES = {"torch", "torchvision", "diffusers", "transformers", "facexlib", "accelerate", "cv2"}
SLOW_LIBRARIES = MODEL_LIBRARIES | {"pandas", "scipy", "statsmodels", "matplotlib", "pyarrow", "sqlalchemy", "uvicorn"}
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


def test_the_list_of_pipelines_is_that_of_the_registry_and_loads_nothing_slow():
    bootstrap_project(ROOT)
    output, libraries = loaded("registry", "list")
    assert set(output.split()) - {"-"} == set(pipelines)
    assert not libraries


def test_reading_a_data_set_loads_no_model_library(project):
    script = (
        "import sys\n"
        "from kedro.framework.session import KedroSession\n"
        "from kedro.framework.startup import bootstrap_project\n"
        "bootstrap_project('.')\n"
        "with KedroSession.create('.') as session:\n"
        "    session.run(pipeline_names=['ingestion'])\n"
        f"assert not {MODEL_LIBRARIES!r} & {{name.partition('.')[0] for name in sys.modules}}\n"
    )
    told = subprocess.run([sys.executable, "-c", script], cwd=project.path, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr[-2000:]


def test_studies_load_no_model_library():
    output, libraries = loaded("studies")
    assert "raf_emotion" in output
    assert not libraries & MODEL_LIBRARIES
