"""Pure statistics: tables in, tables out."""

from broken_telephone.measures.baseline import ALL, MISSING, baseline_shares
from broken_telephone.measures.shares import category_shares

__all__ = ["ALL", "MISSING", "baseline_shares", "category_shares"]
