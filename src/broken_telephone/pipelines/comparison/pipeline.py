"""Wiring of the comparison pipeline, which reads finished studies."""

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines.comparison.nodes import (
    arrange_outcomes,
    check_pairing,
    contrast_arms,
    open_studies,
    split_effects,
    sum_up_arms,
)
from broken_telephone.pipelines.comparison.pages import draw_comparison, write_comparison, write_contrasts

_TABLES = ("arms", "contrasts", "effects", "pairing")
"""Tables that the page shows, in this order."""


def create_pipeline() -> Pipeline:
    """Return the pipeline that compares studies and writes the page."""
    return Pipeline(
        [
            Node(
                open_studies,
                inputs=["finished_studies", "params:comparison"],
                outputs="opened_studies",
                name="open_studies",
            ),
            Node(
                check_pairing,
                inputs=["opened_studies", "params:comparison", "params:report"],
                outputs=["pairing", "study_pairing"],
                name="check_pairing",
            ),
            Node(
                arrange_outcomes,
                inputs=["opened_studies", "study_pairing", "params:report", "params:rating"],
                outputs=["compared_arms", "arm_costs"],
                name="arrange_outcomes",
            ),
            Node(
                contrast_arms,
                inputs=["compared_arms", "study_pairing", "params:comparison", "params:report"],
                outputs="contrasts",
                name="contrast_arms",
            ),
            Node(
                split_effects,
                inputs=["compared_arms", "study_pairing", "params:comparison"],
                outputs="effects",
                name="split_effects",
            ),
            Node(
                sum_up_arms,
                inputs=["compared_arms", "study_pairing", "contrasts", "arm_costs", "params:comparison"],
                outputs="arms",
                name="sum_up_arms",
            ),
            Node(
                draw_comparison,
                inputs=["contrasts", "effects", "figure_store"],
                outputs="comparison_figures",
                name="draw_comparison",
            ),
            Node(
                write_contrasts,
                inputs=["params:study", "contrasts"],
                outputs="comparison_latex",
                name="write_contrasts",
            ),
            Node(
                write_comparison,
                inputs={
                    "study": "params:study",
                    "comparison": "params:comparison",
                    "settings": "params:report",
                    "studies": "opened_studies",
                    "study_pairing": "study_pairing",
                    "originals": "originals",
                    "drawn": "comparison_figures",
                    **{name: name for name in _TABLES},
                },
                outputs="comparison_page",
                name="write_comparison",
            ),
        ],
        tags="comparison",
        namespace="comparison",
        prefix_datasets_with_namespace=False,
    )
