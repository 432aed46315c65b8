"""Wiring of the explainability pipeline, which reads the results of the loop and of the annotation."""

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines.explainability.nodes import (
    choose_words,
    explain_described_words,
    find_faces_and_regions,
    measure_skin_tones,
    measure_support,
    tabulate_explanation,
)
from broken_telephone.pipelines.explainability.pages import draw_explanation
from broken_telephone.pipelines.explainability.plan import plan_explanation
from broken_telephone.pipelines.loop.checks import picture_check

_TEXTS = ["loop_descriptions", "last_descriptions"]


def create_pipeline() -> Pipeline:
    """Return the pipeline that explains the words of a study's descriptions."""
    explainability = Pipeline(
        [
            Node(
                plan_explanation,
                inputs=[
                    "chains",
                    "people",
                    "params:loop",
                    "params:explain",
                    "loop_settings",
                    "study_pictures",
                    "describer",
                    "detector",
                    "parser",
                    "explainability_store",
                    "prop_masks",
                ],
                outputs="explanation_plan",
                name="plan_explanation",
            ),
            Node(
                find_faces_and_regions,
                inputs=[
                    "explanation_plan",
                    "params:explain",
                    "detector",
                    "parser",
                    "explainability_store",
                    "reused_studies",
                ],
                outputs=["face_parts", "face_parts_sessions"],
                name="find_faces_and_regions",
            ),
            Node(
                choose_words,
                inputs=[
                    "explanation_plan",
                    "study_pictures",
                    "params:explain",
                    "params:dataset",
                    "params:chains",
                    "params:loop",
                    *_TEXTS,
                    "face_parts",
                ],
                outputs="words_to_explain",
                name="choose_words",
            ),
            Node(
                explain_described_words,
                inputs=[
                    "explanation_plan",
                    "words_to_explain",
                    "params:explain",
                    "params:loop",
                    "describer",
                    "parser",
                    "face_parts",
                    "explainability_store",
                    "reused_studies",
                ],
                outputs=["explanations", "explanation_sessions"],
                name="explain_described_words",
            ),
            Node(
                tabulate_explanation,
                inputs=[
                    "params:study",
                    "explanation_plan",
                    "study_pictures",
                    "words_to_explain",
                    "params:explain",
                    "params:loop",
                    "params:report",
                    "annotations",
                    *_TEXTS,
                    "face_parts",
                    "explanations",
                ],
                outputs=["faces", "explained_words", "activations", "occlusions", "explanation_manifest"],
                name="tabulate_explanation",
            ),
            Node(
                measure_support,
                inputs=[
                    "explained_words",
                    "activations",
                    "occlusions",
                    "chains",
                    "explanation_manifest",
                    "params:explain",
                    "params:report",
                ],
                outputs=["support", "support_tests", "support_trust", "support_sentences"],
                name="measure_support",
            ),
            Node(
                measure_skin_tones,
                inputs=["faces", "chains", "params:loop", "params:report"],
                outputs="skin_drift",
                name="measure_skin_tones",
            ),
            Node(
                draw_explanation,
                inputs=[
                    "explanation_plan",
                    "words_to_explain",
                    "params:explain",
                    "parser",
                    "study_pictures",
                    "face_parts",
                    "explanations",
                    "support",
                    "support_trust",
                    "support_sentences",
                    "figure_store",
                ],
                outputs="explanation_figures",
                name="draw_explanation",
            ),
        ],
        tags="explainability",
        namespace="explainability",
        prefix_datasets_with_namespace=False,
    )
    return Pipeline([picture_check(), explainability])
