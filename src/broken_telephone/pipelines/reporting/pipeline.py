"""Wiring of the reporting pipeline, which reads the results of all earlier pipelines."""

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines.boxes import in_boxes
from broken_telephone.pipelines.loop.checks import picture_check
from broken_telephone.pipelines.reporting.annotator_nodes import (
    arrange_labels,
    estimate_latent_classes,
    measure_reliability,
    plan_ratings,
)
from broken_telephone.pipelines.reporting.mentions import measure_mentions
from broken_telephone.pipelines.reporting.nodes import (
    arrange_annotations,
    arrange_ratings,
    arrange_reference,
    check_markov_assumption,
    compare_starts,
    compare_success,
    correct_drift,
    correct_shares,
    decompose_comparison,
    estimate_trajectories,
    judge_changes,
    measure_drift,
    measure_intersections,
    measure_missing_answers,
    measure_power,
    measure_published_drift,
    measure_shares,
    measure_success,
    predict_shares,
)
from broken_telephone.pipelines.reporting.pages import draw_figures, write_latex, write_report
from broken_telephone.pipelines.reporting.plan import judge_plan, look_at_plan

_PANELS = ["panels", "params:report"]
_TABLES = (
    "findings",
    "shares",
    "drift",
    "corrected_drift",
    "annotator_bias",
    "corrected_shares",
    "missing_answers",
    "share_bounds",
    "intersection_changes",
    "intersection_shares",
    "intersection_success",
    "success",
    "success_differences",
    "success_changes",
    "mention_shares",
    "decomposition",
    "trajectories",
    "markov_tests",
    "predicted_shares",
    "diversity",
    "diversity_changes",
    "attractors",
    "similarity_curves",
    "power",
    "start_tests",
    "published_drift",
    "agreement",
    "annotator_agreement",
    "agreement_confusions",
    "agreement_sentences",
    "latent_classes",
    "annotator_confusions",
    "ratings_needed",
    "reliability",
)
"""Tables that the report shows, in this order."""
_JUDGED = (
    *("drift", "power", "shares", "corrected_drift", "share_bounds"),
    *("intersection_changes", "success_differences", "success_changes", "missing_answers", "frozen_plan"),
)
"""Tables whose comparisons are judged together, and the plan."""
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
_BOXES = {
    "panels": ("arrange_annotations", "arrange_ratings", "arrange_reference", "arrange_labels"),
    "changes": (
        *("measure_shares", "measure_drift", "measure_intersections", "measure_missing_answers", "measure_power"),
        *("measure_success", "measure_mentions", "decompose_comparison", "compare_starts"),
    ),
    "correction": ("correct_shares", "correct_drift", "compare_success"),
    "annotators": ("measure_reliability", "estimate_latent_classes", "plan_ratings"),
    "trajectories": ("estimate_trajectories", "check_markov_assumption", "predict_shares"),
    "conclusions": ("judge_changes", "look_at_plan", "judge_plan"),
    "pages": ("measure_published_drift", "draw_figures", "write_latex", "write_report"),
}
"""Boxes of the graph -> their nodes."""


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
            Node(
                measure_intersections,
                inputs=["panels", "annotations", "predictions", "chains", "params:report"],
                outputs=["intersection_shares", "intersection_changes", "intersection_success"],
                name="measure_intersections",
            ),
            Node(
                measure_mentions,
                inputs=[
                    "panels",
                    "mentions",
                    "loop_descriptions",
                    "last_descriptions",
                    "chains",
                    "params:dataset",
                    "params:loop",
                    "params:report",
                ],
                outputs="mention_shares",
                name="measure_mentions",
            ),
            Node(
                measure_missing_answers,
                inputs=["panels", "annotations", "chains", "study_pictures", "params:loop", "params:report"],
                outputs=["missing_answers", "share_bounds"],
                name="measure_missing_answers",
            ),
            Node(measure_power, inputs="panels", outputs="power", name="measure_power"),
            Node(estimate_trajectories, inputs=_PANELS, outputs="trajectories", name="estimate_trajectories"),
            Node(check_markov_assumption, inputs=_PANELS, outputs="markov_tests", name="check_markov_assumption"),
            Node(
                predict_shares,
                inputs=["panels", "shares", "markov_tests", "params:report"],
                outputs="predicted_shares",
                name="predict_shares",
            ),
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
                    "params:rating",
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
                arrange_reference,
                inputs=["annotations", "chains", "params:report"],
                outputs="arranged_reference",
                name="arrange_reference",
            ),
            Node(
                correct_drift,
                inputs=["panels", "arranged_ratings", "params:report", "arranged_reference"],
                outputs=["corrected_drift", "annotator_bias"],
                name="correct_drift",
            ),
            Node(
                compare_success,
                inputs=["panels", "predictions", "chains", "arranged_ratings", "params:report", "arranged_reference"],
                outputs=["success_differences", "success_changes"],
                name="compare_success",
            ),
            Node(
                judge_changes,
                inputs={name: name for name in _JUDGED},
                outputs="findings",
                name="judge_changes",
            ),
            Node(
                arrange_labels,
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
                outputs="annotator_labels",
                name="arrange_labels",
            ),
            Node(
                measure_reliability,
                inputs=[
                    "annotator_labels",
                    "annotation_probabilities",
                    "annotations",
                    "chains",
                    "people",
                    "params:rating",
                    "params:report",
                ],
                outputs="reliability",
                name="measure_reliability",
            ),
            Node(
                estimate_latent_classes,
                inputs=["annotator_labels", "chains", "params:annotation", "params:dataset", "params:report"],
                outputs=["latent_classes", "annotator_confusions"],
                name="estimate_latent_classes",
            ),
            Node(plan_ratings, inputs=["corrected_drift", "drift"], outputs="ratings_needed", name="plan_ratings"),
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
                inputs={
                    "dataset": "params:dataset",
                    "figure_store": "figure_store",
                    **{name: name for name in _TABLES},
                },
                outputs="report_figures",
                name="draw_figures",
            ),
            Node(write_latex, inputs=["params:study", "drift", "findings"], outputs="report_latex", name="write_latex"),
            Node(
                write_report,
                inputs={
                    "study": "params:study",
                    "data_root": "params:data_root",
                    "dataset": "params:dataset",
                    "chain_settings": "params:chains",
                    "loop": "params:loop",
                    "generator": "params:generator",
                    "describer": "params:describer",
                    "settings": "params:report",
                    "report_figures": "report_figures",
                    **{name: name for name in (*_SOURCES, *_PLAN, *_TABLES, *_EXPLAINED)},
                },
                outputs="report",
                name="write_report",
            ),
        ],
        tags="reporting",
    )
    return Pipeline([picture_check(), in_boxes(reporting, "reporting", _BOXES)])
