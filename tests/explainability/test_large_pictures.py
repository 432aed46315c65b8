"""Large originals are looked at in the size that models read; what is said of them is said in their own pixels."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from plain_study import Study, plain

from broken_telephone.datasets import ImageFolderDataset
from broken_telephone.errors import StudyError
from broken_telephone.explainability.maps.occlusion import scaled
from broken_telephone.models import REGIONS
from broken_telephone.pictures import Needed
from broken_telephone.tables import check_activations, check_faces

BOXED = ("a", "0", 0.0, 400.0, 480.0, 400.0, "happiness")


@pytest.fixture
def study(tmp_path):
    """Two faces in a picture of 600 x 800 that is stored on its side; the lower one is the happy person's."""
    study = Study(tmp_path)
    study.describer.longest, study.detector.longest, study.parser.longest = 40, 64, 80
    record = Image.Exif()
    record[0x0112] = 6
    turned = plain(50, faces=2, size=(600, 800)).transpose(Image.Transpose.ROTATE_90)
    turned.save(study.path / "raw/0.png", exif=record, compress_level=1)
    columns = ["person_id", "image_id", "x", "y", "width", "height", "emotion"]
    study.people = pd.DataFrame([BOXED], columns=columns).assign(is_main=True)
    return study


def test_models_see_no_more_than_they_read_and_tables_are_in_the_pixels_of_the_file(study, monkeypatch):
    reads: Counter = Counter()
    original = ImageFolderDataset.read

    def read(self, key, longest=None, digest=None):
        reads[key, longest] += 1
        return original(self, key, longest, digest)

    monkeypatch.setattr(ImageFolderDataset, "read", read)
    faces, words, activations, _, record = study.run(random_weights=3, checked=9)
    check_faces(faces)
    check_activations(activations)
    assert study.detector.seen[50, (80, 107)] == 1
    mine = faces[(faces["chain_id"] == "i0_r0") & (faces["iteration"] == 0)].iloc[::-1]
    assert np.allclose(mine[["x", "y", "width", "height"]], [[0, 400, 360, 360], [0, 0, 200, 200]], atol=8)
    assert mine["person_id"].fillna("").tolist() == ["a", ""]
    assert mine["counted"].tolist() == [True, False]
    mine = words[(words["chain_id"] == "i0_r0") & (words["iteration"] == 0)]
    assert mine[["width", "height"]].to_numpy().tolist() == [[40, 54]]
    # Other pictures are not larger than what models read, and stay as they are.
    assert set(words.loc[words["iteration"] > 0, "width"]) == {8}
    # Once for the mean colour and for words, however many random weights there are; for faces once.
    assert reads["0.png", Needed(0, 40, 2048)] == 1
    assert reads["0.png", Needed(64, 80, 2048)] == 1
    assert record["failures"] == []
    assert record["by"]["pixels"] == {
        "faces": {"longer": 64, "shorter": 80, "most": 2048},
        "words": {"longer": 0, "shorter": 40, "most": 2048},
    }


def test_all_pictures_of_a_study_are_looked_at_as_in_its_first_run(study):
    """A later run does not ask again, whatever another version of a library would say."""
    first = study.run()

    class Silent:
        def __get__(self, *_):
            raise StudyError("the processor cannot be loaded")

    for model in (study.describer, study.detector, study.parser):
        del model.longest
        model.__class__ = type("Fake", (type(model),), {"longest": Silent()})
    again = study.run(chains_per_label=9)
    assert again[-1]["by"]["pixels"] == first[-1]["by"]["pixels"]
    mine = again[1][again[1]["iteration"] == 0]
    assert set(zip(mine["width"], mine["height"], strict=True)) == {(40, 54), (8, 8)}
    # Where nothing is known yet, it is an error, not another size.
    study.loop_settings = {"a": 2}
    with pytest.raises(StudyError, match="cannot be loaded"):
        study.run()


def test_a_frame_is_as_large_as_it_is_asked_for(study):
    faces, words, *_ = study.run(size=[24, 16])
    assert {(row.width, row.height) for row in words.itertuples()} == {(24, 16)}
    mine = faces[(faces["chain_id"] == "i0_r0") & (faces["iteration"] == 0)]
    # The fake detector takes the grey margin for a crowd, which is outside the person's box.
    assert len(mine) == 128
    assert mine["person_id"].isna().all()


def test_regions_keep_their_places_in_another_size():
    regions = np.array([[0, 1], [2, 3]], np.uint8)
    assert scaled(regions, (2, 2)) is regions
    large = scaled(regions, (6, 4))
    assert large.tolist() == np.kron(regions, np.ones((2, 3), int)).tolist()
    assert scaled(large, (2, 2)).tolist() == regions.tolist()
    assert large.max() < len(REGIONS)
