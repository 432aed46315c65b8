"""The summary says what tests and power allow, in exact words, and plainly that there is nothing where there is."""

import numpy as np
import pandas as pd
import pytest
from small_study import small_study

from broken_telephone.reporting.text.annotator_error import bias_sentences, correction_sentences
from broken_telephone.reporting.text.summary import summary
from broken_telephone.reporting.text.verdicts import FALL, NOT_ENOUGH_DATA, NOT_SIGNIFICANT, RISE
from broken_telephone.reporting.text.wording import interval, listed, percent, points
from broken_telephone.statistics import ALL, findings_table, success_comparisons

CELL = {"start": "image", "label": "happiness", "attribute": "gender", "category": "female"}


def drift(value=0.21, low=0.17, high=0.25, p=0.001, **other) -> dict:
    row = CELL | {"since": 0, "iteration": 3, "measure": "share difference", "value": value, "ci_low": low}
    return row | {"ci_high": high, "p_value": p, "n": 60, "clusters": 60, "note": ""} | other


def share(iteration, value, **other) -> dict:
    row = CELL | {"iteration": iteration, "annotator": "judge (free)", "n": 60, "clusters": 60, "share": value}
    return row | {"ci_low": value - 0.05, "ci_high": value + 0.05} | other


def power(is_detectable=True, **other) -> dict:
    row = CELL | {"since": 0, "iteration": 3, "n": 60, "note": ""}
    able = {"effective_n": 60.0 if is_detectable else 5.0, "share_changing": 0.3, "maximum_possible_change": 0.59}
    return row | able | {"smallest_p_value": 1e-9} | other


def parts(published, instrument, low, high, moved=0.21) -> pd.DataFrame:
    rows = [("published comparison", published), ("instrument effect", instrument), ("drift", moved)]
    ends = {"iteration": 3, "ci_low": low, "ci_high": high, "n": 60, "clusters": 60, "note": ""}
    return pd.DataFrame([CELL | ends | {"part": part, "value": value} for part, value in rows])


def what_changed(rows, shares=(), powers=None, **tables) -> list[str]:
    given = {"drift": pd.DataFrame(rows), "shares": pd.DataFrame([share(0, 0.59), share(3, 0.80), *shares])}
    given["power"] = pd.DataFrame([power()] if powers is None else powers)
    given["findings"] = findings_table(**given, corrected_drift=tables.pop("corrected_drift", None))
    return summary({**given, **tables})["What changed"]


def test_a_change_is_told_with_its_interval_and_with_what_the_published_comparison_makes_of_it():
    assert what_changed([drift()], decomposition=parts(0.25, 0.04, 0.01, 0.07))[0] == (
        "After 3 iterations, the share shown as female for happiness rose by 21 points (95 % interval 17 to 25), "
        "according to an annotator that no rating checks on drawn images. It was 59 % before and 80 % after (60 "
        "chains). Against the data set's labels, as in the published study, the "
        "result would be a rise of 25 points. The annotator's own error accounts for 4 points of it (95 % interval 1 "
        "to 7)."
    )


def test_a_change_that_is_shrunken_to_the_end_of_its_interval_is_a_bound():
    findings = findings_table(pd.DataFrame([drift()]), pd.DataFrame([power()]))
    shrunken = findings.assign(shrunken_value=findings["ci_low"])
    bound = "rose by 21 points (95 % interval 17 to 25; corrected for selection at least 17 points)"
    for table, words in ((findings, "rose by 21 points (95 % interval 17 to 25)"), (shrunken, bound)):
        shares = pd.DataFrame([share(0, 0.59), share(3, 0.80)])
        assert words in summary({"findings": table, "shares": shares})["What changed"][0]


