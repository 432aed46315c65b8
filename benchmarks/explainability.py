"""What it takes to explain words: faces, regions, maps, hiding and the checks, on the miniature's portraits.

    python benchmarks/explainability.py           50, 100 and 200 pictures, one after the other, in this process
    python benchmarks/explainability.py --tiny    4 pictures

Loading the models is not counted. What is saved goes nowhere.
"""

import argparse
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from broken_telephone.annotate.pictures import Picture
from broken_telephone.explain import ExplainSettings
from broken_telephone.explain.face_parts import FaceParts
from broken_telephone.explain.items import word_items
from broken_telephone.explain.journal import found_in
from broken_telephone.explain.people import counted, regions_of
from broken_telephone.explain.run import explain_words, find_parts
from broken_telephone.explain.tasks import How
from broken_telephone.labels import RAF
from broken_telephone.models import make_describer, make_detector, make_parser
from broken_telephone.relay import Chain

ROOT = Path(__file__).parents[1]
GREY = (128, 128, 128)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure."""
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("--pictures", type=int, nargs="+", default=[50, 100, 200])
    command.add_argument("--tiny", dest="pictures", action="store_const", const=[4])
    counts = command.parse_args(arguments).pictures
    from PIL import Image

    from broken_telephone.miniature.people import World
    from broken_telephone.miniature.pictures import render_set

    study = yaml.safe_load((ROOT / "conf/base/parameters.yml").read_text())
    describer, detector, parser = (
        make({**study[name], "path": str(ROOT / study[name]["path"])})
        for name, make in (("describer", make_describer), ("detector", make_detector), ("parser", make_parser))
    )
    settings = ExplainSettings.model_validate(study["explain"])
    images = [Image.fromarray(image) for image in render_set("portraits", World(), max(counts), 5).images]
    prompt = study["loop"]["describe_prompt"]
    texts = [answer.text for answer in describer.describe(images, prompt)]
    parts = FaceParts(detector, parser)
    parts.load()
    how = How(prompt, settings.layers, settings.method, settings.target, GREY)
    originals = {str(k): partial(_same, image) for k, image in enumerate(images)}
    for count in counts:
        chains = [Chain(str(k), k, str(k), None) for k in range(count)]
        there = {0: [Picture(f"0/{k}", 0, str(k)) for k in range(count)]}
        began = time.perf_counter()
        found = found_in("parts", _kept(find_parts(there, "parts", settings, parts, originals, {}, {})))
        middle = time.perf_counter()
        who = {name: counted(name, one, {}, "emotion", None) for name, one in found.items()}
        said = {(str(k), 0): texts[k] for k in range(count)}
        items = word_items(chains, there, said, RAF.concepts["emotion"], found, who)
        _kept(
            explain_words(
                items,
                lambda item, found=found: regions_of(item, found[item.picture.name], {}, None),
                {chain.chain_id for chain in chains},
                "words",
                how,
                settings,
                describer,
                originals,
                {},
                {},
            )
        )
        end = time.perf_counter()
        words = sum(map(len, items.values()))
        print(
            f"{count} pictures, {words} words: {end - began:.1f} s, of which {middle - began:.1f} s for faces and "
            f"regions; {1000 * (end - began) / count:.0f} ms a picture",
            flush=True,
        )


def _same(image: Any) -> Any:
    return image


def _kept(saved: Any) -> dict[str, Any]:
    """What a run saves, in memory."""
    kept: dict[str, Any] = {}
    for one in saved:
        kept |= {key: partial(_same, record) for key, record in one.batches.items()}
    return kept


if __name__ == "__main__":
    main()
