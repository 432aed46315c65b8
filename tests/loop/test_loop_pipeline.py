"""The loop as users run it: the real pipeline, configuration and adapters, tiny data and models."""

import errno
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from kedro.io import DatasetError
from PIL import Image
from raw_data import write_phase, write_raf

from broken_telephone.chains import chains_of
from broken_telephone.cli import cli
from broken_telephone.datasets import ComparedDataset, ImagePartitionsDataset, WholeParquetDataset
from broken_telephone.loop import of_shard
from broken_telephone.tables import check_chains, check_descriptions, check_people

PRIMARY = "data/03_primary/miniature"


def images_and_texts(project) -> dict[str, bytes]:
    files = project.files(PRIMARY)
    images = {name: content for name, content in files.items() if name.startswith("loop_images")}
    batches = [json.loads(content) for name, content in files.items() if name.startswith("loop_batches")]
    rows = [row for batch in batches for row in batch["descriptions"]]
    return images | {f"{row['chain_id']}/{row['iteration']}": row["text"].encode() for row in rows}


def kedro_run(*arguments: str):
    return CliRunner().invoke(cli, ["run", "--pipelines", "loop", *arguments])


def test_a_fresh_clone_ends_with_everything_the_design_promises(project, capsys):
    project.run()
    check_people(project.load("people"))
    chains = project.load("chains")
    check_chains(chains)
    assert chains["start"].value_counts().to_dict() == {"image": 7, "prompt": 7}
    descriptions = project.load("loop_descriptions")
    check_descriptions(descriptions)
    assert len(descriptions) == 28
    assert set(descriptions["describer"]) == {"describer", "prompt"}
    images = project.load("loop_images")
    assert set(images) == {f"{chain}/{k}" for chain in chains["chain_id"] for k in (1, 2)}
    assert images[f"{chains['chain_id'][0]}/2"]().size == (16, 16)
    manifest = project.load("loop_manifest")
    assert manifest["study"] == "miniature"
    assert manifest["counts"]["images"] == 28
    assert manifest["settings"]["generator"]["steps"] == 1
    assert manifest["sessions"][0]["versions"]["torch"]
    assert manifest["sessions"][0]["devices"] == {"describe": "cpu", "draw": "cpu"}
    assert project.load("loop_contact_sheet").width > 500
    summary = capsys.readouterr().out
    assert "14 chains (7 from images, 7 from prompts), 2 iterations: 28 descriptions, 28 images" in summary
    assert f"{PRIMARY}/loop_images" in summary
    sheet = re.search(r"data/08_reporting/miniature/loop_contact_sheet\.png/\S+\.png", summary)
    assert (project.path / sheet[0]).is_file()


def test_the_activity_study_differs_in_configuration_only(project):
    project.run(env="miniature_activity")
    chains = project.load("chains", env="miniature_activity")
    assert set(chains["concept"]) == {"activity"}
    assert chains["start"].value_counts().to_dict() == {"image": 9, "prompt": 9}
    assert chains["image_path"].dropna().str.startswith("phase_images/").all()
    assert not (project.path / PRIMARY).exists()