@pytest.mark.parametrize(
    ("published", "instrument", "low", "high", "words"),
    [
        (
            0.25,
            0.04,
            -0.01,
            0.09,
            "4 points, 95 % interval \N{MINUS SIGN}1 to 9) in it is not distinguishable from zero.",
        ),
        (
            0.21,
            0.0,
            -0.02,
            0.02,
            "No annotator error is detectable on the originals (95 % interval \N{MINUS SIGN}2 to 2).",
        ),
        (
            0.17,
            -0.04,
            -0.07,
            -0.01,
            "a rise of 17 points. The annotator's own error (\N{MINUS SIGN}4 points, 95 % interval \N{MINUS SIGN}7 to",
        ),
        (
            -0.09,
            -0.30,
            -0.4,
            -0.2,
            "a fall of 9 points. The annotator's own error (\N{MINUS SIGN}30 points, 95 % interval \N{MINUS SIGN}40",
        ),
        (
            0.0,
            -0.21,
            -0.3,
            -0.1,
            "no change. The annotator's own error (\N{MINUS SIGN}21 points, 95 % interval ",
        ),
    ],
)
def test_the_annotators_error_adds_to_hides_or_turns_round_the_drift(published, instrument, low, high, words):
    assert words in what_changed([drift()], decomposition=parts(published, instrument, low, high))[0]


def corrected_row(value=0.12, low=0.05, high=0.19, p=0.004, **other) -> dict:
    row = CELL | {"since": 0, "iteration": 3, "method": "human ratings", "value": value, "ci_low": low, "ci_high": high}
    return row | {"p_value": p, "n": 60, "n_checked": 40, "clusters": 20, "note": ""} | other


def test_where_people_rated_drawn_images_the_corrected_change_is_told_and_the_annotators_beside_it():
    rows = pd.DataFrame([corrected_row()])
    assert what_changed([drift()], decomposition=parts(0.25, 0.04, 0.01, 0.07), corrected_drift=rows)[0] == (
        "After 3 iterations, the share shown as female for happiness rose by 12 points (95 % interval 5 to 19; "
        "corrected for selection 11 points), corrected with 40 rated images. The annotator's answers alone show a rise "
        "of 21 points."
    )


def test_too_few_ratings_correct_nothing_and_the_sentence_says_so():
    rows = pd.DataFrame([corrected_row(np.nan, np.nan, np.nan, np.nan, note="no rating", n_checked=10)])
    assert (
        "rose by 21 points (95 % interval 17 to 25), according to the annotator's answers, because too few images "
        "are checked to correct them. It was 59 %"
    ) in what_changed([drift()], corrected_drift=rows)[0]


@pytest.mark.parametrize(
    ("row", "verdict", "reason"),
    [
        (corrected_row(), RISE, ""),
        (corrected_row(-0.12, -0.19, -0.05), FALL, ""),
        (corrected_row(0.02, -0.1, 0.14, 0.7), NOT_SIGNIFICANT, ""),
        (
            corrected_row(0.02, -0.4, 0.44, 0.9),
            NOT_ENOUGH_DATA,
            "too few ratings to detect any change after adjustment for all tests",
        ),
        (corrected_row(np.nan, np.nan, np.nan, np.nan, note="no rating"), RISE, ""),
        (corrected_row(label="sadness"), RISE, ""),
    ],
)
def test_the_verdict_is_that_of_the_corrected_change_where_there_is_one(row, verdict, reason):
    powers = pd.DataFrame([power(maximum_possible_change=0.41)])
    judged = findings_table(pd.DataFrame([drift()]), powers, corrected_drift=pd.DataFrame([row])).iloc[0]
    assert (judged["verdict"], judged["reason"]) == (verdict, reason)
    is_corrected = row["label"] == "happiness" and not np.isnan(row["value"])
    assert judged["method"] == ("human ratings" if is_corrected else "annotator")
    assert judged["value"] == (row["value"] if is_corrected else 0.21)
    assert judged["annotator_value"] == 0.21


