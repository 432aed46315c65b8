"""How long a full-size study takes to report, and in how much memory.

    python benchmarks/report.py [--chains 53000] [--iterations 5]
    python benchmarks/report.py --tiny    60 chains of one iteration

Simulated annotations of that many chains, by default the published volume with six pictures each, three attributes and
10,000 resamples, go through the nodes of the reporting pipeline; the chains that one can look through have pictures of
768 x 768 pixels. What is not timed is reading the tables from disk. At last, the figures are asked for again: those
whose tables are the same are not drawn. Where there is chromium with playwright, the page is opened in it.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from rows import Row, save

from broken_telephone.annotation import AnnotationSettings
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.pictures import StudyPictures, open_picture
from broken_telephone.pipelines.reporting import nodes
from broken_telephone.pipelines.reporting.mentions import measure_mentions
from broken_telephone.pipelines.reporting.pages import draw_figures, write_latex, write_report
from broken_telephone.reporting import ReportSettings
from broken_telephone.statistics import Ratings, similarity_curves

SIZES = {
    "surprise": 1619,
    "fear": 355,
    "disgust": 877,
    "happiness": 5957,
    "sadness": 2460,
    "anger": 867,
    "neutral": 3204,
}
CATEGORIES = {
    "age": ("0-3", "4-19", "20-39", "40-69", "70+"),
    "gender": ("male", "female"),
    "ethnicity": ("Caucasian", "African-American", "Asian"),
}
JUDGED = (
    *("drift", "power", "shares", "corrected_drift", "share_bounds", "intersection_changes"),
    *("success_differences", "success_changes", "missing_answers"),
)
DATASET, SETTINGS, ASKED = DatasetSettings(source="raf_db"), ReportSettings(), AnnotationSettings()


OPENED = """async () => {
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const [opened] = performance.getEntriesByType("navigation");
    const [painted] = performance.getEntriesByName("first-contentful-paint");
    return {"first paint": painted.startTime, "DOM ready": opened.domContentLoadedEventEnd,
            "loaded": opened.loadEventEnd, "drawn and ready": performance.now()};
}"""
"""Milliseconds since the page was asked for; the last is when the next frame after loading has been drawn."""


def simulate(count: int, iterations: int) -> dict[str, pd.DataFrame]:
    """Simulate the tables of a study: every chain keeps a category with a half chance in every step."""
    rng = np.random.default_rng(0)
    names = np.array([f"chain{k:06d}" for k in range(count)], dtype=object)
    labels = rng.choice(list(SIZES), count, p=np.array([*SIZES.values()]) / sum(SIZES.values()))
    chains = pd.DataFrame(
        {"chain_id": names, "image_id": names, "image_path": names, "start": "image", "prompt": None, "label": labels}
    ).assign(seed=1, image_digest=names)
    people = pd.DataFrame({"image_id": names, "is_main": True})
    parts = []
    for name, values in CATEGORIES.items():
        codes = np.zeros((count, iterations + 1), int)
        codes[:, 0] = rng.integers(len(values), size=count)
        drawn = rng.choice(len(values), (count, iterations), p=rng.dirichlet(np.ones(len(values))))
        for k in range(iterations):
            codes[:, k + 1] = np.where(rng.random(count) < 0.5, codes[:, k], drawn[:, k])
        erring = np.where(rng.random(count) < 0.9, codes[:, 0], rng.integers(len(values), size=count))
        people[name] = np.array(values, dtype=object)[erring]
        categories = pd.Categorical.from_codes(codes.ravel(), list(values)).astype(object)
        where = {"chain_id": np.repeat(names, iterations + 1), "iteration": np.tile(np.arange(iterations + 1), count)}
        parts.append(pd.DataFrame(where | {"attribute": name, "category": categories}))
    annotations = pd.concat(parts, ignore_index=True).assign(annotator="model", reading="free", status="valid", raw="")
    said = annotations.loc[annotations["attribute"] == "age", ["chain_id", "iteration"]]
    predictions = said.assign(correct=rng.random(len(said)) < 0.7, reading="text", status="named")
    described = said[said["iteration"] > 0].assign(text="The person looks happy.", describer="describer")
    mentioned = described[rng.random(len(described)) < 0.3][["chain_id", "iteration"]]
    mentions = mentioned.assign(attribute="gender", category="female", term="woman", count=1)
    return {
        "chains": chains,
        "people": people,
        "annotations": annotations,
        "predictions": predictions,
        "loop_descriptions": described,
        "mentions": mentions,
        "similarities": _similarities(described),
    }


def _similarities(described: pd.DataFrame) -> pd.DataFrame:
    """Simulate similarities that fall along the chains, of all kinds and pairs."""
    rng = np.random.default_rng(1)
    kinds = [(kind, pair) for kind in ("image-image", "text-text", "image-text") for pair in ("previous", "origin")]
    own = described[["chain_id", "iteration"]]
    fall = 0.4 * (1 - 0.9 ** own["iteration"].to_numpy())
    parts = [
        own.assign(kind=kind, pair=pair, value=0.9 - fall * (pair == "origin") + rng.normal(0, 0.02, len(own)))
        for kind, pair in kinds
    ]
    return pd.concat(parts, ignore_index=True)


class Pictures(dict[str, Callable[..., Image.Image]]):
    """Pictures as hard to decode as a photograph: blots with a little noise, opened anew every time."""

    def __init__(self) -> None:
        """Draw one."""
        import io

        content, random = io.BytesIO(), np.random.default_rng(0)
        blots = Image.fromarray(random.integers(0, 255, (24, 24, 3), np.uint8)).resize(
            (768, 768), Image.Resampling.BICUBIC
        )
        grain = random.normal(0, 4, (768, 768, 3))
        Image.fromarray((np.asarray(blots) + grain).clip(0, 255).astype(np.uint8)).save(content, "PNG")
        self._content = content.getvalue()

    def __missing__(self, key: str) -> Callable[..., Image.Image]:
        """Return how to open it."""
        import io

        return lambda longest=None: open_picture(io.BytesIO(self._content), key, longest)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=int, default=53_000)
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--page", type=Path, help="save the page here, and its figures beside it")
    parser.add_argument("--rows", type=Path, help="write rows for all.py here: of all chains, and of a tenth of them")
    parser.add_argument("--costs", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.tiny:
        asked.chains, asked.iterations = 60, 1
    if asked.rows:
        save(asked.rows, rows_of(asked.chains, asked.iterations))
        return
    study = simulate(asked.chains, asked.iterations)
    loop = LoopSettings(iterations=asked.iterations, describe_prompt="Describe.")
    concept = ChainSettings(concept="emotion", seed=1)
    spent: list[tuple[str, float, float]] = []

    def timed(name: str, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
        wall, processor = time.perf_counter(), time.process_time()
        found = function(*given, **named)
        spent.append((name, time.perf_counter() - wall, time.process_time() - processor))
        return found

    there = timed(
        "arrange",
        nodes.arrange_annotations,
        study["annotations"],
        study["chains"],
        study["people"],
        ASKED,
        DATASET,
        loop,
        SETTINGS,
    )
    nobody = Ratings(nodes.NOBODY, nodes.NOBODY, study["chains"]["chain_id"])
    corrected, bias = timed("correction of drift", nodes.correct_drift, there, nobody, SETTINGS)
    tables = {
        "corrected_drift": corrected,
        "annotator_bias": bias,
        "shares": timed("shares", nodes.measure_shares, there, study["annotations"], SETTINGS),
        "drift": timed("drift", nodes.measure_drift, there, ASKED, DATASET, SETTINGS),
        "decomposition": timed("decomposition", nodes.decompose_comparison, there, SETTINGS),
        "corrected_shares": timed("correction", nodes.correct_shares, there, nobody, SETTINGS),
        "trajectories": timed("trajectories", nodes.estimate_trajectories, there, SETTINGS),
        "success": timed("success", nodes.measure_success, there, study["predictions"], study["chains"], SETTINGS),
        "power": timed("power", nodes.measure_power, there),
        "start_tests": timed("start tests", nodes.compare_starts, there, SETTINGS),
    }
    crossed = timed(
        "intersections",
        nodes.measure_intersections,
        there,
        *(study[name] for name in ("annotations", "predictions", "chains")),
        SETTINGS,
    )
    tables["mention_shares"] = timed(
        "mentions",
        measure_mentions,
        there,
        study["mentions"],
        study["loop_descriptions"],
        study["loop_descriptions"].head(0),
        study["chains"],
        DATASET,
        loop,
        SETTINGS,
    )
    curves = timed("similarity", similarity_curves, study["similarities"], study["chains"], SETTINGS.resampling)
    tables["similarity_curves"] = curves
    names = ("intersection_shares", "intersection_changes", "intersection_success")
    tables |= dict(zip(names, crossed, strict=True))
    measured = study["predictions"], study["chains"]
    differences = timed("comparison of success", nodes.compare_success, there, *measured, nobody, SETTINGS)
    digests = {f"{name}/{k}": name for name in study["chains"]["chain_id"] for k in range(1, asked.iterations + 1)}
    missing = timed(
        "missing answers",
        nodes.measure_missing_answers,
        there,
        study["annotations"],
        study["chains"],
        StudyPictures({}, {}, digests),
        loop,
        SETTINGS,
    )
    tables |= dict(zip(("success_differences", "success_changes"), differences, strict=True))
    tables |= dict(zip(("missing_answers", "share_bounds"), missing, strict=True))
    judged = {name: tables[name] for name in JUDGED}
    tables["findings"] = timed("findings", nodes.judge_changes, **judged, frozen_plan={})
    for name in ("agreement", "agreement_confusions", "agreement_sentences"):
        tables[name] = pd.DataFrame()
    drawn = timed("figures", draw_figures, DATASET, SimpleNamespace(report=None), **tables)
    timed("latex", write_latex, "study", tables["drift"], tables["findings"])
    page = timed(
        "page",
        write_report,
        study="study",
        **{name: study[name] for name in ("chains", "people", "loop_descriptions", "annotations")},
        study_pictures=StudyPictures(Pictures(), Pictures(), {}),
        dataset=DATASET,
        chain_settings=concept,
        loop=loop,
        generator={},
        describer={},
        settings=SETTINGS,
        report_figures=drawn,
        loop_manifest={},
        annotation_manifest={},
        similarity_manifest={},
        explanation_manifest={},
        explanation_figures={},
        # One iteration has no attractors.
        **{"attractors": pd.DataFrame(), **tables},
    )
    seconds = {name: wall for name, wall, _ in spent}
    timed("figures again", draw_figures, DATASET, SimpleNamespace(report=drawn), **tables)
    _, again, _ = spent.pop()
    if asked.page is not None:
        asked.page.write_text(page, encoding="utf-8")
        for name, files in drawn.items():
            (asked.page.parent / f"{name}.png").write_bytes(files["png"])
    spent.append(("all", sum(row[1] for row in spent), sum(row[2] for row in spent)))
    print(pd.DataFrame(spent, columns=["step", "seconds", "processor seconds"]).round(1).to_string(index=False))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"most memory {memory:.2f} GiB, without the processes that draw; page {len(page.encode()) / 1e6:.1f} MB")
    print(f"figures again, with the same tables: {again:.1f} s")
    for width, times in opening_times(page).items():
        print(f"opening at {width} pixels: {', '.join(f'{name} {seconds:.2f} s' for name, seconds in times.items())}")
    if asked.costs:
        asked.costs.write_text(json.dumps({"seconds": seconds, "again": again, "MiB": 1024 * memory}))


def opening_times(page: str) -> dict[int, dict[str, float]]:
    """Return width of the window -> seconds until a page is there, the shortest of three; {} without a browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return {}
    if (chromium := shutil.which("chromium")) is None:
        return {}
    times: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as player:
        file = Path(folder) / "report.html"
        file.write_text(page, encoding="utf-8")
        for width in (1440, 390):
            opened = []
            for _ in range(3):
                browser = player.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
                )
                window = browser.new_page(viewport={"width": width, "height": 900})
                window.goto(file.as_uri())
                opened.append(window.evaluate(OPENED))
                browser.close()
            times[width] = {name: min(one[name] for one in opened) / 1000 for name in opened[0]}
    return times


