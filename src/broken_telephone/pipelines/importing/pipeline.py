"""Wiring of the import pipeline, whose registered name is `import`."""

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines.importing.nodes import (
    collect_imported,
    copy_images,
    digest_imported_originals,
    import_results,
    read_for_import,
    seal_import,
    store_ratings,
)
from broken_telephone.pipelines.ingestion.nodes import draw_baseline, measure_baseline
from broken_telephone.pipelines.loop.pipeline import contact_sheet_node


def create_pipeline() -> Pipeline:
    """Return the pipeline that imports results as an ordinary study."""
    return Pipeline(
        [
            Node(
                seal_import,
                inputs=["params:import", "params:dataset", "params:chains"],
                outputs="import_seal",
                name="seal_import",
            ),
            Node(
                read_for_import,
                inputs=["raw_dataset", "forgotten"],
                outputs=["whole_dataset", "people_votes", "captions", "dataset_defects", "dataset_quality"],
                name="read_raw",
            ),
            Node(
                import_results,
                inputs=[
                    "params:import",
                    "params:dataset",
                    "params:chains",
                    "params:loop",
                    "params:data_root",
                    "whole_dataset",
                    "forgotten",
                    "import_seal",
                    "loop_store",
                ],
                outputs=["people", "imported_study", "manual_labels", "found_defects"],
                name="import_results",
            ),
            Node(
                digest_imported_originals,
                inputs=["imported_study", "originals", "ingestion_store", "loop_store"],
                outputs=["chains", "original_files"],
                name="digest_imported_originals",
            ),
            Node(
                copy_images,
                inputs=["imported_study", "chains", "import_seal", "loop_store"],
                outputs=["loop_settings", "loop_images", "broken_images"],
                name="copy_images",
            ),
            Node(
                collect_imported,
                inputs=[
                    "params:study",
                    "imported_study",
                    "chains",
                    "params:import",
                    "params:loop",
                    "loop_settings",
                    "loop_images",
                    "broken_images",
                    "found_defects",
                    "loop_store",
                ],
                outputs=[
                    "loop_descriptions",
                    "loop_pictures",
                    "loop_manifest",
                    "imported_answers",
                    "import_defects",
                ],
                name="collect_imported",
            ),
            Node(
                store_ratings,
                inputs=[
                    "manual_labels",
                    "chains",
                    "params:loop",
                    "originals",
                    "loop_images",
                    "loop_pictures",
                    "annotation_store",
                ],
                outputs=["ratings", "rating_items"],
                name="store_ratings",
            ),
            Node(measure_baseline, inputs=["people", "params:dataset"], outputs="baseline", name="measure_baseline"),
            Node(draw_baseline, inputs=["baseline", "params:dataset"], outputs="baseline_figure", name="draw_baseline"),
            contact_sheet_node(),
        ],
        tags="import",
        namespace="importing",
        prefix_datasets_with_namespace=False,
    )