def test_a_second_run_does_nothing_and_imports_no_model_library(project):
    project.run()
    before = project.files("data")
    script = (
        "import sys\n"
        "from kedro.framework.session import KedroSession\n"
        "from kedro.framework.startup import bootstrap_project\n"
        "bootstrap_project('.')\n"
        "with KedroSession.create('.') as session: session.run(pipeline_names=['loop'])\n"
        "assert not {'torch', 'diffusers', 'transformers'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=project.path)
    after = project.files("data")
    assert {name for name in before if after[name] != before[name]} == set()
    # Results are versioned: the sheet is the one thing that is drawn anew.
    assert {name.split("/")[2] for name in after.keys() - before.keys()} == {"loop_contact_sheet.png"}


def test_what_is_missing_is_made_again_and_nothing_else(project):
    project.run()
    before = images_and_texts(project)
    folder = next((project.path / PRIMARY / "loop_images").glob("test_*"))
    times = {file: file.stat().st_mtime_ns for file in (project.path / PRIMARY / "loop_images").rglob("*.png")}
    (folder / "2.png").unlink()
    project.run()
    # One picture alone differs from the same in a batch by rounding; everything else is untouched.
    after = images_and_texts(project)
    assert after.keys() == before.keys()
    redone = {file for file, time in times.items() if file.stat().st_mtime_ns != time}
    assert redone == {folder / "2.png"}
    assert len(project.load("loop_sessions")) == 2


def test_the_same_study_elsewhere_is_the_same_to_the_byte(project, tmp_path):
    project.run()
    first = images_and_texts(project)
    shutil.rmtree(project.path / PRIMARY)
    project.run()
    assert images_and_texts(project) == first


def test_more_iterations_and_other_batches_are_no_other_study(project):
    project.run()
    before = images_and_texts(project)
    project.run(loop__iterations=3, loop__describe_batch=1, loop__residency="one")
    after = images_and_texts(project)
    assert before.items() < after.items()
    assert len(after) == len(before) * 3 / 2
    assert project.load("loop_manifest")["iterations"] == 3


def test_shards_and_a_merge_are_the_same_study(project, capsys):
    result = CliRunner().invoke(cli, ["run", "--pipelines", "loop", "--tags", "shard"])
    assert result.exit_code == 1
    assert "--params loop.shard=1/8" in result.output
    result = CliRunner().invoke(cli, ["run", "--pipelines", "loop", "--tags", "shard", "--params", "loop.shard=1/2"])
    assert result.exit_code == 1
    assert "There are no chains yet: run `kedro run --pipeline ingestion`" in result.output
    project.run(pipeline="ingestion")
    for shard in ("2/2", "1/2"):
        project.run(tags=["shard"], loop__shard=shard)
        assert not (project.path / PRIMARY / "loop_manifest.json").exists()
        chains = re.search(
            rf"Study miniature, shard {shard}: (\d+) chains .*: (\d+) descriptions", capsys.readouterr().out
        )
        assert int(chains[2]) == 2 * int(chains[1]) > 0
    assert len(images_and_texts(project)) == 56
    project.run()
    manifest = project.load("loop_manifest")
    assert manifest["complete"]
    assert [session["shard"] for session in manifest["sessions"]] == ["2/2", "1/2"]
    assert manifest["counts"]["images"] == len(project.load("loop_descriptions")) == 28


def test_results_go_to_any_file_system(project, capsys):
    globals_file = project.path / "conf/base/globals.yml"
    globals_file.write_text(globals_file.read_text().replace("results: data", "results: memory://elsewhere"))
    project.run(loop__iterations=1)
    project.run(loop__iterations=1)
    assert not any((project.path / "data").glob("0[2358]_*"))
    assert "memory:///elsewhere/03_primary/miniature/loop_images" in capsys.readouterr().out
    assert len(project.load("loop_images")) == len(project.load("loop_descriptions")) == 14
    assert project.load("loop_manifest")["complete"]
    assert project.load("loop_contact_sheet").width > 300
    assert kedro_run("--params", "generator.steps=2").exit_code == 1


@pytest.mark.parametrize(
    ("parameter", "told"),
    [
        ("generator.steps=2", "generator.steps: 1 then, 2 now"),
        ("generator.guidance=1.0", "generator.guidance: 3.0 then, 1.0 now"),
        ("loop.describe_prompt=Say.", "loop.describe_prompt: 'Describe only the emotion and the facial expression"),
        ("chains.seed=2", "chains.seed: 1 then, 2 now"),
        ("describer.max_new_tokens=5", "describer.max_new_tokens: 4 then, 5 now"),
    ],
)
def test_a_setting_that_changes_results_is_refused_by_name(project, parameter, told):
    seal = project.path / PRIMARY / "loop_settings.json"
    if not seal.exists():
        project.run(loop__iterations=1)
    before = project.files("data")
    result = kedro_run("--params", parameter)
    assert result.exit_code == 1
    assert told in result.output
    assert str(seal) in result.output
    assert project.files("data") == before


def test_of_two_shards_with_other_settings_that_start_together_the_second_saves_nothing(project, monkeypatch):
    project.run(pipeline="ingestion")
    compare = ComparedDataset.save

    def overtaken(self, data):
        """Find no seal; and before the first result is there, a run beside this one has some."""
        compare(self, data)
        monkeypatch.setattr(ComparedDataset, "save", compare)
        project.run(tags=["shard"], loop__shard="1/2")
        before.update(images_and_texts(project))

    before: dict[str, bytes] = {}
    monkeypatch.setattr(ComparedDataset, "save", overtaken)
    arguments = ["run", "--pipelines", "loop", "--tags", "shard", "--params", "loop.shard=2/2,generator.guidance=1.0"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 1
    assert "generator.guidance: 3.0 then, 1.0 now" in result.output
    assert str(project.path / PRIMARY / "loop_settings.json") in result.output
    assert images_and_texts(project) == before != {}
    assert project.load("loop_settings")["generator"]["guidance"] == 3.0


def test_a_seal_is_written_with_the_first_result_and_not_made_anew(project):
    seal = project.path / PRIMARY / "loop_settings.json"
    assert kedro_run("--params", "generator.width=17").exit_code == 1
    assert not seal.exists()
    project.run(pipeline="ingestion")
    chains, number = chains_of(project.load("chains")), 1
    while of_shard(chains, f"{number}/99"):
        number += 1
    project.run(tags=["shard"], loop__shard=f"{number}/99")  # which has no chains
    assert not seal.exists()
    project.run(loop__iterations=1)
    stated = seal.read_text()
    seal.unlink()
    result = kedro_run()
    assert result.exit_code == 1
    assert f"{seal} is gone" in result.output
    assert not seal.exists()
    seal.write_text(stated[:50])
    result = kedro_run()
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert f"{seal} is not a record" in result.output
    seal.write_text(stated)
    project.run(loop__iterations=1)
    (project.path / PRIMARY / "loop_manifest.json").write_text("{")
    result = kedro_run("--params", "loop.iterations=1")
    assert result.exit_code == 1
    assert "loop_manifest.json is not a record" in result.output


@pytest.mark.parametrize(("setting", "value"), [("seed", "2"), ("concept", "gaze")])
def test_chains_that_were_made_with_other_settings_are_refused(project, setting, value):
    project.run(pipeline="ingestion")
    arguments = [
        "run",
        "--pipelines",
        "loop",
        "--tags",
        "shard",
        "--params",
        f"loop.shard=1/1,chains.{setting}={value}",
    ]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 1
    assert f"The chains were made with another chains.{setting} (14 of 14)" in result.output
    assert "kedro run --pipeline ingestion" in result.output
    assert not images_and_texts(project)
    assert not (project.path / PRIMARY / "loop_settings.json").exists()


def test_other_weights_in_the_same_folder_are_refused(project):
    project.run(loop__iterations=1)
    config = project.path / "data/06_models/describer/config.json"
    config.write_text(config.read_text() + "\n")
    result = kedro_run()
    assert result.exit_code == 1
    assert "describer.weights: " in result.output


def test_a_picture_that_does_not_open_is_counted_and_named(project, capsys):
    project.run(pipeline="ingestion")
    chain = project.load("chains").iloc[0]
    file = project.path / "data/01_raw/miniature_portraits" / chain["image_path"]
    # Whole by its header and its end, broken between: ingestion does not decode pictures, the loop does.
    png = io.BytesIO()
    Image.effect_noise((20, 20), 90).save(png, "PNG")
    content = png.getvalue()
    file.write_bytes(content[:60] + bytes(20) + content[80:])
    project.run()
    manifest = project.load("loop_manifest")
    assert manifest["counts"] == {
        "chains": 14,
        "chains_from_images": 7,
        "chains_from_prompts": 7,
        "descriptions": 26,
        "images": 26,
        "stored": 26,
        "failures": 1,
        "cut": 0,
    }
    assert str(file) in manifest["failures"][0]["reason"]
    assert f"Stopped: {chain['chain_id']} at iteration 1: {file}" in capsys.readouterr().out
    assert isinstance(project.load("loop_contact_sheet"), Image.Image)


def test_a_truncated_picture_is_left_out_and_listed(project, capsys):
    project.run(pipeline="ingestion")
    first = project.load("chains").iloc[0]
    file = project.path / "data/01_raw/miniature_portraits" / first["image_path"]
    file.write_bytes(file.read_bytes()[:200])
    capsys.readouterr()
    project.run(pipeline="ingestion")
    assert file.name in capsys.readouterr().out
    assert len(project.load("chains")) == 14
    assert first["chain_id"] not in set(project.load("chains")["chain_id"])
    defect = project.load("dataset_defects").iloc[0]
    assert (defect["effect"], defect["problem"], defect["file"]) == (
        "dropped",
        "image unreadable",
        first["image_path"],
    )
    quality = project.load("dataset_quality").set_index("check")["count"]
    assert (quality["people in the files"], quality["people left out"], quality["image unreadable"]) == (28, 1, 1)


def test_the_baseline_shows_the_data_set_as_it_is(project):
    project.run(pipeline="ingestion", env="miniature_activity")
    baseline = project.load("baseline", env="miniature_activity").set_index(
        ["concept", "people", "label", "attribute", "category"]
    )
    assert baseline.loc[("activity", "all", "disagreement", "age", "adult"), "count"] == 27
    assert baseline.loc[("activity", "main", "(all)", "age x gender", "young adult x male"), "share"] == 1
    sums = baseline[baseline["n"] > 0].groupby(["concept", "people", "label", "attribute"])["share"].sum()
    assert np.allclose(sums, 1)
    assert list((project.path / "data/08_reporting/miniature_activity").glob("baseline.png/*/baseline.png"))


@pytest.mark.parametrize("study", ["raf_emotion", "phase_emotion", "phase_activity"])
def test_the_published_studies_are_complete_and_say_what_they_lack(project, study):
    result = kedro_run("--env", study)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    for words in ("data/01_raw/", "does not exist", "data_root", "given"):
        assert words in result.output
    layout = "raf_db" if study == "raf_emotion" else "phase"
    data = write_raf(project.path / "raf") if layout == "raf_db" else write_phase(project.path / "phase")
    project.run(pipeline="ingestion", env=study, data_root=str(data))
    assert (
        len(project.load("chains", env=study)) == {"raf_emotion": 28, "phase_emotion": 27, "phase_activity": 27}[study]
    )


def test_a_study_of_ones_own_table_and_one_of_prompts_alone(project):
    """As docs/datasets.md has them."""
    faces = write_raf(project.path / "faces")
    images = sorted((faces / "Image/aligned").glob("*.jpg"))
    rows = [f"Image/aligned/{file.name},{('nurse', 'doctor')[k % 2]},man,1" for k, file in enumerate(images)]
    (faces / "labels.csv").write_text("file,occupation,sex,face_id\n" + "\n".join(rows))
    (project.path / "feelings.yml").write_text("prompt_template: Someone {}.\nprompts: [{name: fear}, {name: anger}]\n")
    studies = {
        "own_table": {
            "data_root": str(faces),
            "dataset": {
                "source": "image_folder",
                "labels": "labels.csv",
                "columns": {"image": "file", "gender": "sex", "person": "face_id"},
                "concepts": {"occupation": ["nurse", "doctor"]},
            },
            "chains": {"concept": "occupation"},
        },
        "prompts_alone": {
            "dataset": {"source": "none", "scheme": "raf"},
            "chains": {"concept": "emotion", "prompt_file": str(project.path / "feelings.yml")},
        },
    }
    for study, settings in studies.items():
        (project.path / "conf" / study).mkdir()
        (project.path / "conf" / study / "globals.yml").write_text(f"study: {study}\n")
        (project.path / "conf" / study / "parameters.yml").write_text(yaml.safe_dump(settings))
        project.run(pipeline="ingestion", env=study)
    assert project.load("chains", env="own_table")["label"].value_counts().to_dict() == {"nurse": 14, "doctor": 14}
    assert project.load("people", env="own_table")["gender"].eq("male").all()
    assert project.load("chains", env="prompts_alone")["prompt"].tolist() == ["Someone fear.", "Someone anger."]


def test_ingestion_alone_needs_no_models(project):
    shutil.rmtree(project.path / "data/06_models")
    project.run(pipeline="ingestion")
    assert len(project.load("chains")) == 14


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--pipelines", "lop"], ["there is no pipeline 'lop'. Did you mean loop?"]),
        (["--env", "nope"], ["There is no study 'nope'", "`kedro new-study` makes one"]),
        (
            ["--params", "loop.iterations=0"],
            ["cannot be used:\n- loop: 'iterations'", "greater than or equal to 1", "not 0"],
        ),
        (["--params", "loop.iterations=many"], ["'iterations': input should be a valid integer, not 'many'"]),
        (["--params", "loop.iteration=2"], ["'iteration' is not a setting here", "iterations, describe_prompt"]),
        (
            ["--params", "loop.workers=2"],
            ["Error: These settings cannot be used:\n- loop: workers and ray_address are for executor: ray"],
        ),
        (["--params", "loop.shard=3/2"], ["'shard': a shard is written i/n, from 1/n to n/n, not '3/2'"]),
        (["--params", "lop.iterations=2"], ["no setting 'lop'", "chains, comparison, contact_sheet, "]),
        (["--params", "study=other"], ["'other' is not this study's name, which is 'miniature'", "globals.yml"]),
        (["--params", "loop.draw_batch=many"], ["'draw_batch': a whole number from 1, or auto, not 'many'"]),
        (["--params", "loop.draw_batch=0"], ["'draw_batch': a whole number from 1, or auto, not 0"]),
        (["--params", "describer.path=conf"], ["conf is no model folder for describer.path", "config.json"]),
        (["--params", "generator.path=conf"], ["conf is no model folder for generator.path", "model_index.json"]),
        (["--params", "generator.path=models/gone"], ["models/gone does not exist", "generator.path"]),
        (["--params", "describer.step=1"], ["Settings of the describer", "'step' is not a setting"]),
        (["--params", "data_root=/gone"], ["/gone does not exist", "data_root", "RAF-DB is given to researchers"]),
        (["--params", "dataset.source=celeba"], ["'source'", "'celeba'"]),
        (["--params", "chains.concept=activity"], ["the scheme RAF (dataset.scheme) has no concept 'activity'"]),
    ],
)
def test_bad_input_ends_in_a_paragraph_and_computes_nothing(project, arguments, told):
    result = kedro_run(*arguments)
    assert result.exit_code == 1
    assert not re.search("Traceback|Parameter|instantiate", result.output)
    for words in told:
        assert words in result.output
    assert list((project.path / PRIMARY / "loop_images").glob("*")) == []


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ("generator.width=17", "cannot draw with these settings of the generator: .*divisible by"),
        ("generator.width=17,loop.residency=one", "cannot draw with these settings of the generator: .*divisible by"),
        ("generator.call.foo=1", r"does not take generator\.call\.foo"),
        ("generator.scheduler=Foo", "diffusers has no 'Foo'"),
        ("generator.guidance=1.0,generator.negative_prompt=sad", "heeds generator.negative_prompt only where"),
        ("generator.offload=model,generator.device=cpu", r"generator\.offload: model is for GPUs"),
        ("describer.call.foo=1", r"cannot write with describer\.call\.foo: .*foo"),
    ],
)
def test_wrong_settings_of_a_model_are_found_before_anything_is_sealed(project, parameters, told):
    result = kedro_run("--params", parameters)
    assert result.exit_code == 1
    assert re.search(told, result.output)
    assert "Traceback" not in result.output
    assert not images_and_texts(project)
    assert not (project.path / PRIMARY / "loop_settings.json").exists()