def test_it_is_told_whether_ratings_contradict_the_annotator():
    row = {"start": "image", "label": ALL, "attribute": "skin_tone", "since": 0, "iteration": 3, "p_value": 0.001}
    row |= {"p_adjusted": 0.002, "n_checked": 280, "value": 14.0, "method": "human ratings", "note": ""}
    rows = [row, row | {"attribute": "age", "p_adjusted": 0.4}, row | {"label": "fear"}, row | {"iteration": 2}]
    assert bias_sentences(pd.DataFrame(rows), 0.05) == [
        "Human ratings contradict the annotator's drift of skin tone in chains from images (joint test, adjusted p = "
        "0.002, 280 rated images).",
        "Human ratings do not contradict the annotator's drift of age in chains from images (joint test, adjusted p = "
        "0.4, 280 rated images).",
    ]
    unchecked = "No rating checks the annotator's drift: whether it errs differently on drawn images is unknown."
    assert bias_sentences(pd.DataFrame(), 0.05) == [unchecked]
    assert bias_sentences(pd.DataFrame([row | {"n_checked": 0}]), 0.05) == [unchecked]
    few = row | {"p_value": np.nan, "p_adjusted": np.nan, "n_checked": 9, "note": "no rating at iteration 0 or 3"}
    assert bias_sentences(pd.DataFrame([few]), 0.05) == [
        "Human ratings do not suffice to test the annotator's drift of skin tone in chains from images (9 rated "
        "images: no rating at iteration 0 or 3)."
    ]


def test_a_reference_annotator_that_corrects_the_headline_also_tests_the_annotator():
    row = {"start": "image", "label": "fear", "attribute": "age", "since": 0, "iteration": 3, "p_value": 0.001}
    row |= {"p_adjusted": 0.002, "n_checked": 280, "value": 14.0, "method": "big (free)", "note": ""}
    assert bias_sentences(pd.DataFrame([row]), 0.05) == [
        "The answers of big (free) contradict the annotator's drift of age in chains from images (joint test, adjusted "
        "p = 0.002, 280 images).",
        "Nobody rated drawn images, so errors that both annotators share remain unknown.",
    ]
    judged = findings_table(
        pd.DataFrame([drift()]),
        pd.DataFrame([power()]),
        corrected_drift=pd.DataFrame([corrected_row(0.02, -0.6, 0.64, 0.9, method="big (free)", clusters=3)]),
    ).iloc[0]
    assert judged["reason"] == "too few answers of big (free) to detect any change after adjustment for all tests"
    tables = {"findings": pd.DataFrame([judged]), "annotator_bias": pd.DataFrame([row])}
    assert "No rating checks the annotator's drift" not in all_sentences(tables)


def test_falls_prompts_and_replicates_are_told_as_they_are():
    row = drift(-0.21, -0.25, -0.17, start="prompt", since=1, n=120, clusters=60)
    shares = [share(1, 0.80, start="prompt"), share(3, 0.59, start="prompt")]
    assert what_changed([row], shares, [power(start="prompt", since=1)])[0] == (
        "From image 1 to image 3, the share shown as female for happiness fell by 21 points (95 % interval 17 to 25), "
        "according to an annotator that no rating checks on drawn images. It was 80 % before and 59 % after (120 "
        "chains from 60 starts)."
    )


def test_shares_of_other_pictures_than_those_compared_are_not_given():
    sentence = what_changed([drift(0.30, 0.2, 0.4)])[0]
    assert "rose by 30 points" in sentence
    assert "; corrected for selection 29 points" in sentence
    assert "59 %" not in sentence
    assert "uses the 60 chains that have an answer in both images" in sentence


@pytest.mark.parametrize(
    ("row", "can", "verdict"),
    [
        (drift(), True, RISE),
        (drift(-0.21, -0.25, -0.17), True, FALL),
        (drift(p=0.2), True, NOT_SIGNIFICANT),
        (drift(p=0.2), False, NOT_ENOUGH_DATA),
        (drift(p=0.2), None, NOT_SIGNIFICANT),
        (drift(p=0.2, clusters=5), None, NOT_ENOUGH_DATA),
        (drift(), False, RISE),
        (drift(), None, RISE),
        (drift(low=-0.01), True, NOT_ENOUGH_DATA),
        (drift(p=np.nan), True, NOT_ENOUGH_DATA),
        (drift(value=np.nan, low=np.nan, high=np.nan), True, NOT_ENOUGH_DATA),
        (drift(low=np.nan, high=np.nan), True, RISE),
    ],
)
def test_the_verdict_is_by_the_adjusted_test_the_interval_and_power(row, can, verdict):
    powers = pd.DataFrame([] if can is None else [power(can)])
    assert list(findings_table(pd.DataFrame([row]), powers)["verdict"]) == [verdict]


