"""Writes how many ratings the corrected drift needs."""

import pandas as pd

from broken_telephone.reporting.text.wording import points, spoken
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.ratings_needed import WISHED


def ratings_needed_sentences(needed: pd.DataFrame) -> list[str]:
    """Say for each attribute how many images of a label must be rated in the first and in the last iteration.

    Args:
        needed: the `ratings_needed` table.
    """
    if needed.empty:
        return []
    single = needed[(needed["label"].astype(str) != ALL) & needed["half_width"].notna()]
    sentences = []
    for attribute, own in single.groupby(single["attribute"].astype(str), sort=False):
        parts = []
        for name, wish in WISHED.items():
            known = own[name].dropna()
            lacking = len(own) - len(known)
            if known.empty:
                continue
            part = f"for ± {100 * wish:.0f} points up to {int(known.max())} each"
            if lacking:
                few = f"{lacking} of {len(own)} intervals cannot reach ± {100 * wish:.0f} points without more chains"
                part = f"{part} ({few})"
            parts.append(part)
        lead = (
            f"Corrected drift of {spoken(attribute)}: the interval of a label is now up to ± "
            f"{points(own['half_width'].max())}."
        )
        images = f"Images to rate per label, in the first and in the last iteration: {', '.join(parts)}."
        least = f"No number of ratings narrows it to ± {100 * max(WISHED.values()):.0f} points; that takes more chains."
        sentences.append(f"{lead} {images if parts else least}")
    return sentences