@pytest.mark.parametrize(
    "setting",
    [
        "call.extra_headers.Authorization=sesame-of-test",
        "call.provider.token=sesame-of-test",
        "key_variable=sesame-of-test",
    ],
)
def test_a_literal_secret_is_refused_and_written_nowhere(project, setting):
    result = kedro_run(
        "--params", f"describer.endpoint=http://localhost:9/v1,describer.model=some-vlm,describer.{setting}"
    )
    assert result.exit_code == 1
    assert re.search("header_variables|name of an environment variable", result.output)
    assert "sesame-of-test" not in result.output
    files = project.files("data")
    assert files
    assert not any(b"sesame-of-test" in content for content in files.values())


def test_a_hub_id_that_is_not_there_is_found_before_anything_is_sealed(project, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    result = kedro_run("--params", "generator.hub=foo/bar,generator.revision=abc123")
    assert result.exit_code == 1
    assert "hf download foo/bar --revision abc123" in result.output
    assert not any(images_and_texts(project))


def test_fewer_iterations_and_chains_leave_the_rest_on_disk_and_say_so(project, caplog):
    project.run()
    before = images_and_texts(project)
    project.run(loop__iterations=1)
    assert "14 descriptions of other chains or later iterations" in caplog.text
    assert len(project.load("loop_descriptions")) == 14
    assert images_and_texts(project) == before
    project.run()
    assert len(project.load("loop_descriptions")) == 28


def test_a_describer_that_says_nothing_is_told_at_the_end(project, capsys, monkeypatch):
    from broken_telephone.models import Description
    from broken_telephone.models.describers.transformers_describer import TransformersDescriber

    monkeypatch.setattr(
        TransformersDescriber, "describe", lambda self, images, prompt: [Description("", 0, False)] * len(images)
    )
    project.run()
    summary = capsys.readouterr().out
    assert re.search(r"All 14 descriptions failed, 14 .*: empty description \(.* wrote nothing\)", summary)
    project.run(loop__iterations=1)
    assert "from prompts), 1 iteration: 7 descriptions" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_named_before_any_model_is_needed(project):
    shutil.rmtree(project.path / "data/06_models")
    (project.path / "data/03_primary").write_text("in the way")
    result = kedro_run()
    assert result.exit_code == 1
    there = project.path / "data/03_primary"
    assert f"Results cannot be written to {project.path / PRIMARY}: {there}: Not a directory." in result.output


def test_a_missing_setting_is_named(project):
    file = project.path / "conf/base/parameters.yml"
    settings = yaml.safe_load(file.read_text())
    del settings["dataset"]["source"]
    file.write_text(yaml.safe_dump(settings))
    result = kedro_run()
    assert result.exit_code == 1
    assert "dataset" in result.output
    assert "'source' is missing" in result.output
    assert "missing" in result.output


def test_records_hold_no_path_of_this_machine(project):
    project.run(loop__iterations=1)
    records = {name: content for name, content in project.files(PRIMARY).items() if name.endswith(".json")}
    assert len(records) > 1
    for name, content in records.items():
        assert str(project.path) not in json.dumps(json.loads(content)), name
    tables = [project.load(name) for name in ("chains", "loop_descriptions", "people")]
    assert all(isinstance(table, pd.DataFrame) and len(table) > 0 for table in tables)
    assert not any(str(project.path) in table.to_csv() for table in tables)


def test_a_full_disk_ends_in_a_paragraph(project, monkeypatch):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ImagePartitionsDataset, "save", full)
        result = kedro_run()
    assert result.exit_code == 1
    assert "There is no room left" in result.output
    assert "the same command goes on" in result.output
    project.run()
    assert project.load("loop_manifest")["complete"]


