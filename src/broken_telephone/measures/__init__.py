"""Pure statistics: tables in, tables out."""

from broken_telephone.measures.agreement import cohens_kappa, confusion, krippendorff_alpha
from broken_telephone.measures.agreement_table import agreement_table, confusion_table
from broken_telephone.measures.baseline import ALL, MISSING, baseline_shares
from broken_telephone.measures.correction import Ratings, corrected_table
from broken_telephone.measures.decomposition import decomposition_table
from broken_telephone.measures.distances import middle_years
from broken_telephone.measures.drift_table import Resampling, drift_table
from broken_telephone.measures.estimate import Estimate, spread
from broken_telephone.measures.families import adjusted
from broken_telephone.measures.panel import ABSENT, Panel, clusters_of, first_picture, label_groups, panels
from broken_telephone.measures.power import power_table
from broken_telephone.measures.published import published_drift
from broken_telephone.measures.shares import category_shares
from broken_telephone.measures.shares_table import shares_table
from broken_telephone.measures.similarity import Vectors, similarities
from broken_telephone.measures.similarity_curves import similarity_curves
from broken_telephone.measures.success import success_table
from broken_telephone.measures.transitions import trajectories_table
from broken_telephone.measures.unpaired import unpaired_table

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