def test_categoricals_meet_plain_text():
    rows, powers = (pd.DataFrame([row]).astype(dict.fromkeys(CELL, "category")) for row in (drift(), power()))
    assert list(findings_table(rows, powers)["verdict"]) == [RISE]


def test_sure_changes_come_first_and_mirrors_are_told_once():
    rows = [
        drift(0.5, 0.02, 0.98, label="fear"),
        drift(0.3, 0.25, 0.35, label="anger"),
        drift(-0.3, -0.35, -0.25, label="anger", category="male"),
        drift(0.1, 0.05, 0.15, label=ALL),
    ]
    sentences = what_changed(rows, powers=[])
    assert [word for s in sentences[:3] for word in ("anger", "fear", "all labels") if word in s] == [
        "anger",
        "all labels",
        "fear",
    ]
    assert "shown as female" in sentences[0]
    assert sentences[3].startswith("Tests and intervals are adjusted for all comparisons")
    assert sentences[4].startswith("4 shares compared (each category, for each label and over all labels): rose: 3; ")
    many = [drift(label=f"label {k}") for k in range(9)]
    assert "3 more pairs of label and attribute changed significantly" in what_changed(many)[6]


def test_a_study_that_drifts_is_summed_up():
    topics = summary(small_study().tables)
    first = topics["What changed"][0]
    assert first.startswith("After 3 iterations, in chains from images, the share shown as female for happiness ")
    assert "too few independent starts" in " ".join(topics["Statistical power"])
    assert "not enough data to tell" in " ".join(topics["Convergence"])
    assert "This agreement on originals is reliable" in " ".join(topics["Reliability of the annotator"])


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"iterations": 1, "starts": ("prompt",)}, "No chain has two images to compare"),
        ({"iterations": 1}, "There is only one step, so convergence cannot be assessed"),
        ({"iterations": 1}, "12 more shares cannot be compared: each chain has a single image."),
        ({"labels": ("happiness",)}, "All chains have the same label, happiness, so labels cannot be compared."),
        ({"status": "invalid"}, "No image has a valid answer by the annotator"),
        ({"count": 0}, "No image has a valid answer by the annotator"),
        ({"stated": False}, "the annotator's own error in it, cannot be computed."),
        ({"stated": False}, "The annotator's reliability is unknown."),
        ({"count": 4}, "24 of 24 shares have too few independent starts"),
        ({"count": 4}, "There is not enough data to tell whether any share changed."),
    ],
)
def test_where_there_is_nothing_to_compare_it_says_so(how, words):
    assert words in all_sentences(small_study(**{"count": 12} | how).tables)


def all_sentences(tables) -> str:
    return " ".join(sentence for sentences in summary(tables).values() for sentence in sentences)


def test_without_any_table_it_says_so():
    assert summary({})["What changed"][0].startswith("No image has a valid answer")


@pytest.mark.parametrize("gone", ["shares", "decomposition", "trajectories", "power", "agreement_sentences"])
def test_no_null_ever_stands_in_a_sentence(gone):
    tables = small_study(count=16).tables
    nulled = {name: table.copy() for name, table in tables.items()}
    for table in nulled.values():
        for column in {"ci_low", "ci_high"} & set(table):
            table[column] = np.nan
    for given in ({**tables, gone: pd.DataFrame()}, {**nulled, gone: tables[gone].iloc[:0]}):
        text = all_sentences(given)
        assert not {"nan", "None", "NaN", "<NA>"} & set(text.replace("(", " ").replace(")", " ").split())