def test_results_without_a_seal_are_seen_wherever_the_process_stands(project, tmp_path, monkeypatch):
    folder = project.path / "data/03_primary/miniature"
    (folder / "loop_images/a").mkdir(parents=True)
    (folder / "loop_images/a/1.png").write_bytes(b"")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with pytest.raises(DatasetError, match=r"loop_settings\.json is gone"):
        project.run(to_nodes=["loop.seal_settings"])


def test_a_table_is_whole_or_not_there(tmp_path, monkeypatch):
    table = WholeParquetDataset(filepath=str(tmp_path / "t.parquet"))
    frame = pd.DataFrame({"a": [1, 2]})
    table.save(frame)
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        table.save(frame * 2)
    assert table.load().equals(frame)
    assert [file.name for file in tmp_path.iterdir()] == ["t.parquet"]
    assert table.preview()["data"] == [[1], [2]]
    (tmp_path / "t.parquet").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"t\.parquet is no table.*Delete it"):
        table.load()


def test_pictures_are_let_go_once_they_are_saved(project, monkeypatch):
    """Kedro holds on to dozens of chunks of what a node yields."""
    saved = []
    save = ImagePartitionsDataset.save

    def keep(self, data):
        # No earlier batch is in memory any more when the next is saved.
        assert not any(saved)
        save(self, data)
        if data:
            saved.append(data)

    monkeypatch.setattr(ImagePartitionsDataset, "save", keep)
    project.run()
    assert len(saved) > 5
    assert not any(saved)


