"""Sentences about the smallest change that a study detects."""

import pandas as pd
import pytest

from broken_telephone.reporting.text.limits import power_sentences

CELLS = {"start": "image", "label": ["joy", "fear"], "attribute": "gender", "category": "female", "since": 0}


@pytest.mark.parametrize(
    ("smallest", "size"),
    [([0.66, 0.66], "66 points."), ([0.2, 0.4], "from 20 to 40 points, depending on the share (median 30).")],
)
def test_a_range_is_stated_only_if_there_is_one(smallest, size):
    cells = pd.DataFrame(CELLS | {"iteration": 1})
    changes = cells.assign(n=20, reason="", verdict="no significant change", minimum_detectable_change=smallest)
    assert power_sentences(changes, cells)[-1].endswith(f"only if it is large enough: {size}")
