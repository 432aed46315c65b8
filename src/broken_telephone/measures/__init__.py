"""Pure statistics: tables in, tables out."""

from broken_telephone.measures.agreement import Estimate, cohens_kappa, confusion, krippendorff_alpha
from broken_telephone.measures.agreement_table import agreement_table, confusion_table
from broken_telephone.measures.baseline import ALL, MISSING, baseline_shares
from broken_telephone.measures.shares import category_shares

__all__ = [
    "ALL",
    "MISSING",
    "Estimate",
    "agreement_table",
    "baseline_shares",
    "category_shares",
    "cohens_kappa",
    "confusion",
    "confusion_table",
    "krippendorff_alpha",
]
