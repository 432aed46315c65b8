"""Node of the reporting pipeline that measures which attributes the descriptions still mention."""

from collections.abc import Iterator, Mapping

import pandas as pd

from broken_telephone.ingestion import DatasetSettings
from broken_telephone.labels import SCHEMES, Variable, find_label_words
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
    categories = dict(_named_categories(mentions, dataset.words.attributes))
    table = mention_shares(mentions, descriptions, chains, panels, categories, loop.iterations, settings.resampling)
    return as_result(with_adjusted_p_values(table, settings.fdr_family))


def _named_categories(
    mentions: pd.DataFrame, attributes: Mapping[str, Variable]
) -> Iterator[tuple[tuple[str, str, str], str]]:
    """Yield each mentioned term with the category of the scheme that it names, by its own word or by its group's."""
    known = {**SCHEMES["free"].attributes, **attributes}
    keys = ["attribute", "category", "term"]
    for attribute, category, term in mentions[keys].drop_duplicates().astype(str).to_numpy():
        if attribute in known:
            matches = [*find_label_words(term, known[attribute]), *find_label_words(category, known[attribute])]
            if matches:
                yield (attribute, category, term), matches[0].category
