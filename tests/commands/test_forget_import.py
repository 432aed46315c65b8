"""`kedro forget` in an imported study: other texts stay, and a later import writes no name of the image."""

import shutil

import pandas as pd
import yaml
from click.testing import CliRunner
from made_results import write_json, write_raf_run

from broken_telephone.cli import cli
from broken_telephone.importing import manifest_of
from broken_telephone.loop.plan import fingerprint
from broken_telephone.similarity.items import name_of

ENV, IMAGE = "published", "train_00002"
TABLES = ("loop_descriptions", "imported_answers", "chains")


def named_files(project) -> list[str]:
    """Return the tables and records of the study that name the image."""
    named = []
    for file in sorted(project.path.glob("data/*/published/**/*")):
        if file.is_file() and file.suffix in (".json", ".parquet", ".csv"):
            content = pd.read_parquet(file).to_csv() if file.suffix == ".parquet" else file.read_text()
            named += [str(file)] * (IMAGE in content)
    return named


def embedded(project) -> set[str]:
    """Return the names of the embedded images and texts."""
    return {name for read in project.load("embeddings", env=ENV).values() for name in read()["names"]}


def test_an_image_of_an_import_is_forgotten_and_nothing_else(project):
    root = project.path / "published"
    groups = write_raf_run(root)
    groups["2"]["results"][f"{IMAGE}_aligned.jpg"]["image location"] = "lost.png"
    write_json(root / "results.json", groups)
    write_json(root / "labels.json", {IMAGE: {"gender": "none"}, "train_00003": {"gender": "male"}})
    folder = project.path / "conf/published"
    folder.mkdir()
    (folder / "globals.yml").write_text("study: published\n")
    settings = {
        "dataset": {"source": "raf_db"},
        "data_root": "data/01_raw/miniature_portraits",
        "loop": {"iterations": 1},
        "further_annotators": {"coded": {"table": "data/coded.csv"}},
        "explain": {"prop_masks": {"folder": "masks", "values": [255]}},
        "import": {"layout": "raf_runs", "root": str(root), "ratings": {"labels.json": "anna"}},
    }
    (folder / "parameters.yml").write_text(yaml.safe_dump(settings))
    project.run("import", env=ENV)
    before = {name: project.load(name, env=ENV) for name in TABLES}
    assert named_files(project)
    project.run("similarity", env=ENV)
    described = before["loop_descriptions"]
    texts = {name_of(text) for text in described.loc[described["chain_id"] == f"{IMAGE}_r0", "text"]}
    assert texts <= embedded(project)

    result = CliRunner().invoke(cli, ["forget", IMAGE, "--env", ENV, "--yes"])
    assert result.exit_code == 0, result.output
    assert f"kedro run --pipeline import --env {ENV}" in result.output
    for place in (str(root), "data/coded.csv", "masks/<image_id>.png"):
        assert place in result.output
    assert named_files(project) == []
    assert not texts & embedded(project)

    def check() -> None:
        for name, table in before.items():
            kept = table[table["chain_id"] != f"{IMAGE}_r0"].reset_index(drop=True)
            now = project.load(name, env=ENV)
            pd.testing.assert_frame_equal(now.reset_index(drop=True), kept, check_categorical=False)
        manifest = project.load("loop_manifest", env=ENV)
        assert manifest["chains"] == fingerprint(project.load("chains", env=ENV))
        assert manifest["counts"]["chains"] == manifest["counts"]["images"] == 27
        assert manifest["failures"] == []
        tables = [project.load(name, env=ENV) for name in ("chains", "loop_descriptions", "imported_answers")]
        assert manifest == manifest_of(manifest, *tables)

    check()
    project.run("import", env=ENV)
    check()
    assert named_files(project) == []
    shutil.rmtree(root)
    project.run("similarity", env=ENV)
    assert IMAGE not in " ".join(project.load("similarities", env=ENV)["chain_id"])
