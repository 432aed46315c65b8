"""What the report says about endpoints: outcomes by label, costs, seeds."""

import pandas as pd

from broken_telephone.models.endpoints.costs import Costs, total
from broken_telephone.reporting.text.limits import limits
from broken_telephone.reporting.text.requests import kinds_of_failures, request_sentences

MANIFEST = {
    "counts": {"images": 40, "failures": 5, "cut": None},
    "ended_early": {"refused picture": {"anger": 3, "sadness": 1}, "empty description": {"fear": 1}},
    "costs": {
        "describe": {"requests": 50, "retries": 1, "seconds": 3.5},
        "draw": {"requests": 1, "refusals": 4, "input_tokens": 1, "output_tokens": 99, "revised": 7},
    },
    "sessions": [{"resolved": {"draw": {"seed": "heeded"}}}, {"resolved": {"draw": {"seed": None}}}],
}


def test_outcomes_are_counted_by_kind_and_label():
    assert kinds_of_failures(MANIFEST) == "refused picture (4: anger 3 and sadness 1); empty description (1: fear 1)"
    assert kinds_of_failures({"counts": {}}) == ""


def test_costs_and_seeds_are_told_once():
    assert request_sentences({"loop_manifest": MANIFEST}) == [
        "The describer's server: 50 requests, 1 of them repeated, 0 refusals.",
        "The generator's server: 1 request, 0 of them repeated, 4 refusals, 7 texts rewritten by the server, "
        "1 token of input, 99 tokens of output.",
        "The generator's server does not heed seeds. Its images cannot be drawn again, and chains of one seed in other "
        "studies share their start only, not their noise.",
    ]
    seeded = {**MANIFEST, "sessions": MANIFEST["sessions"][:1]}
    assert len(request_sentences({"loop_manifest": seeded})) == 2
    unchecked = {**MANIFEST, "sessions": [{"resolved": {"draw": {"seed": "not checked"}}}]}
    assert "it is unknown whether its images can be drawn again" in request_sentences({"loop_manifest": unchecked})[2]
    asked = {"free": {"by": "some-vlm", "reading": "free", "costs": {"requests": 2}}, "last": {"by": "other"}}
    assert request_sentences({"annotation_manifest": {"asked": asked}}) == [
        "The server of some-vlm (free): 2 requests, 0 of them repeated, 0 refusals."
    ]


def test_the_limits_of_a_study_without_endpoints_say_nothing_of_servers():
    plain = {"counts": {"images": 40, "failures": 0, "cut": 2}, "sessions": [{"resolved": {"draw": {"dtype": "x"}}}]}
    by_topic = limits(pd.DataFrame({"n": []}), {}, {"loop_manifest": plain})
    assert "Requests to servers" not in by_topic
    assert by_topic["Failures"] == ["Loop: 40 images drawn, 0 failures, 2 descriptions truncated by the generator."]


def test_an_unknown_number_of_truncated_texts_is_not_called_zero():
    by_topic = limits(pd.DataFrame({"n": []}), {}, {"loop_manifest": MANIFEST})
    assert by_topic["Failures"] == [
        "Loop: 40 images drawn, 5 failures, how many descriptions the generator truncated is unknown.",
        "Loop, why chains ended early: refused picture (4: anger 3 and sadness 1); empty description (1: fear 1). "
        "Later iterations are without these chains.",
    ]
    assert len(by_topic["Requests to servers"]) == 3


def test_counters_add_up_and_start_anew():
    costs = Costs()
    for _ in range(3):
        costs.add("requests")
    costs.add("seconds", 0.25)
    assert costs.take() == {"requests": 3, "seconds": 0.25}
    assert costs.take() == {}
    assert total([{"requests": 1}, {}, {"requests": 2, "retries": 1}]) == {"requests": 3, "retries": 1}
