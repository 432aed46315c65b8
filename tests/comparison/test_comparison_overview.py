"""The first screen of a comparison: its numbers are counted in the tables, and its answers follow the verdicts."""

import re
from functools import cache

import pandas as pd
import pytest
from finished_studies import study
from test_comparison_page import Compared, drifting, with_ratings

from broken_telephone.comparison import ComparisonSettings, differing_settings
from broken_telephone.reporting.page.comparison_page import comparison_page
from broken_telephone.reporting.text.comparison_overview import Overview, comparison_overview


def overview_of(compared: Compared, reference: str = "plain", **changed: pd.DataFrame) -> Overview:
    settings = differing_settings({arm: one.settings for arm, one in compared.studies.items()})
    return comparison_overview(compared.tables | changed, settings, reference, 0.05)


def answers(overview: Overview) -> dict[str, str]:
    return {answer.question: " ".join(answer.sentences) for answer in overview.answers}


def shares_of(compared: Compared) -> pd.DataFrame:
    rows = compared.tables["contrasts"]
    return rows[(rows["family"] == "shares") & (rows["iteration"] == rows["iteration"].max())]


@cache
def crossed() -> Compared:
    """Four studies of a generator and a prompt, of which the generator alone makes a difference."""
    levels = {"a": ("shipped", "short"), "b": ("shipped", "long"), "c": ("guided", "short"), "d": ("guided", "long")}
    factors = {arm: {"generator": one, "prompt": other} for arm, (one, other) in levels.items()}
    arms = {arm: f"study_{arm}" for arm in levels}
    stores = {arm: study(120, becoming_female=0.6 * (one == "guided")) for arm, (one, _) in levels.items()}
    return Compared(ComparisonSettings(arms=arms, factors=factors, shown_chains=0), **stores)


def test_the_headline_and_the_table_count_the_shares_that_differ():
    shares = shares_of(drifting())
    number = int(shares["verdict"].isin(["higher", "lower"]).sum())
    overview = overview_of(drifting())
    assert number == len(shares) == 6
    assert overview.headline == "shifted and plain differ significantly in 6 of 6 shares."
    reference, other = overview.studies
    assert (reference.name, reference.is_reference, reference.left) == ("plain", True, "100 %")
    assert (other.name, other.differences) == ("shifted", "6 of 6")
    arms = drifting().tables["arms"].set_index("arm")
    assert other.drift == f"{100 * arms.loc['shifted', 'drift']:.0f} points"
    assert other.verdict == arms.loc["shifted", "verdict"]


def test_the_largest_difference_is_named_as_measured_and_corrected_for_selection():
    shares = shares_of(drifting())
    changed = shares.assign(shrunken_value=shares["value"] / 2)
    text = answers(overview_of(drifting(), contrasts=changed))["What differs?"]
    largest = shares.loc[shares["value"].abs().idxmax()]
    size = 100 * abs(largest["value"])
    assert re.match(
        rf"female for {largest['label']}: \+{size:.0f} points \(95 % interval \d+ to \d+; corrected for selection "
        rf"\+{size / 2:.0f}\)\.",
        text,
    ), text
    # The fall of men is the rise of women: one of both is named.
    assert "male for" not in text.replace("female for", "")


def test_one_setting_that_differs_is_named_with_its_values_and_several_are_not_told_apart():
    text = answers(overview_of(drifting()))["Which factor is to blame?"]
    assert text.startswith("One setting of the loop differs, generator.guidance: 1.0 in plain, 1.5 in shifted.")
    settings = pd.DataFrame({"setting": ["one", "two"], "plain": ["1", "2"], "shifted": ["2", "3"]})
    text = answers(comparison_overview(drifting().tables, settings, "plain", 0.05))["Which factor is to blame?"]
    assert text.startswith("2 settings of the loop differ: one and two. The data cannot tell")


