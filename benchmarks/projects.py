"""Projects of their own for benchmarks: the miniature's configuration, data and models, and results in a folder."""

import shutil
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
STAND_INS = {
    name: {"type": "stand_ins.StandInDataset", "name": name} for name in ("generator", "describer", "annotator")
}
"""Catalog entries of models that answer at once; this folder must be among Python's paths."""


def project(folder: Path, settings: dict[str, dict[str, Any]], entries: dict[str, Any] | None = None) -> None:
    """Make a project.

    Args:
        folder: where; it exists and is empty.
        settings: what differs from the miniature's parameters, by group.
        entries: catalog entries that take the place of the miniature's.
    """
    shutil.copytree(ROOT / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, folder)
    for name in ("src", "conf/local", "data"):
        (folder / name).mkdir()
    for name in ("01_raw", "06_models"):
        (folder / "data" / name).symlink_to(ROOT / "data" / name)
    parameters = folder / "conf/base/parameters.yml"
    study = yaml.safe_load(parameters.read_text(encoding="utf-8"))
    for group, values in settings.items():
        study[group] = {**study[group], **values}
    parameters.write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    if entries:
        catalog = folder / "conf/base/catalog.yml"
        known = yaml.safe_load(catalog.read_text(encoding="utf-8"))
        catalog.write_text(yaml.safe_dump(known | entries), encoding="utf-8")


def chains_from_images(count: int) -> dict[str, Any]:
    """Return settings of so many chains or a few more, all from images, as many of each of the 7 labels."""
    # Up to 30 of each label are there in each of 2 splits: the rest is replicates.
    splits = ["test"] if count <= 210 else ["train", "test"]
    replicates = -(-count // 420)
    each = -(-count // (replicates * 7 * len(splits)))
    return {"splits": splits, "count": each, "replicates": replicates, "prompts": []}
