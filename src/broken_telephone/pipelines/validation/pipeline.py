"""Wiring of the validation pipeline, which reads the finished arms of a grid."""

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines.validation.nodes import (
    add_known_errors,
    arrange_arms,
    blame_levels,
    count_invented_drift,
    measure_recovery,
    open_validated,
    predict_long_loop,
    read_drawn_images,
    sum_up,
    write_validation,
)

_TABLES = (
    *("validation_verdicts", "validation_blame", "validation_recovery", "validation_null"),
    *("validation_errors", "validation_long"),
)


def create_pipeline() -> Pipeline:
    """Return the pipeline that validates the chain and writes the page."""
    measured: dict[Callable[..., Any], tuple[str, str]] = {
        measure_recovery: ("validation_recovery", "params:validation"),
        count_invented_drift: ("validation_null", "params:validation"),
        add_known_errors: ("validation_errors", "params:validation"),
        blame_levels: ("validation_blame", "params:validation"),
        predict_long_loop: ("validation_long", "params:report"),
    }
    return Pipeline(
        [
            Node(
                open_validated,
                inputs=["validation_studies", "params:grid", "params:study", "params:validation"],
                outputs="opened_validation",
                name="open_validated",
            ),
            Node(
                read_drawn_images,
                inputs=["opened_validation", "miniature_judge", "params:report"],
                outputs="judge_readings",
                name="read_drawn_images",
            ),
            Node(
                arrange_arms,
                inputs=[
                    *("opened_validation", "judge_readings", "params:grid", "params:study"),
                    *("params:validation", "params:report", "params:miniature.worlds"),
                ],
                outputs="validated_arms",
                name="arrange_arms",
            ),
            *(
                Node(function, inputs=["validated_arms", settings], outputs=table, name=function.__name__)
                for function, (table, settings) in measured.items()
            ),
            Node(
                sum_up,
                inputs=[
                    *("validation_recovery", "validation_null", "validation_errors"),
                    *("validation_blame", "validation_long"),
                ],
                outputs="validation_verdicts",
                name="sum_up",
            ),
            Node(
                write_validation,
                inputs={
                    "study": "params:study",
                    "studies": "opened_validation",
                    "grid": "params:grid",
                    **{name: name for name in _TABLES},
                },
                outputs=["validation_page", "validation_markdown"],
                name="write_validation",
            ),
        ],
        tags="validation",
        namespace="validation",
        prefix_datasets_with_namespace=False,
    )
