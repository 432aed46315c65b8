"""Readers of results: what each layout means in this project's numbering, and what is damaged."""

import json
from pathlib import Path

import pandas as pd
import pytest
from made_results import write_generations, write_json, write_loop, write_phase_run, write_picture, write_raf_run

from broken_telephone.errors import StudyError
from broken_telephone.importing import ImportSettings, read_results
from broken_telephone.ingestion.reader_result import Findings


def read(root: Path, layout: str, **settings):
    findings = Findings(root)
    chains = read_results(ImportSettings.model_validate({"layout": layout, "root": str(root), **settings}), findings)
    return {chain.row: chain for chain in chains}, findings


def problems(findings: Findings) -> dict[str, int]:
    counts: dict[str, int] = {}
    for defect in findings.defects:
        counts[defect["problem"]] = counts.get(defect["problem"], 0) + 1
    return counts


@pytest.mark.parametrize("older", [False, True])
def test_raf_runs_in_both_forms(tmp_path, older):
    write_raf_run(tmp_path / "out", older=older)
    chains, findings = read(tmp_path / "out", "raf_runs")
    assert len(chains) == 28
    chain = next(chain for chain in chains.values() if "train_00004" in str(chain.original))
    assert chain.label == "happiness"
    assert chain.descriptions == {1: "The person shows feeling 4.", 2: "The drawn person shows feeling 4."}
    assert chain.images == {1: tmp_path / "out/4/train_00004_aligned.png"}
    assert chain.answers[1].startswith("1. Caucasian")
    # All paths are those of another machine, which is told once.
    assert problems(findings) == {"images in moved folders": 1}


def test_damaged_entries_of_runs_are_named(tmp_path):
    groups = write_raf_run(tmp_path)
    results = groups["1"]["results"]
    results["train_00001_aligned.jpg"] = None
    results["train_00008_aligned.jpg"] |= {"image location": "lost.png", "mood": "x", "llava categories": ["a"]}
    groups["extra"] = {"label": "joy"}
    write_json(tmp_path / "results.json", groups)
    chains, findings = read(tmp_path, "raf_runs")
    assert "1/train_00001_aligned.jpg" not in chains
    assert chains["1/train_00008_aligned.jpg"].images == {}
    found = {(one["problem"], one["effect"], one["row"]) for one in findings.defects}
    assert {
        ("entry is no record", "dropped", "1/train_00001_aligned.jpg"),
        ("drawn image missing", "unknown", "1/train_00008_aligned.jpg"),
        ("answer to the form is no text", "unknown", "1/train_00008_aligned.jpg"),
        ("group without results", "dropped", "group extra"),
        ("field that is not read", "ignored", "1 entries"),
    } <= found


def test_phase_runs(tmp_path):
    write_phase_run(tmp_path)
    chains, findings = read(tmp_path, "phase_runs")
    assert len(chains) == 18
    assert chains["val003"].descriptions == {1: "People do thing 3."}
    assert chains["val003"].images == {1: tmp_path / "images/val003.png"}
    assert not findings.defects


@pytest.mark.parametrize(("layout", "content"), [("raf_runs", {"a": {"x": 1}}), ("phase_runs", {"1": {"results": {}}})])
def test_another_layout_is_refused(tmp_path, layout, content):
    write_json(tmp_path / "results.json", content)
    with pytest.raises(StudyError, match=r"results\.json is no file of the layout"):
        read(tmp_path, layout)


def test_a_cut_file_is_refused_with_its_line(tmp_path):
    (tmp_path / "results.json").write_text('{"a": {"first description":\n "x"')
    with pytest.raises(StudyError, match="line 2: not JSON"):
        read(tmp_path, "phase_runs")


def test_a_loop_from_a_prompt_draws_in_entry_0(tmp_path):
    write_loop(tmp_path / "loops", "angry", "A portrait of a person who feels angry.")
    chains, _ = read(tmp_path / "loops", "loops")
    chain = chains["angry"]
    assert chain.prompt == "A portrait of a person who feels angry."
    assert chain.descriptions == {
        1: "A portrait of a person who feels angry.",
        2: "Text 0 of angry.",
        3: "Text 1 of angry.",
        4: "Text 2 of angry.",
    }
    assert {k: file.name for k, file in chain.images.items()} == {1: "angry_0.png", 2: "angry_1.png", 3: "angry_2.png"}


def test_a_loop_from_an_image_has_the_original_in_entry_0(tmp_path):
    write_loop(tmp_path / "loops", "face_7", None, label=6)
    chains, _ = read(tmp_path / "loops", "loops")
    chain = chains["face_7"]
    assert (chain.original, chain.label) == ("/data/faces/face_7.png", "6")
    assert chain.original_file == tmp_path / "loops/face_7/face_7_0.png"
    assert chain.descriptions == {1: "Text 0 of face_7.", 2: "Text 1 of face_7.", 3: "Text 2 of face_7."}
    assert {k: file.name for k, file in chain.images.items()} == {1: "face_7_1.png", 2: "face_7_2.png"}


