"""What it takes to explain words: faces, regions, maps, hiding and the checks, on the miniature's portraits.

    python benchmarks/explainability.py           50, 100 and 200 pictures, one study after the other, in this process
    python benchmarks/explainability.py --tiny    14 pictures

Half of the pictures are originals, half are drawn from them. All words of all pictures are explained and checked.
Measured is the pipeline up to its tables, with what it saves; loop and annotation run before.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from projects import chains_from_images, project


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, nargs="+", default=[50, 100, 200])
    parser.add_argument("--tiny", dest="pictures", action="store_const", const=[14])
    for pictures in parser.parse_args(arguments).pictures:
        with tempfile.TemporaryDirectory() as place, chdir(place):
            explain(Path(place), pictures // 2)


def explain(folder: Path, chains: int) -> None:
    """Explain a study of so many chains from images, or a few more, and print what it took."""
    settings = {
        "chains": chains_from_images(chains),
        "loop": {"iterations": 1},
        "generator": {"steps": 6},
        "annotation": {"readings": ["free"]},
        "explain": {"chains_per_label": chains, "checked": 2 * chains},
        "report": {"n_bootstrap": 200},
    }
    project(folder, settings)
    bootstrap_project(folder)
    _run(folder, ["loop", "annotation"])
    began = time.perf_counter()
    _run(folder, ["explainability"], to_nodes=["explainability.tabulate_explanation"])
    took = time.perf_counter() - began
    with KedroSession.create(folder) as session:
        record = session.load_context().catalog.load("explanation_manifest")
    print(
        f"{record['pictures']} pictures, {record['explained']['words']} words: {took:.1f} s; "
        f"{1000 * took / record['pictures']:.0f} ms a picture",
        flush=True,
    )


def _run(folder: Path, pipelines: list[str], **nodes: Any) -> None:
    with KedroSession.create(folder) as session:
        session.run(pipeline_names=pipelines, **nodes)


if __name__ == "__main__":
    main()
