"""The hooks that check a run before it computes anything and summarise it afterwards.

Every command loads this module, `kedro --help` too. What only a run needs is therefore imported when a run begins.
"""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from broken_telephone.console import say
from broken_telephone.errors import StudyError
from broken_telephone.visible import one_line


class StudyHooks:
    """Checks a run before it computes anything, and prints a summary after it."""

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Refuse a run that cannot succeed, with a `StudyError` that says what to do instead."""
        if "ParallelRunner" in str(run_params.get("runner")):
            raise StudyError(
                "ParallelRunner cannot be used: nodes hand models and tables on in memory. Leave --runner out; "
                "loop.workers, loop.executor and loop.shard spread the work (docs/large_studies.md)"
            )
        from broken_telephone.hooks.imported_study import refuse_extending_an_import
        from broken_telephone.hooks.missing_inputs import refuse_missing_inputs, refuse_missing_stages
        from broken_telephone.hooks.outputs import is_shard, loop_settings
        from broken_telephone.hooks.run_checks import (
            refuse_results_of_other_pictures,
            refuse_unwritable_folders,
            refuse_wrong_form,
        )

        if is_shard(run_params) and "shard" not in loop_settings(catalog).model_fields_set:
            # Every job of an array would follow all chains.
            raise StudyError("Which part of the chains? Name it, the first of eight as: --params loop.shard=1/8")
        refuse_extending_an_import(run_params, pipeline, catalog)
        refuse_missing_stages(run_params, pipeline, catalog)
        refuse_results_of_other_pictures(run_params, pipeline, catalog)
        refuse_missing_inputs(run_params, pipeline, catalog)
        refuse_wrong_form(pipeline, catalog)
        refuse_unwritable_folders(pipeline, catalog)

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Print what the run did, and where its results are."""
        from broken_telephone.hooks.summary import summary

        say("\n".join(one_line(line) for line in summary(run_params, pipeline, catalog)))
