"""How far raters are, and how far they agree so far."""

from typing import Any

import pandas as pd

from broken_telephone.measures import agreement_table
from broken_telephone.measures.agreement_table import all_raters, every_two
from broken_telephone.rating.desk import Desk
from broken_telephone.rating.store import ADJUDICATION, Store


def overview(desk: Desk, store: Store) -> dict[str, Any]:
    """Return what the overview page shows: progress by rater, agreement by attribute and raters, disagreements."""
    answers = desk.known(store.answers())
    raters = sorted({answer.rater for answer in answers})
    progress = [(rater, desk.done([a for a in answers if a.rater == rater])) for rater in raters]
    labels = pd.DataFrame(
        [(a.item, a.rater, a.attribute, a.category) for a in answers if a.status == "valid"],
        columns=["item", "annotator", "attribute", "category"],
    )
    ordered = [name for name in desk.questions if name == "age"]
    table = agreement_table(labels, desk.questions, ordered, comparisons=[*every_two(raters), *all_raters(raters)])
    settlements = desk.known(store.answers(mode=ADJUDICATION))
    return {
        "progress": progress,
        "total": desk.size,
        "agreement": table.to_dict("records"),
        "ordered": ordered,
        "open": len(desk.unsettled(answers, settlements)),
        "settled": len({(a.item, a.attribute) for a in settlements}),
    }
