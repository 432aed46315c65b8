"""The data dictionary: it has every table and every column, and the appendix on tables is written from it."""

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from project_copies import ROOT

from broken_telephone import tables as checked
from broken_telephone.comparison.pairing import PAIRING
from broken_telephone.counterfactuals.checking import COUNTERFACTUALS
from broken_telephone.exporting import described_tables
from broken_telephone.exporting.appendix import appendix
from broken_telephone.planning.resources import RESOURCES
from broken_telephone.statistics.tables import (
    agreement_table,
    arms,
    attractors,
    contrasts,
    corrected_drift,
    corrected_shares,
    decomposition,
    diversity,
    effects,
    findings,
    interim_looks,
    intersections,
    latent_classes,
    missing_answers,
    plan_table,
    planned_table,
    predicted_shares,
    published,
    ratings_needed,
    reliability,
    share_bounds,
    shares_table,
    similarity_curves,
    success_differences,
    trajectories,
)
from broken_telephone.validation.blame import BLAME
from broken_telephone.validation.judge_readings import READINGS
from broken_telephone.validation.known_error import KNOWN_ERROR
from broken_telephone.validation.long_loop import LONG_LOOP
from broken_telephone.validation.null_world import NULL_WORLD
from broken_telephone.validation.recovery import RECOVERY
from broken_telephone.validation.verdicts import VERDICTS

COLUMNS = {
    "captions": checked.CAPTIONS,
    "import_defects": checked.DEFECTS,
    "imported_answers": checked.IMPORTED_ANSWERS,
    "dataset_defects": checked.DEFECTS,
    "chains": checked.CHAINS,
    "loop_descriptions": checked.DESCRIPTIONS,
    "last_descriptions": checked.DESCRIPTIONS,
    "loop_steering": checked.STEERING,
    "annotations": checked.ANNOTATIONS,
    "annotation_probabilities": checked.PROBABILITIES,
    "predictions": checked.PREDICTIONS,
    "mentions": checked.MENTIONS,
    "similarities": checked.SIMILARITIES,
    "faces": checked.FACES,
    "explained_words": checked.WORDS,
    "activations": checked.ACTIVATIONS,
    "occlusions": checked.OCCLUSIONS,
    "counterfactuals": COUNTERFACTUALS,
    "agreement": agreement_table.AGREEMENT,
    "agreement_confusions": agreement_table.CONFUSIONS,
    "similarity_curves": similarity_curves.CURVES,
    "diversity": diversity.DIVERSITY,
    "diversity_changes": diversity.DIVERSITY_CHANGES,
    "attractors": attractors.ATTRACTORS,
    "plan_sizes": plan_table.PLAN,
    "plan_resources": RESOURCES,
    "planned_changes": planned_table.PLANNED_CHANGES,
    "interim_looks": interim_looks.LOOKS,
    "shares": shares_table.SHARES_TABLE,
    "findings": findings.FINDINGS,
    "decomposition": decomposition.DECOMPOSITION,
    "corrected_shares": corrected_shares.CORRECTED,
    "latent_classes": latent_classes.LATENT,
    "ratings_needed": ratings_needed.RATINGS_NEEDED,
    "reliability": reliability.RELIABILITY,
    "trajectories": trajectories.TRAJECTORIES,
    "predicted_shares": predicted_shares.PREDICTED_SHARES,
    "published_drift": published.PUBLISHED_DRIFT,
    "share_bounds": share_bounds.SHARE_BOUNDS,
    "pairing": PAIRING,
    "contrasts": contrasts.CONTRASTS,
    "effects": effects.EFFECTS,
    "arms": arms.ARMS,
    "judge_readings": READINGS,
    "validation_recovery": RECOVERY,
    "validation_null": NULL_WORLD,
    "validation_errors": KNOWN_ERROR,
    "validation_blame": BLAME,
    "validation_long": LONG_LOOP,
    "validation_verdicts": VERDICTS,
}
ADJUSTED = {
    "corrected_drift": corrected_drift.CORRECTED_DRIFT,
    "annotator_bias": corrected_drift.BIAS_TESTS,
    "intersection_changes": intersections.INTERSECTIONS,
    "missing_answers": missing_answers.MISSING_ANSWERS,
    "success_differences": success_differences.SUCCESS_DIFFERENCES,
    "success_changes": success_differences.SUCCESS_CHANGES,
}
LEDGERS = {"original_files", "loop_pictures"}


@pytest.mark.parametrize("name", COLUMNS)
def test_the_columns_of_the_code_are_described_in_their_order(name):
    assert tuple(described_tables()[name].columns) == tuple(COLUMNS[name])


@pytest.mark.parametrize("name", ADJUSTED)
def test_adjusted_p_values_follow_the_raw_ones(name):
    columns = list(ADJUSTED[name])
    columns.insert(columns.index("p_value") + 1, "p_adjusted")
    assert list(described_tables()[name].columns) == columns


@pytest.mark.parametrize("name", ADJUSTED)
def test_the_columns_of_tested_tables_have_types(name):
    frame = checked.as_result(pd.DataFrame(columns=list(ADJUSTED[name])))
    assert frame["p_value"].dtype == "Float64"


def test_every_table_of_the_catalog_is_described_and_no_other():
    text = (ROOT / "conf/base/catalog.yml").read_text(encoding="utf-8")
    entries = yaml.safe_load(re.sub(r"\$\{[^}]*\}", "x", text))
    tables = {
        name
        for name, entry in entries.items()
        if not name.startswith("_") and re.search(r"Parquet|CSV|Ratings", str((entry or {}).get("type", "")))
    }
    assert len(tables) > 70
    assert tables - LEDGERS == set(described_tables())


def test_every_column_has_a_meaning_and_every_number_a_unit():
    for table in described_tables().values():
        assert table.content
        for column in table.columns.values():
            assert column.meaning, f"{table.name}.{column.name}"
            if checked._RESULTS.get(column.name) in ("number", "integer") and not table.is_private:
                assert column.unit, f"{table.name}.{column.name}"


def test_what_names_somebody_is_never_described_otherwise():
    kinds = {"chain_id": "chain", "image_id": "image", "person_id": "person", "image_path": "file", "rater": "rater"}
    for table in described_tables().values():
        for column in table.columns.values():
            if column.name in kinds:
                assert column.names == kinds[column.name], f"{table.name}.{column.name}"
    private = {table.name for table in described_tables().values() if table.is_private}
    assert {"people", "people_votes", "captions", "dataset_defects", "import_defects"} <= private
    page = (ROOT / "docs/exporting.md").read_text(encoding="utf-8")
    assert not [name for name in private if f"`{name}`" not in page]


def test_the_appendix_is_written_from_the_dictionary():
    page = Path(ROOT / "docs/appendix_tables.md")
    assert page.read_text(encoding="utf-8") == appendix(), (
        "run: python -m broken_telephone.exporting.appendix docs/appendix_tables.md"
    )


def test_pages_and_sections_that_explain_tables_exist():
    for table in described_tables().values():
        name, _, section = table.page.partition("#")
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        headings = {
            re.sub(r"[^\w\- ]", "", line).lower().replace(" ", "-") for line in re.findall(r"^#+ (.*)$", text, re.M)
        }
        assert not section or section in headings, table.page
