"""The table of checks, from small tables with known counts, and its sentences."""

import numpy as np
import pandas as pd
import pytest

from broken_telephone.reporting.text.validation import validation_markdown, validation_sentences
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.statistics.tables.group_table import ANNOTATOR
from broken_telephone.validation import verdicts_table
from broken_telephone.validation.blame import BLAME, EXCHANGED, PLANTED
from broken_telephone.validation.judged_differences import DIFFERS, SAME, UNDECIDED
from broken_telephone.validation.known_error import KNOWN_ERROR
from broken_telephone.validation.long_loop import LONG_LOOP
from broken_telephone.validation.null_world import EXCHANGED as EXCHANGED_IMAGES
from broken_telephone.validation.null_world import NULL_WORLD
from broken_telephone.validation.recovery import RECOVERY

RIGHT = "arrangements with planted effects that blame the right factors"
SILENT = "factors without a difference, planted or by the judge, that are not blamed"
SEEN = "blamed factors without a planted effect in whose images the judge finds a difference"
CONFIRMED = "blamed factors without a planted effect that the judge confirms in the other replicates"
UNPLANTED = (
    ("null", "generator", SAME, "not blamed", True, None),
    ("null", "describer", SAME, "not enough data to tell", True, None),
    ("real", "generator", DIFFERS, "blamed", None, True),
    ("real", "describer", UNDECIDED, "not blamed", None, None),
)


def tables(covered=94, claims=5, wrong=0, unplanted=UNPLANTED):
    """Return tables with 100 cells, 100 studies, 8 planted arrangements, and factors without planted effects."""
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
    blame += [
        {"arrangement": name, "kind": PLANTED, "factor": factor, "planted": 0.0, "judge": judge}
        | {"verdict": verdict, "passed": passed, "confirmed": confirmed, "judge_effect": 0.1, "judge_p": 0.0004}
        | {"judge_share": "fear, ethnicity: Asian", "detectable": 0.17}
        | {"changed_starts": 0.01 if factor == "describer" else 0.2}
        for name, factor, judge, verdict, passed, confirmed in unplanted
    ]
    made = (
        pd.DataFrame(cells, columns=list(RECOVERY)).assign(note=""),
        pd.DataFrame(null, columns=list(NULL_WORLD)).assign(ci_low=0.01, ci_high=0.1, note=""),
        pd.DataFrame(columns=list(KNOWN_ERROR)),
        pd.DataFrame(blame, columns=list(BLAME)),
        pd.DataFrame(columns=list(LONG_LOOP)),
    )
    yes_or_no = ("passed", "confirmed")
    return tuple(one.astype({name: "boolean" for name in yes_or_no if name in one}) for one in made)


def verdicts(**changes) -> pd.DataFrame:
    return verdicts_table(*tables(**changes)).set_index("check")


def test_checks_pass_at_their_bars_and_not_beyond():
    table = verdicts()
    row = table.loc["planted shares inside the corrected interval"]
    assert (row["count"], row["n"], row["value"], bool(row["passed"])) == (94, 100, 0.94, True)
    assert bool(table.loc["studies without drift that claim any", "passed"])
    assert table.loc[RIGHT, ["count", "n"]].to_list() == [8, 8]
    assert bool(table.loc["arrangements of arms", "passed"])
    bad = verdicts(covered=92, claims=6, wrong=1)
    for check in (
        "planted shares inside the corrected interval",
        "studies without drift that claim any",
        RIGHT,
    ):
        assert not bool(bad.loc[check, "passed"]), check
    # One wrong factor makes its whole arrangement wrong.
    assert bad.loc[RIGHT, "count"] == 7


def test_the_judge_divides_the_factors_without_planted_effects():
    table = verdicts()
    assert table.loc[[SILENT, SEEN, CONFIRMED], ["count", "n"]].to_numpy().tolist() == [[2, 2], [1, 1], [1, 1]]
    assert table.loc[[SILENT, SEEN, CONFIRMED], "passed"].all()
    assert table.loc[SILENT, "note"].startswith("in 1 of them")


@pytest.mark.parametrize(
    ("row", "failed"),
    [
        (("null", "generator", SAME, "blamed", False, None), {SILENT, SEEN}),
        # A blame that the judge leaves undecided is no excuse either.
        (("null", "generator", UNDECIDED, "blamed", None, True), {SEEN}),
        (("null", "generator", DIFFERS, "blamed", None, False), {CONFIRMED}),
        (("null", "generator", DIFFERS, "not blamed", None, None), set()),
    ],
)
def test_a_blame_without_the_judges_support_fails(row, failed):
    table = verdicts(unplanted=(*UNPLANTED, row))
    assert {check for check in (SILENT, SEEN, CONFIRMED, RIGHT) if not table.loc[check, "passed"]} == failed


def test_sentences_name_the_judges_groups():
    made = tables()
    names = ("recovery", "null", "errors", "blame", "long")
    by_name = {f"validation_{name}": table for name, table in zip(names, made, strict=True)}
    by_name["validation_verdicts"] = verdicts_table(*made)
    text = " ".join(validation_sentences(by_name, {"a": (100, 1)})["Whom the bench blames"])
    assert "difference 1 (1 blamed); no difference 2 (0 blamed); undecided 1 (0 blamed)" in text
    assert "if it affects 17 % of the starts of a label" in text
    assert (
        "real: generator is blamed without a planted effect. The judge finds: difference (fear, ethnicity: Asian: "
        in text
    )
    assert "10 points, adjusted p-value < 0.001); confirmed in the other replicates." in text


def test_a_blame_after_the_exchange_is_no_failed_planted_effect():
    blame = tables()[3]
    own = blame[(blame["kind"] == EXCHANGED) & (blame["factor"] == "describer")].head(1)
    own = own.assign(planted=0.0, expected="not blamed", passed=pd.array([False], dtype="boolean"))
    names = ("recovery", "null", "errors", "blame", "long")
    by_name = {f"validation_{name}": table for name, table in zip(names, tables(), strict=True)}
    by_name["validation_blame"] = pd.concat([blame.drop(own.index), own])
    by_name["validation_verdicts"] = verdicts_table(*(by_name[f"validation_{name}"] for name in names))
    sentences = validation_sentences(by_name, {"a": (100, 1)})["Whom the bench blames"]
    assert "Planted effects: the verdicts are the expected ones in 8 of 8 arrangements." in sentences
    assert "Levels exchanged: the verdicts are the expected ones in 7 of 8 arrangements." in sentences
    (failed,) = [text for text in sentences if "should be" in text]
    assert failed.startswith("Levels exchanged, number 0: describer is blamed, and should be not blamed")


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
    failed = [text for text in outcome if text.startswith(f"Not passed: {RIGHT}")]
    assert len(failed) == bool(wrong)
    assert (
        f"Planted effects: the verdicts are the expected ones in {count} arrangements."
        in sentences["Whom the bench blames"]
    )
    text = validation_markdown("validation", sentences, by_name)
    assert text.startswith("# Validation\n")
    assert f"| {RIGHT} |" in text
    assert "nan" not in text.lower()
