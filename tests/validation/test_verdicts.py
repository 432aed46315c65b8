"""The table of checks, from small tables with known counts, and its sentences."""

import numpy as np
import pandas as pd
import pytest

from broken_telephone.reporting.text.validation import validation_markdown, validation_sentences
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.statistics.tables.group_table import ANNOTATOR
from broken_telephone.validation import verdicts_table
from broken_telephone.validation.blame import BLAME, EXCHANGED, PLANTED
from broken_telephone.validation.known_error import KNOWN_ERROR
from broken_telephone.validation.long_loop import LONG_LOOP
from broken_telephone.validation.null_world import EXCHANGED as EXCHANGED_IMAGES
from broken_telephone.validation.null_world import NULL_WORLD
from broken_telephone.validation.recovery import RECOVERY


def tables(covered=94, claims=5, wrong=0):
    """Return tables with 100 cells, 100 studies and 8 arrangements."""
    cells = [
        {"arm": "a", "start": "image", "label": f"label {k}", "attribute": "gender", "category": "female"}
        | {
            "method": method,
            "planted": 0.5 if k < covered else 0.7,
            "drawn": 0.5,
            "value": 0.4,
            "ci_low": 0.3,
            "ci_high": 0.6,
        }
        | {"passed": k < covered, "iteration": 1, "redrawn": 0.5}
        for k in range(100)
        for method in (ANNOTATOR, RATINGS)
    ]
    # Rows of all labels together repeat what single labels show.
    cells.append(cells[-1] | {"label": "(all)", "planted": 0.9, "passed": False})
    null = [{"arm": "a", "kind": EXCHANGED_IMAGES, "n": 100, "count": claims, "value": claims / 100}]
    blame = [
        {"arrangement": f"number {k}", "kind": kind, "factor": factor, "planted": 0.4, "expected": "blamed"}
        | {"verdict": "blamed", "passed": factor == "generator" or k >= wrong or kind == EXCHANGED}
        for k in range(8)
        for kind in (PLANTED, EXCHANGED)
        for factor in ("generator", "describer")
    ]
    made = (
        pd.DataFrame(cells, columns=list(RECOVERY)).assign(note=""),
        pd.DataFrame(null, columns=list(NULL_WORLD)).assign(ci_low=0.01, ci_high=0.1, note=""),
        pd.DataFrame(columns=list(KNOWN_ERROR)),
        pd.DataFrame(blame, columns=list(BLAME)),
        pd.DataFrame(columns=list(LONG_LOOP)),
    )
    return tuple(one.astype({"passed": "boolean"}) if "passed" in one else one for one in made)


def verdicts(**changes) -> pd.DataFrame:
    return verdicts_table(*tables(**changes)).set_index("check")


def test_checks_pass_at_their_bars_and_not_beyond():
    table = verdicts()
    row = table.loc["planted shares inside the corrected interval"]
    assert (row["count"], row["n"], row["value"], bool(row["passed"])) == (94, 100, 0.94, True)
    assert bool(table.loc["studies without drift that claim any", "passed"])
    assert table.loc["arrangements that blame the right factors", ["count", "n"]].to_list() == [8, 8]
    assert bool(table.loc["arrangements of arms", "passed"])
    bad = verdicts(covered=92, claims=6, wrong=1)
    for check in (
        "planted shares inside the corrected interval",
        "studies without drift that claim any",
        "arrangements that blame the right factors",
    ):
        assert not bool(bad.loc[check, "passed"]), check
    # One wrong factor makes its whole arrangement wrong.
    assert bad.loc["arrangements that blame the right factors", "count"] == 7


def test_a_check_without_a_case_has_not_passed():
    row = verdicts().loc["drawn shares inside the corrected interval, with a known error"]
    assert row.isna()["passed"]
    assert np.isnan(row["value"])
    assert row["note"] == "no case"


@pytest.mark.parametrize(("wrong", "count"), [(0, "8 of 8"), (2, "6 of 8")])
def test_sentences_and_markdown_say_what_failed(wrong, count):
    made = tables(wrong=wrong)
    names = ("recovery", "null", "errors", "blame", "long")
    by_name = {f"validation_{name}": table for name, table in zip(names, made, strict=True)}
    by_name["validation_verdicts"] = verdicts_table(*made)
    sentences = validation_sentences(by_name, {"a": (100, 1), "b": (50, 2)})
    outcome = sentences["Outcome"]
    assert any("200 drawn images" in text for text in outcome)
    assert sum(text.startswith("Not checked") for text in outcome) == 3
    failed = [text for text in outcome if text.startswith("Not passed: arrangements that blame the right factors")]
    assert len(failed) == bool(wrong)
    assert f"Planted: the verdicts are the expected ones in {count} arrangements." in sentences["Whom the bench blames"]
    text = validation_markdown("validation", sentences, by_name)
    assert text.startswith("# Validation\n")
    assert "| arrangements that blame the right factors |" in text
    assert "nan" not in text.lower()
