"""Bundles from tables made here: names, numbers, left-out columns, types, Croissant metadata, equal bytes."""

import io
import json

import pandas as pd
import pytest

from broken_telephone.exporting import Bundle, write_bundle
from broken_telephone.tables import ANNOTATIONS, CHAINS, as_table

NAMES = ("anna_smith", "bob", "12")


def frames(order=NAMES) -> dict[str, pd.DataFrame]:
    """Tables of a study whose chains have the names of people; a category of a name has no row."""
    chains = as_table(
        [
            {
                "chain_id": name,
                "replicate": 0,
                "start": "image",
                "image_id": f"{name}.jpg",
                "image_path": f"x/{name}.jpg",
            }
            | {"image_digest": "ab" * 16, "concept": "emotion", "label": "sad", "seed": 1}
            for name in order
        ],
        CHAINS,
    )
    annotations = as_table(
        [
            {"chain_id": name, "iteration": k, "annotator": "m", "reading": "free", "attribute": "gender"}
            | {"category": "female", "status": "valid", "raw": "=1+1"}
            for name in order
            for k in range(2)
        ],
        ANNOTATIONS,
    )
    annotations["chain_id"] = annotations["chain_id"].astype(pd.CategoricalDtype([*order, "carla_without_rows"]))
    attractors = pd.DataFrame(
        {"label": ["(all)"], "motif": [1], "exemplars": ["bob, anna_smith"], "note": ["12 chains"]}
    )
    agreement = pd.DataFrame(
        {"attribute": ["age"], "annotator_a": ["rater Ann"], "annotator_b": ["rater Ann Bee"], "n": [3]}
    )
    ratings = pd.DataFrame(
        {"rater": ["Ann", "Ann Bee"], "mode": "rating", "item": ["f1", "f2"], "comment": ["my neighbour", None]}
    )
    return {
        "chains": chains,
        "annotations": annotations,
        "attractors": attractors,
        "agreement": agreement,
        "ratings": ratings,
        "captions": pd.DataFrame({"image_id": ["bob.jpg"], "caption": ["Bob at home"]}),
    }


def bundle(tables: dict[str, pd.DataFrame], keeps_names: bool = False, settings: dict | None = None) -> Bundle:
    loaders = {name: (lambda table=table: table) for name, table in tables.items()}
    return Bundle("a study", loaders, settings or {}, lambda results: {"Found": sorted(results)}, keeps_names)


def written(tmp_path, tables, **options) -> dict[str, bytes]:
    write_bundle(bundle(tables, **options), tmp_path / "out")
    return {str(f.relative_to(tmp_path / "out")): f.read_bytes() for f in (tmp_path / "out").rglob("*") if f.is_file()}


def table(files: dict[str, bytes], name: str) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(files[f"tables/{name}.parquet"]))


def test_names_become_numbers_that_are_the_same_in_all_tables(tmp_path):
    files = written(tmp_path, frames())
    chains, annotations = table(files, "chains"), table(files, "annotations")
    numbers = dict(zip(NAMES, chains["chain_id"], strict=True))
    assert sorted(numbers.values()) == ["chain_1", "chain_2", "chain_3"]
    assert list(annotations["chain_id"]) == [numbers[name] for name in NAMES for _ in range(2)]
    assert list(annotations["chain_id"].cat.categories) == [numbers[name] for name in NAMES]
    assert table(files, "attractors")["exemplars"].item() == f"{numbers['bob']}, {numbers['anna_smith']}"
    # A number in a sentence is no name.
    assert table(files, "attractors")["note"].item() == "12 chains"
    pair = table(files, "agreement").iloc[0]
    raters = dict(zip(("Ann", "Ann Bee"), table(files, "ratings")["rater"], strict=True))
    assert pair["annotator_a"] == raters["Ann"].replace("_", " ")
    assert pair["annotator_b"] == raters["Ann Bee"].replace("_", " ")
    for name, content in files.items():
        for secret in (b"anna_smith", b"bob", b"carla", b"Ann", b"neighbour", b"ab" * 16):
            assert secret not in content, (name, secret)
    assert not {"image_path", "image_digest", "seed"} & set(chains)
    assert "tables/captions.csv" not in files


