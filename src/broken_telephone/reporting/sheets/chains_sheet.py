"""The contact sheet of a study: some chains of every label, as they came out."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import pandas as pd
from PIL import Image
from pydantic import Field

from broken_telephone.errors import UnreadableError
from broken_telephone.reporting.sheets.contact_sheet import Row, contact_sheet
from broken_telephone.study_config.settings_group import Settings

Images = Mapping[str, Callable[[], Image.Image]]


class SheetSettings(Settings):
    """What the contact sheet shows."""

    chains_per_label: Annotated[int, Field(ge=1)] = 2
    """Chains from images per label; of the chains from prompts it shows one per label."""


def chains_sheet(
    study: str,
    chains: pd.DataFrame,
    descriptions: pd.DataFrame,
    originals: Images,
    images: Images,
    iterations: int,
    chains_per_label: int,
    absent: str = "(stopped)",
) -> Image.Image:
    """Draw the first chains of every label, with every description under the picture it led to.

    Args:
        study: its name, for the title.
        chains: the `chains` table.
        descriptions: the `loop_descriptions` table.
        originals: pictures by `image_path`.
        images: drawn pictures by key.
        iterations: how many drawn pictures a row has room for.
        chains_per_label: rows of chains from images per label.
        absent: what to write where there is no description.
    """
    shown = shown_chains(chains, chains_per_label)
    mine = descriptions[descriptions["chain_id"].isin(shown["chain_id"])]
    texts = mine.set_index(["chain_id", "iteration"])["text"].to_dict()
    blocks = {
        str(label): [_row(chain, texts, originals, images, iterations, absent) for chain in rows.itertuples()]
        for label, rows in shown.groupby("label", observed=True)
    }
    title = f"{study}: pictures 0 … {iterations}; under each, the description it was drawn from"
    return contact_sheet(title, blocks)


def shown_chains(chains: pd.DataFrame, per_label: int) -> pd.DataFrame:
    """Return the rows of the chains that a sheet shows: of every label the first from images, and one from a prompt."""
    number = chains.groupby(["label", "start"], observed=True).cumcount()
    return chains[number < chains["start"].map({"image": per_label, "prompt": 1}).astype(int)]


def _row(chain: Any, texts: Mapping[Any, str], originals: Images, images: Images, iterations: int, absent: str) -> Row:
    from_image = chain.start == "image"
    pictures = [_opened(originals, chain.image_path) if from_image else None]
    captions = [str(chain.image_id) if from_image else "(from a prompt)"]
    for iteration in range(1, iterations + 1):
        pictures.append(_opened(images, f"{chain.chain_id}/{iteration}"))
        captions.append(texts.get((chain.chain_id, iteration), absent))
    return Row(pictures, captions)


def _opened(images: Images, name: str) -> Image.Image | None:
    """Open a picture; None for one that does not open, which the manifest counts as a failure."""
    try:
        return images[name]()
    except UnreadableError:
        return None
