"""Findings are counted by certainty, the headline says what it rests on, and definitions are one sentence."""

import numpy as np
import pandas as pd
import pytest
from test_first_screen import AT_LOOKS, ROW, findings, of_findings

from broken_telephone.reporting.first_screen.basis import headline_basis, mixed_basis
from broken_telephone.reporting.first_screen.verdict_line import grades
from broken_telephone.reporting.page.explorer import explorer_changes
from broken_telephone.reporting.text.planned_verdicts import with_planned_verdicts
from broken_telephone.reporting.text.summary import summary
from broken_telephone.reporting.text.verdicts import of_family
from broken_telephone.statistics.tables.planned_table import NOT_SHOWN

CLEAR = {"ci_low": 0.3, "ci_high": 0.54}
ALMOST = {"ci_low": 0.2, "ci_high": 0.64}
"""Its nearer limit is just below half of the change."""
WEAK = {"ci_low": 0.01, "ci_high": 0.83}
NO_INTERVAL = {"ci_low": np.nan, "ci_high": np.nan}
QUIET = {"verdict": "no significant change"}


def labelled(*rows) -> pd.DataFrame:
    """One label for each row, so that each significant one is a finding."""
    return findings(*(row | {"label": f"label {number}"} for number, row in enumerate(rows)))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([CLEAR, WEAK, WEAK], "3 findings: 1 clear, 2 weak (the interval reaches below half of the change)"),
        ([CLEAR, CLEAR, ALMOST, WEAK], "4 findings: 2 clear, 2 weak (the interval reaches below half of the change)"),
        ([CLEAR], "1 finding, clear"),
        ([WEAK], "1 finding, weak (the interval reaches below half of the change)"),
        ([ALMOST, WEAK], "2 findings, all weak (the interval reaches below half of the change)"),
        ([NO_INTERVAL], "1 finding, without an interval"),
        (
            [WEAK, WEAK, NO_INTERVAL],
            "3 findings: 2 weak (the interval reaches below half of the change), 1 without an interval",
        ),
        ([QUIET], ""),
        ([], ""),
    ],
)
def test_findings_are_counted_by_their_certainty(rows, words):
    assert grades(labelled(*rows, QUIET)) == words


def test_both_genders_of_a_label_are_one_finding_with_the_certainty_of_the_surest():
    table = findings(CLEAR, {"category": "male", "verdict": "fall", "value": -0.42, "ci_low": -0.83, "ci_high": -0.01})
    assert grades(table) == "1 finding, clear"


RATED = {"method": "human ratings", "n_checked": 60}
OTHER = {"method": "large model", "n_checked": 60}
FEW = {"n_checked": 3}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{}, RATED | QUIET], "as labelled by an annotator that nobody checked on drawn images"),
        ([FEW, FEW], "as labelled by an annotator, too little checked to be corrected"),
        ([RATED, RATED], "corrected with ratings by people"),
        ([OTHER], "corrected with the answers of another annotator, whose own errors are unknown"),
        ([QUIET], ""),
    ],
)
def test_the_headline_says_what_it_rests_on(rows, words):
    table = labelled(*rows)
    assert headline_basis(table) == words
    assert mixed_basis(table) == ""


def test_findings_that_rest_on_different_things_are_counted():
    table = labelled(RATED | {"ci_low": 0.4}, OTHER, {}, {}, FEW)
    assert mixed_basis(table) == (
        "Of these, 1 is corrected with ratings by people, 1 is corrected with another annotator's answers, 1 is "
        "not corrected, because too few images are checked and 2 are not checked on drawn images."
    )
    # The headline is the surest finding.
    assert headline_basis(table) == "corrected with ratings by people"


def test_chain_image_and_annotator_are_defined_for_the_kind_of_start():
    image = of_findings(findings({"iteration": 1})).definition
    assert image == (
        "In a chain, the describer puts an original into words and the generator draws image 1 from them. "
        "The label is that of the original; the annotator says how people appear."
    )
    assert "from them, and so on until image 3. " in of_findings(findings({})).definition
    prompt = {"start": "prompt", "since": 1}
    alone = of_findings(findings(prompt)).definition
    assert alone.startswith("In a chain, the generator draws image 1 from a prompt and the describer")
    both = of_findings(findings({}, prompt)).definition
    assert both.startswith("In a chain, the describer puts an original into words")
    assert both.endswith("Chains from prompts begin with a text instead.")
    for sentence in (image, alone, both):
        assert max(len(part.split()) for part in sentence.split(". ")) <= 30


def test_the_question_names_the_attributes_in_a_sentence():
    asked = of_findings(findings({}, {"attribute": "age", "category": "20-39"})).question
    assert asked.startswith("Question: does people's appearance (gender and age) change while one model describes ")
    many = of_findings(findings(*({"attribute": f"attribute {number}"} for number in range(6)))).question
    nothing = of_findings(findings().head(0)).question
    assert nothing.startswith("Question: does people's appearance change while")
    assert max(len(sentence.split()) for sentence in (asked, many, nothing)) <= 30


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        ("rise", "rose: 1; fell: 0; no significant change: 1; not enough data to tell: 0."),
        ("smaller than planned", "rose: 0; fell: 0; no significant change: 2; not enough data to tell: 0."),
        (NOT_SHOWN, "rose: 0; fell: 0; no significant change: 1; not enough data to tell: 1."),
    ],
)
def test_the_summary_counts_a_planned_change_by_the_answer_of_its_interim_looks(answer, counts):
    at_looks = {"verdict": "not enough data to tell", "reason": AT_LOOKS, "is_planned": True}
    table = findings(at_looks | {"shrunken_value": 0.42}, QUIET | {"category": "male", "value": 0.01})
    if answer != "rise":
        # No test by which a smaller change could have been detected.
        table["minimum_detectable_change"] = np.nan
    spans = ["start", "label", "attribute", "category", "since", "iteration"]
    look = {"value": 0.2, "ci_low": 0.1, "ci_high": 0.3, "n": 50, "clusters": 40, "answer": answer, "note": ""}
    planned = pd.DataFrame([{name: ROW[name] for name in spans} | look])
    power = pd.DataFrame([{name: ROW[name] for name in spans}])
    given = {"findings": table, "planned_changes": planned, "power": power}
    sentences = summary(given)["What changed"]
    assert any(sentence.endswith(counts) for sentence in sentences)
    # The looks choose their tests before the results, so no correction for selection follows the change.
    named = [sentence for sentence in sentences if "rose by 20 points (95 % interval 10 to 30), " in sentence]
    assert len(named) == (answer == "rise")
    judged = with_planned_verdicts(of_family(table), planned)
    *_, change, verdict = explorer_changes(judged)["image"]["anger"]["gender"]["female"]
    assert change == "+20 (10 to 30)"
    expected = {"rise": "rise", NOT_SHOWN: "not enough data to tell"}
    assert verdict == expected.get(answer, "no significant change")
    assert "nan" not in " ".join(sentence for topic in summary(given).values() for sentence in topic)
