"""The lines after a run: numbers of one thing, and no lines about nothing."""

from types import SimpleNamespace

import pandas as pd
import pytest
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project
from project_copies import ROOT

from broken_telephone.annotation.manifest import _statuses
from broken_telephone.hooks import next_step as next_step_module
from broken_telephone.hooks.next_step import next_step
from broken_telephone.hooks.summary import _MAIN, _annotation_lines, _result_lines


def asked(answered: int, failures: int) -> dict:
    return {
        "reading": "free",
        "by": f"annotator of {answered}",
        "answered": answered,
        "failures": [{}] * failures,
        "seconds": 1.4,
    }


def test_questions_without_answers_have_no_line_unless_they_failed():
    questions = {"a": asked(9, 1), "b": asked(0, 0), "c": asked(1, 0), "d": asked(0, 2)}
    lines = _annotation_lines({"asked": questions, "statuses": {}})
    assert lines == [
        "Annotation, free: annotator of 9 answered for 9 pictures in 1 s, 1 failure.",
        "Annotation, free: annotator of 1 answered for 1 picture in 1 s, 0 failures.",
        "Annotation, free: annotator of 0 answered for 0 pictures in 1 s, 2 failures.",
    ]


FREE_FORM = {
    "ethnicity": ["white", "Black", "east Asian", "south Asian", "other"],
    "gender": ["male", "female"],
    "age": ["child or teenager", "young adult", "middle-aged", "old", "other"],
}


def without_counts(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("Annotation, ")]


def test_an_annotator_that_does_not_know_the_form_is_named_with_the_setting():
    ethnicity, gender, age = {"invalid": 1.0}, {"valid": 0.001, "invalid": 0.999}, {"invalid": 1.0}
    statuses = {"free": {"ethnicity": ethnicity, "gender": gender, "age": age}, "closed": {"age": {"valid": 1.0}}}
    questions = {"free": {**asked(0, 0), "settings": {}, "attributes": FREE_FORM}}
    *counts, advice = _annotation_lines({"asked": questions, "statuses": statuses})
    assert counts == [
        "Annotation, free, ethnicity: 100.0% invalid.",
        "Annotation, free, gender: 99.9% invalid.",
        "Annotation, free, age: 100.0% invalid.",
    ]
    assert advice.startswith("Free reading: no answer about age and ethnicity fits the form.")
    assert "`dataset: {scheme: raf}`" in advice
    del statuses["free"]["ethnicity"], statuses["free"]["age"]
    assert _annotation_lines({"asked": questions, "statuses": statuses}) == counts[1:2]


def test_one_valid_answer_among_thirty_thousand_is_one():
    rows = pd.DataFrame({"annotator": "a", "reading": "free", "attribute": "age", "status": ["invalid"] * 30_000})
    rows.loc[7, "status"] = "valid"
    question = SimpleNamespace(name="free", reading="free", by="a")
    statuses = _statuses([question], rows)
    assert statuses["free"]["age"]["invalid"] == 1  # rounded
    assert without_counts(_annotation_lines({"asked": {}, "statuses": statuses})) == []
    rows.loc[7, "status"] = "invalid"
    [sentence] = without_counts(_annotation_lines({"asked": {}, "statuses": _statuses([question], rows)}))
    assert "no answer about age fits the form" in sentence


@pytest.mark.parametrize(
    ("question", "attributes"),
    [
        ({"settings": {"imported": "free", "model": "x"}}, FREE_FORM),
        ({"settings": {}}, {"age": ["young", "old"]}),  # an attribute of the study's own
    ],
)
def test_another_form_is_advised_only_where_it_would_help(question, attributes):
    questions = {"free by x": {**asked(0, 0), **question, "attributes": attributes}}
    [sentence] = without_counts(
        _annotation_lines({"asked": questions, "statuses": {"free by x": {"age": {"invalid": 1.0}}}})
    )
    assert sentence == (
        "Free reading by x: no answer about age fits the form. The report cannot measure what has no valid answer."
    )


def pointed(outputs: dict[str, str], made: tuple[str, ...] = (), env: str | None = None) -> str | None:
    """Return the last line of a run that made entries with files, and others."""
    return next_step({"env": env}, {*outputs, *made}, outputs)


@pytest.mark.parametrize(
    ("outputs", "line"),
    [
        (
            {"report": "a/report.html", "loop_contact_sheet": "a/sheet.png", "agreement_figure": "a/agreement.png"},
            "Open next: a/report.html (report) (or `kedro view --env 'my study'`)",
        ),
        ({"comparison_page": "c.html"}, "Open next: c.html (comparison)"),
        ({"loop_contact_sheet": "s.png", "loop_images": "i"}, "Open next: s.png (contact sheet of some chains)"),
        ({"baseline_figure": "b.png", "people": "p"}, "Open next: b.png (shares of the data set)"),
        ({"similarities": "s.parquet"}, "Run next: `kedro run --env 'my study'`"),
        ({"loop_batches": "b"}, None),
    ],
)
def test_the_last_line_names_the_one_file_to_open(outputs, line):
    assert pointed(outputs, env="my study") == line


def test_without_a_folder_of_a_study_the_last_line_names_none():
    assert pointed({"report": "r.html"}) == "Open next: r.html (report) (or `kedro view`)"
    assert pointed({"similarities": "s.parquet"}) == "Run next: `kedro run`"


def test_every_pipeline_ends_with_a_last_line_and_every_entry_of_it_is_reached():
    bootstrap_project(ROOT)
    first = set()
    for name, pipeline in pipelines.items():
        made = pipeline.all_outputs()
        assert pointed(dict.fromkeys(made, "file")), name
        first.add(next((each for each in next_step_module.OPENED if each in made), next_step_module._WITHOUT_A_PAGE))
    assert first == {*next_step_module.OPENED, next_step_module._WITHOUT_A_PAGE}


def test_a_run_with_many_results_lists_the_main_ones_and_counts_the_others():
    bootstrap_project(ROOT)
    outputs = sorted(pipelines["__default__"].all_outputs())
    paths = {name: f"data/{name}" for name in outputs} | {"wanted_settings": "data/loop_settings"}
    *listed, last = _result_lines(paths, " --env x")
    names = [line.split()[0] for line in listed]
    assert set(names) == set(_MAIN) & set(outputs)
    assert {"report", "findings", "loop_images"} <= set(names)
    assert len(names) < 20
    # Two entries have one file, which counts once.
    assert last == (
        f"{len(outputs) - 1 - len(names)} more results: conf/base/catalog.yml names them. "
        "`kedro export --env x` writes all tables."
    )


def test_a_run_with_few_results_lists_each_file_once():
    paths = {"loop_settings": "a/settings.json", "people": "a/people", "wanted_settings": "a/settings.json"}
    assert _result_lines(paths, "") == ["loop_settings  a/settings.json", "people         a/people"]
    assert _result_lines({}, "") == []


def test_every_main_result_is_an_output_of_some_pipeline():
    bootstrap_project(ROOT)
    assert set(_MAIN) <= set().union(*(pipeline.all_outputs() for pipeline in pipelines.values()))
