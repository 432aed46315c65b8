"""A study without a data set has no baseline, and says so."""

import logging

import pandas as pd
import pytest
from figure_contents import texts_of

from broken_telephone.ingestion import DatasetSettings
from broken_telephone.labels import RAF
from broken_telephone.pipelines.ingestion.nodes import draw_baseline, measure_baseline
from broken_telephone.tables import PEOPLE, as_table


def people(gender: str | None) -> pd.DataFrame:
    """Five originals with a label, as an import lists them."""
    rows = [{"person_id": f"{n}", "image_id": f"{n}", "image_path": f"{n}.png", "is_main": True} for n in range(5)]
    table = as_table(rows, PEOPLE)
    for name, variable in RAF.variables.items():
        value = {"emotion": "fear", "gender": gender}.get(name)
        table[name] = pd.Categorical([value] * len(rows), categories=variable.categories)
    return table


@pytest.mark.parametrize(
    ("settings", "gender", "rows", "reason"),
    [
        ({"source": "none", "scheme": "raf"}, None, 0, "Nothing to draw: the study has no data set."),
        ({"source": "raf_db"}, None, 1, "Nothing to draw: the data set states no attribute."),
        ({"source": "raf_db"}, "female", 1, None),
    ],
)
def test_a_baseline_is_that_of_a_data_set(settings, gender, rows, reason, caplog):
    dataset = DatasetSettings.model_validate(settings)
    with caplog.at_level(logging.INFO):
        baseline = measure_baseline(people(gender), dataset)
    assert bool(len(baseline)) == bool(rows)
    assert ("No baseline: the study has no data set" in caplog.text) == (not rows)
    assert {"concept", "attribute", "category", "share", "ci_low"} <= set(baseline.columns)
    texts = [text.get_text() for text in texts_of(draw_baseline(baseline, dataset))]
    assert [text for text in texts if text.startswith("Nothing")] == ([] if reason is None else [reason])
    assert ("female" in texts) == (gender is not None)