def corrected(method, value, methods_agree) -> dict:
    ends = {"ci_low": value - 0.05, "ci_high": value + 0.05}
    return CELL | {"iteration": 3, "method": method, "value": value, "methods_agree": methods_agree} | ends


def test_corrections_agree_disagree_or_are_alone():
    both = [corrected("confusion", 0.75, True), corrected("human ratings", 0.73, True)]
    assert correction_sentences(pd.DataFrame(both))[0].endswith(
        "1 share. For half of them, a difference below 7 points is not significant. Ratings do not contradict the "
        "assumption for any share, which does not prove it."
    )
    apart = [corrected("confusion", 0.75, False), corrected("human ratings", 0.5, False)]
    sentence = correction_sentences(pd.DataFrame(apart).astype({"methods_agree": "boolean"}))[0]
    assert "1 share differs significantly: the share" in sentence
    assert (
        "in image 3 of chains from images is 75 % with the confusion matrix of the originals "
        "(95 % interval 70 to 80 %) but" in sentence
    )
    assert "No rating of drawn images checks this assumption" in correction_sentences(pd.DataFrame(both[:1]))[0]
    assert "with human ratings of a sample" in correction_sentences(pd.DataFrame(both[1:]))[0]
    alone = [one | {"methods_agree": pd.NA} for one in both]
    assert "For no share do enough ratings check" in correction_sentences(pd.DataFrame(alone))[0]


def trajectory(kind, value, low=np.nan, high=np.nan, note="", **other) -> dict:
    row = CELL | {"kind": kind, "value": value, "ci_low": low, "ci_high": high, "note": note, "iteration": np.nan}
    return row | {"to_category": None, "n": 60, "clusters": 60} | other


def test_what_changed_has_settled_or_moves_on_to_where_its_steps_lead():
    steps = [
        trajectory("last step", 0.08, 0.02, 0.14, "moving", iteration=3),
        trajectory("last step", 0.5, 0.4, 0.6, "moving", iteration=3, label="anger"),
        trajectory("fixed point", 0.92, 0.85, 0.99),
        trajectory("half-life", 2.0, 1.0, 3.0, category=None),
        trajectory("predicted", 0.79, iteration=3),
    ]
    given = {"drift": pd.DataFrame([drift()]), "shares": pd.DataFrame([share(0, 0.59), share(3, 0.80)])}
    given |= {"power": pd.DataFrame([power()])}
    given |= {"trajectories": pd.DataFrame(steps), "findings": findings_table(**given)}
    first, second, margin, third = summary(given, margin=0.07)["Convergence"]
    assert "an equivalence test shows that its last change is below 7 points" in margin
    assert first.startswith("In the last step (image 2 to image 3) of 2 shares: settled: 0; still moving: 2; ")
    # Anger moves, too, but no change of it since the first image is significant.
    assert second.endswith(": 0. Still moving: female for happiness (+8 points, 95 % interval 2 to 14).")
    assert third == (
        "These extrapolations assume that all further steps are like the observed ones. The share shown as female for "
        "happiness would end at 92 % (95 % interval 85 to 99 %), starting from the 80 % of image 3. The half-life of "
        "all shares of gender together, from image 0 on, is 2.0 iterations (95 % interval 1.0 to 3.0)."
    )
    steps[-1]["value"] = 0.3
    given["trajectories"] = pd.DataFrame(steps)
    last = summary(given)["Convergence"][-1]
    assert "Do not rely on this: such steps predict 30 % for image 3, but 80 % (95 % interval 75" in last


