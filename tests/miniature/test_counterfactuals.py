"""Counterfactual raw data sets: one attribute of the main persons is exchanged, and nothing else."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from broken_telephone.ingestion import DatasetSettings, read_dataset
from broken_telephone.miniature.world.people import World, shown_as
from broken_telephone.miniature.world.raw_data import Exchange
from broken_telephone.miniature.world.raw_portraits import write_portraits
from broken_telephone.miniature.world.raw_scenes import write_scenes

SIZES = {"raf_db": {"train": 14, "test": 14}, "phase": {"train": 36, "val": 18, "hard": 0.2}}
WRITERS = {"raf_db": write_portraits, "phase": write_scenes}
SIGNS = {"gender": {"gender", "hair_style"}, "age": {"age", "years", "hair_style", "hair_colour"}}
"""Attribute -> columns of the truth that may change with it."""


@pytest.fixture(
    scope="module", params=[("raf_db", "gender", "female"), ("phase", "gender", "male"), ("raf_db", "age", "senior")]
)
def written(request, tmp_path_factory):
    source, attribute, category = request.param
    folder = tmp_path_factory.mktemp(source)
    for name, exchange in (("original", None), ("exchanged", Exchange(attribute, category))):
        WRITERS[source](folder / name, World(), seed=5, exchange=exchange, **SIZES[source])
    return folder, *request.param


def truths(folder):
    tables = [pd.read_csv(folder / name / "truth" / "people.csv") for name in ("original", "exchanged")]
    assert len(tables[0]) == len(tables[1]) > 20
    return tables


def is_main(table: pd.DataFrame) -> pd.Series:
    return table["is_main"] if "is_main" in table else pd.Series(True, table.index)


def test_main_persons_show_the_category_and_differ_in_its_signs_only(written):
    folder, _, attribute, category = written
    original, exchanged = truths(folder)
    main = is_main(original)
    assert (exchanged.loc[main, attribute] == category).all()
    assert (original.loc[main, attribute] != category).sum() >= 10
    positions = [name for name in original if name.rsplit("_")[-1] in ("x", "y", "width", "height")]
    kept = [name for name in original if name not in SIGNS[attribute] and name not in positions]
    pd.testing.assert_frame_equal(original[kept], exchanged[kept])
    others = original.drop(columns=positions)[~main]
    pd.testing.assert_frame_equal(others, exchanged.drop(columns=positions)[~main])


def test_people_who_have_the_category_keep_their_files_and_all_others_change(written):
    folder, source, attribute, category = written
    original, _ = truths(folder)
    mains = original[is_main(original)].set_index("image_id")
    paths = [path for path in (folder / "original").rglob("*") if path.suffix in (".jpg", ".png")]
    pictures = {path.name: path for path in paths if "truth" not in path.parts}
    assert len(pictures) == len(mains)
    for name, path in pictures.items():
        image_id = name.split(".")[0].removesuffix("_aligned")
        other = folder / "exchanged" / path.relative_to(folder / "original")
        has_category = mains.loc[image_id, attribute] == category
        assert (path.read_bytes() == other.read_bytes()) == has_category
        if not has_category and source == "raf_db":
            before, after = (np.asarray(Image.open(one), int) for one in (path, other))
            # Rows at the upper corner show the background, which stays up to the artefacts of JPEG.
            assert np.abs(before[2:6, :4] - after[2:6, :4]).mean() < 4


def test_the_data_set_states_the_category_and_keeps_ids_and_labels(written):
    folder, source, attribute, _ = written
    before, after = (read_dataset(DatasetSettings(source=source), folder / n).people for n in ("original", "exchanged"))
    kept = ["person_id", "image_id", "split", "image_path", "is_main", "emotion"]
    pd.testing.assert_frame_equal(before[kept], after[kept])
    main = before["is_main"]
    # Hard questions of scenes have voters who guess.
    assert (after.loc[main, attribute].astype(str).value_counts(normalize=True).iloc[0]) > 0.6
    assert (before.loc[main, attribute].astype(str) != after.loc[main, attribute].astype(str)).sum() >= 10


def test_voters_guess_on_the_same_questions(tmp_path):
    for name, exchange in (("original", None), ("exchanged", Exchange("gender", "male"))):
        write_scenes(tmp_path / name, World(), seed=5, exchange=exchange, **SIZES["phase"])
    votes = [
        json.loads((tmp_path / name / "phase_gcc_val_all_20221101.json").read_text())
        for name in ("original", "exchanged")
    ]
    compared = 0
    for image_id, record in votes[0].items():
        for person in (key for key in record if key.startswith("person")):
            for one, other in zip(
                record[person]["annotations"], votes[1][image_id][person]["annotations"], strict=True
            ):
                keys = set(one) - {"gender"}
                assert {key: one[key] for key in keys} == {key: other[key] for key in keys}
                compared += 1
    assert compared > 50


def test_an_attribute_that_depends_on_others_is_refused():
    rng = np.random.default_rng(1)
    person = World().person(rng, emotion="fear")
    with pytest.raises(ValueError, match="skin_tone cannot become 'darker'"):
        shown_as(person, "skin_tone", "darker", rng)
    assert shown_as(person, "gender", person.gender, rng) is person
