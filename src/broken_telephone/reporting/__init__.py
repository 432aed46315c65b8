"""What people look at: contact sheets, figures, the report."""

from broken_telephone.reporting.figures.agreement import agreement_figure
from broken_telephone.reporting.figures.all_figures import figures
from broken_telephone.reporting.figures.baseline import baseline_figure
from broken_telephone.reporting.figures.saved_figures import saved_figures
from broken_telephone.reporting.page.chain_browser import chain_browser
from broken_telephone.reporting.page.latex import drift_tables
from broken_telephone.reporting.page.page import report_page
from broken_telephone.reporting.settings import ReportSettings
from broken_telephone.reporting.sheets.chains_sheet import SheetSettings, chains_sheet
from broken_telephone.reporting.sheets.contact_sheet import Row, contact_sheet, thumbnails
from broken_telephone.reporting.sheets.live_sheet import LiveSheet
from broken_telephone.reporting.text.agreement import agreement_sentences
from broken_telephone.reporting.text.summary import summary

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
