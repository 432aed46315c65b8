"""Nodes of the validation pipeline.

The judge is imported inside its node, because it brings torch along.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from broken_telephone.comparison import Studies, finished_studies
from broken_telephone.datasets import StageStore
from broken_telephone.errors import StudyError
from broken_telephone.grid import GridArm, GridSettings, arms_of
from broken_telephone.pipelines.validation.planted import check_worlds, planted_shares, world_of
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.page.validation_page import validation_page
from broken_telephone.reporting.text.validation import validation_markdown, validation_sentences
from broken_telephone.tables import as_result, with_plain_numbers
from broken_telephone.validation import (
    LONG,
    ValidatedArm,
    ValidationSettings,
    blame_table,
    chains_and_instruments,
    judge_readings,
    known_error_table,
    long_loop_table,
    null_table,
    recovery_table,
    validated_arm,
    verdicts_table,
)
from broken_telephone.validation.long_loop import LONG_LOOP

Arms = Mapping[str, ValidatedArm]
_JUDGED = (64, 64)
"""Width and height of the pictures that the judge of the miniature was trained on, in pixels."""
ENDS = ("attractors", "diversity_changes")
"""Results of the long loop's study that the page shows as well."""


def open_validated(
    stores: Mapping[str, StageStore], grid: GridSettings, study: str, validation: ValidationSettings
) -> Studies:
    """Open the arms of the grid and the long loop, and refuse those that have not finished."""
    names = {arm.name: arm.study for arm in arms_of(grid, study)}
    if validation.long_loop is not None:
        names[LONG] = validation.long_loop
    return finished_studies(stores, names)


def read_drawn_images(studies: Studies, judge: Path, settings: ReportSettings) -> pd.DataFrame:
    """Let the judge of the miniature read all drawn images.

    Raises:
        StudyError: if an image is missing.
    """
    from broken_telephone.miniature.checks.planted import own_categories
    from broken_telephone.miniature.training.judge import load_judge

    _, instruments = chains_and_instruments(studies, settings.reading, settings.annotator)
    attributes = next(iter(instruments.values())).attributes
    table, missing = judge_readings(studies, load_judge(judge), own_categories(attributes), _JUDGED)
    if missing:
        raise StudyError(
            f"The judge cannot read {missing} drawn images, because they are missing or broken. The validation needs "
            "all images: run `kedro grid --env validation` again, without loop.keep"
        )
    return table


def arrange_arms(
    studies: Studies,
    readings: pd.DataFrame,
    grid: GridSettings,
    study: str,
    validation: ValidationSettings,
    settings: ReportSettings,
    worlds: dict[str, Any],
) -> Arms:
    """Arrange the answers of the annotator, the readings of the judge and the planted truth.

    Raises:
        StudyError: if a generator has no world, or an attribute to validate is unknown.
    """
    from broken_telephone.miniature.checks.planted import own_categories

    levels = {arm.name: arm for arm in arms_of(grid, study)}
    check_worlds(list(levels.values()), validation, worlds)
    chains, instruments = chains_and_instruments(studies, settings.reading, settings.annotator)
    arms = {}
    for name, one in studies.items():
        # The long loop has the models of the reference.
        arm: GridArm = levels.get(name, next(iter(levels.values())))
        world = world_of(arm, validation, worlds)
        known = list(own_categories(instruments[name].attributes))
        if unknown := [attribute for attribute in validation.attributes if attribute not in known]:
            raise StudyError(f"validation.attributes: {unknown[0]!r} is none of {', '.join(known)}")
        attributes = [attribute for attribute in known if attribute in (validation.attributes or known)]
        texts = one.results.loop_descriptions
        planted, expected = planted_shares(texts, chains[name], one.iterations, world, attributes)
        arms[name] = validated_arm(
            one,
            arm.levels,
            chains[name],
            instruments[name],
            settings.reading,
            readings[readings["arm"] == name],
            planted,
            expected,
        )
    return arms


def measure_recovery(arms: Arms, validation: ValidationSettings) -> pd.DataFrame:
    """Compare planted with measured shares."""
    return as_result(recovery_table(_of_grid(arms), validation.rated_per_cell, validation.seed))


def count_invented_drift(arms: Arms, validation: ValidationSettings) -> pd.DataFrame:
    """Count claims where no association was planted."""
    own = _of_grid(arms)
    return as_result(null_table(own, validation.null_studies, validation.rated_per_cell, validation.seed))


def add_known_errors(arms: Arms, validation: ValidationSettings) -> pd.DataFrame:
    """Correct an annotator with known errors."""
    settings = (validation.errors, validation.error_studies, validation.rated_per_cell, validation.seed)
    return as_result(known_error_table(_of_grid(arms), *settings))


def blame_levels(arms: Arms, validation: ValidationSettings) -> pd.DataFrame:
    """Find out whom the bench blames in every arrangement of the arms."""
    return as_result(blame_table(_of_grid(arms), validation.seed))


def predict_long_loop(arms: Arms, settings: ReportSettings) -> pd.DataFrame:
    """Compare predictions with the end of the long loop; an empty table without one."""
    if LONG not in arms:
        return as_result(pd.DataFrame(columns=list(LONG_LOOP)))
    return as_result(long_loop_table(arms[LONG], settings.resampling))


def sum_up(
    recovery: pd.DataFrame, null_world: pd.DataFrame, known_error: pd.DataFrame, blame: pd.DataFrame, long: pd.DataFrame
) -> pd.DataFrame:
    """Sum up all checks in one table."""
    plain = (with_plain_numbers(table) for table in (recovery, null_world, known_error, blame, long))
    return as_result(verdicts_table(*plain))


def write_validation(study: str, studies: Studies, grid: GridSettings, **tables: pd.DataFrame) -> tuple[str, str]:
    """Write the page, and the same as Markdown for the docs."""
    plain = {name: with_plain_numbers(table) for name, table in tables.items()}
    if LONG in studies:
        results = studies[LONG].results
        ends = {name: getattr(results, name) for name in ENDS}
        plain |= {name: with_plain_numbers(table) for name, table in ends.items() if table is not None}
    arms = arms_of(grid, study)
    chains = {name: (len(one.chains), one.iterations) for name, one in studies.items()}
    sentences = validation_sentences(plain, chains)
    page = validation_page(study, {arm.name: arm.study for arm in arms}, sentences, plain)
    return page, validation_markdown(study, sentences, plain)


def _of_grid(arms: Arms) -> list[ValidatedArm]:
    return [arm for name, arm in arms.items() if name != LONG]
