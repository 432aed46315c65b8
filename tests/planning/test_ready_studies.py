"""The ready studies have as many starts as the planner asks for, and the pages state their sizes."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from read_raw import read

from broken_telephone.ingestion import ChainSettings, sample_chains
from broken_telephone.labels import PHASE, RAF
from broken_telephone.planning.assumptions import ASSUMED_ERROR, assumed_from_people
from broken_telephone.statistics.tables.plan_table import CELL, plan_table

ROOT = Path(__file__).parents[2]
STUDIES = {"base": (RAF, ("age", "gender", "ethnicity")), "miniature_activity": (PHASE, ("age", "gender", "skin_tone"))}


def from_files(study: str, scheme) -> tuple[ChainSettings, pd.DataFrame, pd.DataFrame]:
    """Settings of the chains, the people of the shipped data set, and the chains."""
    own = yaml.safe_load((ROOT / "conf" / study / "parameters.yml").read_text(encoding="utf-8"))
    people = read(own["dataset"]["source"], ROOT / own["data_root"]).people
    settings = ChainSettings.model_validate({"seed": 1, **own["chains"]})
    return settings, people, sample_chains(people, settings, scheme).chains


@pytest.mark.parametrize("study", STUDIES)
def test_the_starts_are_enough_for_what_was_planted(study):
    scheme, attributes = STUDIES[study]
    worlds = yaml.safe_load((ROOT / "conf/base/parameters_miniature.yml").read_text(encoding="utf-8"))
    planted = worlds["miniature"]["worlds"]["planted"]["associations"]
    settings, people, chains = from_files(study, scheme)
    starts = chains.query("start == 'image'").groupby("label", observed=True).size()
    starts.index = starts.index.astype(str)
    asked = {name: scheme.attributes[name].values for name in attributes}
    assumed = assumed_from_people(people, settings.concept, list(starts.index), asked, list(asked))
    nothing = pd.DataFrame(columns=[*CELL, "category"])
    errors = pd.Series(ASSUMED_ERROR, index=list(asked))
    own = [association for association in planted if association["given"] in starts]
    assert len(own) == 2
    for association in own:
        # Each category is equally frequent in the shipped data.
        change = association["share"] - 1 / len(asked[association["attribute"]])
        sizes = plan_table(assumed, nothing, starts, change, 0.8, 0.1, errors).set_index(CELL)
        row = sizes.loc[(association["given"], association["attribute"])]
        assert row["starts_needed"] <= row["starts"], association


@pytest.mark.parametrize("page", ["README.md", "docs/quick_start.md"])
def test_pages_state_the_size_of_the_first_study(page):
    _, _, chains = from_files("base", RAF)
    iterations = yaml.safe_load((ROOT / "conf/base/parameters.yml").read_text(encoding="utf-8"))["loop"]["iterations"]
    assert iterations == 1
    assert f"{len(chains)} chains" in (ROOT / page).read_text(encoding="utf-8")
