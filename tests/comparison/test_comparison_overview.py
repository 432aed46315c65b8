"""The first screen of a comparison: its numbers are counted in the tables, and its answers follow the verdicts."""

import re
from functools import cache

import pandas as pd
import pytest
from finished_studies import study
from test_comparison_page import Compared, drifting, with_ratings

from broken_telephone.comparison import ComparisonSettings, differing_settings
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
        "two and one differ significantly in none of 1 share with enough data."
    )


@pytest.mark.parametrize("is_rated", [True, False])
def test_certainty_rests_on_ratings_or_on_the_annotator_alone(is_rated):
    stores = {"one": study(200), "two": study(200, becoming_female=0.5)}
    if is_rated:
        stores = {name: with_ratings(store, 1) for name, store in stores.items()}
    rated = Compared(ComparisonSettings(arms={"one": "a", "two": "b"}, shown_chains=0), **stores)
    text = answers(overview_of(rated, "one"))["How sure is it?"]
    assert ("Human ratings correct 6 of 6 differences of shares." in text) == is_rated
    assert ("no ratings correct them" in text) != is_rated
    assert "200 chains with the same start and seed as in the reference" in text


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