def test_repeats_that_are_listed_as_iterations_are_replicates(tmp_path):
    entries = write_loop(tmp_path, "happy", "A happy person.")
    for entry in entries:
        entry["prompt"] = "A happy person."
    write_json(tmp_path / "happy/happy.json", entries)
    chains, findings = read(tmp_path, "loops")
    assert list(chains) == ["happy_0", "happy_1", "happy_2"]
    assert all(list(chain.images) == [1] and list(chain.descriptions) == [1, 2] for chain in chains.values())
    assert problems(findings)["repeats listed as iterations"] == 1


def test_broken_loops_end_or_are_left_out(tmp_path):
    entries = write_loop(tmp_path, "gap", "A sad person.", rounds=4)
    write_json(tmp_path / "gap/gap.json", [entry for entry in entries if entry["iteration"] != 2])
    entries = write_loop(tmp_path, "other", "A sad man.", rounds=3)
    entries[2]["prompt"] = "Something else."
    write_json(tmp_path / "other/other.json", entries)
    write_json(tmp_path / "late/late.json", [{"iteration": 1, "description": "x"}])
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut/cut.json").write_text("[{")
    write_json(tmp_path / "notes.json", {})
    chains, findings = read(tmp_path, "loops")
    assert set(chains) == {"gap", "other"}
    assert chains["gap"].end[:2] == (3, "draw")
    assert chains["other"].end == (3, "draw", "broken chain", "iteration 2 was drawn from another text")
    assert {"loop without iteration 0", "loop file is damaged", "JSON file that is no loop"} <= set(problems(findings))


def test_generations_with_texts(tmp_path):
    write_generations(tmp_path, ("a", "sub/b"))
    with pytest.raises(StudyError, match=r"Set import\.texts: of_image"):
        read(tmp_path, "generations")
    chains, _ = read(tmp_path, "generations", texts="of_image")
    chain = chains["sub/b"]
    assert chain.original_file == tmp_path / "gen-0/sub/b.png"
    assert list(chain.images) == [1, 2]
    assert chain.descriptions[1] == "A caption of sub/b in generation 0."
    drawn, findings = read(tmp_path, "generations", texts="drawn")
    assert drawn["a"].descriptions == {1: "A caption of a in generation 1.", 2: "A caption of a in generation 2."}
    assert problems(findings) == {"text beside image 0, which nothing drew": 2}


def test_generations_without_texts(tmp_path):
    write_generations(tmp_path, ("a",), texts=False)
    chains, _ = read(tmp_path, "generations")
    assert not chains["a"].has_texts
    assert not chains["a"].descriptions
    (tmp_path / "gen0").mkdir()
    with pytest.raises(StudyError, match="have one number"):
        read(tmp_path, "generations")


def test_a_plain_table(tmp_path):
    for k in range(3):
        write_picture(tmp_path / f"pictures/{k}.png", k)
    rows = [
        {"id": "one", "iteration": k, "image": f"pictures/{k}.png", "text": f"Text {k}.", "label": "anger"}
        for k in range(3)
    ]
    rows += [{"id": "one", "iteration": 2, "image": "again.png"}, {"id": None, "iteration": 1, "image": "x"}]
    pd.DataFrame(rows).to_csv(tmp_path / "all.csv", index=False)
    settings = {"files": ["all.csv"], "columns": {"chain": "id"}}
    with pytest.raises(StudyError, match=r"Set import\.texts"):
        read(tmp_path, "table", **settings)
    chains, findings = read(tmp_path, "table", texts="of_image", **settings)
    assert chains["one"].descriptions == {1: "Text 0.", 2: "Text 1.", 3: "Text 2."}
    assert (chains["one"].original, chains["one"].label) == ("pictures/0.png", "anger")
    assert problems(findings) == {"iteration listed twice": 1, "row without chain or iteration": 1}


def test_nothing_outside_the_folder_is_read(tmp_path):
    write_picture(tmp_path / "secret.png", 1)
    write_json(tmp_path / "out/results.json", {"1": {"first description": "x", "image loc": "../secret.png"}})
    chains, _ = read(tmp_path / "out", "phase_runs")
    assert chains["1"].images == {}
    with pytest.raises(StudyError, match=r"leads out of import\.root"):
        read(tmp_path / "out", "phase_runs", files=["../results.json"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layout": "loops"}, r"import\.root is missing"),
        ({"layout": "table", "root": "x"}, r"import\.files: the layout table needs"),
        ({"layout": "loops", "root": "x", "texts": "drawn"}, r"import\.texts: only"),
        ({"layout": "runs", "root": "x"}, "layout"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(StudyError, match=message):
        ImportSettings.model_validate(settings)


def test_results_are_never_changed(tmp_path):
    write_raf_run(tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    read(tmp_path, "raf_runs")
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before
    assert json.loads((tmp_path / "results.json").read_text())
