"""Writes sentences about what changed: the surest changes first, each with the published comparison's view of it."""

import pandas as pd

from broken_telephone.reporting.selection import matching
from broken_telephone.reporting.text.correction_method import correction_text
from broken_telephone.reporting.text.rounded_shares import rounded_shares
from broken_telephone.reporting.text.verdicts import ANNOTATOR, FALL, NOT_ENOUGH_DATA, NOT_SIGNIFICANT, RISE
from broken_telephone.reporting.text.wording import after_selection, counted, interval, points, the_share
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.decomposition import DRIFT_PART, INSTRUMENT, PUBLISHED

_SAME = 0.005
"""Shares that differ by less are equal in whole per cent."""
UNCHECKED = "according to an annotator that no rating checks on drawn images"
_ADJUSTED = (
    "Tests and intervals are adjusted for all comparisons of the study. Significant changes look larger than they are, "
    "because they were selected. Where the correction for selection is visible, it follows the interval. A change that "
    "it halves is only just significant."
)
TOO_FEW = "according to the annotator's answers, because too few images are checked to correct them"


def significant_changes(changes: pd.DataFrame) -> pd.DataFrame:
    """Return the significant changes, one per start, label and attribute, the surest large ones first.

    They are sorted by the interval limit that is closer to zero, so that a large but uncertain change does not precede
    a smaller certain one. Of two changes that mirror each other, such as genders, the rise is kept.
    """
    significant = changes[changes["verdict"].isin([RISE, FALL])]
    near = significant[["ci_low", "ci_high"]].abs().min(axis=1).fillna(0)
    ranked = significant.assign(
        near=near.round(9), size=significant["value"].abs().round(9), is_fall=significant["verdict"] == FALL
    ).sort_values(["near", "size", "is_fall"], ascending=[False, False, True], kind="stable")
    return ranked.drop_duplicates(["start", "label", "attribute"])


def change_sentences(changes: pd.DataFrame, decomposition: pd.DataFrame, most: int) -> list[str]:
    """Describe the surest changes, then count the shares of every verdict.

    Args:
        changes: the shares of the `findings` table, with the verdicts of interim looks.
        decomposition: the `decomposition` table.
        most: number of changes to describe.
    """
    significant = significant_changes(changes)
    several_starts = changes["start"].nunique() > 1
    sentences = [
        _change(row, several_starts) + _as_published(row, decomposition, is_first=index == 0)
        for index, row in enumerate(significant.head(most).itertuples(index=False))
    ]
    if len(significant) > most:
        more = counted(len(significant) - most, "more pair")
        sentences.append(f"{more} of label and attribute changed significantly: see the table of changes.")
    if significant.empty:
        sentences.append(_no_claim(changes))
    else:
        sentences.append(_ADJUSTED)
    return [*sentences, _verdict_counts(changes)]


def _no_claim(changes: pd.DataFrame) -> str:
    judged = int((changes["verdict"] == NOT_SIGNIFICANT).sum())
    if not judged:
        return "There is not enough data to tell whether any share changed."
    of_shares = "any share" if judged == len(changes) else f"the {counted(judged, 'share')} with enough data"
    return f"No significant change of {of_shares} was detected."


def _change(row, several_starts: bool) -> str:  # type: ignore[no-untyped-def]
    lead = f"From image {row.since} to image {row.iteration}"
    if row.since == 0:
        lead = f"After {counted(int(row.iteration), 'iteration')}"
    if several_starts:
        lead += f", in chains from {row.start}s"
    verb, sign = ("rose", 1) if row.verdict == RISE else ("fell", -1)
    limits = sorted((sign * row.ci_low, sign * row.ci_high))
    share = the_share(row.attribute, row.category, row.label)
    # The shares of all images may differ from the change of those chains that have an answer in both.
    rounded = rounded_shares(row, row.before, row.after) if row.method == ANNOTATOR else None
    size = points(abs(row.value)) if rounded is None else rounded[2]
    selection = after_selection(size, abs(row.value), abs(row.shrunken_value), limits[0])
    result = f"{lead}, {share} {verb} by {size} ({interval(*limits)}{selection}), "
    if row.method != ANNOTATOR:
        alone = f"a {'rise' if row.annotator_value > 0 else 'fall'} of {points(abs(row.annotator_value))}"
        alone = "no change" if points(row.annotator_value) == "0 points" else alone
        return f"{result}{correction_text(row.method, int(row.n_checked))}. The annotator's answers alone show {alone}."
    chains = counted(int(row.n), "chain")
    if row.clusters < row.n:
        chains += f" from {counted(int(row.clusters), 'start')}"
    if rounded is not None:
        levels = f"It was {rounded[0]} before and {rounded[1]} after ({chains})."
    else:
        levels = f"The comparison uses the {chains} that have an answer in both images."
    return f"{result}{TOO_FEW if row.n_checked else UNCHECKED}. {levels}"


def _as_published(row, decomposition: pd.DataFrame, is_first: bool) -> str:  # type: ignore[no-untyped-def]
    """Describe what the published comparison would report, and how much of it is the annotator's own error."""
    if row.start != "image" or row.method != ANNOTATOR or decomposition.empty:
        return ""
    cell = matching(decomposition, row, ("label", "attribute", "category"))
    cell = cell[(cell["iteration"] == row.iteration) & cell["value"].notna()]
    parts = {part.part: part for part in cell.itertuples(index=False)}
    if not {PUBLISHED, INSTRUMENT, DRIFT_PART} <= parts.keys():
        return ""
    published, error, drift = parts[PUBLISHED], parts[INSTRUMENT], parts[DRIFT_PART]
    subset = ""
    if abs(drift.value - row.value) >= _SAME:
        subset = f" (only the {counted(int(drift.n), 'chain')} with originals that the data set labels)"
    how = ", as in the published study," if is_first else ""
    size = points(abs(published.value))
    no_change = size == "0 points"
    change = "no change" if no_change else f"a {'rise' if published.value > 0 else 'fall'} of {size}"
    lead = f" Against the data set's labels{subset}{how} the result would be {change}."
    limits = interval(error.ci_low, error.ci_high)
    own = f"annotator's own error ({points(error.value)}, {limits})"
    if pd.isna(error.ci_low) or error.ci_low <= 0 <= error.ci_high:
        if points(error.value) == "0 points":
            return f"{lead} No annotator error is detectable on the originals ({limits})."
        return f"{lead} The {own} in it is not distinguishable from zero."
    if no_change:
        return f"{lead} The {own} hides the drift."
    if published.value * drift.value < 0:
        return f"{lead} The {own} reverses the drift."
    if error.value * drift.value < 0:
        return f"{lead} The {own} hides part of the drift."
    sign = 1 if error.value > 0 else -1
    limits = interval(*sorted((sign * error.ci_low, sign * error.ci_high)))
    return f"{lead} The annotator's own error accounts for {points(abs(error.value))} of it ({limits})."


def _verdict_counts(changes: pd.DataFrame) -> str:
    count = changes["verdict"].value_counts()
    rose, fell, quiet, unknown = (int(count.get(name, 0)) for name in (RISE, FALL, NOT_SIGNIFICANT, NOT_ENOUGH_DATA))
    labels = ", for each label and over all labels" if (changes["label"] == ALL).any() else ""
    return (
        f"{counted(len(changes), 'share')} compared (each category{labels}): rose: {rose}; fell: {fell}; "
        f"{NOT_SIGNIFICANT}: {quiet}; {NOT_ENOUGH_DATA}: {unknown}."
    )
