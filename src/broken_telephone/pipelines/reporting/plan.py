"""Nodes of the reporting pipeline that judge the frozen plan."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from broken_telephone.annotation import AnnotationSettings
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.planning import PlanSettings, deviations, planned_hypotheses, ranks_in_cells
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.text.plan import plan_sentences
from broken_telephone.statistics import Panel, interim_looks_table, leading_first, look_sizes, planned_table
from broken_telephone.statistics.tables.correction_order import has_interval
from broken_telephone.statistics.tables.group_table import ANNOTATOR, CELL, SPAN
from broken_telephone.statistics.tables.interim_looks import LOOKS
from broken_telephone.tables import as_result

_NUMBERS = ["value", "ci_low", "ci_high", "p_value", "n", "clusters", "note"]


def look_at_plan(
    frozen_plan: Mapping[str, Any],
    panels: Mapping[str, Panel],
    chains: pd.DataFrame,
    people: pd.DataFrame,
    chain_settings: ChainSettings,
) -> pd.DataFrame:
    """Test the planned hypotheses at every interim look that the study has reached."""
    if not frozen_plan or frozen_plan["plan"]["looks"] < 2:
        return as_result(pd.DataFrame(columns=list(LOOKS)))
    plan = frozen_plan["plan"]
    table = interim_looks_table(
        [*panels.values()],
        planned_hypotheses(frozen_plan),
        ranks_in_cells(chains, people, chain_settings.balance),
        look_sizes(plan["count"], plan["looks"]),
        plan["change"],
        plan["level"],
    )
    return as_result(table)


def judge_plan(
    frozen_plan: Mapping[str, Any],
    drift: pd.DataFrame,
    corrected_drift: pd.DataFrame,
    interim_looks: pd.DataFrame,
    dataset: DatasetSettings,
    chain_settings: ChainSettings,
    loop: LoopSettings,
    generator: Mapping[str, Any],
    describer: Mapping[str, Any],
    annotator: Mapping[str, Any],
    annotation: AnnotationSettings,
    settings: ReportSettings,
    plan_settings: PlanSettings,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Judge the planned hypotheses as their own family, and write sentences about plan and study."""
    planned = planned_hypotheses(frozen_plan)
    plan = frozen_plan.get("plan", plan_settings.model_dump())
    looks = interim_looks if plan["looks"] > 1 else None
    table = planned_table(_tested(drift, corrected_drift), planned, plan["change"], plan["level"], looks)
    groups = {
        **{"dataset": dataset, "chains": chain_settings, "loop": loop, "annotation": annotation, "report": settings},
        **{"generator": generator, "describer": describer, "annotator": annotator},
    }
    changed = deviations(frozen_plan, groups, plan_settings) if frozen_plan else []
    sentences = plan_sentences(frozen_plan, table, interim_looks, changed)
    return as_result(table), pd.DataFrame({"sentence": sentences})


def _tested(drift: pd.DataFrame, corrected_drift: pd.DataFrame) -> pd.DataFrame:
    """Return the tested changes of shares; corrected ones with an interval take the place of the annotator's own."""
    own = drift[drift["measure"].astype(str) == "share difference"].assign(method=ANNOTATOR)
    corrected = corrected_drift[has_interval(corrected_drift)]
    columns = [*SPAN, "method", *_NUMBERS]
    text, numbers = ("method", "note", *CELL), ("value", "ci_low", "ci_high", "p_value")
    parts = [part[columns].astype(dict.fromkeys(text, object)) for part in (corrected, own)]
    return leading_first(parts).astype(dict.fromkeys(numbers, float)).drop_duplicates(SPAN)
