"""Trains the face detector: facexlib's RetinaFace with the MobileNet-0.25 backbone, from scratch.

Pictures are enlarged to twice their size: the backbone's finest features are eight pixels apart and faces in
the background of a scene eight pixels wide. Landmarks are learned on main persons only; of the others the sets
keep no attributes. All rendered pictures show somebody, and a network that never saw an empty picture finds faces
in it, so some lose theirs (`take_faces`). Leaves out RetinaFace's dense regression branch, which facexlib does not
have either.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from facexlib.detection.retinaface import RetinaFace, generate_config
from facexlib.detection.retinaface_utils import PriorBox
from safetensors.torch import load_file, save_file
from torch.nn import functional

from broken_telephone.miniature.checks.scores import by_group
from broken_telephone.miniature.training.augment import augment
from broken_telephone.miniature.training.fitting import Rows, Schedule, fit, to_tensor
from broken_telephone.miniature.training.optimisation import set_up
from broken_telephone.miniature.world.boxes import encode, encode_points, match, overlap
from broken_telephone.miniature.world.pictures import PictureSet
from broken_telephone.miniature.world.portrait import SIZE
from broken_telephone.miniature.world.proportions import five_points
from broken_telephone.models.faces.retinaface import MEAN, find_faces, prepare

NETWORK = "mobile0.25"
INPUT_SIZE = 2 * SIZE
SCORE, OVERLAP = 0.5, 0.4  # least score of a face, most overlap between two faces
_EVERY = 8  # of so many pictures one loses its faces


def _priors() -> torch.Tensor:
    """Return prior boxes as x, y, width, height in shares of the picture, (m, 4)."""
    centred = PriorBox(generate_config(NETWORK), image_size=(INPUT_SIZE, INPUT_SIZE)).forward()
    return torch.cat([centred[:, :2] - centred[:, 2:] / 2, centred[:, 2:]], 1)


def train_detector(portraits: PictureSet, scenes: PictureSet, schedule: Schedule) -> RetinaFace:
    """Train a detector on rendered pictures and all their faces, half of every batch of each kind.

    The loss is the multi-task loss of RetinaFace (Deng et al., CVPR 2020, equation 1) without its dense branch:
    cross-entropy with the seven hardest negatives for each positive prior box (and in a picture without any),
    smooth L1 for boxes and landmarks.
    """
    set_up(schedule.seed, schedule.threads)
    generator = torch.Generator().manual_seed(schedule.seed)
    model = RetinaFace(network_name=NETWORK, phase="train", device="cpu").to(memory_format=torch.channels_last)
    sets = {"portraits": portraits, "scenes": scenes}
    faces = {kind: torch.from_numpy(np.array(pictures.faces)) / SIZE for kind, pictures in sets.items()}
    points = {kind: _points(pictures) / SIZE for kind, pictures in sets.items()}
    priors, variances = _priors(), generate_config(NETWORK)["variance"]

    def loss(rows: Rows) -> torch.Tensor:
        shown = [to_tensor(sets[kind].images[rows[kind]]) for kind in sets]
        boxed = [faces[kind][rows[kind]] for kind in sets]
        for pictures, own in zip(shown, boxed, strict=True):
            take_faces(pictures, own)
        images, truth = torch.cat(shown), torch.cat(boxed)
        marks = torch.cat([points[kind][rows[kind]] for kind in sets])
        # Pictures are not shifted, because the boxes would have to move too.
        boxes, classes, landmarks = model(
            prepare(augment(images, generator, shift=0, soften=0.3), INPUT_SIZE, INPUT_SIZE)
        )
        chosen = match(truth, priors, enough=0.35)
        return multibox_loss(boxes.float(), classes.float(), landmarks.float(), truth, marks, chosen, priors, variances)

    fit(
        model,
        loss,
        sets,
        schedule,
        name="detector",
    )
    model.phase = "test"
    return model


def take_faces(images: torch.Tensor, faces: torch.Tensor) -> None:
    """Remove the faces from every eighth picture, in place, so that the network learns pictures without faces.

    By turns a picture becomes a cloud of its colours, or its faces are painted over with the colour of its corner and
    its halves change places: clothes above hair, as in a picture put together of several, are no face either.

    Args:
        images: float, (n, 3, height, width).
        faces: (n, k, 4) boxes in shares of the picture; NaN where there is none, and afterwards in these pictures.
    """
    clouds, covered = images[:: 2 * _EVERY], images[_EVERY :: 2 * _EVERY]
    small = functional.adaptive_avg_pool2d(clouds, 2)
    clouds.copy_(functional.interpolate(small, size=clouds.shape[2:], mode="bilinear"))
    height, width = images.shape[2:]
    down, across = (torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width
    x, y, wide, high = faces[_EVERY :: 2 * _EVERY, :, :, None].unbind(2)
    inside = ((down >= y) & (down < y + high))[..., None] & ((across >= x) & (across < x + wide))[..., None, :]
    covered.copy_(torch.where(inside.any(1)[:, None], covered[:, :, :1, :1], covered).roll(height // 2, 2))
    faces[::_EVERY] = float("nan")


def multibox_loss(
    boxes: torch.Tensor,
    classes: torch.Tensor,
    landmarks: torch.Tensor,
    faces: torch.Tensor,
    points: torch.Tensor,
    chosen: torch.Tensor,
    priors: torch.Tensor,
    variances: list[float],
) -> torch.Tensor:
    """Return RetinaFace's loss of a batch.

    Args:
        boxes, classes, landmarks: the network's raw outputs, (n, m, 4), (n, m, 2), (n, m, 10).
        faces: (n, k, 4) true boxes in shares of the picture.
        points: (n, 5, 2) landmarks of the first face of each picture.
        chosen: (n, m) the face of each prior box or -1; see `boxes.match`.
        priors: (m, 4) prior boxes.
        variances: as in facexlib's configuration.
    """
    picture, prior = torch.nonzero(chosen >= 0, as_tuple=True)
    wanted = encode(faces[picture, chosen[picture, prior]], priors[prior], variances)
    box_loss = functional.smooth_l1_loss(boxes[picture, prior], wanted, reduction="sum")
    main, main_prior = torch.nonzero(chosen == 0, as_tuple=True)
    marks = encode_points(points[main], priors[main_prior], variances)
    mark_loss = functional.smooth_l1_loss(landmarks[main, main_prior], marks, reduction="sum")
    positive = chosen >= 0
    each = functional.cross_entropy(classes.flatten(0, 1), positive.long().flatten(), reduction="none")
    each = each.view(positive.shape)
    ranks = each.detach().masked_fill(positive, -1).argsort(1, descending=True).argsort(1)
    hard = (ranks < 7 * positive.sum(1, keepdim=True).clamp(min=1)) & ~positive
    class_loss = each[positive | hard].sum()
    return (2 * box_loss + class_loss) / max(len(picture), 1) + mark_loss / max(len(main), 1)


def _points(pictures: PictureSet) -> torch.Tensor:
    people = pictures.people[["age", "emotion"]].to_dict("records")
    return torch.from_numpy(np.stack([five_points(p, f) for p, f in zip(people, pictures.faces[:, 0], strict=True)]))


def detect(model: RetinaFace, images: np.ndarray) -> list[np.ndarray]:
    """Find faces.

    Args:
        model: a detector in evaluation.
        images: uint8, (n, 64, 64, 3), RGB.

    Returns:
        One array a picture, (k, 5): x, y, width, height in its pixels and score; surest first.
    """
    detections = []
    for start in range(0, len(images), 64):
        pictures = to_tensor(images[start : start + 64])
        detections += find_faces(model, pictures, (INPUT_SIZE, INPUT_SIZE), score=SCORE, overlap=OVERLAP)
    return [rows[:, :5] for rows in detections]


def save_detector(model: RetinaFace, folder: Path) -> None:
    """Write `model.safetensors` and `config.json`: the constructor's arguments and how pictures are prepared."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {k: v.contiguous() for k, v in model.state_dict().items()}
    save_file(state, folder / "model.safetensors")
    config = {
        "class": "facexlib.detection.retinaface.RetinaFace",
        "constructor": {"network_name": NETWORK},
        "input": {"size": INPUT_SIZE, "channels": "BGR", "mean": list(MEAN), "resize": "bilinear"},
        "score": SCORE,
        "overlap": OVERLAP,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def load_detector(folder: Path) -> RetinaFace:
    """Load a detector that `save_detector` wrote, ready for the CPU."""
    config = json.loads((folder / "config.json").read_text())
    model = RetinaFace(**config["constructor"], device="cpu")
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model.eval().to(memory_format=torch.channels_last)


def score_detector(model: RetinaFace, pictures: PictureSet, at: float = 0.5) -> pd.DataFrame:
    """Return recall, precision and box overlap on one kind of picture; see `scores.by_group`.

    Figures: "recall" and "box IoU" of main persons' faces by their groups; "recall of all faces" and "precision"
    count every face, by pictures of a main person's group.
    """
    detections, truth = detect(model, pictures.images), pictures.faces
    people = pictures.people
    rows: dict[str, list[tuple[int, float]]] = {
        n: [] for n in ("recall", "box IoU", "recall of all faces", "precision")
    }
    for row, (boxes, faces) in enumerate(zip(detections, truth, strict=True)):
        faces = faces[~np.isnan(faces[:, 0])]
        shares = overlap(torch.from_numpy(faces), torch.from_numpy(boxes[:, :4])).numpy()
        pairs = _pairs(shares, at)
        hits = {face for face, _ in pairs}
        rows["recall"].append((row, 0 in hits))
        rows["box IoU"] += [(row, shares[face, box]) for face, box in pairs if face == 0]
        rows["recall of all faces"] += [(row, face in hits) for face in range(len(faces))]
        rows["precision"] += [(row, any(box == b for _, b in pairs)) for box in range(len(boxes))]
    parts = []
    for figure, entries in rows.items():
        which, values = [r for r, _ in entries], np.array([v for _, v in entries], float)
        parts.append(by_group("detector", figure, people.iloc[which], values))
    return pd.concat(parts, ignore_index=True)


def _pairs(shares: np.ndarray, at: float) -> list[tuple[int, int]]:
    """Match faces and detected boxes one to one, greedily by overlap of at least `at`."""
    pairs: list[tuple[int, int]] = []
    for flat in np.argsort(-shares, axis=None):
        face, box = (int(v) for v in np.unravel_index(flat, shares.shape))
        if shares[face, box] < at:
            break
        if all(face != f and box != b for f, b in pairs):
            pairs.append((face, box))
    return pairs
