"""How far raters are, and how far they agree so far."""

from typing import Any

import pandas as pd

from broken_telephone.rating.answer_store import ADJUDICATION, Store
from broken_telephone.rating.rater_queue import Desk
from broken_telephone.statistics import agreement_table
from broken_telephone.statistics.tables.agreement_table import all_raters, every_two

_REPEATS = 2000
_PAIRS = 15
"""Pairs of raters up to which the page waits for an interval of each."""


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
    pairs = every_two(raters)
    rows = [
        row
        # Each attribute's pairs stand above all raters together.
        for name, options in desk.questions.items()
        for comparisons, repeats in ((pairs, _REPEATS * (len(pairs) <= _PAIRS)), (all_raters(raters), _REPEATS))
        for row in agreement_table(labels, {name: options}, ordered, None, comparisons, repeats).to_dict("records")
    ]
    settlements = desk.known(store.answers(mode=ADJUDICATION))
    return {
        "progress": progress,
        "total": desk.size,
        "agreement": rows,
        "few": len(pairs) <= _PAIRS,
        "ordered": ordered,
        "open": len(desk.unsettled(answers, settlements)),
        "settled": len({(a.item, a.attribute) for a in settlements}),
    }
