"""Shows a few images of each motif in which chains end."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from broken_telephone.chains import key
from broken_telephone.reporting.page.chain_browser import thumbnail
from broken_telephone.reporting.sheets.chains_sheet import Images
from broken_telephone.reporting.text.wording import counted, percent, share_interval

_MOST = 6
"""Motifs that are shown of each start, the largest first."""


@dataclass(frozen=True)
class ShownImage:
    """Holds the last image of a chain."""

    chain: str
    iteration: int
    source: str | None
    """A data URI; None if the image is missing or does not open."""


@dataclass(frozen=True)
class ShownMotif:
    """Holds a motif with its typical images."""

    title: str
    text: str
    images: Sequence[ShownImage]
    has_room: bool = True
    """Whether the page has room for the images."""

    def without_images(self) -> "ShownMotif":
        """Return the motif for a page without room for its images."""
        return replace(self, images=(), has_room=False)


def shown_motifs(attractors: pd.DataFrame, chains: Collection[str], images: Images) -> list[ShownMotif]:
    """Return the largest motifs of each start, with the images that are closest to their mean.

    Args:
        attractors: the `attractors` table.
        chains: all values of `chain_id`.
        images: drawn images by `<chain_id>/<iteration>`.
    """
    if attractors.empty:
        return []
    # Exemplars stand in the rows of all labels.
    rows = attractors[(attractors["motif"] > 0) & (attractors["exemplars"].astype(str) != "")]
    several, known = attractors["start"].nunique() > 1, set(chains)
    motifs = []
    for start, own in rows.groupby("start", sort=False, observed=True):
        for row in own.sort_values("motif").head(_MOST).itertuples(index=False):
            iteration = int(str(row.iteration))
            text = f"{counted(int(str(row.count)), 'image')}, {percent(row.value)} of all"
            if pd.notna(row.ci_low):
                text += f" ({share_interval(row.ci_low, row.ci_high)})"
            shown = [
                ShownImage(chain, iteration, thumbnail(images, key(chain, iteration)))
                for chain in str(row.exemplars).split(", ")
                if chain in known
            ]
            chains_from = f", chains from {start}s" if several else ""
            motifs.append(ShownMotif(f"Motif {row.motif}{chains_from}", text, shown))
    return motifs
