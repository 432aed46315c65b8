"""Region parsers of transformers: regions against a direct computation, class maps, models that do not fit."""

import json
import shutil

import numpy as np
import pytest
import torch
from faces import SIZES, box
from PIL import Image
from scipy.ndimage import map_coordinates
from tiny_segmenters import FACE_PARSING, OTHER_CLASSES, SIDE, save_beit, save_segformer
from transformers import (
    AutoImageProcessor,
    AutoModelForSemanticSegmentation,
    BeitImageProcessor,
    DPTImageProcessor,
)

from broken_telephone.errors import StudyError
from broken_telephone.models import REGIONS, make_parser
from broken_telephone.models.faces.transformers_parser import TransformersParser

REGION = {
    "hair": ["hair", "hat"],
    "body": ["neck", "neck_l", "cloth"],
    "background": ["background"],
}
REGION["face"] = [name for name in FACE_PARSING if not any(name in classes for classes in REGION.values())]
OWN = {"hair": ["curls"], "face": ["head"], "body": ["shirt", "person"]}


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("segmenters")
    save_segformer(folder / "segformer")
    save_beit(folder / "beit")
    save_segformer(folder / "other", OTHER_CLASSES)
    return {name: str(folder / name) for name in ("segformer", "beit", "other")}


def direct(folder: str, image: Image.Image, regions: dict[str, list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the regions of a picture in two ways, (height, width): pixel by pixel from the scores, and by the library.

    The library scales the score of each class, not of each region. Edges between classes of one region then differ.
    """
    model = AutoModelForSemanticSegmentation.from_pretrained(folder).eval()
    processor = AutoImageProcessor.from_pretrained(folder)
    with torch.inference_mode():
        outputs = model(**processor(images=image, return_tensors="pt"))
    (classes,) = processor.post_process_semantic_segmentation(outputs, [image.size[::-1]])
    names = [model.config.id2label[number] for number in range(model.config.num_labels)]
    of_class = {name: region for region, listed in regions.items() for name in listed}
    region_of = np.array([REGIONS.index(of_class.get(name, "background")) for name in names])
    scores = outputs.logits[0].numpy()
    highest = np.stack([scores[region_of == region].max(0) for region in range(4)])
    width, height = image.size
    rows, columns = (
        np.clip((np.arange(size) + 0.5) * own / size - 0.5, 0, own - 1)
        for size, own in zip((height, width), scores.shape[1:], strict=True)
    )
    grid = np.meshgrid(rows, columns, indexing="ij")
    scaled = np.stack([map_coordinates(each, grid, order=1) for each in highest])
    return scaled.argmax(0), region_of[classes.numpy()]


@pytest.mark.parametrize(("name", "regions"), [("segformer", REGION), ("beit", REGION), ("other", OWN)])
def test_whole_pictures_have_the_regions_of_a_direct_computation(folders, name, regions, astronaut):
    pictures = [astronaut, astronaut.resize((300, 120)), astronaut.crop((150, 0, 330, 200))]
    parser = make_parser({"path": folders[name], "regions": regions})
    assert isinstance(parser, TransformersParser)
    maps = parser.parse(pictures, [[box(0, 0, 9, 9)], [box(0, 0, 9, 9)] * 2, []])
    assert [len(own) for own in maps] == [1, 2, 0]
    assert maps[1][0] is maps[1][1]
    seen = set()
    for picture, own in zip(pictures[:2], maps[:2], strict=True):
        wanted, by_library = direct(folders[name], picture, regions)
        assert own[0].dtype == np.uint8
        assert own[0].shape == wanted.shape
        assert (own[0] == wanted).mean() > 0.999
        assert (own[0] == by_library).mean() > 0.85
        seen |= set(np.unique(own[0]))
    assert len(seen) > 1


def test_a_square_around_each_face_is_read_as_a_picture_of_its_own(folders, astronaut):
    face = box(180, 60, 90, 60)
    around = make_parser({"path": folders["segformer"], "regions": REGION, "grow": 2.0})
    whole = make_parser({"path": folders["segformer"], "regions": REGION})
    assert (around.grow, whole.grow) == (2.0, None)
    assert (around.longest, whole.longest) == (None, 64)
    (each,), none = around.parse([astronaut, astronaut], [[face], []])
    assert none == []
    ((wanted,),) = whole.parse([astronaut.crop((135, 0, 315, 180))], [[box(0, 0, 9, 9)]])
    assert np.array_equal(each[0:180, 135:315], wanted)
    outside = np.ones(each.shape, bool)
    outside[0:180, 135:315] = False
    assert not each[outside].any()


def test_pictures_in_a_batch_have_the_same_regions_as_alone(folders, astronaut):
    parser = make_parser({"path": folders["segformer"], "regions": REGION})
    pictures = [astronaut, *(astronaut.resize(size) for size in SIZES)]
    faces = [[box(0, 0, 1, 1)]] * len(pictures)
    for picture, (own,) in zip(pictures, parser.parse(pictures, faces), strict=True):
        ((alone,),) = parser.parse([picture], faces[:1])
        assert own.shape == picture.size[::-1]
        assert (own == alone).mean() > 0.999


def test_classes_with_well_known_names_need_no_map(folders, tmp_path, monkeypatch):
    """A model on the hub is one of transformers; here the hub id is that of a local copy."""
    stated = make_parser({"path": folders["segformer"], "regions": REGION})
    stated.load()
    hub = make_parser({"hub": "someone/face-parsing"})
    assert isinstance(hub, TransformersParser)
    shutil.copytree(folders["segformer"], tmp_path / "copy")
    monkeypatch.setattr(
        "broken_telephone.models.loading.torch_model.pretrained", lambda source, setting: (str(tmp_path / "copy"), {})
    )
    hub.load()
    assert hub._loaded[2] == stated._loaded[2]
    assert {REGIONS[place] for place in hub._loaded[2]} == set(REGIONS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"regions": OWN | {"hair": ["curls", "beard"]}},
            "names beard, which the model does not have. .* wall, person",
        ),
        ({"regions": OWN | {"face": ["head", "curls"]}}, "names curls more than once"),
        ({"regions": {"hair": ["curls"]}}, "needs classes for face"),
        ({"regions": OWN | {"face": []}}, "regions.face"),
        ({"regions": OWN | {"hat": ["wall"]}}, "'hat' is no region: regions are background, hair, face, body"),
        ({"regions": OWN, "network": "bisenet"}, "network"),
    ],
)
def test_a_wrong_map_of_classes_is_refused_before_anything_is_loaded(folders, settings, message):
    with pytest.raises(ValueError, match=message):
        make_parser({"path": folders["other"], **settings})


def test_a_model_of_transformers_without_a_map_is_refused(folders):
    with pytest.raises(StudyError, match=r"is that of a model of transformers.*parser\.regions"):
        make_parser({"path": folders["other"]}).load()


def test_classes_without_a_region_are_told_once(folders, caplog):
    make_parser({"path": folders["other"], "regions": OWN}).load()
    assert [record.message for record in caplog.records if "regions" in record.message] == [
        "parser.regions does not name wall: they count as background."
    ]


@pytest.mark.parametrize(
    "processor",
    [
        BeitImageProcessor(size=SIDE, do_center_crop=True, crop_size={"height": 48, "width": 48}),
        DPTImageProcessor(size=SIDE, do_pad=True, size_divisor=48),
    ],
    ids=["cuts", "pads"],
)
def test_a_processor_that_misplaces_regions_is_refused(tmp_path, processor):
    save_segformer(tmp_path / "model")
    processor.save_pretrained(tmp_path / "model")
    with pytest.raises(StudyError, match="cuts or pads pictures"):
        make_parser({"path": str(tmp_path / "model"), "regions": REGION}).load()


def test_a_model_without_a_trained_head_is_refused(folders, tmp_path):
    model = AutoModelForSemanticSegmentation.from_pretrained(folders["segformer"])
    model.segformer.save_pretrained(tmp_path / "bare")
    shutil.copy(f"{folders['segformer']}/preprocessor_config.json", tmp_path / "bare")
    config = json.loads((tmp_path / "bare/config.json").read_text())
    assert config["id2label"]["1"] == "skin"
    with pytest.raises(StudyError, match="lacks weights of its segmentation head"):
        make_parser({"path": str(tmp_path / "bare"), "regions": REGION}).load()


def test_the_map_of_classes_is_part_of_the_identity(folders):
    first, second = (
        make_parser({"path": folders["other"], "regions": each}) for each in (OWN, OWN | {"hair": ["wall"]})
    )
    assert first.identity() != second.identity()
    assert first.identity()["weights"] == second.identity()["weights"]
