"""Summarises the progress and the agreement of raters."""

from typing import Any

import pandas as pd

from broken_telephone.rating.answer_store import ADJUDICATION, AnswerStore
from broken_telephone.rating.rater_queue import RaterQueue
from broken_telephone.statistics import Resampling, agreement_table
from broken_telephone.statistics.tables.agreement_table import all_raters, every_two

_PAIRS = 15
"""Maximum number of pairs of raters for which the page computes confidence intervals."""


def overview(queue: RaterQueue, store: AnswerStore, resampling: Resampling) -> dict[str, Any]:
    """Return the data of the overview page: progress by rater, agreement by attribute and raters, disagreements."""
    answers = queue.known(store.answers())
    raters = sorted({answer.rater for answer in answers})
    progress = [(rater, queue.done([a for a in answers if a.rater == rater])) for rater in raters]
    labels = pd.DataFrame(
        [(a.item, a.rater, a.attribute, a.category) for a in answers if a.status == "valid"],
        columns=["item", "annotator", "attribute", "category"],
    )
    pairs = every_two(raters)
    rows = [
        row
        # The pairs of an attribute come before its row of all raters.
        for name, options in queue.questions.items()
        for comparisons, own in (
            (pairs, resampling if len(pairs) <= _PAIRS else None),
            (all_raters(raters), resampling),
        )
        for row in agreement_table(labels, {name: options}, queue.ordered, None, comparisons, own).to_dict("records")
    ]
    settlements = queue.known(store.answers(mode=ADJUDICATION))
    return {
        "progress": progress,
        "total": queue.size,
        "agreement": rows,
        "few": len(pairs) <= _PAIRS,
        "ordered": queue.ordered,
        "open": len(queue.unsettled(answers, settlements)),
        "settled": len({(a.item, a.attribute) for a in settlements}),
    }