def rows_of(chains: int, iterations: int) -> list[Row]:
    """Return the rows of the table of benchmarks; each size is measured in a process of its own."""
    small, large = (_costs(count, iterations) for count in (chains // 10, chains))
    # A page shows as many chains, and has as many figures, however large the study is.
    tables = [sum(v for k, v in cost["seconds"].items() if k not in ("figures", "page")) for cost in (small, large)]
    compared = f"{chains // 10:,} chains"
    return [
        Row(f"tables of the report, {chains:,} chains", tables[1] / tables[0], "times as long", compared),
        Row(
            f"memory above the base, a chain of {chains:,}",
            1024 * (large["MiB"] - small["MiB"]) / (chains - chains // 10),
            "kB",
            compared,
        ),
        Row("figures whose tables are the same", 100 * large["again"] / large["seconds"]["figures"], "%", "drawing"),
    ]


def _costs(chains: int, iterations: int) -> dict[str, Any]:
    """Return what a report of so many chains takes."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "costs.json"
        command = [sys.executable, __file__, "--costs", str(place)]
        command += ["--chains", str(chains), "--iterations", str(iterations)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
        subprocess.run(command, check=True, env=environment)
        costs: dict[str, Any] = json.loads(place.read_text())
    return costs


if __name__ == "__main__":
    main()
