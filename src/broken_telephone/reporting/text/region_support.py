"""Writes sentences about the image regions that support the label's words, and how groups differ in them."""

from collections.abc import Iterator

import pandas as pd

from broken_telephone.explainability.maps.attribution_scores import SPOKEN
from broken_telephone.explainability.maps.picture_scores import OTHER_SIZES
from broken_telephone.explainability.maps.props_apart import PROPS, has_props_apart, kind_of_all
from broken_telephone.explainability.maps.sanity_checks import LACKING_WORDS
from broken_telephone.reporting.text.verdicts import LEVEL
from broken_telephone.reporting.text.wording import MINUS, capital, listed, spoken, with_minus
from broken_telephone.statistics import ALL

_NAMED = 6


def region_sentences(support_sentences: pd.DataFrame, tests: pd.DataFrame, level: float = LEVEL) -> list[str]:
    """Name the region that supports each label's words, then the groups between which density differs.

    Args:
        support_sentences: the `support_sentences` table, one sentence per label.
        tests: the `support_tests` table, with p_adjusted.
        level: adjusted p-values below it are significant.
    """
    if support_sentences.empty:
        return []
    kind_of, texts = (support_sentences[name].astype(str) for name in ("kind", "sentence"))
    last = (LACKING_WORDS, PROPS, OTHER_SIZES)
    kinds = [kind for kind in kind_of.unique() if kind not in last]
    several = len(set(map(kind_of_all, kinds))) > 1
    sentences = []
    for kind in kinds:
        lead = f"Images of {kind_of_all(kind)}: " if several else ""
        if has_props_apart(kind):
            lead = f"Originals of {kind}: " if several else "Originals, props apart: "
        density = tests[(tests["kind"].astype(str) == kind) & (tests["measure"].astype(str) == "density")]
        sentences += [f"{lead}{sentence}" for sentence in texts[kind_of == kind]]
        sentences += [capital(f"{lead}{sentence}") for sentence in _group_differences(density, level)]
    return [*sentences, *(sentence for one in last for sentence in texts[kind_of == one])]


def _group_differences(tests: pd.DataFrame, level: float) -> Iterator[str]:
    for attribute, (first, second) in SPOKEN.items():
        rows = tests[tests["attribute"].astype(str) == attribute]
        significant = rows[rows["p_adjusted"].astype(float) < level]
        if not rows["value"].notna().any():
            reasons = [*rows["note"].astype(str), "neither was measured"]
            yield f"{first} and {second} cannot be compared: {reasons[0]}."
        elif significant.empty:
            yield f"no difference in density between {first} and {second} is significant."
        else:
            ranked = significant.assign(size=significant["value"].abs()).sort_values("size", ascending=False)
            named = listed([_difference(row) for row in ranked.itertuples()], _NAMED)
            yield f"density differs between {first} and {second} (first {MINUS} second): {named}."


def _difference(row) -> str:  # type: ignore[no-untyped-def]
    label = "over all labels" if row.label == ALL else f"for {spoken(row.label)}"
    where = "" if pd.isna(row.iteration) else f" in iteration {int(str(row.iteration))}"
    return with_minus(f"{row.region} {label}{where} ({row.value:+.2f}, {row.ci_low:+.2f} to {row.ci_high:+.2f})")
