"""Props as a region of their own, in originals that have a mask: names of regions and of kinds of pictures.

Hair, face, body and background cover every picture. A mask divides the background into PROP and WITHOUT_PROPS. Drawn
pictures have no masks, so these two regions are never compared with those of drawn pictures: pictures with a mask form
a further kind, in which both stand in place of the background.
"""

import pandas as pd

from broken_telephone.tables import BACKGROUND_PARTS

PROP, WITHOUT_PROPS = PARTS = BACKGROUND_PARTS
"""The parts of the background in pictures with a mask."""
PROPS = "props"
"""Kind of the sentence that says in how many pictures props are known."""
_APART = ", props apart"


def with_props_apart(rows: pd.DataFrame, picture: list[str]) -> pd.DataFrame:
    """Return rows by region, and again those of pictures with a mask, as a kind of its own with props apart.

    Args:
        rows: columns kind, region and those of `picture`. Rows of PARTS belong to pictures with a mask.
        picture: columns that identify a picture, or a word about it.

    Returns:
        The rows of the kinds as they were, without PARTS; then those of kinds with props apart, without the background.
    """
    is_part = rows["region"].isin(PARTS)
    masked = pd.MultiIndex.from_frame(rows[picture]).isin(pd.MultiIndex.from_frame(rows.loc[is_part, picture]))
    apart = rows[masked & (rows["region"] != "background")]
    kinds = [f"{kind}{_APART}" for kind in apart["kind"]]
    return pd.concat([rows[~is_part], apart.assign(kind=kinds)], ignore_index=True)


def has_props_apart(kind: str) -> bool:
    """Return whether props are a region of their own in a kind."""
    return kind.endswith(_APART)


def kind_of_all(kind: str) -> str:
    """Return the kind of pictures of the same size and views, with and without a mask."""
    return kind.removesuffix(_APART)


def in_kind(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return the rows of the regions that a kind has."""
    return rows[rows["region"] != "background"] if has_props_apart(kind) else rows[~rows["region"].isin(PARTS)]
