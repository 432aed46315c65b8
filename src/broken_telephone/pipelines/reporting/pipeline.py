"""Wiring of the reporting pipeline, which reads what loop and annotation have made."""

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines.reporting.nodes import (
    arrange_annotations,
    follow_trajectories,
    measure_drift,
    measure_power,
    measure_shares,
    measure_success,
    take_apart,
)

_PANELS = ["panels", "params:report"]


def create_pipeline() -> Pipeline:
    """Return the report of a study whose annotation has run."""
    return Pipeline(
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
            Node(take_apart, inputs=_PANELS, outputs="decomposition", name="take_apart"),
            Node(
                measure_success,
                inputs=["panels", "predictions", "chains", "params:report"],
                outputs="success",
                name="measure_success",
            ),
            Node(measure_power, inputs="panels", outputs="power", name="measure_power"),
            Node(follow_trajectories, inputs=_PANELS, outputs="trajectories", name="follow_trajectories"),
        ],
        tags="reporting",
    )
