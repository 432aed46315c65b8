"""Picks two chains for each finding as examples: one that makes the change, and one that does not."""

from collections.abc import Collection, Iterator, Mapping, MutableSet, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from broken_telephone.chains import key
from broken_telephone.reporting.first_screen.shown_change import ARROW
from broken_telephone.reporting.page.chain_browser import thumbnail
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.sheets.chains_sheet import Images
from broken_telephone.reporting.shown_iterations import spread
from broken_telephone.reporting.text.verdicts import RISE
from broken_telephone.reporting.text.wording import NO_VALUE
from broken_telephone.seeds import seed_of
from broken_telephone.statistics import ALL

MOST_IMAGES = 4
"""Images of a strip."""


@dataclass(frozen=True)
class StripImage:
    """Holds an image of a strip."""

    source: str | None
    """A data URI; None if the image is missing or does not open."""
    text: str
    """Describes the image for people who do not see it."""


@dataclass(frozen=True)
class Strip:
    """Holds the images of one chain."""

    title: str
    """Counts the chains that it is an example of: `64 of 100 became 20-39`."""
    chain: str
    label: str
    path: str
    """The annotator's categories of the images: `male → female`."""
    caption: str
    """Names the images: `original → image 1`."""
    images: Sequence[StripImage]


@dataclass(frozen=True)
class ChainPictures:
    """Holds what strips are made of."""

    chains: pd.DataFrame
    """The `chains` table."""
    answers: pd.DataFrame
    """Rows of the `annotations` table: one reading of the measured annotator."""
    originals: Images
    """The original images, by `image_path`."""
    drawn: Images
    """The drawn images, by `<chain_id>/<iteration>`."""
    thinned: Collection[int] = ()
    """Iterations whose images the study did not keep."""
    browsed: Collection[str] = ()
    """Chains that the page shows as a whole; they come first among equals, so that a strip leads to its chain."""
    seed: int = 1
    """Decides between chains that show a finding equally well."""


def strips_of(row: Any, pictures: ChainPictures, shown: MutableSet[str] | None = None) -> list[Strip]:
    """Return the strips of a finding, at most two.

    The first chain enters the category (rise) or leaves it (fall), as early as any and for good. The second does the
    opposite; without such a chain it is one that could have changed and did not. Among equals, these come first:

    1. chains whose original no earlier strip shows,
    2. chains that the page shows as a whole, which are a random sample,
    3. chains in which the fewest other attributes change, so that the named change is seen.

    Then a hash of the seed and the chain decides, so that nobody chooses by the look of the images.

    Args:
        row: of the `findings` table; a significant change of a share.
        pictures: chains, answers and images.
        shown: originals of the strips of earlier findings; those of this finding are added.
    """
    shown = set() if shown is None else shown
    categories = _categories(row, pictures)
    if categories.empty or not {row.since, row.iteration} <= set(categories.columns):
        return []
    before, after = (categories[k] == row.category for k in (row.since, row.iteration))
    ends = before if row.verdict != RISE else after
    begins = after if row.verdict != RISE else before
    # For a rise, a chain shows the finding if only its last image has the category; for a fall, if only its first has.
    shows, opposes = categories[~begins & ends], categories[begins & ~ends]
    unmoved = categories[~before & ~after] if row.verdict == RISE else categories[before & after]
    total, preferences = f"{len(categories):,}", _preferences(row, list(categories.index), pictures)
    is_rise, category = row.verdict == RISE, str(row.category)
    strips: list[Strip] = []

    def add(chains: pd.DataFrame, rank: pd.Series, what: str) -> None:
        chain = _first(chains, rank, preferences, shown, pictures)
        shown.add(preferences.originals[chain])
        strips.append(_strip(f"{len(chains):,} of {total} {what}", chain, categories, row, pictures))

    if len(shows):
        add(shows, _steadiness(shows, row), _entered(is_rise, category))
    if len(opposes):
        what = "went the other way" if strips else _entered(not is_rise, category)
        add(opposes, pd.Series(0, opposes.index), what)
    elif len(unmoved):
        unchanged = f"were not {category} before or after" if is_rise else f"were {category} before and after"
        add(unmoved, pd.Series(0, unmoved.index), unchanged)
    return strips


def _entered(is_entered: bool, category: str) -> str:
    return f"became {category}" if is_entered else f"stopped being {category}"


