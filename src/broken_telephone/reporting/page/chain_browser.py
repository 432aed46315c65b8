"""Samples the chains that the report shows, with their images, descriptions and answers.

This module neither escapes nor draws: it returns data, which the page shows as text.
"""

import base64
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from os import cpu_count
from typing import Any

import pandas as pd
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.progress import track
from broken_telephone.reporting.sheets.chains_sheet import Images
from broken_telephone.reporting.shown_iterations import spread
from broken_telephone.seeds import seed_of
from broken_telephone.visible import visible

LONGEST = 160
"""Longest side of an image, in pixels."""
_QUALITY = 75
EMBEDDED = 12
"""Number of images of a chain in the page, at most. The texts and answers of all iterations are there."""
THINNED, ELSEWHERE = "thinned", "elsewhere"
"""Why the page has no image of an iteration: the study did not keep it, or the page has no room for it."""


@dataclass(frozen=True)
class Browser:
    """Holds the chains that the page shows."""

    chains: Sequence[Mapping[str, Any]] = ()
    """Chains as the page's script reads them; the first k are a stratified sample, for every k."""
    total: int = 0
    """Number of chains of the study."""
    annotator: str = ""
    """Annotator whose answers decide whether a chain changed."""

    def within(self, size: int) -> "Browser":
        """Return the first chains that fit into `size` bytes of the page."""
        used, fitting = 2, 0
        for chain in self.chains:
            used += len(as_json(chain)) + 1
            if used > size:
                break
            fitting += 1
        return replace(self, chains=self.chains[:fitting])


def chain_browser(
    chains: pd.DataFrame,
    descriptions: pd.DataFrame,
    annotations: pd.DataFrame,
    people: pd.DataFrame,
    originals: Images,
    images: Images,
    iterations: int,
    count: int,
    seed: int,
    reading: str = "",
    measured: Sequence[str] = (),
    thinned: Collection[int] = (),
) -> Browser:
    """Sample chains and collect their images, descriptions and answers.

    The sample is stratified by label and start. A hash of the seed and the chain selects within a stratum, so a larger
    sample contains the smaller one. The selection ignores what happened in the chains, so the share of changed chains
    is representative.

    Args:
        chains: the `chains` table.
        descriptions: the `loop_descriptions` table.
        annotations: the `annotations` table, all readings.
        people: the `people` table, with the data set's labels.
        originals: by `image_path`.
        images: drawn images by `<chain_id>/<iteration>`.
        iterations: number of iterations of the loop.
        count: number of chains.
        seed: of the sample.
        reading: the reading that decides whether a chain changed; empty: the first one.
        measured: annotators whose reading decides it; empty: all.
        thinned: iterations whose images the study did not keep.
    """
    chosen = sampled(chains, count, seed)
    ids = set(chosen["chain_id"].astype(str))
    described, labelled = (table[table["chain_id"].isin(ids)] for table in (descriptions, annotations))
    texts = {(str(row.chain_id), int(row.iteration)): shown_text(row) for row in described.itertuples(index=False)}
    annotators, answers = _answers(labelled, reading, measured)
    attributes = list(dict.fromkeys(annotations["attribute"].dropna().astype(str).unique()))
    stated = _dataset_labels(people, attributes)
    embedded = spread([k for k in range(iterations + 1) if k not in thinned], EMBEDDED)
    lacking = {k: THINNED if k in thinned else ELSEWHERE for k in set(range(iterations + 1)) - set(embedded)}

    def collected(chain: Any) -> dict[str, Any]:
        return _chain(chain, texts, answers, annotators, stated, originals, images, iterations, lacking)

    # Pillow releases the interpreter lock while it reads and scales.
    with ThreadPoolExecutor(cpu_count()) as pool:
        rows = pool.map(collected, chosen.itertuples(index=False))
        data = list(track(rows, "Collecting chains", len(chosen)))
    return Browser(data, len(chains), annotators[0] if annotators else "")


def shown_text(row: Any) -> str:
    """Return a description, and the drawn text where it is another one."""
    drawn_text = getattr(row, "drawn_text", None)
    return str(row.text) if drawn_text is None or pd.isna(drawn_text) else f"{row.text} [drawn as: {drawn_text}]"


