"""How far raters are, and how far they agree so far."""

from typing import Any

import pandas as pd

from broken_telephone.measures import agreement_table
from broken_telephone.rating.desk import Desk
from broken_telephone.rating.store import ADJUDICATION, Store


def overview(desk: Desk, store: Store) -> dict[str, Any]:
    """Return what the overview page shows: progress by rater, agreement by attribute and pair, open disagreements."""
    answers = desk.known(store.answers())
    raters = sorted({answer.rater for answer in answers})
    progress = [(rater, desk.done([a for a in answers if a.rater == rater])) for rater in raters]
    labels = pd.DataFrame(
        [(a.item, a.rater, a.attribute, a.category) for a in answers if a.status == "valid"],
        columns=["item", "annotator", "attribute", "category"],
    )
    table = agreement_table(labels, desk.questions, ordered=["age"] if "age" in desk.questions else [])
    settled = {(a.item, a.attribute) for a in desk.known(store.answers(mode=ADJUDICATION))}
    open_ones = [key for key in desk.disagreements(answers) if key not in settled]
    return {
        "progress": progress,
        "total": desk.size,
        "agreement": table.to_dict("records"),
        "open": len(open_ones),
        "settled": len(settled),
    }
