"""Draws the contact sheet of a study: the first chains of every label."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import pandas as pd
from PIL import Image
from pydantic import Field

from broken_telephone.errors import UnreadableError
from broken_telephone.reporting.sheets.contact_sheet import Row, contact_sheet
from broken_telephone.reporting.shown_iterations import spread
from broken_telephone.study_config.settings_group import Settings

COLUMNS = 12
"""Number of drawn images in a row, at most."""
Images = Mapping[str, Callable[[], Image.Image]]


class SheetSettings(Settings):
    """Holds the settings of the contact sheet."""

    chains_per_label: Annotated[int, Field(ge=1)] = 2
    """Number of chains from images per label. The sheet shows one chain from a prompt per label."""


def chains_sheet(
    study: str,
    chains: pd.DataFrame,
    descriptions: pd.DataFrame,
    originals: Images,
    images: Images,
    iterations: Sequence[int],
    chains_per_label: int,
    absent: str = "(stopped)",
) -> Image.Image:
    """Draw the first chains of every label, with every drawn text below the image that was drawn from it.

    Args:
        study: name of the study, for the title.
        chains: the `chains` table.
        descriptions: the `loop_descriptions` table.
        originals: by `image_path`.
        images: drawn images by key.
        iterations: those with images on disk. Of more than COLUMNS, the first, the last and some between are drawn.
        chains_per_label: number of chains from images per label.
        absent: text in place of a missing description.
    """
    shown, columns = shown_chains(chains, chains_per_label), spread(iterations, COLUMNS)
    own = descriptions[descriptions["chain_id"].isin(shown["chain_id"])]
    # What was drawn, which is the description unless the loop neutralises or steers.
    drawn = own["drawn_text"].fillna(own["text"]) if "drawn_text" in own else own["text"]
    texts = dict(zip(zip(own["chain_id"], own["iteration"], strict=True), drawn, strict=True))
    blocks = {
        str(label): [_row(chain, texts, originals, images, columns, absent) for chain in rows.itertuples()]
        for label, rows in shown.groupby("label", observed=True)
    }
    is_run = columns == list(range(1, len(columns) + 1))
    numbers = f"0 to {columns[-1]}" if is_run else ", ".join(map(str, [0, *columns]))
    title = f"{study}: images {numbers}; below each, the text that it was drawn from"
    return contact_sheet(title, blocks)


def shown_chains(chains: pd.DataFrame, per_label: int) -> pd.DataFrame:
    """Return the rows of the chains that a sheet shows: for every label the first from images, one from a prompt."""
    number = chains.groupby(["label", "start"], observed=True).cumcount()
    return chains[number < chains["start"].map({"image": per_label, "prompt": 1}).astype(int)]


def _row(
    chain: Any, texts: Mapping[Any, str], originals: Images, images: Images, iterations: Sequence[int], absent: str
) -> Row:
    from_image = chain.start == "image"
    pictures = [_opened(originals, chain.image_path) if from_image else None]
    captions = [str(chain.image_id) if from_image else "(from a prompt)"]
    for iteration in iterations:
        pictures.append(_opened(images, f"{chain.chain_id}/{iteration}"))
        captions.append(texts.get((chain.chain_id, iteration), absent))
    return Row(pictures, captions)


def _opened(images: Images, name: str) -> Image.Image | None:
    """Open an image; return None if it does not open, which the manifest counts as a failure."""
    try:
        return images[name]()
    except UnreadableError:
        return None