def test_the_order_of_the_rows_changes_no_number(tmp_path):
    first = table(written(tmp_path / "a", frames()), "chains")
    second = table(written(tmp_path / "b", frames(NAMES[::-1])), "chains")
    assert list(first["chain_id"]) == list(second["chain_id"])[::-1]


def test_with_names_everything_stays(tmp_path):
    files = written(tmp_path, frames(), keeps_names=True)
    pd.testing.assert_frame_equal(table(files, "chains"), frames()["chains"])
    assert table(files, "captions")["caption"].item() == "Bob at home"
    assert table(files, "ratings")["comment"].iloc[0] == "my neighbour"


def test_undescribed_columns_are_left_out_and_told(tmp_path):
    tables = frames()
    tables["chains"]["home_address"] = "somewhere"
    told = write_bundle(bundle(tables), tmp_path / "out.zip")
    assert told.left_out_columns["chains"] == ["image_path", "image_digest", "seed", "home_address"]
    assert told.left_out_tables == ["captions"]
    assert "shares" in told.absent


def test_csv_files_run_no_formula_and_parquet_files_keep_the_text(tmp_path):
    files = written(tmp_path, frames())
    assert set(pd.read_csv(io.BytesIO(files["tables/annotations.csv"]))["raw"]) == {"'=1+1"}
    assert set(table(files, "annotations")["raw"]) == {"=1+1"}


def test_parquet_columns_carry_meaning_and_unit(tmp_path):
    from pyarrow import parquet

    schema = parquet.read_schema(io.BytesIO(written(tmp_path, frames())["tables/annotations.parquet"]))
    assert schema.field("iteration").metadata == {
        b"description": b"the image; 0 is the original",
        b"unit": b"iteration",
    }


def test_settings_lose_their_folders(tmp_path):
    settings = {"generator": {"load": {"cache_dir": "/home/anna/models/sd"}, "hub": "org/model"}, "list": ["~/x/y", 1]}
    files = written(tmp_path / "a", frames(), settings=settings)
    assert json.loads(files["settings.json"]) == {
        "generator": {"load": {"cache_dir": "…/sd"}, "hub": "org/model"},
        "list": ["…/y", 1],
    }
    files = written(tmp_path / "b", frames(), settings=settings, keeps_names=True)
    assert json.loads(files["settings.json"]) == settings


def test_nothing_is_left_after_an_error(tmp_path):
    def broken() -> pd.DataFrame:
        raise OSError(5, "Input/output error")

    whole = bundle(frames(), keeps_names=True)
    with pytest.raises(OSError, match="Input/output"):
        write_bundle(
            Bundle("a study", {**whole.tables, "drift": broken}, {}, lambda results: {}, True), tmp_path / "out.zip"
        )
    assert list(tmp_path.iterdir()) == []


def test_the_metadata_is_croissant(tmp_path):
    mlcroissant = pytest.importorskip("mlcroissant", reason="installed with the dev extra")
    files = written(tmp_path, frames())
    metadata = mlcroissant.Dataset(jsonld=str(tmp_path / "out/croissant.json")).metadata
    assert not metadata.issues.errors
    assert all("recommended" in issue for issue in metadata.issues.warnings)
    records = list(mlcroissant.Dataset(jsonld=str(tmp_path / "out/croissant.json")).records("annotations"))
    assert [row["annotations/chain_id"].decode() for row in records] == list(table(files, "annotations")["chain_id"])
    fields = {record.name: [field.name for field in record.fields] for record in metadata.record_sets}
    assert fields["annotations"] == list(table(files, "annotations"))
