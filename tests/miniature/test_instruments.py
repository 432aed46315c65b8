"""The shipped judge, parser and detector on a few rendered people that nobody trained on."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from facexlib.detection.retinaface_utils import PriorBox, batched_decode, batched_decode_landm

from broken_telephone.miniature.training.detector import detect, load_detector, score_detector, take_faces
from broken_telephone.miniature.training.fitting import Schedule, to_tensor
from broken_telephone.miniature.training.judge import Judge, load_judge, save_judge, score_judge, train_judge
from broken_telephone.miniature.training.parser import load_parser, parse, score_parser
from broken_telephone.miniature.world.boxes import encode, encode_points, match, overlap
from broken_telephone.miniature.world.canvas import REGIONS
from broken_telephone.miniature.world.people import AGES, World
from broken_telephone.miniature.world.pictures import render_set
from broken_telephone.miniature.world.portrait import BACKGROUND_COLOURS

COLUMNS = ["model", "kind", "figure", "group", "category", "n", "value"]


def overall(scores):
    assert list(scores.columns) == COLUMNS
    assert set(scores["group"]) == {"all", "gender", "age", "skin_tone"}
    return scores.query("group == 'all'").set_index("figure")["value"]


@pytest.mark.parametrize("kind", ["portraits", "scenes"])
def test_the_judge_reads_rendered_people(kind, request, models):
    scores = overall(score_judge(load_judge(models / "judge"), request.getfixturevalue(kind)))
    label = {"portraits": "emotion", "scenes": "activity"}[kind]
    for name in (label, "gender", "age", "skin_tone"):
        assert scores[f"{name} accuracy"] > 0.97


def test_the_judge_answers_in_names_and_probabilities(portraits, models):
    said = load_judge(models / "judge")(portraits.images[:3], probabilities=True)
    assert len(said) == 3
    assert set(said["gender"]) <= {"male", "female"}
    assert said["gender_probability"].between(0.5, 1).all()


def test_a_judge_of_several_networks_goes_by_their_mean_probability(portraits, tmp_path):
    torch.manual_seed(0)
    judge = Judge(3, (4, 4, 4, 4), 8).eval()
    save_judge(judge, tmp_path)
    said = load_judge(tmp_path)(portraits.images, probabilities=True)
    pixels = torch.from_numpy(portraits.images).permute(0, 3, 1, 2) / 255
    with torch.inference_mode():
        each = [member(pixels)["age"].double().softmax(1) for member in judge.members]
    mean = sum(each) / 3
    assert said["age_probability"].to_numpy() == pytest.approx(mean.amax(1).numpy(), abs=1e-5)
    assert said["age"].tolist() == [AGES[code] for code in mean.argmax(1)]


def test_networks_of_a_judge_learn_from_seeds_of_their_own(portraits, scenes):
    twins = tuple(render_set(kind, World(), 8, seed=1, workers=1, twins=True) for kind in ("portraits", "scenes"))
    schedule = Schedule(samples=16, batch_size=8, learning_rate=1e-3, seed=3, threads=0)
    judge = train_judge(portraits, scenes, twins, schedule, members=2)
    alone = train_judge(portraits, scenes, twins, replace(schedule, seed=4), members=1)
    first, second = (dict(member.named_parameters()) for member in judge.members)
    assert all(torch.equal(second[name], value) for name, value in alone.members[0].named_parameters())
    assert not torch.equal(first["heads.age.weight"], second["heads.age.weight"])
    assert not judge.training


@pytest.mark.parametrize("kind", ["portraits", "scenes"])
def test_the_parser_finds_the_regions(kind, request, models):
    scores = overall(score_parser(load_parser(models / "parser"), request.getfixturevalue(kind)))
    for region in REGIONS:
        assert scores[f"{region} IoU"] > 0.88


def test_the_parser_answers_with_one_region_a_pixel(scenes, models):
    found = parse(load_parser(models / "parser"), scenes.images[:2])
    assert found.shape == (2, 64, 64)
    assert found.dtype == np.uint8
    assert set(np.unique(found)) <= {0, 1, 2, 3}


@pytest.mark.parametrize("kind", ["portraits", "scenes"])
def test_the_detector_finds_the_faces(kind, request, models):
    scores = overall(score_detector(load_detector(models / "detector"), request.getfixturevalue(kind)))
    for figure in ("recall", "recall of all faces", "precision"):
        assert scores[figure] > 0.96


def test_the_detector_finds_no_face_where_nobody_is(models):
    plain = np.stack([np.full((64, 64, 3), colour, np.uint8) for colour in BACKGROUND_COLOURS.values()])
    assert not [found for found in detect(load_detector(models / "detector"), plain) if len(found)]


@pytest.mark.parametrize("kind", ["portraits", "scenes"])
def test_the_detector_finds_no_face_in_pictures_that_lost_theirs(kind, request, models):
    pictures = request.getfixturevalue(kind)
    images, faces = to_tensor(pictures.images), torch.from_numpy(np.array(pictures.faces)) / 64
    take_faces(images, faces)
    emptied = (images[::8] * 255).round().byte().permute(0, 2, 3, 1).numpy()
    found = detect(load_detector(models / "detector"), emptied)
    assert sum(len(each) > 0 for each in found) <= 1


def test_some_pictures_lose_their_faces(portraits):
    images, faces = to_tensor(portraits.images[:20]), torch.from_numpy(np.array(portraits.faces[:20])) / 64
    before, boxes = images.clone(), faces.clone()
    take_faces(images, faces)
    assert faces[:, 0, 0].isnan().nonzero()[:, 0].tolist() == [0, 8, 16]
    rest = [row for row in range(20) if row % 8]
    assert torch.equal(images[rest], before[rest])
    assert torch.equal(faces[rest].nan_to_num(), boxes[rest].nan_to_num())
    for row in (0, 16):
        # A cloud differs little from pixel to pixel.
        assert images[row].diff(dim=1).abs().max() < 0.02 < before[row].diff(dim=1).abs().max()
    back = images[8].roll(-32, 1)
    x, y, width, height = (boxes[8, 0] * 64).tolist()
    inside = np.s_[:, round(y) : round(y + height), round(x) : round(x + width)]
    assert torch.equal(back[inside], before[8][:, :1, :1].expand_as(back[inside]))
    assert (back == before[8]).all(0).sum() == 64 * 64 - back[inside][0].numel()


def test_encoded_boxes_are_what_facexlib_decodes():
    config = {"min_sizes": [[16, 32], [64, 128], [256, 512]], "steps": [8, 16, 32], "clip": False}
    centred = PriorBox(config, image_size=(128, 128)).forward()
    priors = torch.cat([centred[:, :2] - centred[:, 2:] / 2, centred[:, 2:]], 1)
    boxes = torch.rand(len(priors), 4, generator=torch.Generator().manual_seed(0)) * 0.4 + 0.1
    back = batched_decode(encode(boxes, priors, [0.1, 0.2])[None], centred[None], [0.1, 0.2])[0]
    assert torch.allclose(back, torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1), atol=1e-5)
    points = torch.rand(len(priors), 5, 2, generator=torch.Generator().manual_seed(1))
    back = batched_decode_landm(encode_points(points, priors, [0.1, 0.2])[None], centred[None], [0.1, 0.2])[0]
    assert torch.allclose(back.view(-1, 5, 2), points, atol=1e-5)


def test_each_face_gets_a_prior_box_and_no_box_two_faces():
    nothing = [float("nan")] * 4
    faces = torch.tensor([[[0.1, 0.1, 0.2, 0.2], [0.6, 0.6, 0.05, 0.05], nothing]])
    priors = torch.tensor([[0.1, 0.1, 0.2, 0.2], [0.12, 0.1, 0.2, 0.2], [0.5, 0.5, 0.3, 0.3], [0.0, 0.8, 0.1, 0.1]])
    assert match(faces, priors, enough=0.35).tolist() == [[0, 0, 1, -1]]


def test_overlap_is_intersection_over_union():
    first = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
    second = torch.tensor([[1.0, 0.0, 2.0, 2.0], [5.0, 5.0, 1.0, 1.0]])
    assert torch.allclose(overlap(first, second), torch.tensor([[1 / 3, 0.0]]))