def sampled(chains: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Return a sample of chains, stratified by label and start; its first k rows are stratified too, for every k."""
    plain = chains.assign(rank=[seed_of(seed, chain) for chain in chains["chain_id"]])
    cells = [plain["label"].astype(str), plain["start"].astype(str)]
    plain["rank_in_cell"] = plain.groupby(cells)["rank"].rank(method="first")
    plain["cell"] = plain.groupby(cells, sort=False).ngroup()
    return plain.sort_values(["rank_in_cell", "cell"], kind="stable").head(count)[list(chains.columns)]


def as_json(value: Any) -> str:
    """Write data with visible characters; nothing in it can end the script element that contains it."""
    text = json.dumps(_visible(value), ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {visible(key): _visible(inner) for key, inner in value.items()}
    return [_visible(inner) for inner in value] if isinstance(value, list | tuple) else value


def small(image: Image.Image) -> str:
    """Return a WebP image of at most LONGEST pixels a side, as a data URI."""
    thumbnail = image.convert("RGB")
    thumbnail.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    thumbnail.save(content, format="WEBP", quality=_QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"


_Answers = Mapping[tuple[str, int], Mapping[str, Mapping[str, tuple[str | None, str]]]]
"""(chain, iteration) -> annotator -> attribute -> (category or None, status)."""


def _answers(annotations: pd.DataFrame, reading: str, measured: Sequence[str]) -> tuple[list[str], _Answers]:
    answers: dict[tuple[str, int], dict[str, dict[str, tuple[str | None, str]]]] = {}
    is_measured: dict[str, bool] = {}
    for row in annotations.itertuples(index=False):
        name = f"{row.annotator} ({row.reading})"
        is_measured[name] = row.reading == reading and (not measured or row.annotator in measured)
        answer = (None if pd.isna(row.category) else str(row.category), str(row.status))
        of_image = answers.setdefault((str(row.chain_id), int(row.iteration)), {})
        of_image.setdefault(name, {})[str(row.attribute)] = answer
    # The measured annotator stands first.
    return sorted(is_measured, key=lambda name: not is_measured[name]), answers


def _dataset_labels(people: pd.DataFrame, attributes: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """Return image_id -> attribute -> the data set's label of the main person."""
    known = [name for name in attributes if name in people]
    main = people[people["is_main"].fillna(False).astype(bool)] if len(people) else people
    return {
        str(row["image_id"]): {name: str(row[name]) for name in known if not pd.isna(row[name])}
        for row in main[["image_id", *known]].to_dict("records")
    }


def _chain(
    chain: Any,
    texts: Mapping[tuple[str, int], str],
    answers: _Answers,
    annotators: Sequence[str],
    stated: Mapping[str, Mapping[str, str]],
    originals: Images,
    images: Images,
    iterations: int,
    lacking: Mapping[int, str],
) -> dict[str, Any]:
    """Return a chain as the page's script reads it; `lacking` names the reason for iterations without an image."""
    name, from_image = str(chain.chain_id), chain.start == "image"
    pictures = []
    for iteration in range(0 if from_image else 1, iterations + 1):
        key = f"{name}/{iteration}" if iteration else str(chain.image_path)
        why = lacking.get(iteration)
        pictures.append(
            {
                "iteration": iteration,
                "picture": None if why else thumbnail(images if iteration else originals, key),
                "lacking": why,
                "text": texts.get((name, iteration)),
                "answers": answers.get((name, iteration), {}),
            }
        )
    return {
        "chain": name,
        "label": str(chain.label),
        "start": str(chain.start),
        # The chain's own name is derived from the file's name and may differ from it.
        "file": str(chain.image_path) if from_image else None,
        "prompt": None if pd.isna(chain.prompt) else str(chain.prompt),
        "stated": stated.get(str(chain.image_id), {}) if from_image else {},
        "pictures": pictures,
        "changed": list(_changed(pictures, annotators)),
    }


def _changed(pictures: Sequence[Mapping[str, Any]], annotators: Sequence[str]) -> Iterator[list[str]]:
    """Yield [attribute, first category, last category] for each difference between first and last image."""
    if len(pictures) < 2 or not annotators:
        return
    first, last = (pictures[index]["answers"].get(annotators[0], {}) for index in (0, -1))
    for attribute, (before, _) in first.items():
        after, _ = last.get(attribute, (None, ""))
        if before is not None and after is not None and before != after:
            yield [attribute, before, after]


def thumbnail(pictures: Images, key: str) -> str | None:
    """Return an image as a data URI, or None if it is missing or does not open."""
    try:
        return small(pictures[key]())
    # Pillow raises several of these for broken files.
    except (StudyError, KeyError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
