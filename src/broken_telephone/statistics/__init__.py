"""Statistics as pure functions of arrays and tables: estimates, hypothesis tests, and the tables made of them."""

from broken_telephone.statistics.estimates.bootstrap import Estimate, Resampling, bootstrap_interval
from broken_telephone.statistics.estimates.crossed_panels import CROSS, crossed_panels
from broken_telephone.statistics.estimates.distances import age_midpoints
from broken_telephone.statistics.estimates.panel import (
    ABSENT,
    ALL,
    Panel,
    clusters_of,
    first_picture,
    label_groups,
    panels,
)
from broken_telephone.statistics.estimates.shares import category_shares
from broken_telephone.statistics.estimates.similarity import Vectors, similarities
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import benjamini_hochberg, with_adjusted_p_values
from broken_telephone.statistics.outcomes import Arm, Outcome
from broken_telephone.statistics.tables.agreement_by_kind import agreement_by_kind
from broken_telephone.statistics.tables.agreement_table import agreement_table, confusion_table
from broken_telephone.statistics.tables.arms import arms_table
from broken_telephone.statistics.tables.attractors import attractors_table
from broken_telephone.statistics.tables.baseline import MISSING, baseline_shares
from broken_telephone.statistics.tables.contrasts import contrasts_table
from broken_telephone.statistics.tables.corrected_drift import bias_table, corrected_drift_table
from broken_telephone.statistics.tables.corrected_shares import Ratings, corrected_table
from broken_telephone.statistics.tables.correction_order import leading_first
from broken_telephone.statistics.tables.decomposition import decomposition_table
from broken_telephone.statistics.tables.diversity import diversity_tables
from broken_telephone.statistics.tables.drift_table import drift_table
from broken_telephone.statistics.tables.effects import effects_table
from broken_telephone.statistics.tables.findings import findings_table
from broken_telephone.statistics.tables.group_table import Map
from broken_telephone.statistics.tables.interim_looks import interim_looks_table, look_sizes
from broken_telephone.statistics.tables.intersections import intersections_table
from broken_telephone.statistics.tables.latent_classes import latent_class_tables
from broken_telephone.statistics.tables.markov_tests import markov_tests_table
from broken_telephone.statistics.tables.mentions import mention_shares
from broken_telephone.statistics.tables.missing_answers import answer_kinds, missing_answers_table, missing_changes
from broken_telephone.statistics.tables.plan_table import assumed_from_pilot, plan_table
from broken_telephone.statistics.tables.planned_table import planned_table
from broken_telephone.statistics.tables.power_table import power_table
from broken_telephone.statistics.tables.predicted_shares import predicted_shares_table
from broken_telephone.statistics.tables.published import published_drift
from broken_telephone.statistics.tables.ratings_needed import ratings_needed_table
from broken_telephone.statistics.tables.reliability import reliability_table
from broken_telephone.statistics.tables.share_bounds import share_bounds_table
from broken_telephone.statistics.tables.shares_table import shares_table
from broken_telephone.statistics.tables.similarity_curves import similarity_curves
from broken_telephone.statistics.tables.start_tests import start_tests_table
from broken_telephone.statistics.tables.success import success_table
from broken_telephone.statistics.tables.success_differences import (
    success_changes_table,
    success_comparisons,
    success_differences_table,
    success_findings,
)
from broken_telephone.statistics.tables.trajectories import trajectories_table

__all__ = [
    "ABSENT",
    "ALL",
    "CROSS",
    "MISSING",
    "Arm",
    "Estimate",
    "Map",
    "Outcome",
    "Panel",
    "Ratings",
    "Resampling",
    "Vectors",
    "age_midpoints",
    "agreement_by_kind",
    "agreement_table",
    "answer_kinds",
    "arms_table",
    "assumed_from_pilot",
    "attractors_table",
    "baseline_shares",
    "benjamini_hochberg",
    "bias_table",
    "bootstrap_interval",
    "category_shares",
    "clusters_of",
    "confusion_table",
    "contrasts_table",
    "corrected_drift_table",
    "corrected_table",
    "crossed_panels",
    "decomposition_table",
    "diversity_tables",
    "drift_table",
    "effects_table",
    "findings_table",
    "first_picture",
    "interim_looks_table",
    "intersections_table",
    "label_groups",
    "latent_class_tables",
    "leading_first",
    "look_sizes",
    "markov_tests_table",
    "mention_shares",
    "missing_answers_table",
    "missing_changes",
    "panels",
    "plan_table",
    "planned_table",
    "power_table",
    "predicted_shares_table",
    "published_drift",
    "ratings_needed_table",
    "reliability_table",
    "share_bounds_table",
    "shares_table",
    "similarities",
    "similarity_curves",
    "start_tests_table",
    "success_changes_table",
    "success_comparisons",
    "success_differences_table",
    "success_findings",
    "success_table",
    "trajectories_table",
    "with_adjusted_p_values",
]
