"""The hooks that check a run before it computes anything and summarise it afterwards."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from broken_telephone.console import say
from broken_telephone.hooks.missing_inputs import refuse_missing_inputs, refuse_missing_stages
from broken_telephone.hooks.run_checks import (
    refuse_parallel_runner,
    refuse_results_of_other_pictures,
    refuse_unnamed_shard,
    refuse_unwritable_folders,
)
from broken_telephone.hooks.summary import summary
from broken_telephone.visible import one_line


class StudyHooks:
    """Checks a run before it computes anything, and prints a summary after it."""

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Refuse a run that cannot succeed.

        Raises:
            StudyError: saying what to do instead.
        """
        refuse_parallel_runner(run_params)
        refuse_unnamed_shard(run_params, catalog)
        refuse_missing_stages(pipeline, catalog)
        refuse_results_of_other_pictures(pipeline, catalog)
        refuse_missing_inputs(run_params, pipeline, catalog)
        refuse_unwritable_folders(pipeline, catalog)

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Print what the run did, and where its results are."""
        say("\n".join(one_line(line) for line in summary(run_params, pipeline, catalog)))
