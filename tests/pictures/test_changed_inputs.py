"""Inputs that change after results were made from them: every stage refuses them by name, and nothing is mixed."""

import json
import os
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from PIL import Image

from broken_telephone.errors import ChangedInputError, StudyError
from broken_telephone.hooks.run_checks import refuse_other_pictures

PRIMARY = "data/03_primary/miniature"
STAGES = ("loop", "shard", "annotation", "similarity")


def raw(project) -> Path:
    return project.path / "data/01_raw/miniature_portraits"


def refused(project, stage: str, words: str, **params: object) -> None:
    before = project.files("data")
    shard = {"pipeline": "loop", "tags": ["shard"], "loop__shard": "1/2"}
    with pytest.raises(ChangedInputError, match=words):
        project.run(**(shard if stage == "shard" else {"pipeline": stage}), **params)
    # Ingestion's own list of what is in the files may be another by now.
    kept = {name for name in before if not name.startswith(("02_intermediate", "08_reporting"))}
    after = project.files("data")
    assert {name for name in kept if after[name] != before[name]} == set()


def test_other_pictures_of_the_same_names_are_refused_wherever_they_are_met(project):
    project.run("loop", loop__iterations=1)
    project.run("annotation", loop__iterations=1)
    other = project.path / "other"
    shutil.copytree(raw(project), other)
    paths = project.load("chains")["image_path"].dropna().tolist()
    for number, path in enumerate(paths):
        Image.effect_noise((20, 20), 90 + number).convert("RGB").save(other / path, "PNG")
    words = rf"{len(paths)} of {len(paths)} originals or prompts .*: {re.escape(paths[0])}, {re.escape(paths[1])}"
    for stage in ("annotation", "similarity"):
        refused(project, stage, words, data_root=str(other), loop__iterations=1)
    # Chains begin with prompts, too, and more iterations make no difference.
    words = rf"{len(paths)} of {2 * len(paths)} originals or prompts .*: {re.escape(paths[0])}"
    refused(project, "loop", words, data_root=str(other), loop__iterations=2)
    # Nothing was written over: with the pictures that it was made from, the study goes on.
    project.run("loop", loop__iterations=2)
    assert project.load("loop_manifest")["complete"]


def test_one_original_that_changed_is_refused_although_all_is_done(project):
    project.run("loop", loop__iterations=1)
    path = project.load("chains")["image_path"].dropna().iloc[3]
    content = (raw(project) / path).read_bytes()
    time = (raw(project) / path).stat().st_mtime_ns
    Image.effect_noise((20, 20), 90).convert("RGB").save(raw(project) / path, "PNG")
    os.utime(raw(project) / path, ns=(time, time))
    for stage in STAGES:
        refused(project, stage, rf"1 of \d+ originals or prompts .*: {re.escape(path)}\.", loop__iterations=1)
    (raw(project) / path).write_bytes(content)
    project.run("annotation", loop__iterations=1)


def test_every_later_stage_checks_the_pictures_first(project):
    for stage in ("annotation", "similarity", "explainability", "reporting"):
        assert "loop.check_pictures" in {node.name for node in pipelines[stage].nodes}


def test_a_report_is_refused_for_annotations_of_other_pictures(project):
    project.run("loop", loop__iterations=1)
    project.run("annotation", loop__iterations=1)
    with KedroSession.create(project.path, runtime_params={"loop": {"iterations": 1}}) as session:
        catalog = session.load_context().catalog
    manifest = catalog.load("annotation_manifest")
    refuse_other_pictures("annotation", manifest, catalog)
    pictures = catalog.load("loop_pictures")
    catalog["loop_pictures"] = pictures.assign(digest=["another", *pictures["digest"][1:]])
    with pytest.raises(StudyError, match=r"annotation were made from other pictures.*--pipeline annotation"):
        refuse_other_pictures("annotation", manifest, catalog)


def test_a_drawn_picture_that_changed_or_is_gone_is_refused_by_later_stages(project):
    project.run("loop", loop__iterations=1)
    first, second = sorted((project.path / PRIMARY / "loop_images").rglob("*.png"))[:2]
    name = f"{first.parent.name}/1"
    Image.effect_noise((16, 16), 90).convert("RGB").save(first)
    for stage in ("loop", "annotation", "similarity"):
        refused(project, stage, f"1 drawn pictures .*: {name} ", loop__iterations=1)
    first.unlink()
    second.unlink()
    for one in (first, second):
        refused(project, "annotation", f"2 drawn pictures .*: .*{one.parent.name}/1", loop__iterations=1)
    project.run("loop", loop__iterations=1)
    assert first.is_file()
    assert second.is_file()
    project.run("annotation", loop__iterations=1)


def test_a_table_of_descriptions_that_was_edited_is_refused_and_written_again_by_the_loop(project):
    project.run("loop", loop__iterations=1)
    file = project.path / PRIMARY / "loop_descriptions.parquet"
    table = pd.read_parquet(file)
    table.assign(text=["A black woman.", *table["text"][1:]]).to_parquet(file)
    refused(project, "annotation", "loop_descriptions is not the table that the loop wrote", loop__iterations=1)
    project.run("loop", loop__iterations=1)
    pd.testing.assert_frame_equal(pd.read_parquet(file), table)
    project.run("annotation", loop__iterations=1)


def test_a_study_of_prompts_alone_is_annotated(project):
    project.run("loop", dataset__source="none", chains__splits=None, chains__count=0, loop__iterations=1)
    project.run("annotation", dataset__source="none", chains__splits=None, chains__count=0, loop__iterations=1)
    assert set(project.load("rating_sample")["split"]) == {"prompt"}


def test_a_touched_file_is_looked_at_again_and_is_the_same(project):
    project.run("loop", loop__iterations=1)
    path = project.load("chains")["image_path"].dropna().iloc[0]
    for file in (raw(project) / path, next((project.path / PRIMARY / "loop_images").rglob("*.png"))):
        os.utime(file, (1, 1))
    before = project.load("loop_pictures")
    project.run("loop", loop__iterations=1)
    after = project.load("loop_pictures")
    assert after["digest"].equals(before["digest"])
    assert (after["changed"] != before["changed"]).sum() == 1
    project.run("annotation", loop__iterations=1)
    assert len(project.load("loop_sessions")) == 1


def test_a_later_stage_of_a_loop_that_was_stopped_says_how_far_it_is(project):
    project.run("loop", loop__iterations=1)
    manifest = project.path / PRIMARY / "loop_manifest.json"
    record = json.loads(manifest.read_text())
    # As after a second run that was killed: it left a session, and some pictures.
    project.run("loop", loop__iterations=2)
    manifest.write_text(json.dumps(record))
    with pytest.raises(StudyError, match=r"not finished: 28 of 42 pictures"):
        project.run("annotation", loop__iterations=3)
    manifest.unlink()
    (project.path / PRIMARY / "loop_descriptions.parquet").unlink()
    with pytest.raises(StudyError, match=r"not finished: 28 of 42 pictures.*kedro run --pipeline loop"):
        project.run("annotation", loop__iterations=3)
