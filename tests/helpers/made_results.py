"""Results of other programs, made by hand in each layout that can be imported."""

import json
from pathlib import Path

from raw_data import two_colours

FORM = "1. {0}\n2. {1}\n3. {2}"
EMOTIONS = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")


def write_picture(file: Path, number: int) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    two_colours((16, 16), (number * 7 % 256, number * 13 % 256, 60)).save(file)
    return file


def write_json(file: Path, content: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def raf_entry(root: Path, code: int, name: str, number: int) -> dict:
    """An entry of a RAF run whose paths are those of another machine."""
    write_picture(root / f"{code}/{Path(name).stem}.png", number)
    return {
        "original image": f"/home/me/RAF/Image/aligned/{name}",
        "first description": f"The person shows feeling {number}.",
        "image location": f"/home/me/out/{root.name}/{code}/{Path(name).stem}.png",
        "second description": f"The drawn person shows feeling {number}.",
        "llava categories": FORM.format("Caucasian", "female", "20-39"),
    }


def write_raf_run(root: Path, splits: tuple[str, ...] = ("train", "test"), older: bool = False) -> dict:
    """Every portrait of `raw_data.write_raf`: two of each emotion and split."""
    groups: dict[str, dict] = {}
    for split in splits:
        for number in range(1, 15):
            code = (number - 1) % 7 + 1
            name = f"{split}_{number:05}_aligned.jpg"
            group = groups.setdefault(str(code), {"folder": f"/home/me/out/{code}", "label": EMOTIONS[code - 1]})
            entry = raf_entry(root, code, name, number + 20 * (split == "test"))
            group.setdefault("results", {})[name] = entry
    content: object = groups
    if older:
        content = [{**group, "results": list(group["results"].values())} for group in groups.values()]
    write_json(root / "results.json", content)
    return groups


def write_phase_run(root: Path) -> dict:
    """The val pictures of `raw_data.write_phase`, without second descriptions."""
    content = {}
    for number in range(18):
        write_picture(root / f"images/val{number:03}.png", number)
        content[f"val{number:03}"] = {
            "first description": f"People do thing {number}.",
            "image loc": f"images/val{number:03}.png",
            "llava categories": FORM.format("lighter", "male", "adult"),
        }
    write_json(root / "results.json", content)
    return content


def write_loop(root: Path, name: str, prompt: str | None, rounds: int = 3, label: int | None = None) -> list[dict]:
    """A loop from a prompt, or from an image if there is no prompt."""
    entries: list[dict] = []
    for k in range(rounds):
        write_picture(root / f"{name}/{name}_{k}.png", k + 40 + len(name))
        entry: dict = {
            "iteration": k,
            "image": f"{root.name}/{name}/{name}_{k}.png",
            "description": f"Text {k} of {name}.",
        }
        if k:
            entry["prompt"] = entries[-1]["description"]
        elif prompt is None:
            entry |= {"initial_image": f"/data/faces/{name}.png", "label": label}
        else:
            entry["prompt"] = prompt
        entries.append(entry)
    write_json(root / name / f"{name}.json", entries)
    return entries


def write_generations(root: Path, names: tuple[str, ...], last: int = 2, texts: bool = True) -> None:
    for k in range(last + 1):
        for number, name in enumerate(names):
            write_picture(root / f"gen-{k}/{name}.png", 10 * k + number)
            if texts:
                (root / f"gen-{k}/{name}.txt").write_text(f"A caption of {name} in generation {k}.")
