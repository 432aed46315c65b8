"""Eight people of one label: all men become women, and nothing else changes."""

import numpy as np
import pytest

from broken_telephone.reporting.text.summary import summary
from broken_telephone.statistics import (
    Panel,
    Resampling,
    drift_table,
    findings_table,
    power_table,
    shares_table,
)
from broken_telephone.statistics.tables.findings import (
    FALL,
    LEVEL,
    NOT_ENOUGH_DATA,
    NOT_SIGNIFICANT,
    RISE,
)

CATEGORIES = {"gender": ("male", "female"), "age": ("young", "adult", "old"), "ethnicity": ("Asian", "Black", "White")}
MEN, WOMEN = [0] * 8, [1] * 8
MIXED = {"age": [0, 1, 2, 0, 1, 2, 0, 1], "ethnicity": [0, 0, 0, 0, 1, 1, 2, 2]}
ALIKE = {"age": [0, 0, 0, 0, 0, 0, 0, 1], "ethnicity": [2] * 8}


def panels_of(pairs):
    image, fear = np.full(8, "image", dtype=object), np.full(8, "fear", dtype=object)
    return [
        Panel(name, CATEGORIES[name], np.array(pair, np.int8).T, np.full(8, -1, np.int8), np.arange(8), fear, image)
        for name, pair in pairs.items()
    ]


def judged(pairs):
    panels = panels_of(pairs)
    drift = drift_table(panels, [(None, 1)], Resampling(200, 1), shares_only=True)
    tables = {"shares": shares_table(panels, "judge"), "power": power_table(panels)}
    return tables | {"findings": findings_table(drift, **tables)}


def can_reject(pairs, attribute, code):
    """Return whether the adjusted test rejects if as many people as possible enter or leave the category."""
    codes = pairs[attribute][0]
    other = (code + 1) % len(CATEGORIES[attribute])
    for after in ([code] * 8, [other if own == code else own for own in codes]):
        findings = judged(pairs | {attribute: (codes, after)})["findings"]
        cell = findings[(findings["attribute"] == attribute) & (findings["category"] == CATEGORIES[attribute][code])]
        if cell["p_adjusted"].item() < LEVEL:
            return True
    return False


@pytest.mark.parametrize("people", [MIXED, ALIKE])
def test_unchanged_shares_whose_adjusted_test_cannot_reject_have_too_little_data(people):
    pairs = {"gender": (MEN, WOMEN)} | {name: (codes, codes) for name, codes in people.items()}
    findings = judged(pairs)["findings"]
    assert findings["verdict"].tolist()[:2] == [FALL, RISE]
    rest = findings[findings["attribute"] != "gender"]
    assert len(rest) == 6
    for row in rest.itertuples():
        code = CATEGORIES[row.attribute].index(row.category)
        if not can_reject(pairs, row.attribute, code):
            assert row.verdict == NOT_ENOUGH_DATA, row


def test_the_summary_claims_the_change_and_nothing_about_other_attributes():
    tables = judged({"gender": (MEN, WOMEN)} | {name: (codes, codes) for name, codes in MIXED.items()})
    rest = tables["findings"].query("attribute != 'gender'")
    assert set(rest["verdict"]) == {NOT_ENOUGH_DATA}
    assert rest["reason"].str.startswith("too few independent starts").all()
    sentences = summary(tables)
    assert "the share shown as female for fear rose by" in sentences["What changed"][0]
    counts = f"rose: 1; fell: 1; {NOT_SIGNIFICANT}: 0; {NOT_ENOUGH_DATA}: 6."
    assert any(sentence.endswith(counts) for sentence in sentences["What changed"])
    assert sentences["Statistical power"][0].startswith("6 of 8 shares have too few independent starts")


def test_a_share_that_would_have_been_detected_has_no_significant_change():
    """The opposite case: were verdicts always `not enough data to tell`, the tests above could not fail."""
    findings = judged({"gender": (MEN, WOMEN)} | {name: (codes, codes) for name, codes in ALIKE.items()})["findings"]
    white = findings[findings["category"] == "White"].iloc[0]
    assert white["verdict"] == NOT_SIGNIFICANT
    assert white["minimum_detectable_change"] == pytest.approx(0.8, abs=0.01)
