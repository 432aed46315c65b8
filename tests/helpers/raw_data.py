"""Tiny data sets in the layouts in which RAF-DB and PHASE are published; the pictures are two plain colours."""

import json
from pathlib import Path

from PIL import Image

from broken_telephone.labels import PHASE

LANDMARKS = "10.5\t20\n30.25 20\n20 30\n12\t40\n28 40\n"


def two_colours(size: tuple[int, int], colour: tuple[int, int, int] = (0, 0, 0)) -> Image.Image:
    """A picture of a colour with a grey corner: one of a single colour is no original."""
    picture = Image.new("RGB", size, colour)
    picture.paste("grey", (size[0] - 2, size[1] - 2, *size))
    return picture


def write_raf(folder: Path) -> Path:
    """Two portraits per emotion and split: `train_00001` is a surprised man, Caucasian, 0-3."""
    lines = []
    for split in ("train", "test"):
        for number in range(1, 15):
            name, emotion = f"{split}_{number:05}", (number - 1) % 7 + 1
            lines.append(f"{name}.jpg {emotion}")
            write_portrait(folder, name, colour=(number * 15, emotion * 30, 90 if split == "train" else 150))
            codes = f"{(number - 1) % 3}\n{(number - 1) % 3}\n{(number - 1) % 5}\n"
            write_text(folder / f"Annotation/manual/{name}_manu_attri.txt", LANDMARKS + codes)
    write_text(folder / "EmoLabel/list_patition_label.txt", "\n".join(lines) + "\n")
    return folder


def write_portrait(folder: Path, name: str, colour: tuple[int, int, int]) -> None:
    file = folder / f"Image/aligned/{name}_aligned.jpg"
    file.parent.mkdir(parents=True, exist_ok=True)
    two_colours((20, 20), colour).save(file)


def person(region: list[float], **labels: str) -> dict:
    everything = {
        "age": "adult",
        "gender": "male",
        "skintone": "lighter",
        "ethnicity": "east_asian",
        "emotion": "neutral",
        "activity": "work",
    }
    return {"region": region, "annotations": everything | labels}


def write_phase(folder: Path) -> Path:
    """A main person and a smaller one per picture; each activity twice in val, once in train."""
    activities = PHASE.concepts["activity"].values
    for split, count in (("train", 1), ("val", 2)):
        records = {}
        for number in range(count * len(activities)):
            image_id = f"{split}{number:03}"
            records[image_id] = {
                "caption": "people",
                "person1": person([0, 0, 5, 5], activity="disagreement"),
                "person2": person([2, 2, 10, 12], activity=activities[number % len(activities)], age="young"),
            }
            file = folder / f"phase_images/{image_id}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            two_colours((16, 16), (number * 9, 100, 50 if split == "train" else 90)).save(file)
        write_text(folder / f"phase_gcc_{split}_regions_20221101.json", json.dumps(records))
    return folder


def write_text(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
