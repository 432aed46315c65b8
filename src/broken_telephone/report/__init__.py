"""What people look at: contact sheets."""

from broken_telephone.report.chains_sheet import SheetSettings, chains_sheet
from broken_telephone.report.contact_sheet import Row, contact_sheet, thumbnails

__all__ = ["Row", "SheetSettings", "chains_sheet", "contact_sheet", "thumbnails"]
