"""Categories as arrays: what one annotator gave to every picture of every chain, attribute by attribute."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.statistics.tables.baseline import ALL

ABSENT = -1
"""The code of a picture without a valid category."""


@dataclass(frozen=True)
class Panel:
    """One attribute of n chains through K iterations."""

    attribute: str
    categories: tuple[str, ...]
    codes: np.ndarray
    """int8 (n, K + 1): places in `categories`, or ABSENT; column k is of picture k."""
    stated: np.ndarray
    """int8 (n,): what the data set says of the original, or ABSENT."""
    clusters: np.ndarray
    """int64 (n,): the start of each chain, which replicates share."""
    labels: np.ndarray
    """object (n,): the label of each chain."""
    starts: np.ndarray
    """object (n,): image or prompt."""

    def of(self, chosen: np.ndarray) -> "Panel":
        """Return the same of some chains, bool (n,)."""
        arrays = {name: getattr(self, name)[chosen] for name in ("codes", "stated", "clusters", "labels", "starts")}
        return replace(self, **arrays)

    def groups(self) -> Iterator[tuple[str, str, "Panel"]]:
        """Yield start, label and the chains of these; at last, where there are several labels, all together."""
        for start, label, chosen in label_groups(self.starts, self.labels):
            yield start, label, self.of(chosen)


Map = Callable[[Callable[..., Any], list[Any]], Iterable[Any]]
"""What goes through groups as `map` does."""


def groups_of(panels: Iterable[Panel]) -> list[tuple[Panel, str, str, Panel]]:
    """Return all groups of all panels: the whole panel, start, label, and the chains of these."""
    return [(panel, *group) for panel in panels for group in panel.groups()]


def label_groups(starts: np.ndarray, labels: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield start, label and which of n chains these are, bool (n,); at last, of several labels, all together."""
    for start in ("image", "prompt"):
        here = starts == start
        there = list(dict.fromkeys(labels[here]))
        for label in there:
            yield start, label, here & (labels == label)
        if len(there) > 1:
            yield start, ALL, here


def clusters_of(chains: pd.DataFrame) -> np.ndarray:
    """Return int64 (n,), equal for rows of the `chains` table that begin with the same picture or prompt."""
    begin = chains["image_id"].astype(object).where(chains["start"] == "image", chains["prompt"].astype(object))
    return np.asarray(pd.factorize(chains["start"].astype(str) + " " + begin.astype(str))[0])


def first_picture(start: str) -> int:
    """Return the iteration that drift is measured from: a chain from a prompt has no picture 0."""
    return 0 if start == "image" else 1


def panels(
    annotations: pd.DataFrame,
    chains: pd.DataFrame,
    attributes: Mapping[str, Sequence[str]],
    iterations: int,
    stated: Mapping[str, pd.Series] | None = None,
) -> dict[str, Panel]:
    """Arrange annotations by chain and iteration.

    Args:
        annotations: of one annotator in one reading; valid rows count.
        chains: the `chains` table.
        attributes: attribute -> its categories, in their order.
        iterations: of the loop.
        stated: attribute -> categories by image_id, of the data set, for attributes that mean the same there.

    Returns:
        Attribute -> its panel; chains in the order of their table, labels in the order in which they first occur.
    """
    valid = annotations[(annotations["status"] == "valid") & (annotations["iteration"] <= iterations)]
    rows = pd.Index(chains["chain_id"].astype(str)).get_indexer(valid["chain_id"].astype(str))
    columns = valid["iteration"].to_numpy(dtype=np.int64)
    names = valid["attribute"].astype(str).to_numpy()
    clusters = clusters_of(chains)
    found = {}
    for attribute, categories in attributes.items():
        mine = (names == attribute) & (rows >= 0)
        values = pd.Categorical(valid["category"][mine].astype(object), categories=list(categories)).codes
        codes = np.full((len(chains), iterations + 1), ABSENT, np.int8)
        codes[rows[mine], columns[mine]] = values
        known = chains["image_id"].map((stated or {}).get(attribute, pd.Series(dtype=object)))
        found[attribute] = Panel(
            attribute,
            tuple(categories),
            codes,
            pd.Categorical(known.astype(object), categories=list(categories)).codes.astype(np.int8),
            clusters,
            chains["label"].astype(str).to_numpy(dtype=object),
            chains["start"].astype(str).to_numpy(dtype=object),
        )
    return found
