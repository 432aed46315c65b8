"""What people look at: contact sheets and figures."""

from broken_telephone.report.agreement_figure import agreement_figure
from broken_telephone.report.agreement_words import agreement_sentences
from broken_telephone.report.baseline_figure import baseline_figure
from broken_telephone.report.chains_sheet import SheetSettings, chains_sheet
from broken_telephone.report.contact_sheet import Row, contact_sheet, thumbnails
from broken_telephone.report.live_sheet import LiveSheet
from broken_telephone.report.settings import ReportSettings

__all__ = [
    "LiveSheet",
    "ReportSettings",
    "Row",
    "SheetSettings",
    "agreement_figure",
    "agreement_sentences",
    "baseline_figure",
    "chains_sheet",
    "contact_sheet",
    "thumbnails",
]
