"""Categories as arrays: one annotator's answers for each picture of each chain, one panel for each attribute."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

ABSENT = -1
"""The code of a picture without a valid category."""
ALL = "(all)"
"""The label that stands for all labels together."""


@dataclass(frozen=True)
class Panel:
    """One attribute of n chains in K iterations."""

    attribute: str
    categories: tuple[str, ...]
    codes: np.ndarray
    """int8 (n, K + 1): index in `categories`, or ABSENT; column k belongs to picture k."""
    stated: np.ndarray
    """int8 (n,): the data set's category of the original, or ABSENT."""
    clusters: np.ndarray
    """int64 (n,): the start of each chain; replicates share it."""
    labels: np.ndarray
    """object (n,): the label of each chain."""
    starts: np.ndarray
    """object (n,): image or prompt."""
    thinned: frozenset[int] = frozenset()
    """Iterations without pictures of any chain, because the study did not keep them (`loop.keep`)."""

    def later(self, since: int) -> list[int]:
        """Return the iterations after `since` that have pictures."""
        return [k for k in range(since + 1, self.codes.shape[1]) if k not in self.thinned]

    def of(self, chosen: np.ndarray) -> "Panel":
        """Return the panel of the chosen chains, bool (n,)."""
        arrays = {name: getattr(self, name)[chosen] for name in ("codes", "stated", "clusters", "labels", "starts")}
        return replace(self, **arrays)

    def groups(self) -> "Iterator[Group]":
        """Yield the chains of each start and label, then of all labels together if there are several."""
        for start, label, chosen in label_groups(self.starts, self.labels):
            yield Group(self, start, label, chosen)


class Group(NamedTuple):
    """The chains of one start and label in a panel."""

    panel: Panel
    """The panel of all chains."""
    start: str
    label: str
    """ALL for all labels together."""
    chosen: np.ndarray
    """bool (n,), which chains of the panel form the group."""


def label_groups(starts: np.ndarray, labels: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield start, label and their chains, bool (n,). ALL follows the labels of a start if there are several."""
    for start in ("image", "prompt"):
        of_start = starts == start
        own_labels = list(dict.fromkeys(labels[of_start]))
        for label in own_labels:
            yield start, label, of_start & (labels == label)
        if len(own_labels) > 1:
            yield start, ALL, of_start


def start_keys(chains: pd.DataFrame) -> np.ndarray:
    """Return the kind of start with the original or prompt of each chain, object (n,): the same text in all studies."""
    begin = chains["image_id"].astype(object).where(chains["start"] == "image", chains["prompt"].astype(object))
    return (chains["start"].astype(str) + " " + begin.astype(str)).to_numpy(dtype=object)


def clusters_of(chains: pd.DataFrame) -> np.ndarray:
    """Number the starts of the `chains` table: int64 (n,), equal for chains of the same original or prompt."""
    return np.asarray(pd.factorize(start_keys(chains))[0])


def first_picture(start: str) -> int:
    """Return the iteration of a chain's first picture: 0 for a start from an image, 1 for a start from a prompt."""
    return 0 if start == "image" else 1


def panels(
    annotations: pd.DataFrame,
    chains: pd.DataFrame,
    attributes: Mapping[str, Sequence[str]],
    iterations: int,
    stated: Mapping[str, pd.Series] | None = None,
    thinned: frozenset[int] = frozenset(),
) -> dict[str, Panel]:
    """Arrange annotations by chain and iteration.

    Args:
        annotations: rows of one annotator and one reading; only rows with the status valid are used.
        chains: the `chains` table.
        attributes: attribute -> its categories, in their order.
        iterations: number of iterations K of the loop.
        stated: attribute -> the data set's categories by image_id, for attributes that the data set labels alike.
        thinned: iterations without pictures, see `Panel.thinned`.

    Returns:
        Attribute -> its panel, with the chains in the order of their table.
    """
    valid = annotations[annotations["status"] == "valid"]
    names = valid["attribute"].astype(str)
    clusters = clusters_of(chains)
    labels, starts = (chains[name].astype(str).to_numpy(dtype=object) for name in ("label", "start"))
    arranged = {}
    for attribute, categories in attributes.items():
        own_rows = valid[names == attribute]
        codes = by_picture(own_rows, _encode(own_rows["category"], categories), chains["chain_id"], iterations + 1)
        by_image = (stated or {}).get(attribute, pd.Series(dtype=object))
        known = _encode(chains["image_id"].map(by_image), categories)
        arranged[attribute] = Panel(attribute, tuple(categories), codes, known, clusters, labels, starts, thinned)
    return arranged


def by_picture(
    table: pd.DataFrame, values: np.ndarray, chains: pd.Series, width: int, missing: object = ABSENT
) -> np.ndarray:
    """Arrange the rows of a table by chain and iteration. Rows of unknown chains and later iterations are left out.

    Args:
        table: columns chain_id and iteration.
        values: (rows,), one for each row.
        chains: chain_id (n,).
        width: number of iterations, with iteration 0.
        missing: value of a picture without a row.

    Returns:
        (n, width), of the type of values.
    """
    rows = pd.Index(chains.astype(str)).get_indexer(table["chain_id"].astype(str))
    columns = table["iteration"].to_numpy(dtype=np.int64)
    known = (rows >= 0) & (columns < width)
    arranged = np.full((len(chains), width), missing, values.dtype)
    arranged[rows[known], columns[known]] = values[known]
    return arranged


def _encode(values: pd.Series, categories: Sequence[str]) -> np.ndarray:
    return pd.Categorical(values.astype(object), categories=list(categories)).codes.astype(np.int8)
