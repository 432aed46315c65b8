"""Nodes of the comparison pipeline that compute the tables."""

from collections.abc import Mapping

import pandas as pd

from broken_telephone.comparison import (
    ComparisonSettings,
    Pairing,
    Studies,
    arrange_arms,
    compared_rows,
    costs_of,
    finished_studies,
    pair_studies,
)
from broken_telephone.datasets import StageStore
from broken_telephone.errors import StudyError
from broken_telephone.progress import with_progress
from broken_telephone.rating import RatingSettings
from broken_telephone.reporting import ReportSettings
from broken_telephone.statistics.outcomes import Arm
from broken_telephone.statistics.tables.arms import arms_table
from broken_telephone.statistics.tables.contrasts import contrasts_table
from broken_telephone.statistics.tables.effect_verdicts import EFFECTS
from broken_telephone.statistics.tables.effects import effects_table
from broken_telephone.tables import as_result


def open_studies(stores: Mapping[str, StageStore], comparison: ComparisonSettings) -> Studies:
    """Open the studies of the comparison, and refuse those that have not finished."""
    return finished_studies(stores, comparison.arms)


def check_pairing(
    studies: Studies, comparison: ComparisonSettings, settings: ReportSettings
) -> tuple[pd.DataFrame, Pairing]:
    """Check what pairs between the studies."""
    pairing = pair_studies(
        studies, comparison.reference_arm, settings.reading, settings.annotator, comparison.exchanged
    )
    return as_result(pairing.table), pairing


def arrange_outcomes(
    studies: Studies, study_pairing: Pairing, settings: ReportSettings, rating: RatingSettings
) -> tuple[list[Arm], pd.DataFrame]:
    """Arrange the outcomes of all studies, and sum up their costs."""
    return arrange_arms(studies, study_pairing, settings.reading, rating.sampler), costs_of(studies)


def contrast_arms(
    compared_arms: list[Arm], study_pairing: Pairing, comparison: ComparisonSettings, settings: ReportSettings
) -> pd.DataFrame:
    """Compare each arm with the reference, in the images that all studies keep."""
    table = contrasts_table(
        compared_arms,
        comparison.reference_arm,
        study_pairing.paired,
        with_progress("Comparing arms"),
        settings.equivalence_margin,
    )
    return as_result(compared_rows(table, study_pairing.images))


def split_effects(compared_arms: list[Arm], study_pairing: Pairing, comparison: ComparisonSettings) -> pd.DataFrame:
    """Split the differences of the arms among the factors that make them; an empty table without factors.

    Raises:
        StudyError: if the chains of an arm do not pair, because effects are differences within chains.
    """
    if not comparison.factors:
        return as_result(pd.DataFrame(columns=list(EFFECTS)))
    if unpaired := [arm for arm, is_paired in study_pairing.paired.items() if not is_paired]:
        raise StudyError(
            f"comparison.factors: effects are differences within chains, and the chains of {', '.join(unpaired)} do "
            f"not pair with those of {comparison.reference_arm} (other seeds, replicates or starts). Leave "
            "`factors` out, or run these studies with the same chains"
        )
    others = [arm for arm in comparison.arms if arm != comparison.reference_arm]
    factors = pd.DataFrame.from_dict(comparison.factors, orient="index")
    ordered = factors.loc[[comparison.reference_arm, *others]]
    return as_result(effects_table(compared_arms, ordered, with_progress("Splitting effects")))


def sum_up_arms(
    compared_arms: list[Arm],
    study_pairing: Pairing,
    contrasts: pd.DataFrame,
    arm_costs: pd.DataFrame,
    comparison: ComparisonSettings,
) -> pd.DataFrame:
    """Sum up each arm in one row: drift left, success and similarity kept, cost, harm."""
    return as_result(arms_table(compared_arms, comparison.reference_arm, contrasts, arm_costs, study_pairing.paired))
