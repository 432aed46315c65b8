"""Imported studies from hand-made results to the report, as a user runs them."""

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from kedro.io import DatasetError
from made_results import (
    write_generations,
    write_json,
    write_loop,
    write_phase_run,
    write_picture,
    write_raf_run,
)

from broken_telephone.cli import cli
from broken_telephone.errors import ChangedInputError, StudyError


def add_study(project, name: str, settings: dict) -> None:
    folder = project.path / "conf" / name
    folder.mkdir()
    (folder / "globals.yml").write_text(f"study: {name}\n", encoding="utf-8")
    (folder / "parameters.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def manual_labels(root) -> None:
    labels = {f"train_{n:05}": {"gender": "female", "race": "Asian", "age": 2, "set": "train"} for n in range(1, 8)}
    labels["train_00008"] = {"gender": "unsure", "age": "seventy"}
    labels["nobody"] = {"gender": "male"}
    write_json(root / "manual_annotations/anna.json", labels)


@pytest.fixture
def raf_study(project):
    """A RAF run of 28 entries, two of them damaged, with manual labels; read with tiny models."""
    root = project.path / "published"
    groups = write_raf_run(root)
    groups["1"]["results"]["train_00001_aligned.jpg"] = "lost"
    groups["2"]["results"]["train_00002_aligned.jpg"]["image location"] = "lost.png"
    groups["3"]["results"]["unknown_00001.jpg"] = dict(groups["3"]["results"]["train_00003_aligned.jpg"])
    write_json(root / "results.json", groups)
    manual_labels(root)
    add_study(
        project,
        "published",
        {
            "dataset": {"source": "raf_db"},
            "data_root": "data/01_raw/miniature_portraits",
            "loop": {"iterations": 1},
            "import": {
                "layout": "raf_runs",
                "root": str(root),
                "describer": "LLaVA-1.6",
                "ratings": {"manual_annotations/*.json": "anna"},
            },
            "explain": {"chains_per_label": 1},
        },
    )
    return project


def test_a_raf_run_from_its_results_to_the_report(raf_study, plain_report, caplog):
    env = "published"
    before = raf_study.files("published")
    with pytest.raises(StudyError, match="not imported yet: run `kedro run --pipeline import --env published` first"):
        raf_study.run("annotation", env=env)
    raf_study.run("import", env=env)
    assert raf_study.files("published") == before

    chains = raf_study.load("chains", env=env)
    assert len(chains) == 27
    assert chains["seed"].isna().all()
    assert chains["image_digest"].notna().all()
    assert "train_00004_r0" in set(chains["chain_id"])
    descriptions = raf_study.load("loop_descriptions", env=env)
    assert descriptions[["tokens", "truncated"]].isna().all(axis=None)
    assert set(descriptions["describer"]) == {"LLaVA-1.6"}
    manifest = raf_study.load("loop_manifest", env=env)
    assert manifest["counts"] == {
        "chains": 27,
        "chains_from_images": 27,
        "chains_from_prompts": 0,
        "descriptions": 27,
        "images": 26,
        "stored": 26,
        "failures": 1,
        "cut": None,
    }
    assert manifest["failures"][0]["chain_id"] == "train_00002_r0"
    defects = raf_study.load("import_defects", env=env)
    named = {(row.problem, row.row) for row in defects.itertuples()}
    assert {
        ("entry is no record", "1/train_00001_aligned.jpg"),
        ("original is not in the data set", "3/unknown_00001.jpg"),
        ("drawn image missing", "2/train_00002_aligned.jpg"),
        ("manual labels of an unknown image", "nobody"),
    } <= named
    people = raf_study.load("people", env=env)
    assert people["gender"].notna().all()

    ratings = raf_study.load("ratings", env=env)
    assert set(ratings["rater"]) == {"anna"}
    # Images 1 and 2 have no drawn image: 5 rated ones, and one that is unsure about gender.
    assert ratings.groupby("attribute")["status"].value_counts().to_dict() == {
        ("age", "valid"): 5,
        ("ethnicity", "valid"): 5,
        ("gender", "valid"): 5,
        ("gender", "unsure"): 1,
    }

    for pipeline in ("loop", "ingestion", "__default__"):
        with pytest.raises(StudyError, match="was imported: its seeds are unknown"):
            raf_study.run(pipeline, env=env)
    assert raf_study.load("chains", env=env).equals(chains)

    raf_study.run("annotation", env=env)
    annotations = raf_study.load("annotations", env=env)
    of_import = annotations[annotations["annotator"] == "imported answers"]
    assert len(of_import) == 26 * 3
    assert set(of_import["iteration"]) == {1}
    gender = of_import[of_import["attribute"] == "gender"]
    assert set(gender["category"]) == {"female"}
    others = annotations[annotations["annotator"] != "imported answers"]
    assert set(others["iteration"]) == {0, 1}
    last = raf_study.load("last_descriptions", env=env)
    assert len(last) == 26
    assert set(last["describer"]) == {"LLaVA-1.6"}
    assert last["text"].str.startswith("The drawn person").all()

    for pipeline in ("similarity", "explainability", "reporting"):
        raf_study.run(pipeline, env=env)
    report = raf_study.load("report", env=env)
    assert "were imported (layout raf_runs), not made by this program" in report
    assert "how many descriptions the generator truncated is unknown" in report
    assert "The generator that drew the images is unknown." in report
    assert "The describer that wrote the descriptions is LLaVA-1.6, according to the settings" in report
    agreement = raf_study.load("agreement", env=env)
    assert "anna" in " ".join(agreement["annotator_a"].astype(str)) + " ".join(agreement["annotator_b"].astype(str))


def test_importing_again_adds_entries_and_refuses_changed_ones(raf_study, capsys):
    env, root = "published", raf_study.path / "published"
    raf_study.run("import", env=env)
    before = raf_study.files("data/03_primary/published")
    raf_study.run("import", env=env)
    after = raf_study.files("data/03_primary/published")
    assert {name for name in before if before[name] != after[name]} <= {"loop_manifest.json"}
    assert len(raf_study.load("ratings", env=env)) == 16

    groups = yaml.safe_load((root / "results.json").read_text())
    entry = groups["1"]["results"]["train_00008_aligned.jpg"]
    text, entry["first description"] = entry["first description"], "Another text."
    write_json(root / "results.json", groups)
    with pytest.raises(ChangedInputError, match="1 descriptions changed since they were imported: train_00008_r0/1"):
        raf_study.run("import", env=env)
    entry["first description"] = text
    write_json(root / "results.json", groups)
    write_picture(root / "1/train_00008_aligned.png", 99)
    with pytest.raises(ChangedInputError, match="1 images changed since they were imported"):
        raf_study.run("import", env=env)
    write_picture(root / "1/train_00008_aligned.png", 8)
    groups["1"]["results"]["train_00001_aligned.jpg"] = {**entry, "first description": "New."}
    write_json(root / "results.json", groups)
    raf_study.run("import", env=env)
    assert len(raf_study.load("chains", env=env)) == 28
    with pytest.raises(DatasetError, match=r"describer\.imported: 'LLaVA-1.6' then, None now"):
        raf_study.run("import", env=env, **{"import__describer": None})


def test_a_phase_run(project, plain_report):
    write_phase_run(project.path / "out")
    add_study(
        project,
        "phase",
        {
            "dataset": {"source": "phase"},
            "data_root": "data/01_raw/miniature_scenes",
            "chains": {"concept": "activity"},
            "import": {"layout": "phase_runs", "root": "out"},
        },
    )
    with pytest.raises(StudyError, match=r"have 1 drawn images at most\. Set loop\.iterations: 1"):
        project.run("import", env="phase")
    project.run("import", env="phase", loop__iterations=1)
    chains = project.load("chains", env="phase")
    assert len(chains) == 18
    assert chains["label"].value_counts().eq(2).all()
    assert project.load("loop_descriptions", env="phase")["describer"].isna().all()
    project.run("annotation", env="phase", loop__iterations=1)
    assert project.load("last_descriptions", env="phase").empty
    annotations = project.load("annotations", env="phase")
    assert set(annotations.loc[annotations["annotator"] == "imported answers", "attribute"]) == {
        "age",
        "gender",
        "skin_tone",
    }


def loops(project) -> dict:
    root = project.path / "loops"
    for number in range(2):
        write_loop(root, f"angry_closeup_{number}", "A portrait of a person who feels angry.")
        write_loop(root, f"face_{number}", None, rounds=4, label=6)
    write_loop(root, "unknown", "A portrait of somebody.")
    prompts = "prompt_template: A portrait of a person who feels {}.\nprompts:\n- {name: angry_closeup, text: angry}\n"
    (project.path / "prompts.yml").write_text(prompts)
    return {
        "data_root": "loops",
        "dataset": {"source": "none", "scheme": "raf"},
        "chains": {"prompt_file": "prompts.yml"},
        "loop": {"iterations": 3},
        "import": {"layout": "loops", "root": "loops"},
        "explain": {"chains_per_label": 1},
    }


def test_loops_from_prompts_and_images_to_the_report(project, plain_report):
    add_study(project, "loops", loops(project))
    project.run("import", env="loops")
    chains = project.load("chains", env="loops").set_index("chain_id")
    assert sorted(chains["start"].astype(str)) == ["image", "image", "prompt", "prompt"]
    prompts = chains[chains["start"] == "prompt"]
    assert prompts["replicate"].to_list() == [0, 1]
    assert set(chains["label"].astype(str)) == {"anger"}
    descriptions = project.load("loop_descriptions", env="loops")
    assert (descriptions.loc[descriptions["iteration"] == 1, "describer"].astype(str) == "prompt").sum() == 2
    pictures = set(project.load("loop_pictures", env="loops")["name"])
    assert len(pictures) == 12
    assert project.load("loop_manifest", env="loops")["failures"] == []
    defects = project.load("import_defects", env="loops")
    assert defects.loc[defects["problem"] == "start without a label", "row"].to_list() == ["unknown"]
    for pipeline in ("annotation", "similarity", "explainability", "reporting"):
        project.run(pipeline, env="loops")
    assert len(project.load("last_descriptions", env="loops")) == 4
    assert "layout loops" in project.load("report", env="loops")


def test_generations_without_texts_to_the_report(project, plain_report):
    write_generations(project.path / "chains", ("sad/a", "sad/b", "happy/c"), texts=False)
    write_picture(project.path / "chains/gen-2/happy/c.png", 1).write_bytes(b"no picture")
    add_study(
        project,
        "generations",
        {
            "data_root": "chains",
            "dataset": {"source": "none", "scheme": "free"},
            "import": {"layout": "generations", "root": "chains", "labels": {"sad": "sadness", "happy": "happiness"}},
            "loop": {"iterations": 2},
            "explain": {"chains_per_label": 1},
        },
    )
    project.run("import", env="generations")
    assert project.load("baseline", env="generations").empty
    manifest = project.load("loop_manifest", env="generations")
    assert manifest["counts"]["images"] == 5
    assert [(one["iteration"], one["kind"]) for one in manifest["failures"]] == [(2, "unreadable image")]
    defects = project.load("import_defects", env="generations")
    assert defects.loc[defects["problem"] == "unreadable image", "row"].to_list() == ["happy/c, image 2"]
    assert project.load("people", env="generations")["emotion"].astype(str).value_counts().to_dict() == {
        "sadness": 2,
        "happiness": 1,
    }
    for pipeline in ("annotation", "similarity", "explainability", "reporting"):
        project.run(pipeline, env="generations")
    assert "layout generations" in project.load("report", env="generations")


def test_a_table_with_linked_originals_and_manual_labels_of_them(project, tmp_path):
    root = project.path / "made"
    rows = []
    for number in range(3):
        write_picture(tmp_path / f"elsewhere/{number}.png", number)
        (root / "originals").mkdir(parents=True, exist_ok=True)
        (root / f"originals/{number}.png").symlink_to(tmp_path / f"elsewhere/{number}.png")
        for replicate in "ab":
            image = write_picture(root / f"drawn/{number}{replicate}.png", 10 * number + ord(replicate))
            chain = {"chain": f"{number}{replicate}", "label": "fear"}
            rows.append(chain | {"iteration": 0, "image": f"originals/{number}.png", "text": f"Face {number}."})
            rows.append(chain | {"iteration": 1, "image": str(image), "text": f"Drawn {replicate}."})
    pd.DataFrame(rows).to_parquet(root / "all.parquet")
    write_json(root / "labels.json", {f"{number}.png": {"gender": "woman"} for number in range(3)})
    settings = {"layout": "table", "root": "made", "files": ["all.parquet"], "texts": "of_image"}
    add_study(
        project,
        "table",
        {
            "data_root": "made",
            "dataset": {"source": "none", "scheme": "free"},
            "loop": {"iterations": 1},
            "import": settings | {"ratings": {"labels.json": "person"}, "rated_iteration": 0},
        },
    )
    project.run("import", env="table")
    chains = project.load("chains", env="table")
    assert chains["replicate"].to_list() == [0, 1] * 3
    assert chains["image_digest"].nunique() == 3
    texts = project.load("loop_descriptions", env="table").set_index("chain_id")["text"]
    assert texts["originals-0_" + chains["chain_id"][0].split("_")[1] + "_r1"] == "Face 0."
    ratings = project.load("ratings", env="table")
    assert ratings["category"].to_list() == ["female"] * 3
    answers = project.load("imported_answers", env="table")
    assert answers["text"].to_list() == ["Drawn a.", "Drawn b."] * 3


def test_an_imported_study_is_compared_unpaired_with_an_own_one(raf_study, plain_report, monkeypatch):
    monkeypatch.setattr("broken_telephone.pipelines.comparison.pages.saved_figures", lambda plans, earlier=None: {})
    arms = {"own": "miniature", "published": "published"}
    add_study(raf_study, "against", {"comparison": {"reference": "own", "arms": arms}})
    for pipeline in ("loop", "annotation"):
        raf_study.run(pipeline, loop__iterations=1)
    for pipeline in ("import", "annotation"):
        raf_study.run(pipeline, env="published")
    raf_study.run("comparison", env="against")
    pairing = raf_study.load("pairing", env="against").set_index("check")
    assert not pairing.loc["chains whose seed differs", "passed"]
    assert "imported" in raf_study.load("comparison_page", env="against")
    assert isinstance(raf_study.load("contrasts", env="against"), pd.DataFrame)


def left_of(project, study: str, *names: str) -> list[str]:
    """Return the files of a study that name one of these, in their path or in a cell of a table."""
    found = []
    for layer in ("02_intermediate", "03_primary", "07_model_output", "08_reporting"):
        for file in (project.path / "data" / layer / study).rglob("*"):
            if not file.is_file():
                continue
            content = (
                pd.read_parquet(file).to_csv() if file.suffix == ".parquet" else file.read_bytes().decode("latin-1")
            )
            found += [str(file) for name in names if name in str(file) or name in content]
    return found


def forget(image: str, study: str) -> None:
    result = CliRunner().invoke(cli, ["forget", image, "--env", study, "--yes"])
    assert result.exit_code == 0, result.output


def test_a_forgotten_image_of_the_data_set_stays_out_of_later_imports(raf_study):
    env = "published"
    raf_study.run("import", env=env)
    before = {name: raf_study.load(name, env=env) for name in ("chains", "loop_descriptions", "ratings")}
    # A chain that is whole, one whose drawn image is missing, and one whose entry is no record.
    gone = ["train_00003", "train_00002", "train_00001"]
    assert all(left_of(raf_study, env, name) for name in gone)
    for image in gone:
        forget(image, env)
        assert not left_of(raf_study, env, image)
    raf_study.run("import", env=env)
    assert not left_of(raf_study, env, *gone)
    chains = before["chains"]
    kept = chains[~chains["image_id"].isin(gone)].reset_index(drop=True)
    pd.testing.assert_frame_equal(raf_study.load("chains", env=env), kept, check_categorical=False)
    texts = before["loop_descriptions"]
    kept_texts = texts[texts["chain_id"].isin(kept["chain_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(raf_study.load("loop_descriptions", env=env), kept_texts, check_categorical=False)
    # Anna rated three attributes of image 3.
    assert len(raf_study.load("ratings", env=env)) == len(before["ratings"]) - 3
    problems = set(raf_study.load("import_defects", env=env)["problem"])
    assert "manual labels of an unknown image" in problems
    assert "drawn image missing" not in problems


def test_a_forgotten_original_among_the_results_stays_out_of_later_imports(project):
    add_study(project, "loops", loops(project))
    # Otherwise both originals have the same bytes, and one is forgotten with the other.
    write_picture(project.path / "loops/face_1/face_1_0.png", 99)
    (project.path / "loops/face_0/face_0_2.png").unlink()
    project.run("import", env="loops")
    chains = project.load("chains", env="loops")
    image = chains.loc[chains["chain_id"].str.startswith("face_0"), "image_id"].iloc[0]
    assert "chain ends early" in " ".join(project.load("import_defects", env="loops")["problem"])
    forget(image, "loops")
    project.run("import", env="loops")
    assert not left_of(project, "loops", "face_0")
    assert list(project.load("chains", env="loops")["image_id"].dropna()) == [image.replace("face_0", "face_1")]
    assert project.load("import_defects", env="loops")["row"].to_list() == ["all entries", "unknown"]