def test_numbers_in_words():
    assert [points(x) for x in (0.21, 0.01, -0.01, 0.004, 0.0, -1e-9)] == [
        "21 points",
        "1 point",
        "\N{MINUS SIGN}1 point",
        "0.4 points",
        "0 points",
        "0 points",
    ]
    assert [percent(x) for x in (0, 0.004, 0.5, 0.996, 1, 1 - 1e-12)] == [
        "0 %",
        "0.4 %",
        "50 %",
        "99.6 %",
        "100 %",
        "100 %",
    ]
    assert interval(np.nan, 0.1) == "no interval"
    assert [listed(list("abcd")[:k], 2) for k in range(5)] == ["", "a", "a and b", "a, b and 1 more", "a, b and 2 more"]


def success(attribute="age", category="4-19", iteration=0, value=0.9, n=30, **other) -> dict:
    where = {"start": "image", "label": ALL, "attribute": attribute, "category": category, "iteration": iteration}
    ends = {"ci_low": value / 2, "ci_high": 2 * value, "p_value": None, "p_adjusted": None, "n": n, "note": ""}
    return where | {"kind": "rate", "value": value} | ends | other


def named(rows, **other) -> list[str]:
    topics = summary({"success": pd.DataFrame(rows).astype({"start": "category", "label": "category"})}, **other)
    return topics["Does the describer still name the label?"]


RATES = [
    *(success(category="4-19", iteration=k, value=value) for k, value in ((0, 0.9), (3, 0.7))),
    *(success(category="20-39", iteration=k, value=value, n=10) for k, value in ((0, 0.8), (3, 0.3))),
    success(attribute="gender", category="male", value=0.1, n=20),
    success(label="happiness", value=0.01),
    success(kind="change", value=-0.2),
]


def test_it_is_told_how_often_the_label_is_named():
    assert named(RATES) == [
        "In chains from images, the describer names the correct label, and no other, in 88 % of 40 originals and in "
        "60 % of 40 images of iteration 3. These are the images with a description and a valid answer about age.",
        "A label is no longer named if the image has lost it or if the describer misses it.",
    ]


def test_naming_is_told_of_a_single_label_and_of_originals_alone():
    one = [row for row in RATES if row["label"] == "happiness"]
    assert named(one)[0].startswith(
        "In chains from images, the describer names the correct label, and no other, in 1 % of 30 originals. "
    )
    assert named([success(n=0)])[0].startswith("No image of chains from images has")
    assert "Does the describer still name the label?" not in summary({})


def test_differences_in_success_are_claimed_only_if_all_comparisons_of_the_study_allow_it():
    where = {"start": "image", "label": ALL, "attribute": "age", "category": "4-19", "reference": "20-39"}
    row = where | {"iteration": 3, "method": "annotator", "value": -0.2, "ci_low": -0.34, "ci_high": -0.06}
    row |= {"p_value": 0.005, "p_adjusted": 0.01, "rate": 0.5, "reference_rate": 0.7, "n": 400, "n_checked": 0}
    differences = pd.DataFrame([row | {"clusters": 400, "note": ""}])
    sentences = []
    for others in (0, 40):
        changes = pd.DataFrame([drift(0.01, -0.1, 0.1, 0.9, label=f"label {k}") for k in range(others)])
        families = {"success": success_comparisons(differences, pd.DataFrame())}
        judged = findings_table(changes, pd.DataFrame(), families=families)
        topics = summary({"success": pd.DataFrame(RATES), "success_differences": differences, "findings": judged})
        sentences.append(topics["Does the describer still name the label?"])
    assert "the success rate for 4-19 (age) is 20 points below that for 20-39 (age)" in sentences[0][2]
    assert "; corrected for selection 17 points" in sentences[0][2]
    assert "no category of the last image differs significantly" in sentences[1][2]
    untested = differences.assign(p_value=np.nan, p_adjusted=np.nan, ci_low=np.nan, ci_high=np.nan, note="one start")
    families = {"success": success_comparisons(untested, pd.DataFrame())}
    judged = findings_table(pd.DataFrame([drift(0.01, -0.1, 0.1, 0.9)]), pd.DataFrame(), families=families)
    topics = summary({"success": pd.DataFrame(RATES), "success_differences": untested, "findings": judged})
    assert "nan" not in " ".join(topics["Does the describer still name the label?"])