def test_texts_with_stated_attributes_are_sealed_resumed_and_the_same_in_shards(project, capsys, caplog):
    steer = {"loop__neutralise": ["age"], "loop__steer": {"anchor": ["gender", "age"], "template": "{Person}: {text}"}}
    project.run(**steer)
    people = project.load("people").set_index("image_id")
    chains, table = project.load("chains").set_index("chain_id"), project.load("loop_descriptions")
    nouns = {"male": ("boy", "man", "male"), "female": ("girl", "woman", "female")}
    assert len(table) == 28
    for row in table.itertuples():
        image = chains.loc[row.chain_id, "image_id"]
        if pd.isna(image) or pd.isna(people.loc[image, "gender"]) or people.loc[image, "gender"] == "unsure":
            assert pd.isna(image) or row.drawn_text.endswith(f": {row.text}")
            continue
        person, _, text = row.drawn_text.partition(": ")
        assert text == row.text
        assert any(noun in person.split() for noun in nouns[people.loc[image, "gender"]])
    from_prompts = table[table["chain_id"].str.startswith("prompt")]
    assert from_prompts["drawn_text"].isna().all()
    stated = chains["image_id"].map(people["gender"].astype(object).to_dict()).isin(["male", "female"])
    assert f"the data set states no gender for {(~stated).sum()} of 14 chains" in caplog.text
    manifest = project.load("loop_manifest")
    assert manifest["settings"]["loop"]["steer"]["anchor"] == ["gender", "age"]
    assert manifest["drawn_texts"]["reworded"] == table["drawn_text"].notna().sum() == 14
    assert manifest["drawn_texts"]["not_steered"]["age"] == 14
    first = images_and_texts(project)
    before = project.files(PRIMARY)
    project.run(**steer)
    assert project.files(PRIMARY) == before
    for other in ({}, steer | {"loop__neutralise": []}):
        with pytest.raises(DatasetError, match=r"loop\.(steer|neutralise)"):
            project.run(**other)
    shutil.rmtree(project.path / PRIMARY)
    project.run(pipeline="ingestion", **steer)
    for shard in ("1/2", "2/2"):
        project.run(tags=["shard"], loop__shard=shard, **steer)
    project.run(**steer)
    assert images_and_texts(project).keys() == first.keys()
    assert (project.load("loop_descriptions")["drawn_text"].fillna("") == table["drawn_text"].fillna("")).all()