def test_a_blamed_factor_is_the_headline():
    overview = overview_of(crossed(), "a")
    assert overview.headline == "Generator is to blame for the differences between the studies."
    text = answers(overview)["Which factor is to blame?"]
    assert re.match(r"Generator: blamed, \d+ % of the differences \(\d+ to \d+ %\)\. ", text), text
    assert re.search(r"Prompt: not blamed, ", text), text
    assert len(overview.studies) == 4
    differences = answers(overview)["What differs?"]
    assert differences.startswith(("c: ", "d: "))
    none = overview_of(crossed(), "a", effects=crossed().tables["effects"].assign(verdict="not blamed"))
    assert none.headline == "2 of 3 studies differ significantly from a in who is shown."
    # Of starts whose chains tell nothing, no factor is blamed.
    elsewhere = crossed().tables["effects"].astype({"start": object}).assign(start="prompt")
    assert overview_of(crossed(), "a", effects=elsewhere).headline == none.headline


def test_what_is_open_is_counted_with_its_reason():
    small = Compared(ComparisonSettings(arms={"one": "a", "two": "b"}, shown_chains=0), one=study(4), two=study(4))
    counts = shares_of(small)["verdict"].value_counts()
    text = answers(overview_of(small, "one"))["What cannot be told?"]
    assert counts["not enough data to tell"] == 6
    assert text.startswith("6 of 6 shares: not enough data to tell.")
    assert f"Most frequent reason: {shares_of(small)['reason'].iloc[0]}." in text
    unknown = "There is not enough data to tell whether two and one differ in any share."
    assert overview_of(small, "one").headline == unknown
    rows = small.tables["contrasts"].astype({"verdict": object})
    none = overview_of(small, "one", contrasts=rows.head(0))
    assert none.headline == "No share was compared."
    is_first = rows.index == shares_of(small).index[0]
    some = rows.assign(verdict=rows["verdict"].where(~is_first, "no significant difference"))
    assert overview_of(small, "one", contrasts=some).headline == (
        "two and one do not differ significantly in the only share with enough data."
    )
    higher = rows.assign(verdict=rows["verdict"].where(~is_first, "higher"))
    assert overview_of(small, "one", contrasts=higher).headline == (
        "two and one differ significantly in the only share with enough data."
    )
    alone = higher.loc[[shares_of(small).index[0]]]
    assert overview_of(small, "one", contrasts=alone).headline == (
        "two and one differ significantly in the only share."
    )
    others = pd.concat([rows, rows.assign(arm="three")])
    assert overview_of(small, "one", contrasts=others).headline == (
        "There is not enough data to tell whether any of 2 studies and one differ in any share."
    )


@pytest.mark.parametrize(
    ("part_rated", "says"),
    [
        (1, "Human ratings correct 6 of 6 differences of shares."),
        # The raters saw one image after the original in each study.
        (200, "too few ratings exist to correct them (at most 2 rated images for a difference)."),
        (0, "The annotator's answers alone say who is shown; no ratings correct them."),
    ],
)
def test_certainty_rests_on_ratings_or_on_the_annotator_alone(part_rated, says):
    stores = {"one": study(200), "two": study(200, becoming_female=0.5)}
    if part_rated:
        stores = {name: with_ratings(store, part_rated) for name, store in stores.items()}
    rated = Compared(ComparisonSettings(arms={"one": "a", "two": "b"}, shown_chains=0), **stores)
    text = answers(overview_of(rated, "one"))["How sure is it?"]
    assert text.endswith(says)
    is_corrected = shares_of(rated)["method"].str.endswith("human ratings")
    assert is_corrected.all() == (part_rated == 1)
    assert "200 chains with the same start and seed as in the reference" in text


def test_all_tests_and_the_fewest_pairs_are_counted():
    stores = {"a": study(60), "b": study(60, becoming_female=0.5), "c": study(40), "d": study(60, study_seed=2)}
    compared = Compared(ComparisonSettings(arms={arm: arm for arm in stores}, shown_chains=0), **stores)
    contrasts = compared.tables["contrasts"]
    # Every test of the last image of every study counts, whatever its verdict, and none of an earlier image.
    tests = int((contrasts["p_adjusted"].notna()).sum())
    assert 0 < tests < contrasts["p_value"].notna().sum()
    text = answers(overview_of(compared, "a"))["How sure is it?"]
    assert f"All {tests} tests are adjusted together." in text
    # c has 40 of the 60 starts, so that all are compared in these; d has other seeds.
    assert "Chains are paired: at least 40 chains of each study with the same start and seed" in text
    assert "Compared without pairs: d." in text
    one = contrasts[contrasts["p_adjusted"].notna()].head(1)
    assert "The page rests on 1 test." in answers(overview_of(compared, "a", contrasts=one))["How sure is it?"]


