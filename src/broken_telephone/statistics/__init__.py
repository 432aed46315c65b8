"""Pure statistics: tables in, tables out."""

from broken_telephone.statistics.estimates.agreement import cohens_kappa, confusion, krippendorff_alpha
from broken_telephone.statistics.estimates.annotator_error import Ratings, corrected_table
from broken_telephone.statistics.estimates.distances import middle_years
from broken_telephone.statistics.estimates.estimate import Estimate, spread
from broken_telephone.statistics.estimates.panel import ABSENT, Panel, clusters_of, first_picture, label_groups, panels
from broken_telephone.statistics.estimates.shares import category_shares
from broken_telephone.statistics.estimates.similarity import Vectors, similarities
from broken_telephone.statistics.estimates.transitions import trajectories_table
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import adjusted
from broken_telephone.statistics.hypothesis_tests.power import power_table
from broken_telephone.statistics.hypothesis_tests.unpaired_tests import unpaired_table
from broken_telephone.statistics.tables.agreement_table import agreement_table, confusion_table
from broken_telephone.statistics.tables.baseline import ALL, MISSING, baseline_shares
from broken_telephone.statistics.tables.decomposition import decomposition_table
from broken_telephone.statistics.tables.drift_table import Resampling, drift_table
from broken_telephone.statistics.tables.published import published_drift
from broken_telephone.statistics.tables.shares_table import shares_table
from broken_telephone.statistics.tables.similarity_curves import similarity_curves
from broken_telephone.statistics.tables.success import success_table

__all__ = [
    "ABSENT",
    "ALL",
    "MISSING",
    "Estimate",
    "Panel",
    "Ratings",
    "Resampling",
    "Vectors",
    "adjusted",
    "agreement_table",
    "baseline_shares",
    "category_shares",
    "clusters_of",
    "cohens_kappa",
    "confusion",
    "confusion_table",
    "corrected_table",
    "decomposition_table",
    "drift_table",
    "first_picture",
    "krippendorff_alpha",
    "label_groups",
    "middle_years",
    "panels",
    "power_table",
    "published_drift",
    "shares_table",
    "similarities",
    "similarity_curves",
    "spread",
    "success_table",
    "trajectories_table",
    "unpaired_table",
]
