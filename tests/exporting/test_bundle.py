"""Bundles from tables made here: names, numbers, left-out columns, types, Croissant metadata, equal bytes."""

import io
import json

import pandas as pd
import pytest

from broken_telephone.datasets import CSVDataset
from broken_telephone.exporting import Bundle, write_bundle
from broken_telephone.exporting.paths import without_folders
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


def test_raters_without_ratings_become_numbers(tmp_path):
    """Results keep the raters' names after the database of ratings is gone."""
    tables = {name: table for name, table in frames().items() if name != "ratings"}
    tables["agreement_sentences"] = pd.DataFrame(
        {"attribute": ["age"], "annotator_a": ["rater Cleo"], "annotator_b": ["m"], "categories": ["all"]}
        | {"verdict": ["reliable"], "sentence": ["rater Cleo and m agree."]}
    )
    files = written(tmp_path, tables)
    pair, row = table(files, "agreement").iloc[0], table(files, "agreement_sentences").iloc[0]
    assert sorted([pair["annotator_a"], pair["annotator_b"], row["annotator_a"]]) == ["rater 1", "rater 2", "rater 3"]
    assert row["sentence"] == f"{row['annotator_a']} and m agree."
    for name, content in files.items():
        assert not [secret for secret in (b"Ann", b"Cleo") if secret in content], name


def test_identifiers_that_are_numbers_become_those_of_the_other_tables(tmp_path):
    tables = {
        "chains": frames(("007", "12"))["chains"].assign(image_id=["7", "12"]),
        "counterfactuals": pd.DataFrame({"image_id": [12, 7], "label": "sad", "outcome": "exchanged"}),
    }
    files = written(tmp_path, tables)
    numbers = dict(zip(("7", "12"), table(files, "chains")["image_id"], strict=True))
    assert sorted(numbers.values()) == ["image_1", "image_2"]
    assert list(table(files, "counterfactuals")["image_id"]) == [numbers["12"], numbers["7"]]


def test_identifiers_in_csv_files_stay_texts(tmp_path):
    dataset = CSVDataset(filepath=str(tmp_path / "table.csv"))
    dataset.save(pd.DataFrame({"image_id": ["007", "12", None], "n": [1, 2, 3]}))
    assert list(dataset.load()["image_id"].dropna()) == ["007", "12"]
    assert dataset.load()["n"].sum() == 6


def test_undescribed_columns_are_left_out_and_listed(tmp_path):
    tables = frames()
    tables["chains"]["home_address"] = "somewhere"
    exported = write_bundle(bundle(tables), tmp_path / "out.zip")
    assert exported.left_out_columns["chains"] == ["image_path", "image_digest", "seed", "home_address"]
    assert exported.left_out_tables == ["captions"]
    assert "shares" in exported.absent


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


@pytest.mark.parametrize(
    ("path", "cut"),
    [
        ("/home/anna/models/sd", "…/sd"),
        ("/home/anna/models/", "…/models"),
        ("/home/anna/", "…"),
        ("/home/anna", "…"),
        ("/Users/anna", "…"),
        ("/scratch/anna", "…"),
        ("/export/home/anna", "…"),
        ("file:///home/anna/m", "…/m"),
        ("file:///home/anna", "…"),
        ("sftp://anna@host/home/anna/m", "…/m"),
        ("~/m", "…/m"),
        ("~anna/x", "…/x"),
        ("~anna", "…"),
        ("../../anna/private/x", "…/x"),
        ("../anna", "…"),
        ("data/../../anna/x", "…/x"),
        ("C:\\Users\\anna\\m", "…/m"),
        ("C:\\Users\\anna", "…"),
        ("\\\\server\\users\\anna\\m", "…/m"),
        ("data/06_models/m", "data/06_models/m"),
        ("org/model", "org/model"),
        ("https://host/v1/", "https://host/v1/"),
    ],
)
def test_no_form_of_a_path_names_a_user(path, cut):
    assert without_folders({"model": path, "load": [path], "cache_dir": f"{path}"}) == {
        "model": cut,
        "load": [cut],
        "cache_dir": cut,
    }


def test_prompts_are_no_paths():
    settings = {
        "loop": {
            "describe_prompt": "/no_think Describe only the emotion and/or mood.",
            "steer": {"template": "/x/y/z"},
        },
        "generator": {"negative_prompt": "~/", "note": "/no_think says nothing of his/her mood"},
    }
    assert without_folders(settings) == settings
    assert without_folders({"cache_dir": "/home/anna/my models"}) == {"cache_dir": "…/my models"}


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
