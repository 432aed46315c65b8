"""Node of the reporting pipeline that measures which attributes the descriptions still mention."""

from collections.abc import Mapping

import pandas as pd

from broken_telephone.annotation import mentioned_categories
from broken_telephone.ingestion import DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.reporting import ReportSettings
from broken_telephone.statistics import Panel, mention_shares, with_adjusted_p_values
from broken_telephone.tables import as_result


def measure_mentions(
    panels: Mapping[str, Panel],
    mentions: pd.DataFrame,
    loop_descriptions: pd.DataFrame,
    last_descriptions: pd.DataFrame,
    chains: pd.DataFrame,
    dataset: DatasetSettings,
    loop: LoopSettings,
    settings: ReportSettings,
) -> pd.DataFrame:
    """Measure which attributes the descriptions mention, and whether they name the first image's category."""
    descriptions = pd.concat([loop_descriptions[loop_descriptions["iteration"] <= loop.iterations], last_descriptions])
    categories = mentioned_categories(mentions, dataset.words.attributes, dataset.attributes)
    table = mention_shares(mentions, descriptions, chains, panels, categories, loop.iterations, settings.resampling)
    return as_result(with_adjusted_p_values(table, settings.fdr_family))
