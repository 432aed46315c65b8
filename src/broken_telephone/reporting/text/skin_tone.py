"""Writes sentences about the skin tone of faces: its shift, its error under other light, and faces without one."""

import pandas as pd

from broken_telephone.explainability.skin_tone_drift import ANGLE, BRIGHTNESS_ERROR, LACKING
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.verdicts import LEVEL
from broken_telephone.reporting.text.wording import counted, listed, with_minus
from broken_telephone.statistics import ALL


def skin_sentences(skin: pd.DataFrame, level: float = LEVEL) -> list[str]:
    """Describe, for each kind of start, the shift of the mean typology angle from the first to the last image.

    Args:
        skin: the `skin_drift` table, with p_adjusted.
        level: adjusted p-values below it are significant.
    """
    sentences = []
    for start in ("image", "prompt"):
        rows = select(skin, start=start, attribute=ANGLE) if len(skin) else skin
        labels = [str(label) for label in dict.fromkeys(rows["label"])] if len(rows) else []
        if labels:
            rows = select(rows, label=ALL if ALL in labels else labels[0])
            sentences += [*_shift(rows, start, level), *_missing(rows, start)]
    return sentences


def _shift(rows: pd.DataFrame, start: str, level: float) -> list[str]:
    shifts = select(rows, measure="mean shift")
    shifts = shifts[shifts["iteration"] == shifts["iteration"].max()]
    known = shifts[shifts["ci_low"].notna()]
    if known.empty:
        reason = str(shifts["note"].iloc[0]) if len(shifts) else "no face has a skin tone in two images"
        return [f"In chains from {start}s, the shift of the skin tone of faces is unknown: {reason}."]
    row = known.iloc[0]
    errors = select(rows, measure=BRIGHTNESS_ERROR)["value"].dropna()
    verdict = "significant" if float(row["p_adjusted"]) < level else "not significant"
    sentence = (
        f"In chains from {start}s, the mean typology angle of faces shifted by {row['value']:+.1f}° "
        f"(95 % interval {row['ci_low']:+.1f}° to {row['ci_high']:+.1f}°) from the first to the last image. Larger "
        f"angles are lighter. The shift is {verdict}. A change of brightness by 10 % moves the angle of a face by "
        f"{errors.mean():.1f}° on average."
    )
    return [with_minus(sentence)]


def _missing(rows: pd.DataFrame, start: str) -> list[str]:
    shares = select(rows, measure=LACKING)
    counts = (shares["value"].astype(float) * shares["n"].astype(float)).round().astype(int)
    overall = shares["category"].isna()
    if not counts[overall].sum():
        return []
    by_reason = counts[~overall].groupby(shares["category"].astype(str)).sum().sort_values(ascending=False)
    named = listed([f"{count} {reason}" for reason, count in by_reason.items() if count], len(by_reason))
    total = int(shares.loc[overall, "n"].sum())
    lacking = counts[overall].sum()
    verbs = ("has", "does") if lacking == 1 else ("have", "do")
    faces = f"{lacking} of {counted(total, 'face')} {verbs[0]} no skin tone and {verbs[1]} not count"
    return [f"In chains from {start}s, {faces}: {named}."]
