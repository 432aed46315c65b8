"""Wiring of the reporting pipeline, which reads the results of all earlier pipelines."""

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines.loop.checks import picture_check
from broken_telephone.pipelines.reporting.nodes import (
    arrange_annotations,
    arrange_ratings,
    compare_starts,
    correct_drift,
    correct_shares,
    decompose_comparison,
    estimate_trajectories,
    measure_drift,
    measure_power,
    measure_published_drift,
    measure_shares,
    measure_success,
)
from broken_telephone.pipelines.reporting.pages import draw_figures, write_latex, write_report
from broken_telephone.pipelines.reporting.plan import judge_plan, look_at_plan

_PANELS = ["panels", "params:report"]
_TABLES = (
    "shares",
    "drift",
    "decomposition",
    "corrected_shares",
    "corrected_drift",
    "annotator_bias",
    "trajectories",
    "success",
    "similarity_curves",
    "power",
    "start_tests",
    "published_drift",
    "agreement",
    "agreement_confusions",
    "agreement_sentences",
)
"""Tables that the report shows, in this order."""
_EXPLAINED = ("support", "support_tests", "support_trust", "support_sentences", "skin_drift")
"""Tables of the section on explainability."""
_PLAN = ("planned_changes", "interim_looks", "plan_sentences")
"""Tables of the section on the plan."""
_SOURCES = (
    "chains",
    "people",
    "loop_descriptions",
    "annotations",
    "study_pictures",
    "loop_manifest",
    "annotation_manifest",
    "similarity_manifest",
    "explanation_manifest",
    "explanation_figures",
)


def create_pipeline() -> Pipeline:
    """Return the pipeline that measures a study and writes its report."""
    reporting = Pipeline(
        [
            Node(
                arrange_annotations,
                inputs=[
                    "annotations",
                    "chains",
                    "people",
                    "params:annotation",
                    "params:dataset",
                    "params:loop",
                    "params:report",
                ],
                outputs="panels",
                name="arrange_annotations",
            ),
            Node(
                measure_shares,
                inputs=["panels", "annotations", "params:report"],
                outputs="shares",
                name="measure_shares",
            ),
            Node(
                measure_drift,
                inputs=["panels", "params:annotation", "params:dataset", "params:report"],
                outputs="drift",
                name="measure_drift",
            ),
            Node(decompose_comparison, inputs=_PANELS, outputs="decomposition", name="decompose_comparison"),
            Node(
                measure_success,
                inputs=["panels", "predictions", "chains", "params:report"],
                outputs="success",
                name="measure_success",
            ),
            Node(measure_power, inputs="panels", outputs="power", name="measure_power"),
            Node(estimate_trajectories, inputs=_PANELS, outputs="trajectories", name="estimate_trajectories"),
            Node(
                arrange_ratings,
                inputs=[
                    "ratings",
                    "annotations",
                    "chains",
                    "people",
                    "params:annotation",
                    "params:dataset",
                    "params:loop",
                    "study_pictures",
                ],
                outputs="arranged_ratings",
                name="arrange_ratings",
            ),
            Node(
                correct_shares,
                inputs=["panels", "arranged_ratings", "params:report"],
                outputs="corrected_shares",
                name="correct_shares",
            ),
            Node(
                correct_drift,
                inputs=["panels", "arranged_ratings", "params:report"],
                outputs=["corrected_drift", "annotator_bias"],
                name="correct_drift",
            ),
            Node(compare_starts, inputs=_PANELS, outputs="start_tests", name="compare_starts"),
            Node(measure_published_drift, inputs=None, outputs="published_drift", name="measure_published_drift"),
            Node(
                look_at_plan,
                inputs=["frozen_plan", "panels", "chains", "people", "params:chains"],
                outputs="interim_looks",
                name="look_at_plan",
            ),
            Node(
                judge_plan,
                inputs=[
                    *("frozen_plan", "drift", "corrected_drift", "interim_looks"),
                    *("params:dataset", "params:chains", "params:loop"),
                    *("params:generator", "params:describer", "params:annotator"),
                    *("params:annotation", "params:report", "params:plan"),
                ],
                outputs=["planned_changes", "plan_sentences"],
                name="judge_plan",
            ),
            Node(
                draw_figures,
                inputs={name: name for name in _TABLES},
                outputs="report_figures",
                name="draw_figures",
            ),
            Node(write_latex, inputs=["params:study", "drift", "power"], outputs="report_latex", name="write_latex"),
            Node(
                write_report,
                inputs={
                    "study": "params:study",
                    "dataset": "params:dataset",
                    "chain_settings": "params:chains",
                    "loop": "params:loop",
                    "settings": "params:report",
                    "report_figures": "report_figures",
                    **{name: name for name in (*_SOURCES, *_TABLES, *_EXPLAINED, *_PLAN)},
                },
                outputs="report",
                name="write_report",
            ),
        ],
        tags="reporting",
        namespace="reporting",
        prefix_datasets_with_namespace=False,
    )
    return Pipeline([picture_check(), reporting])
