"""Collects the same chains of several studies: the original once, and below it the images of each arm."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.pictures import Pictures
from broken_telephone.progress import track
from broken_telephone.reporting.page.chain_browser import sampled, thumbnail
from broken_telephone.reporting.shown_iterations import spread

MOST_IMAGES = 7
"""Images of a chain that the page shows; of longer chains some between the first and the last."""


class Source(NamedTuple):
    """Where the chains of an arm come from."""

    chains: pd.DataFrame
    """The `chains` table."""
    descriptions: pd.DataFrame
    """The `loop_descriptions` table."""
    answers: pd.DataFrame
    """The rows of the `annotations` table that are compared."""
    images: Pictures
    """Drawn images by `<chain_id>/<iteration>`."""


class ShownImage(NamedTuple):
    """An image of a chain, with the text that it was drawn from and the annotator's answers."""

    iteration: int
    picture: str | None
    """A data URI; None if the image is missing."""
    text: str | None
    answers: str
    """Categories of all attributes, in one line."""


class ArmStrip(NamedTuple):
    """The images of one arm."""

    arm: str
    images: Sequence[ShownImage]


@dataclass(frozen=True)
class SharedChain:
    """One start in all arms."""

    name: str
    label: str
    original: ShownImage | None
    """None if the chains start from a prompt, or from different originals."""
    prompt: str | None
    strips: Sequence[ArmStrip]

    @property
    def size(self) -> int:
        """Return about how many bytes of the page it takes."""
        images = [image for strip in self.strips for image in strip.images]
        images += [] if self.original is None else [self.original]
        return sum(len(one.picture or "") + 6 * len(one.text or "") + len(one.answers) + 500 for one in images) + 1000


def side_by_side(
    sources: Mapping[str, Source], reference: str, originals: Pictures, images: Sequence[int], count: int, seed: int
) -> list[SharedChain]:
    """Collect a random sample of chains, stratified by label and start, in all arms.

    Args:
        sources: arm -> its chains, in the order of the page.
        reference: the arm whose chains are sampled. Arms show their chains of the same name; of an unpaired arm, a
            chain with the same start.
        originals: by `image_path`.
        images: the iterations whose images all arms keep, ascending.
        count: number of chains.
        seed: of the sample.
    """
    chosen = sampled(sources[reference].chains, count, seed)
    shown = spread(images, MOST_IMAGES)
    partners = {arm: _partners(chosen, source.chains) for arm, source in sources.items()}
    texts, answers = {}, {}
    for arm, source in sources.items():
        names = set(partners[arm].values())
        own = source.descriptions[source.descriptions["chain_id"].isin(names)]
        texts[arm] = {(str(row.chain_id), int(row.iteration)): str(row.text) for row in own.itertuples(index=False)}
        answers[arm] = _answers(source.answers[source.answers["chain_id"].isin(names)])

    def image(arm: str, chain: str, iteration: int) -> ShownImage:
        picture = thumbnail(sources[arm].images, f"{chain}/{iteration}")
        return ShownImage(iteration, picture, texts[arm].get((chain, iteration)), _line(answers[arm], chain, iteration))

    def collected(row: Any) -> SharedChain:
        name = str(row.chain_id)
        strips = [
            ArmStrip(arm, [image(arm, partners[arm][name], iteration) for iteration in shown])
            for arm in sources
            if name in partners[arm]
        ]
        original, prompt = None, None if pd.isna(row.prompt) else str(row.prompt)
        if row.start == "image":
            picture = thumbnail(originals, str(row.image_path))
            original = ShownImage(0, picture, None, _line(answers[reference], name, 0))
        return SharedChain(name, str(row.label), original, prompt, strips)

    # Pillow releases the interpreter lock while it reads and scales.
    with ThreadPoolExecutor(cpu_count()) as pool:
        return list(track(pool.map(collected, chosen.itertuples(index=False)), "Collecting chains", len(chosen)))


def within(chains: Sequence[SharedChain], room: int) -> list[SharedChain]:
    """Return the first chains that fit into so many bytes of a page."""
    ends = np.cumsum([chain.size for chain in chains])
    return [chain for chain, end in zip(chains, ends, strict=True) if end <= room]


def _partners(chosen: pd.DataFrame, chains: pd.DataFrame) -> dict[str, str]:
    """Return the chain of the same name, or the first with the same start; chains without any are left out."""
    names = set(chains["chain_id"].astype(str))
    by_start = dict(zip(reversed(_starts(chains)), reversed(chains["chain_id"].astype(str).to_list()), strict=True))
    wanted = zip(chosen["chain_id"].astype(str), _starts(chosen), strict=True)
    partners = {name: name if name in names else by_start.get(start) for name, start in wanted}
    return {name: partner for name, partner in partners.items() if partner is not None}


def _starts(chains: pd.DataFrame) -> list[tuple[str, str]]:
    columns = chains[["image_id", "prompt"]].astype(object).fillna("").astype(str)
    return list(columns.itertuples(index=False, name=None))


def _answers(annotations: pd.DataFrame) -> dict[tuple[str, int], dict[str, str]]:
    answers: dict[tuple[str, int], dict[str, str]] = {}
    for row in annotations.itertuples(index=False):
        answer = f"({row.status})" if pd.isna(row.category) else str(row.category)
        answers.setdefault((str(row.chain_id), int(row.iteration)), {})[str(row.attribute)] = answer
    return answers


def _line(answers: Mapping[tuple[str, int], Mapping[str, str]], chain: str, iteration: int) -> str:
    return ", ".join(answers.get((chain, iteration), {}).values())
