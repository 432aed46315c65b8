"""The plan in the report: planned hypotheses apart from exploratory findings, by one test or by looks."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from small_study import ATTRIBUTES, small_study

from broken_telephone.annotation import AnnotationSettings
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.pipelines.reporting.plan import judge_plan, look_at_plan
from broken_telephone.planning import PlanSettings, plan_record
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.text.summary import PLAN, summary
from broken_telephone.statistics import panels
from broken_telephone.statistics.tables.corrected_drift import CORRECTED_DRIFT
from broken_telephone.tables import check_result

HYPOTHESES = [
    {"label": "happiness", "attribute": "gender", "category": "female", "direction": "rise"},
    {"label": "anger", "attribute": "gender", "category": "female"},
]
SETTINGS = {
    "dataset": DatasetSettings(source="raf_db"),
    "chains": ChainSettings(concept="emotion", seed=1, count=40),
    "loop": LoopSettings(iterations=3, describe_prompt="x"),
    "generator": {},
    "describer": {},
    "annotator": {},
    "annotation": AnnotationSettings(),
    "report": ReportSettings(n_bootstrap=200),
}


def judged(record, plan, corrected=None):
    study = small_study()
    arranged = panels(study.annotations, study.chains, ATTRIBUTES, study.iterations)
    people = study.people.assign(split="test")
    looks = look_at_plan(record, arranged, study.chains, people, SETTINGS["chains"])
    corrected = pd.DataFrame(columns=list(CORRECTED_DRIFT)) if corrected is None else corrected
    table, sentences = judge_plan(record, study.tables["drift"], corrected, looks, *SETTINGS.values(), plan)
    check_result(table)
    check_result(looks)
    return table, looks, summary({**study.tables, "plan_sentences": sentences})[PLAN]


def frozen(looks):
    plan = PlanSettings.model_validate({"hypotheses": HYPOTHESES, "looks": looks})
    return plan_record("s", plan, SETTINGS, datetime(2026, 1, 1, tzinfo=UTC), "1", []), plan


def test_without_a_plan_all_is_exploratory():
    table, looks, sentences = judged({}, PlanSettings())
    assert table.empty
    assert looks.empty
    assert sentences == ["No plan was frozen for this study, so all of its findings are exploratory."]


def test_planned_hypotheses_are_tested_once():
    table, looks, sentences = judged(*frozen(1))
    assert looks.empty
    assert table["answer"].tolist()[0] == "rise"
    assert table["answer"].tolist()[1] in ("smaller than planned", "not shown")
    assert table["value"].tolist()[1] == 0
    drift = small_study().tables["drift"]
    own = drift[(drift["measure"] == "share difference") & (drift["category"] == "female") & (drift["iteration"] == 3)]
    expected = own[(own["start"] == "image") & (own["label"] == "happiness")].iloc[0]
    assert table["p_adjusted"].iloc[0] == pytest.approx(2 * expected["p_value"])
    assert "as predicted" in " ".join(sentences)


def test_corrected_drift_is_tested_where_there_is_one():
    row = dict.fromkeys(CORRECTED_DRIFT, np.nan) | {"start": "image", "label": "happiness", "attribute": "gender"}
    row |= {"category": "female", "since": 0, "iteration": 3, "method": "human ratings", "note": ""}
    row |= {"value": -0.3, "ci_low": -0.4, "ci_high": -0.2, "p_value": 0.001, "n": 40, "n_checked": 20, "clusters": 20}
    table, _, sentences = judged(*frozen(1), pd.DataFrame([row]))
    assert table["method"].tolist() == ["human ratings", "annotator"]
    assert table["answer"].iloc[0] == "fall"
    assert "against the prediction" in " ".join(sentences)


def test_looks_judge_a_plan_that_has_them():
    table, looks, sentences = judged(*frozen(4))
    assert looks["starts_per_cell"].unique().tolist() == [10, 20, 30, 40]
    assert table["p_value"].isna().all()
    assert table["answer"].iloc[0] == "rise"
    assert looks.loc[looks["look"] == 4, "answer"].iloc[0] == "rise"
    assert "look" in " ".join(sentences)
