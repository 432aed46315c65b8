"""What holds for the project as a whole: its registry, catalog, graph and imports."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from broken_telephone.errors import StudyError
from broken_telephone.models import DescriberSettings, GeneratorSettings
from broken_telephone.pipelines.reporting import pipeline as reporting_pipeline
from broken_telephone.settings import CONFIG_LOADER_ARGS
from broken_telephone.study_config.loader import StudyConfigLoader

PROJECT = Path(__file__).parents[1]


def test_pipelines_have_the_names_of_the_design(project):
    assert {"__default__", "ingestion", "loop"} <= set(pipelines)
    assert set(pipelines) <= {
        "__default__",
        "comparison",
        "counterfactuals",
        "import",
        "ingestion",
        "loop",
        "miniature",
        "annotation",
        "explainability",
        "reporting",
        "similarity",
        "validation",
    }
    needed = {node.name for node in pipelines["ingestion"].to_outputs("chains").nodes}
    assert needed < {node.name for node in pipelines["loop"].nodes}
    # A whole study measures the data set, too.
    assert {"baseline", "baseline_figure", "report"} <= pipelines["__default__"].all_outputs()


IN_MEMORY = {
    "ingestion": {"sampled_chains"},
    "loop": {"sampled_chains", "drawn_before", "wording"},
    "annotation": {"inquiries", "study_pictures"},
    "similarity": {"spaces", "arranged_vectors", "study_pictures"},
    "explainability": {"explanation_plan", "words_to_explain", "study_pictures"},
    "reporting": {"annotator_labels", "arranged_ratings", "arranged_reference", "panels", "study_pictures"},
}
"""What each pipeline passes on without storing it."""


@pytest.mark.parametrize("env", [None, "miniature_activity"])
@pytest.mark.parametrize("name", IN_MEMORY)
def test_every_dataset_is_in_the_catalog_and_has_a_layer(project, name, env):
    pipeline = pipelines[name]
    with KedroSession.create(project.path, env=env) as session:
        context = session.load_context()
        study = context.config_loader["globals"]["study"]
        # Each access to the property makes the whole catalog anew.
        catalog = context.catalog
        entries = {entry: catalog.get(entry) for entry in pipeline.datasets() if not entry.startswith("params:")}
    # Kedro holds in memory what has no entry.
    stored = {
        entry: dataset
        for entry, dataset in entries.items()
        if dataset is not None and type(dataset).__name__ != "MemoryDataset"
    }
    assert entries.keys() - stored.keys() == IN_MEMORY[name]
    for entry, dataset in stored.items():
        assert dataset.metadata["kedro-viz"]["layer"], entry
    results = stored.keys() & pipeline.all_outputs()
    assert results
    for entry in results:
        described = stored[entry]._describe()
        assert f"/{study}/" in f"{described.get('filepath') or described['path']}/", entry


def test_names_are_words_with_underscores(project):
    for pipeline in pipelines.values():
        assert pipeline.nodes
        for name in [node.name for node in pipeline.nodes] + sorted(pipeline.datasets()):
            assert re.fullmatch(r"(params:)?[a-z][a-z0-9_.]*", name), name


def test_every_node_says_what_it_does(project):
    for pipeline in pipelines.values():
        assert pipeline.nodes
        assert all(node.func.__doc__ for node in pipeline.nodes)


def test_the_loop_waits_for_the_seal_and_for_the_chains(project):
    loop = pipelines["loop"]
    parents = {node.name for node in loop.to_nodes("loop.follow_chains").nodes}
    assert parents == {
        "ingestion.read_raw",
        "ingestion.choose_chains",
        "ingestion.digest_originals",
        "loop.look_at_pictures",
        "loop.seal_settings",
        "loop.steer_texts",
        "loop.word_texts",
        "loop.follow_chains",
    }


def test_registry_and_catalog_need_no_model_library(project):
    script = (
        "import sys\n"
        "from kedro.framework.session import KedroSession\n"
        "from kedro.framework.startup import bootstrap_project\n"
        "from kedro.framework.project import pipelines\n"
        "bootstrap_project('.')\n"
        "assert 'loop' in pipelines\n"
        "with KedroSession.create('.') as session:\n"
        "    catalog = session.load_context().catalog\n"
        "    for name in ('describer', 'embedder'):\n"
        "        assert catalog.load(name).name == name\n"
        "assert not {'torch', 'diffusers', 'transformers'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=project.path)


def test_the_graph_builds_without_hooks(project):
    """Kedro-Viz builds the catalog with no hooks at all."""
    from kedro_viz.integrations.kedro.data_loader import load_data

    catalog, found, _ = load_data(project.path)
    assert "loop" in found
    assert "generator" in catalog


LAYERS = ["raw", "intermediate", "primary", "feature", "model_output", "reporting"]


@pytest.fixture
def graph(project):
    """The graphs of all pipelines, as Kedro-Viz builds them."""
    from kedro_viz.data_access.managers import DataAccessManager
    from kedro_viz.integrations.kedro.data_loader import load_data

    catalog, registered, _ = load_data(project.path)
    graph = DataAccessManager()
    graph.add_catalog(catalog, registered)
    graph.add_pipelines(registered)
    return graph


def test_kedro_viz_shows_the_study_as_boxes_that_open(graph):
    boxes = graph.create_modular_pipelines_tree_for_registered_pipeline("__default__")
    names = {"ingestion", "loop", "annotation", "similarity", "explainability", "reporting"}
    inner = {f"reporting.{box}" for box in reporting_pipeline._BOXES}
    assert set(boxes) == {"__root__"} | names | inner
    tasks = {node.name for node in graph.nodes.get_nodes_by_ids([each.id for each in boxes["__root__"].children])}
    assert names <= tasks
    assert pipelines["__default__"].nodes
    assert not any(node.short_name in tasks for node in pipelines["__default__"].nodes)


def test_boxes_and_layers_make_no_cycle(graph):
    for name in pipelines:
        boxes = graph.create_modular_pipelines_tree_for_registered_pipeline(name)
        edges = {(edge.source, edge.target) for edge in graph.get_edges_for_registered_pipeline(name)}
        # Kedro-Viz takes away the edges that would close a cycle.
        assert edges
        assert any(node.inputs for node in boxes.values()), name
        assert all((source, box) in edges for box, node in boxes.items() for source in node.inputs), name
        # It shows no layers if they make one.
        assert graph.get_sorted_layers_for_registered_pipeline(name), name
    layers = graph.get_sorted_layers_for_registered_pipeline("__default__")
    assert [layer for layer in layers if layer in LAYERS] == LAYERS


def test_a_project_may_stand_in_a_folder_of_any_name(project, monkeypatch):
    folder = project.path.with_name("my [project] #1 *b? 100% ä")
    project.path.rename(folder)
    monkeypatch.chdir(folder)
    bootstrap_project(folder)
    moved = type(project)(folder)
    moved.run(loop__iterations=1)
    moved.run(loop__iterations=2)
    assert moved.load("loop_manifest")["counts"]["images"] == 28
    assert moved.load("loop_contact_sheet").width > 500
    assert not project.path.exists()


def test_sampling_and_settings_are_validated_by_their_types(project):
    """Kedro validates `params:` by the annotations of the nodes; a node that lost its own would not."""
    from broken_telephone.study_config.settings_group import Settings

    with KedroSession.create(project.path) as session:
        params = session.load_context().params
    typed = {name for name, value in params.items() if isinstance(value, Settings)}
    assert typed >= {"chains", "dataset", "loop", "contact_sheet"}


def test_the_study_of_the_readme_is_accepted(tmp_path):
    """Its models start from nothing: the miniature's own paths and arguments are not merged into them."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    block = text.split("```yaml\n", 1)[1].split("```", 1)[0]
    shutil.copytree(PROJECT / "conf", tmp_path / "conf")
    (tmp_path / "conf/mine").mkdir()
    (tmp_path / "conf/mine/parameters.yml").write_text(block, encoding="utf-8")
    with pytest.raises(StudyError, match=r"names no study of its own.*study: mine"):
        StudyConfigLoader(tmp_path / "conf", "mine", base_env="base")
    (tmp_path / "conf/mine/globals.yml").write_text("study: mine", encoding="utf-8")
    found = StudyConfigLoader(tmp_path / "conf", "mine", base_env="base", merge_strategy={"parameters": "soft"})
    generator = GeneratorSettings.model_validate(found["parameters"]["generator"])
    assert generator.hub == "stabilityai/stable-diffusion-3.5-large"
    assert generator.load == {}
    assert DescriberSettings.model_validate(found["parameters"]["describer"]).dtype == "bfloat16"
    assert found["parameters"]["loop"]["iterations"] == 1


@pytest.mark.parametrize("study", [None, "raf_emotion"])
def test_another_model_for_one_run_starts_from_nothing(study):
    given = {"generator": {"preset": "sdxl_turbo"}, "describer": {"max_new_tokens": 5}}
    loader = StudyConfigLoader(PROJECT / "conf", study, runtime_params=given, **CONFIG_LOADER_ARGS)
    found = loader["parameters"]
    assert found["generator"] == {"preset": "sdxl_turbo"}
    assert GeneratorSettings.model_validate(found["generator"]).hub == "stabilityai/sdxl-turbo"
    # What is given without naming another model changes this one.
    assert len(found["describer"]) > 2
    assert found["describer"]["max_new_tokens"] == 5
