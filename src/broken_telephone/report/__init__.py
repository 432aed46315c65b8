"""What people look at: contact sheets, figures, the report."""

from broken_telephone.report.agreement_figure import agreement_figure
from broken_telephone.report.agreement_words import agreement_sentences
from broken_telephone.report.baseline_figure import baseline_figure
from broken_telephone.report.browser import chain_browser
from broken_telephone.report.chains_sheet import SheetSettings, chains_sheet
from broken_telephone.report.contact_sheet import Row, contact_sheet, thumbnails
from broken_telephone.report.figures import figures
from broken_telephone.report.latex import drift_tables
from broken_telephone.report.live_sheet import LiveSheet
from broken_telephone.report.page import report_page
from broken_telephone.report.saved_figures import saved_figures
from broken_telephone.report.settings import ReportSettings
from broken_telephone.report.summary import summary

__all__ = [
    "LiveSheet",
    "ReportSettings",
    "Row",
    "SheetSettings",
    "agreement_figure",
    "agreement_sentences",
    "baseline_figure",
    "chain_browser",
    "chains_sheet",
    "contact_sheet",
    "drift_tables",
    "figures",
    "report_page",
    "saved_figures",
    "summary",
    "thumbnails",
]
