"""Memory and time of large originals, with the miniature's models. Each measurement is a process of its own.

    python benchmarks/large_pictures.py                            eight of 13,000 x 13,000; two of 4000 x 4000
    python benchmarks/large_pictures.py --tiny                     two small ones are explained, without the comparison

Portraits of the miniature are enlarged, half as JPEG and half as PNG. They are described, embedded and explained
from their files, as a study does it; then the same portraits as they are (64 x 64).
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
GREY = (128, 128, 128)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=13_000, help="of the pictures that are described and embedded")
    parser.add_argument("--explained", type=int, default=4000, help="side of the pictures that are explained")
    parser.add_argument("--one", nargs=3, metavar=("WHAT", "FOLDER", "SIDE"), help=argparse.SUPPRESS)
    parser.add_argument("--tiny", action="store_true", help="two small pictures are explained")
    asked = parser.parse_args(arguments)
    if asked.tiny:
        asked.side, asked.explained = 300, 200
    if asked.one:
        what, folder, side = asked.one
        measured = _MEASURED[what](Path(folder), int(side))
        if measured is not None:
            print(f"\n{json.dumps(measured)}")
        return
    measured = (("describe", 8, asked.side), ("embed", 8, asked.side), ("explain", 2, asked.explained))
    # Explaining describes first.
    for what, count, side in measured[-1:] if asked.tiny else measured:
        for own in (side,) if asked.tiny else (side, 64):
            cost = costs(what, count, own)
            print(f"{what} {count} of {own:,} x {own:,}: {cost['seconds']} s, peak {cost['MB']:,} MB")


def costs(what: str, count: int, side: int) -> dict[str, Any]:
    """Return seconds and MB of something done with so many pictures of a side, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, __file__, "--one", f"write {count}", folder, str(side)], check=True)
        command = [sys.executable, __file__, "--one", what, folder, str(side)]
        # Progress is printed before.
        *_, last = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    measured: dict[str, Any] = json.loads(last)
    return measured


def write(count: int, folder: Path, side: int) -> None:
    """Write enlarged portraits."""
    from PIL import Image

    from broken_telephone.miniature.world.people import World
    from broken_telephone.miniature.world.pictures import render_set

    for number, pixels in enumerate(render_set("portraits", World(), count, 5).images):
        large = Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST)
        large.save(folder / f"{number}.{('png', 'jpg')[number % 2]}", **({"compress_level": 1}, {})[number % 2])


def describe(folder: Path, _side: int) -> dict[str, Any]:
    """Describe all pictures of a folder in one batch."""
    from broken_telephone.models import make_describer

    study = _study()
    model: Any = make_describer(study["describer"])
    return _measured(model, lambda images: model.describe(images, study["loop"]["describe_prompt"]), folder)


def embed(folder: Path, _side: int) -> dict[str, Any]:
    """Embed all pictures of a folder in one batch."""
    from broken_telephone.models import make_embedder

    model: Any = make_embedder(_study()["embedder"])
    return _measured(model, model.embed_images, folder)


def explain(folder: Path, _side: int) -> dict[str, Any]:
    """Find faces and regions in all pictures of a folder and explain the words about them, with all checks."""
    from broken_telephone.chains import chains_of
    from broken_telephone.datasets import ImageFolderDataset
    from broken_telephone.explainability import ExplainSettings
    from broken_telephone.explainability.faces.face_matching import main_faces, regions_of
    from broken_telephone.explainability.faces.face_parts import FaceParts
    from broken_telephone.explainability.items import word_items
    from broken_telephone.explainability.journal import contents_in
    from broken_telephone.explainability.opened_pictures import OpenedPictures
    from broken_telephone.explainability.run import explain_words, find_parts, needed_of
    from broken_telephone.explainability.tasks import How
    from broken_telephone.labels import RAF
    from broken_telephone.models import make_describer, make_detector, make_parser
    from broken_telephone.pictures import StudyPictures, bound_for
    from broken_telephone.tables import CHAINS, as_table

    study = _study()
    settings = ExplainSettings.model_validate(study["explain"])
    describer: Any = make_describer(study["describer"])
    parts = FaceParts(make_detector(study["detector"]), make_parser(study["parser"]))
    originals = ImageFolderDataset(path=str(folder)).load()
    names = list(originals)
    describer.load()
    parts.load()
    prompt, bound = study["loop"]["describe_prompt"], bound_for(describer)
    texts = [one.text for one in describer.describe([originals[name](longest=bound) for name in names], prompt)]
    rows = [
        {"chain_id": name, "seed": place, "image_path": name, "image_digest": originals.digest(name)}
        for place, name in enumerate(names)
    ]
    chains = chains_of(as_table(rows, CHAINS))
    pictures = StudyPictures(originals, {}, {})
    opened = OpenedPictures(pictures, settings.frame)
    first_pictures = pictures.by_iteration(chains, 0)
    began = time.perf_counter()
    size = needed_of(parts, settings.frame)
    contents = contents_in(
        "parts", _kept(find_parts(first_pictures, "parts", settings, parts, size, opened, {})), first_pictures
    )
    who = {name: main_faces(name, one, {}) for name, one in contents.items()}
    descriptions = {f"0/{name}": (name, text) for name, text in zip(names, texts, strict=True)}
    items = word_items(
        first_pictures, descriptions, RAF.concepts["emotion"], contents, who, dict.fromkeys(contents, ())
    )
    how = How(prompt, settings.layers, settings.method, settings.target, GREY)
    _kept(
        explain_words(
            items,
            lambda item: regions_of(item, contents[item.picture.name], {}, None),
            lambda item: None,
            set(names),
            "words",
            how,
            settings,
            describer,
            needed_of(describer, settings.frame),
            opened,
            {},
        )
    )
    return _taken(began) | {"words": len(items[0])}


def _measured(model: Any, ask: Any, folder: Path) -> dict[str, Any]:
    from broken_telephone.datasets import ImageFolderDataset
    from broken_telephone.pictures import bound_for

    originals = ImageFolderDataset(path=str(folder)).load()
    model.load()
    bound = bound_for(model)
    began = time.perf_counter()
    ask([originals[name](longest=bound) for name in originals])
    return _taken(began)


def _taken(began: float) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"seconds": round(time.perf_counter() - began, 1), "MB": peak}


def _study() -> dict[str, Any]:
    """Return the miniature's settings, with the models' folders wherever this is started."""
    study = yaml.safe_load((ROOT / "conf/base/parameters.yml").read_text())
    for name in ("describer", "embedder", "detector", "parser"):
        study[name]["path"] = str(ROOT / study[name]["path"])
    return study


def _same(record: Any) -> Any:
    return record


def _kept(saved: Any) -> dict[str, Any]:
    """What a run saves, in memory."""
    kept: dict[str, Any] = {}
    for one in saved:
        kept |= {key: partial(_same, record) for key, record in one.batches.items()}
    return kept


_MEASURED: dict[str, Any] = {
    "describe": describe,
    "embed": embed,
    "explain": explain,
    **{f"write {count}": partial(write, count) for count in (2, 8)},
}

if __name__ == "__main__":
    main()
