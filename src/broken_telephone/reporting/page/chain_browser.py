"""Chains to look through in the report: a sample with its pictures, texts and answers, small enough for one page.

Nothing here escapes or draws: texts leave as data, and the page shows them as text.
"""

import base64
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from os import cpu_count
from typing import Any

import pandas as pd
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.progress import track
from broken_telephone.reporting.sheets.chains_sheet import Images
from broken_telephone.seeds import seed_of
from broken_telephone.visible import visible

LONGEST = 160
"""Longest side of a picture, in pixels."""
_QUALITY = 75


@dataclass(frozen=True)
class Browser:
    """What the page shows of chains."""

    chains: Sequence[Mapping[str, Any]] = ()
    """Chains in an order of which every beginning is a stratified sample, as the page's script reads them."""
    total: int = 0
    """How many chains the study has."""
    annotator: str = ""
    """By whose answers a chain is said to have changed."""

    def within(self, size: int) -> "Browser":
        """Return as many of the first chains as fit into so many bytes of the page."""
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
) -> Browser:
    """Sample chains and gather what there is of them.

    Labels and starts take turns; which chains of each are shown is decided by a hash of the seed and the chain, so
    that a larger sample contains the smaller one. Chains are not chosen by what happened in them: how many of those
    shown changed is what one may expect of all.

    Args:
        chains: the `chains` table.
        descriptions: the `loop_descriptions` table.
        annotations: the `annotations` table, all readings.
        people: the `people` table, for the data set's labels.
        originals: pictures by `image_path`.
        images: drawn pictures by `<chain_id>/<iteration>`.
        iterations: of the loop.
        count: how many chains.
        seed: of the sample.
        reading: the reading that is measured, by which chains are said to have changed; empty: the first there is.
    """
    chosen = sampled(chains, count, seed)
    mine = set(chosen["chain_id"].astype(str))
    said, labelled = (table[table["chain_id"].isin(mine)] for table in (descriptions, annotations))
    texts = {(str(row.chain_id), int(row.iteration)): str(row.text) for row in said.itertuples(index=False)}
    annotators, answers = _answers(labelled, reading)
    attributes = list(dict.fromkeys(annotations["attribute"].dropna().astype(str).unique()))
    stated = _stated(people, attributes)

    def gathered(chain: Any) -> dict[str, Any]:
        return _chain(chain, texts, answers, annotators, stated, originals, images, iterations)

    # Pillow leaves Python free while it reads and scales.
    with ThreadPoolExecutor(cpu_count()) as pool:
        rows = pool.map(gathered, chosen.itertuples(index=False))
        found = list(track(rows, "Gathering chains", len(chosen)))
    return Browser(found, len(chains), annotators[0] if annotators else "")


def sampled(chains: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Return rows of chains, a stratified sample by label and start, of which every beginning is one, too."""
    plain = chains.assign(rank=[seed_of(seed, chain) for chain in chains["chain_id"]])
    cells = [plain["label"].astype(str), plain["start"].astype(str)]
    plain["turn"] = plain.groupby(cells)["rank"].rank(method="first")
    plain["cell"] = plain.groupby(cells, sort=False).ngroup()
    return plain.sort_values(["turn", "cell"], kind="stable").head(count)[list(chains.columns)]


def as_json(value: Any) -> str:
    """Write data, visible as in the rest of the page; nothing in it can end the script element that it stands in."""
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
    """Return a picture as a WebP of at most LONGEST pixels a side, as a data URI."""
    picture = image.convert("RGB")
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    picture.save(content, format="WEBP", quality=_QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"


_Answers = Mapping[tuple[str, int], Mapping[str, Mapping[str, tuple[str | None, str]]]]
"""Chain and iteration -> annotator -> attribute -> category, if there is one, and status."""


def _answers(annotations: pd.DataFrame, reading: str) -> tuple[list[str], _Answers]:
    found: dict[tuple[str, int], dict[str, dict[str, tuple[str | None, str]]]] = {}
    names: dict[str, bool] = {}
    for row in annotations.itertuples(index=False):
        name = f"{row.annotator} ({row.reading})"
        names[name] = names.get(name, False) or row.reading == reading
        said = (None if pd.isna(row.category) else str(row.category), str(row.status))
        place = found.setdefault((str(row.chain_id), int(row.iteration)), {})
        place.setdefault(name, {})[str(row.attribute)] = said
    # The one that is measured first.
    return sorted(names, key=lambda name: not names[name]), found


def _stated(people: pd.DataFrame, attributes: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """image_id -> attribute -> what the data set says of the main person."""
    there = [name for name in attributes if name in people]
    main = people[people["is_main"].fillna(False).astype(bool)] if len(people) else people
    return {
        str(row["image_id"]): {name: str(row[name]) for name in there if not pd.isna(row[name])}
        for row in main[["image_id", *there]].to_dict("records")
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
) -> dict[str, Any]:
    name, from_image = str(chain.chain_id), chain.start == "image"
    pictures = []
    for iteration in range(0 if from_image else 1, iterations + 1):
        key = f"{name}/{iteration}" if iteration else str(chain.image_path)
        pictures.append(
            {
                "iteration": iteration,
                "picture": _opened(images if iteration else originals, key),
                "text": texts.get((name, iteration)),
                "answers": answers.get((name, iteration), {}),
            }
        )
    known = stated.get(str(chain.image_id), {}) if from_image else {}
    return {
        "chain": name,
        "label": str(chain.label),
        "start": str(chain.start),
        # The name that the file has: the chain's own is made of it, for folders.
        "file": str(chain.image_path) if from_image else None,
        "prompt": None if pd.isna(chain.prompt) else str(chain.prompt),
        "stated": known,
        "pictures": pictures,
        "changed": list(_changed(pictures, annotators)),
    }


def _changed(pictures: Sequence[Mapping[str, Any]], annotators: Sequence[str]) -> Iterator[list[str]]:
    """Yield attribute, first and last category, of what differs between the first picture and the last."""
    if len(pictures) < 2 or not annotators:
        return
    first, last = (pictures[place]["answers"].get(annotators[0], {}) for place in (0, -1))
    for attribute, (before, _) in first.items():
        after, _ = last.get(attribute, (None, ""))
        if before is not None and after is not None and before != after:
            yield [attribute, before, after]


def _opened(pictures: Images, key: str) -> str | None:
    """Return a picture as a data URI; None for one that is missing or does not open."""
    try:
        return small(pictures[key]())
    # What Pillow raises for broken files, too.
    except (StudyError, KeyError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
