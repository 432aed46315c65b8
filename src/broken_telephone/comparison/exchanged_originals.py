"""Reads who the originals of a study show, to check that counterfactual originals differ in one attribute only."""

from typing import TypeAlias

import pandas as pd

from broken_telephone.comparison.finished_study import FinishedStudy
from broken_telephone.errors import StudyError
from broken_telephone.ingestion import DatasetSettings

People: TypeAlias = pd.DataFrame
"""The main person of each original by image_id: `category` of the exchanged attribute; all `others` in one text."""
_UNKNOWN = ""


def people_of_starts(study: FinishedStudy, attribute: str) -> People:
    """Return the main person of each original of a study by the data set's labels; a missing label is an empty text.

    Args:
        study: one study of the comparison.
        attribute: the exchanged attribute.

    Raises:
        StudyError: if the study has no table of people, or its data set does not have the attribute.
    """
    people = study.results.people
    if people is None:
        raise StudyError(
            f"comparison.exchanged: {study.arm} has no table of people ({study.results.place_of('people')} does not "
            "exist), so nobody can check that its originals differ in one attribute only. Run the study's ingestion"
        )
    scheme = DatasetSettings.model_validate(dict(study.settings["dataset"])).words
    if attribute not in scheme.attributes:
        raise StudyError(
            f"comparison.exchanged: the data set of {study.arm} has no attribute {attribute!r} "
            f"(it has: {', '.join(scheme.attributes)})"
        )
    main = people[people["is_main"]].drop_duplicates("image_id")
    texts = {
        name: main[name].astype(object).where(main[name].notna(), _UNKNOWN).astype(str) for name in scheme.variables
    }
    others = pd.DataFrame({name: text for name, text in texts.items() if name != attribute}).agg("|".join, axis=1)
    table = pd.DataFrame({"category": texts[attribute], "others": others}, dtype=object)
    return table.set_axis(main["image_id"].astype(str).to_numpy()).fillna(_UNKNOWN)
