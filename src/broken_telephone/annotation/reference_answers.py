"""Arranges the answers of a reference annotator, which correct the drift of the measured annotator as ratings do."""

import logging

import pandas as pd

from broken_telephone.annotation.annotator_choice import annotators_of, answers_by, headline
from broken_telephone.errors import StudyError
from broken_telephone.statistics import Ratings

logger = logging.getLogger(__name__)


def reference_answers(
    annotations: pd.DataFrame, chains: pd.DataFrame, reference: str | None, measured: str | None, reading: str
) -> Ratings:
    """Arrange the valid answers of the reference annotator by chain and iteration.

    Args:
        annotations: the `annotations` table.
        chains: the `chains` table.
        reference: the setting `report.reference_annotator`; None for no reference annotator.
        measured: the setting `report.annotator`.
        reading: the reading that the report measures. A reference annotator without it is read as it answers.

    Returns:
        Strata: label, start and iteration. Replicates share their original, so that only the first of them has a row
        for it. Without a reference annotator, nothing is given.

    Raises:
        StudyError: if there is no such annotator, or the report measures it already.
    """
    names = chains["chain_id"].astype(str)
    if reference is None:
        given = pd.DataFrame(columns=["chain_id", "iteration", "attribute", "category"])
        return Ratings(given, pd.DataFrame(columns=["chain_id", "iteration", "stratum"]), names)
    own = answers_by(annotations, reference, "report.reference_annotator")
    if annotators_of(headline(annotations, measured)) == [reference]:
        raise StudyError(
            f"report.reference_annotator: {reference!r} is the annotator that the report measures already. "
            "Name another annotator"
        )
    if reading not in set(own["reading"]):
        other = str(own["reading"].iloc[0])
        logger.warning("%s gives no %s reading. Its %s reading corrects the drift.", reference, reading, other)
        reading = other
    own = own[own["reading"] == reading]
    frame = _frame(annotations, chains)
    columns = ["chain_id", "iteration", "attribute", "category", "status"]
    answered = own[columns].astype({"chain_id": str}).merge(frame, on=["chain_id", "iteration"])
    valid = answered[answered["status"] == "valid"]
    pictures, without = len(answered[["chain_id", "iteration"]].drop_duplicates()), len(answered) - len(valid)
    logger.info(
        "%s labelled %d of %d pictures. %d of its %d answers name no category and correct nothing.",
        *(reference, pictures, len(frame), without, len(answered)),
    )
    given = valid[["chain_id", "iteration", "attribute", "category"]].reset_index(drop=True)
    return Ratings(given, frame, names)


def _frame(annotations: pd.DataFrame, chains: pd.DataFrame) -> pd.DataFrame:
    """Return chain_id, iteration and stratum of every picture that an annotator labelled."""
    pictures = annotations[["chain_id", "iteration"]].astype({"chain_id": str}).drop_duplicates()
    own_chains = chains[["chain_id", "label", "start", "image_id", "replicate"]].astype({"chain_id": str})
    table = pictures.merge(own_chains, on="chain_id")
    is_first = table["replicate"] == table.groupby("image_id")["replicate"].transform("min")
    table = table[(table["iteration"] > 0) | is_first]
    strata = table[["label", "start", "iteration"]].astype(str).agg(" | ".join, axis=1)
    return table[["chain_id", "iteration"]].assign(stratum=strata).reset_index(drop=True)
