"""The explainability pipeline, on the shipped models and behind an endpoint."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from kedro.framework.session import KedroSession
from PIL import Image

from broken_telephone.errors import ChangedInputError
from broken_telephone.explainability.maps.fills import FILLS
from broken_telephone.models import METHODS, REGIONS, Description
from broken_telephone.models.describers.endpoint_describer import EndpointDescriber
from broken_telephone.tables import check_activations, check_faces, check_result

SHIPPED = Path(__file__).parents[2] / "data"
RESULTS = ("support", "support_tests", "support_trust", "skin_drift")
EXPLANATION_CAPTIONS = ("Sanity checks of the attribution maps", "Images and their attribution maps")
SETTINGS = {
    "annotation__readings": ["free"],
    "report__n_bootstrap": 200,
    "explain__random_weights": 1,
    "explain__checked": 1,
}


@pytest.fixture
def study(project, plain_report):
    """The shipped models, and the shipped data set's first happy and sad people; one picture is grey and narrow."""
    for name in ("describer", "generator"):
        shutil.rmtree(project.path / "data/06_models" / name)
        (project.path / "data/06_models" / name).symlink_to(SHIPPED / "06_models" / name)
    shipped, raw = SHIPPED / "01_raw/miniature_portraits", project.path / "data/01_raw/miniature_portraits"
    shutil.rmtree(raw)
    lines = (shipped / "EmoLabel/list_patition_label.txt").read_text().splitlines()
    mine = [[line for line in lines if line.startswith("test") and line.endswith(code)][:3] for code in (" 4", " 5")]
    (raw / "EmoLabel").mkdir(parents=True)
    (raw / "EmoLabel/list_patition_label.txt").write_text("\n".join([*mine[0], *mine[1]]) + "\n")
    (raw / "Annotation").symlink_to(shipped / "Annotation")
    (raw / "Image/aligned").mkdir(parents=True)
    for line in (*mine[0], *mine[1]):
        name = line.split()[0].replace(".jpg", "_aligned.jpg")
        shutil.copy(shipped / "Image/aligned" / name, raw / "Image/aligned" / name)
    narrow = Image.new("L", (1, 64), 120)
    narrow.putpixel((0, 63), 90)  # of a single colour it would be no original
    narrow.save(raw / "Image/aligned" / name)
    return project


def loader(project):
    """Return what loads the latest version of catalog entries; a project's own `load` opens the catalog each time."""
    with KedroSession.create(project.path) as session:
        return session.load_context().catalog.load


def run(project, pipeline, **params):
    project.run(pipeline, **SETTINGS, **params)


def test_the_pipeline_explains_what_the_describer_wrote(study):
    size = {"generator__width": 64, "generator__height": 64, "generator__steps": 6}
    common = size | {
        "chains__prompts": [],
        "chains__count": 3,
        "loop__iterations": 1,
        "describer__max_new_tokens": 40,
        "explain__layers": [3, 4],
    }
    run(study, "loop", **common)
    drawn = sorted((study.path / "data/03_primary").rglob("loop_images/*/1.png"))
    content = drawn[0].read_bytes()
    drawn[0].write_bytes(b"no picture")
    for pipeline in ("annotation", "__default__"):
        with pytest.raises(ChangedInputError, match=rf"1 drawn pictures .*: {drawn[0].parent.name}/1"):
            run(study, pipeline, **common)
    drawn[0].write_bytes(content)
    run(study, "__default__", **common)
    load = loader(study)
    faces, words, activations = (load(name) for name in ("faces", "explained_words", "activations"))
    check_faces(faces)
    check_activations(activations)
    for name in RESULTS:
        check_result(load(name))
    record = load("explanation_manifest")
    # Six originals, and what was drawn from them.
    assert record["pictures"] == 12
    assert record["failures"] == []
    assert record["left_out"]["no face"] >= 1
    total = record["explained"]["pictures"] + sum(record["left_out"].values()) + len(record["failures"])
    assert total == record["pictures"]
    assert record["explained"]["pictures"] >= 9
    assert set(words["term"]) >= {"happiness", "sadness"}
    assert set(words["views"]) == {5}
    assert words["gender"].notna().any()
    methods = {*METHODS, "HiResCAM, random weights 1"}
    assert set(activations["method"]) == methods
    checked = words[words["deletion"].notna()]
    assert 0 < len(checked) < len(words)
    assert len(activations) == (len(words) * len(METHODS) + len(checked)) * len(REGIONS)
    assert len(load("occlusions")) == len(words) * len(REGIONS) * len(FILLS)
    assert set(faces["monk"].dropna()) <= {f"monk {k:02}" for k in range(1, 11)}
    # Hiding the face lowers the probability of the word by far the most.
    support = load("support")
    drop = support[(support["label"] == "(all)") & (support["attribute"] == "all")]
    drop = drop[drop["measure"] == "log_probability_drop"]
    assert drop.set_index("region")["value"].astype(float).idxmax() == "face"
    figures = load("explanation_figures")
    assert {"support", "checks", "gallery_happiness", "gallery_sadness"} <= set(figures)
    page, said = load("report"), load("support_sentences")
    assert len(said)
    assert all(sentence.split(":")[0] in page for sentence in said["sentence"])
    assert all(caption in page for caption in EXPLANATION_CAPTIONS)
    before = study.files("data/07_model_output/miniature/explanations")
    run(study, "explainability", to_nodes=["explainability.tabulate_explanation"], **common)
    assert study.files("data/07_model_output/miniature/explanations") == before
    load = loader(study)
    for name, table in (("faces", faces), ("explained_words", words), ("activations", activations)):
        pd.testing.assert_frame_equal(load(name), table)


def test_a_describer_behind_an_endpoint_leaves_empty_tables_and_a_report(project, plain_report, monkeypatch):
    file = project.path / "conf/base/parameters.yml"
    settings = yaml.safe_load(file.read_text())
    settings["describer"] = {"endpoint": "http://localhost:1/v1", "model": "some-vlm"}
    file.write_text(yaml.safe_dump(settings))
    monkeypatch.setattr(EndpointDescriber, "load", lambda self: None)
    # It states no probabilities, so that the forms are read free only.
    monkeypatch.setattr(EndpointDescriber, "_check_alternatives", lambda self, prompt: 0)
    told = Description("The person looks happy.", tokens=5, truncated=False)
    monkeypatch.setattr(EndpointDescriber, "describe", lambda self, images, prompt: [told for _ in images])
    run(project, "__default__", loop__iterations=1)
    load = loader(project)
    for name in ("faces", "explained_words", "activations", "occlusions", *RESULTS, "support_sentences"):
        assert load(name).empty, name
    assert not load("explanation_figures")
    record = load("explanation_manifest")
    assert (record["pictures"], record["explained"]) == (0, {"pictures": 0, "words": 0})
    assert record["by"]["describer"] == "some-vlm"
    page = load("report")
    assert not any(caption in page for caption in EXPLANATION_CAPTIONS)
    assert "some-vlm" in page
