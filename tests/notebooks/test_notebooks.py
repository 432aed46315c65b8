"""The notebooks: stored without output, and executed on finished studies of the shipped models."""

import json
import re
import shutil
from html import unescape

import nbformat
import pandas as pd
import pytest
import yaml
from kedro.framework.startup import bootstrap_project
from nbclient import NotebookClient
from project_copies import ROOT, Project

from broken_telephone.labels import RAF

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SMALL = {
    "chains": {"splits": ["test"], "count": 2},
    "loop": {"draw_batch": 14},
    "generator": {"steps": 6},
    "annotation": {"readings": ["free"]},
    "explain": {"chains_per_label": 0},  # maps take longer than all the rest
    "report": {"n_bootstrap": 200},
}
PROMPTS = 2
FORGET = """%reset -f
get_ipython().extension_manager.loaded.discard("kedro.ipython")"""
"""Makes the next notebook begin like the first: without names, and with Kedro's extension still to be loaded."""
OTHERS = {
    # The studies that docs/comparison.md makes.
    "high_guidance": {"generator": {"guidance": 3.0}},
    "guidance": {"comparison": {"arms": {"guidance 1": "miniature", "guidance 3": "high_guidance"}}},
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stored_without_output(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    nbformat.validate(notebook)
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    names = [cell["id"] for cell in notebook["cells"]]
    assert len(set(names)) == len(names)
    assert notebook["cells"][0]["source"][0].startswith("# ")
    for cell in notebook["cells"]:
        assert not cell["metadata"]
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def test_the_page_lists_all_notebooks():
    page = (ROOT / "docs/notebooks.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `notebooks/([\w.]+)`", page, re.MULTILINE) == [path.name for path in NOTEBOOKS]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project whose study and comparison are finished: the shipped models, two people of each label."""
    path = tmp_path_factory.mktemp("notebooks") / "project"
    shutil.copytree(ROOT / "conf", path / "conf", ignore=shutil.ignore_patterns("local"))
    shutil.copytree(ROOT / "notebooks", path / "notebooks")
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, path)
    (path / "src").mkdir()
    (path / "conf/local").mkdir()
    (path / "data/01_raw").mkdir(parents=True)
    (path / "data/01_raw/miniature_portraits").symlink_to(ROOT / "data/01_raw/miniature_portraits")
    (path / "data/06_models").symlink_to(ROOT / "data/06_models")
    file = path / "conf/base/parameters.yml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    for group, values in SMALL.items():
        settings[group].update(values)
    settings["chains"]["prompts"] = settings["chains"]["prompts"][:PROMPTS]
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    for name, own in OTHERS.items():
        (path / "conf" / name).mkdir()
        (path / "conf" / name / "globals.yml").write_text(f"study: {name}\n", encoding="utf-8")
        (path / "conf" / name / "parameters.yml").write_text(yaml.safe_dump(own), encoding="utf-8")
    bootstrap_project(path)
    project = Project(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")
        # The notebooks draw their figures themselves.
        for room in ("reporting", "comparison"):
            patch.setattr(f"broken_telephone.pipelines.{room}.pages.saved_figures", lambda plans, earlier=None: {})
        project.run("__default__")
        for pipeline in ("loop", "annotation"):
            project.run(pipeline, env="high_guidance")
        project.run("comparison", env="guidance")
    return project


@pytest.fixture(scope="module")
def executed(finished):
    """Name -> the notebook with its outputs. All run in one kernel, which forgets everything after each of them."""
    notebooks = {path.name: nbformat.read(path, as_version=4) for path in NOTEBOOKS}
    everything = nbformat.v4.new_notebook(metadata=notebooks[NOTEBOOKS[0].name].metadata)
    for notebook in notebooks.values():
        everything.cells += [*notebook.cells, nbformat.v4.new_code_cell(FORGET)]
    resources = {"metadata": {"path": str(finished.path / "notebooks")}}
    NotebookClient(everything, timeout=300, allow_errors=True, resources=resources).execute()
    return notebooks


def texts(notebook: nbformat.NotebookNode, kind: str = "text/html") -> list[str]:
    """Return all outputs of a kind, in order."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return [output["data"][kind] for output in outputs if kind in output.get("data", {})]


def printed(notebook: nbformat.NotebookNode) -> str:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return "".join(output["text"] for output in outputs if output["output_type"] == "stream")


def tables(notebook: nbformat.NotebookNode) -> list[list[list[str]]]:
    """Return the cells of all shown tables, row by row."""
    found = []
    for text in texts(notebook):
        if "<table" in text:
            rows = re.findall(r"<tr.*?</tr>", text, re.DOTALL)
            cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
            found.append([[unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in row] for row in cells])
    return found


def newest(finished, path: str) -> pd.DataFrame:
    """Read a versioned table without the catalog."""
    return pd.read_parquet(max((finished.path / "data" / path).glob("*/*.parquet")))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run_from_top_to_bottom_without_a_warning(path, executed):
    outputs = [output for cell in executed[path.name].cells for output in cell.get("outputs", ())]
    assert outputs
    assert not ["\n".join(output["traceback"]) for output in outputs if output["output_type"] == "error"]
    assert not [output["text"] for output in outputs if output.get("name") == "stderr"]


def test_the_tour_lists_tables_columns_and_chains(executed, finished):
    notebook = executed["01_catalog.ipynb"]
    results, columns, starts = tables(notebook)
    names = [row[0] for row in results[1:]]
    assert {"chains", "findings", "missing_answers"} <= set(names)
    assert "contrasts" not in names
    assert [row[0] for row in columns[1:]] == list(newest(finished, "08_reporting/miniature/findings.parquet"))
    counts = {row[0]: row[1:] for row in starts}
    labels = list(RAF.concepts["emotion"].values)
    assert [label for label in counts if label in labels] == labels
    assert counts["all"] == ["14", str(PROMPTS), str(14 + PROMPTS)]
    assert len(texts(notebook, "image/png")) == 1


def test_drift_counts_every_comparison_once(executed, finished):
    notebook = executed["02_drift.ipynb"]
    findings = newest(finished, "08_reporting/miniature/findings.parquet")
    own = findings[(findings["family"] == "shares") & (findings["start"] == "image")]
    counted = {row[0]: row[-1] for row in tables(notebook)[0]}
    for attribute, rows in own.groupby("attribute", observed=True):
        assert int(counted[str(attribute)]) == len(rows)
    assert int(counted["all"]) == len(own)
    untold = findings[findings["verdict"] == "not enough data to tell"]
    assert sum(int(row[-1]) for row in tables(notebook)[-1] if row[-1].isdigit()) == len(untold) > 0
    pictures = [text for text in texts(notebook) if text.startswith("<img")]
    assert len(pictures) == 2
    assert all('alt="' in text for text in pictures)


def test_chains_show_every_image_with_the_text_that_it_was_drawn_from(executed, finished):
    notebook = executed["03_chains.ipynb"]
    descriptions = pd.read_parquet(finished.path / "data/03_primary/miniature/loop_descriptions.parquet")
    chains = pd.read_parquet(finished.path / "data/03_primary/miniature/chains.parquet")
    prompts = chains.loc[chains["start"] == "prompt", "prompt"]
    shown = next(text for text in texts(notebook) if "from a prompt" in text)
    assert shown.count("<figure") == len(prompts) == shown.count("data:image/")
    assert all(f">{prompt}</q>" in shown for prompt in prompts)
    # Rows after the first of a label repeat nothing: there is one iteration.
    label, iteration, most, share = tables(notebook)[-1][1]
    own = descriptions[descriptions["chain_id"].isin(chains.loc[chains["label"] == label, "chain_id"])]
    counts = own.loc[own["iteration"] == int(iteration), "text"].value_counts()
    assert counts[most] == counts.max()
    assert share == f"{100 * counts.max() / counts.sum():.0f} %"


def test_own_pictures_are_read_described_and_drawn(executed):
    notebook = executed["04_own_data.ipynb"]
    people, defects, answers = tables(notebook)
    assert [row[2:] for row in people[1:6]] == [["happiness", "female", "20-39"]] * 5
    assert people[6][1] == "5.png"
    assert "happiness" not in people[6]
    values = [row[defects[0].index("value")] for row in defects]
    assert {"'hapy'", "'36 or 40'"} <= set(values)
    assert [row[0] for row in answers] == ["attribute", "ethnicity", "gender", "age"]
    assert "LabelMatch" in printed(notebook)
    assert len(texts(notebook, "image/png")) == 1


def test_two_studies_show_the_same_originals(executed, finished):
    notebook = executed["05_two_studies.ipynb"]
    contrasts = newest(finished, "08_reporting/guidance/contrasts.parquet")
    own = contrasts[(contrasts["family"] == "shares") & (contrasts["start"] == "image")]
    counted = dict(zip(*(tables(notebook)[2][place] for place in (0, -1)), strict=True))
    for verdict, count in own["verdict"].dropna().astype(str).value_counts().items():
        assert int(counted[verdict]) == count
    assert int(counted["all"]) == own["verdict"].notna().sum() > 0
    first, second = [text for text in texts(notebook) if "<figure" in text]
    originals = [re.findall(r'<img src="([^"]+)" alt="original"', text) for text in (first, second)]
    assert originals[0] == originals[1]
    assert len(originals[0]) == 2
    assert first != second