def test_one_study_of_several_that_differs_is_counted_as_one():
    contrasts = crossed().tables["contrasts"].astype({"verdict": object})
    is_share_of_c = (contrasts["arm"] == "c") & (contrasts["family"] == "shares")
    effects = crossed().tables["effects"].head(0)

    def headline(where: pd.Series) -> str:
        changed = contrasts.assign(verdict=contrasts["verdict"].where(where, "no significant difference"))
        return overview_of(crossed(), "a", contrasts=changed, effects=effects).headline

    assert headline(is_share_of_c) == "1 of 3 studies differs significantly from a in who is shown."
    # Differences in other families are none in who is shown.
    is_other = contrasts["family"] != "shares"
    assert headline(is_other) == "None of 3 studies differ significantly from a in who is shown."


@pytest.mark.parametrize(("nearest", "says"), [(0.5, "is clear: the nearer"), (0.01, "is not clear: the nearer")])
def test_a_single_difference_is_graded_in_the_singular(nearest, says):
    shares = shares_of(drifting()).astype({"verdict": object})
    is_first = shares.index == shares.index[shares["value"] > 0][0]
    shares["verdict"] = shares["verdict"].where(is_first, "no significant difference")
    shares["ci_low"] = shares["ci_low"].where(~is_first, nearest * shares["value"])
    text = answers(overview_of(drifting(), contrasts=shares))["How sure is it?"]
    assert text.startswith(f"The significant difference of shares {says}")


def test_a_difference_of_one_point_is_one_point():
    shares = shares_of(drifting())
    changed = shares.assign(value=shares["value"].gt(0) * 0.02 - 0.01, shrunken_value=0.005)
    assert "1 point (95 % interval" in answers(overview_of(drifting(), contrasts=changed))["What differs?"]


def test_a_range_of_ages_stays_on_one_line_and_is_copied_as_it_is():
    shares = shares_of(drifting()).astype(dict.fromkeys(("attribute", "category"), object))
    aged = shares.assign(attribute="age", category=shares["category"].map({"female": "40-69", "male": "20-39"}))
    overview = overview_of(drifting(), contrasts=aged)
    assert "40-69 (age)" in answers(overview)["What differs?"]
    empty = pd.DataFrame(columns=["setting", "plain", "shifted"])
    studies = {"plain": "a", "shifted": "b"}
    page = comparison_page("x", studies, "plain", overview, {}, empty, {}, [], 0, {})
    assert re.search(r'<li dir="auto"><span class="range">40-69</span> \(age\) for ', page)
    assert re.search(r"\.range \{ white-space: nowrap; \}", page)


@pytest.mark.parametrize("has_enough", [True, False])
def test_chains_from_prompts_have_lines_of_their_own_if_they_tell_anything(has_enough):
    tables = drifting().tables
    contrasts, arms = (tables[name].astype({"start": object}) for name in ("contrasts", "arms"))
    prompts = contrasts.assign(start="prompt")
    if not has_enough:
        prompts = prompts.assign(clusters=prompts["clusters"].where(prompts["label"] == "(all)", 1))
    both = {"contrasts": pd.concat([contrasts, prompts]), "arms": pd.concat([arms, arms.assign(start="prompt")])}
    overview = overview_of(drifting(), **both)
    names = [line.name for line in overview.studies]
    if has_enough:
        kinds = ("images", "prompts")
        assert names == [f"{arm} (chains from {kind})" for kind in kinds for arm in ("plain", "shifted")]
    else:
        assert names == ["plain", "shifted"]
        assert overview.headline.endswith("in 6 of 6 shares.")
    note = "Chains from prompts: each label has a single start."
    assert (note in answers(overview)["What cannot be told?"]) != has_enough
    assert overview.left_out_starts == ({} if has_enough else {"prompt": "each label has a single start"})