def _categories(row: Any, pictures: ChainPictures) -> pd.DataFrame:
    """Return the annotator's categories by chain and iteration, of chains with a category in both compared images."""
    chains = select(pictures.chains, start=row.start)
    if row.label != ALL:
        chains = select(chains, label=row.label)
    answers = select(pictures.answers, attribute=row.attribute)
    answers = answers[answers["category"].notna() & answers["chain_id"].isin(chains["chain_id"])]
    if answers.empty:
        return pd.DataFrame()
    plain = answers[["chain_id", "iteration", "category"]].astype({"chain_id": str, "category": str})
    wide = plain.drop_duplicates(["chain_id", "iteration"]).pivot(
        index="chain_id", columns="iteration", values="category"
    )
    compared = [k for k in (row.since, row.iteration) if k in wide]
    return wide.dropna(subset=compared)


def _steadiness(categories: pd.DataFrame, row: Any) -> pd.Series:
    """Return the number of images that are already, and from then on, as the last one is."""
    is_category = categories == row.category
    as_last = is_category.eq(is_category[row.iteration], axis=0)
    return as_last.iloc[:, ::-1].cumprod(axis=1).sum(axis=1)


@dataclass(frozen=True)
class _Preferences:
    """Holds what decides between chains that show a finding equally well."""

    originals: Mapping[str, str]
    """Chain -> its original, or the chain itself if it starts from a prompt."""
    other_changes: Mapping[str, int]
    """Chain -> number of other attributes whose category changes or is missing."""


def _preferences(row: Any, chains: Sequence[str], pictures: ChainPictures) -> _Preferences:
    own = pictures.chains[pictures.chains["chain_id"].astype(str).isin(chains)]
    ids = own["chain_id"].astype(str)
    originals = dict(zip(ids, own["image_path"] if row.start == "image" else ids, strict=True))
    answers = pictures.answers
    others = answers[
        (answers["attribute"].astype(str) != str(row.attribute))
        & answers["chain_id"].astype(str).isin(chains)
        & answers["iteration"].isin([row.since, row.iteration])
        & answers["category"].notna()
    ]
    cells = others[["chain_id", "attribute", "iteration", "category"]].astype(
        {"chain_id": str, "attribute": str, "category": str}
    )
    wide = (
        cells.drop_duplicates(["chain_id", "attribute", "iteration"])
        .pivot(index=["chain_id", "attribute"], columns="iteration", values="category")
        .reindex(columns=[row.since, row.iteration])
    )
    changes = (wide[row.since] != wide[row.iteration]).groupby(level="chain_id").sum()
    return _Preferences(originals, changes.reindex(list(chains), fill_value=0).astype(int).to_dict())


def _first(
    categories: pd.DataFrame,
    rank: pd.Series,
    preferences: _Preferences,
    shown: Collection[str],
    pictures: ChainPictures,
) -> str:
    """Return the chain of the highest rank; `strips_of` says which of several."""
    browsed = set(pictures.browsed)
    equals = [str(chain) for chain in categories.index[rank.to_numpy() == rank.max()]]

    def order(chain: str) -> tuple[bool, bool, int, int]:
        is_shown = preferences.originals[chain] in shown
        return is_shown, chain not in browsed, preferences.other_changes[chain], seed_of(pictures.seed, chain)

    return min(equals, key=order)


def _strip(title: str, chain: str, categories: pd.DataFrame, row: Any, pictures: ChainPictures) -> Strip:
    own = pictures.chains[pictures.chains["chain_id"].astype(str) == chain].iloc[0]
    steps = range(int(row.since), int(row.iteration) + 1)
    iterations = spread([k for k in steps if k not in pictures.thinned], MOST_IMAGES)
    named = {k: _named(categories, chain, k) for k in iterations}
    return Strip(
        title,
        chain,
        str(own["label"]),
        f" {ARROW} ".join(named.values()),
        f" {ARROW} ".join(_image_names(iterations)),
        list(_images(chain, own, named, pictures)),
    )


def _image_names(iterations: Sequence[int]) -> Iterator[str]:
    """Name images, the word only once: `original`, `image 1`, `2`."""
    is_first = True
    for iteration in iterations:
        yield ("image " * is_first + str(iteration)) if iteration else "original"
        is_first = is_first and not iteration


def _named(categories: pd.DataFrame, chain: str, iteration: int) -> str:
    category = categories[iteration].get(chain) if iteration in categories else None
    return NO_VALUE if category is None or pd.isna(category) else str(category)


def _images(chain: str, own: Any, named: Mapping[int, str], pictures: ChainPictures) -> Iterator[StripImage]:
    for iteration, category in named.items():
        folder, name = (
            (pictures.drawn, key(chain, iteration)) if iteration else (pictures.originals, str(own["image_path"]))
        )
        kind = f"Image {iteration}" if iteration else "Original"
        yield StripImage(thumbnail(folder, name), f"{kind} of chain {chain}: {category}")
