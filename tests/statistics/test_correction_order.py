"""Several corrections of a share: the preferred one that has an interval stands first."""

import numpy as np
import pandas as pd

from broken_telephone.statistics.tables.correction_order import leading_first
from broken_telephone.statistics.tables.group_table import SPAN


def corrections(method, values):
    rows = [
        {"start": "image", "label": "anger", "attribute": "gender", "category": name, "since": 0, "iteration": 1}
        | {"method": method, "value": value, "ci_low": value - 0.1, "ci_high": value + 0.1}
        for name, value in values.items()
    ]
    return pd.DataFrame(rows, columns=[*SPAN, "method", "value", "ci_low", "ci_high"])


def test_ratings_lead_where_they_have_an_interval():
    ratings = corrections("human ratings", {"male": 0.1, "female": np.nan})
    reference = corrections("big", {"male": 0.3, "female": 0.2, "other": 0.0})
    joined = leading_first([ratings, reference])
    assert len(joined) == 5
    leading = joined.drop_duplicates(SPAN).set_index("category")
    assert leading["method"].to_dict() == {"male": "human ratings", "female": "big", "other": "big"}


def test_without_any_interval_the_preferred_method_leads():
    ratings, reference = (corrections(name, {"male": np.nan}) for name in ("human ratings", "big"))
    assert list(leading_first([ratings, reference])["method"]) == ["human ratings", "big"]


def test_a_single_table_is_returned_as_it_is():
    ratings, nothing = corrections("human ratings", {"male": np.nan, "female": 0.1}), corrections("big", {})
    assert leading_first([ratings, nothing]) is ratings
    assert leading_first([nothing, ratings]) is ratings
    assert leading_first([nothing]) is nothing
