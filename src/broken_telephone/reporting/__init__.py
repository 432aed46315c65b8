"""Makes contact sheets, figures and the report page; import those from their modules, because they load slowly."""

from broken_telephone.reporting.settings import ReportSettings

__all__ = ["ReportSettings"]
