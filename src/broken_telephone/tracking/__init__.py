"""Records a run in MLflow: its settings, headline tables and pages. The pages have images in them."""

from broken_telephone.tracking.recorded import MANIFEST, PAGES, TABLES, Record, record_of
from broken_telephone.tracking.settings import TrackingSettings
from broken_telephone.tracking.store import TrackingStore

__all__ = ["MANIFEST", "PAGES", "TABLES", "Record", "TrackingSettings", "TrackingStore", "record_of"]
