"""Names that `kedro run` is told: a wrong one ends in one sentence that names what exists."""

import pytest
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project
from project_copies import ROOT

from broken_telephone.commands.run_choice import refuse_unknown_choice
from broken_telephone.errors import StudyError


@pytest.fixture(autouse=True)
def _registry():
    bootstrap_project(ROOT)


@pytest.mark.parametrize(
    ("given", "sentences"),
    [
        (
            {"pipelines": ["lop"]},
            ["--pipelines: there is no pipeline 'lop'.", "Did you mean loop?", "There are: annotation, comparison,"],
        ),
        ({"pipeline": "Report"}, ["--pipeline: there is no pipeline 'Report'.", "Did you mean reporting?"]),
        (
            {"pipelines": ["loop"], "tags": ["nope"]},
            ["--tags: there is no tag 'nope' in loop.", "There are: ingestion, loop, shard"],
        ),
        (
            {"node_names": ["annotate_pictures"]},
            ["--nodes: there is no node", "in the whole study.", "Did you mean annotation.annotate_pictures?"],
        ),
        (
            {"to_nodes": ["reporting.measure_drift"]},
            ["--to-nodes: ", "Did you mean reporting.changes.measure_drift?", "`kedro registry describe` lists all"],
        ),
        (
            {"pipelines": ["loop"], "from_nodes": ["loop.folow_chains"]},
            ["Did you mean loop.follow_chains?", "There are: ", "loop.seal_settings"],
        ),
        (
            {"pipelines": ["similarity"], "node_names": ["annotation.annotate_pictures"]},
            ["is not a node of similarity, but of ", "annotation", "add --pipelines "],
        ),
        ({"from_inputs": ["chain"]}, ["--from-inputs: there is no data set 'chain'", "Did you mean chain_cells or"]),
        ({"to_outputs": ["raw_dataset"]}, ["--to-outputs: there is no data set 'raw_dataset' in the whole study"]),
        ({"namespaces": ["report"]}, ["--namespaces: there is no namespace 'report'", "reporting.pages"]),
        (
            {"pipelines": ["loop"], "tags": ["ingestion"], "node_names": ["loop.follow_chains"]},
            ["No node of loop is left by --tags ingestion, --nodes loop.follow_chains"],
        ),
    ],
)
def test_a_wrong_name_is_told_with_those_that_exist(given, sentences):
    with pytest.raises(StudyError) as told:
        refuse_unknown_choice(given)
    message = str(told.value)
    assert all(sentence in message for sentence in sentences), message
    assert "\n" not in message


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"pipelines": ["loop", "annotation"], "tags": ["shard"]},
        {"pipeline": "import"},
        {"node_names": ["reporting.pages.write_report"]},
        {"namespaces": ["reporting"]},
        {"namespaces": ["reporting.changes"]},
        {"from_inputs": ["chains"], "to_outputs": ["report"]},
    ],
)
def test_right_names_are_taken(given):
    refuse_unknown_choice(given)


def test_every_node_tag_and_namespace_of_every_pipeline_is_taken():
    for name, pipeline in pipelines.items():
        for node in pipeline.nodes:
            refuse_unknown_choice(
                {
                    "pipelines": [name],
                    "node_names": [node.name],
                    "tags": [*node.tags][:1],
                    "namespaces": [node.namespace] if node.namespace else [],
                }
            )
