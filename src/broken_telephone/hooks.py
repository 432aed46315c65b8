"""What happens around a run: a look at where results go before it, a summary after it."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fsspec.implementations.local import LocalFileSystem
from kedro.framework.hooks import hook_impl
from kedro.io import AbstractVersionedDataset, CatalogProtocol
from kedro.pipeline import Pipeline

from broken_telephone.chains import chains_of
from broken_telephone.console import say
from broken_telephone.datasets.places import located
from broken_telephone.errors import StudyError
from broken_telephone.loop import LoopSettings, manifest, of_shard, sum_up
from broken_telephone.missing_inputs import refuse_missing_inputs
from broken_telephone.pictures import refuse_unfinished_loop, state_of
from broken_telephone.visible import one_line, shortened

_FIRST = {
    "chains": "There are no chains yet: run `kedro run --pipeline ingestion` for this study first",
    "loop_descriptions": "The loop has not run yet: run `kedro run --pipeline loop` for this study first",
    "loop_pictures": "The loop's pictures are not listed yet: run `kedro run --pipeline loop` for this study first",
    "original_files": "The originals are not listed yet: run `kedro run --pipeline ingestion` for this study first",
    "annotations": "There are no annotations yet: run `kedro run --pipeline annotation` for this study first",
    "explanation_manifest": "Nothing is explained yet: run `kedro run --pipeline explainability` for this study first",
}
_LONGEST = 300
"""Characters of a reason, which may quote what a model wrote."""


_STAGES = {
    "annotation_manifest": "annotation",
    "similarity_manifest": "similarity",
    "explanation_manifest": "explainability",
}


class StudyHooks:
    """Hooks of every run."""

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Refuse what cannot go on from what is there, and folders that cannot be written to, before computing."""
        if "ParallelRunner" in str(run_params.get("runner")):
            raise StudyError(
                "ParallelRunner cannot be used: nodes hand models and tables on in memory. Leave --runner out; "
                "loop.workers, loop.executor and the pipeline shard spread the work (docs/large_studies.md)"
            )
        if _is_shard(run_params) and "shard" not in _loop(catalog).model_fields_set:
            # Every job of an array would follow all chains.
            raise StudyError("Which part of the chains? Name it, the first of eight as: --params loop.shard=1/8")
        for name, missing in _FIRST.items():
            if name in pipeline.inputs() and not catalog.exists(name):
                if name == "loop_descriptions" and len(catalog.load("loop_sessions")):
                    # It has begun, and was stopped before its tables were made.
                    chains, images = catalog.load("chains")["chain_id"], catalog.load("loop_images")
                    refuse_unfinished_loop(False, chains, _loop(catalog).iterations, images)
                raise StudyError(missing)
        for name, stage in _STAGES.items():
            if name in pipeline.inputs():
                refuse_other_pictures(stage, catalog.load(name), catalog)
        refuse_missing_inputs(run_params, pipeline, catalog)
        written = [(path, is_folder) for _, path, is_folder in _written(pipeline, catalog) if isinstance(path, Path)]
        folders = {path if is_folder else path.parent for path, is_folder in written}
        for folder in sorted(folders):
            try:
                _try_writing(folder)
            except OSError as error:
                shown = str(folder) if len(str(folder)) < 500 else f"{str(folder)[:500]}…"
                raise StudyError(
                    f"Results cannot be written to {shown}: {error.strerror}. Mend that, or name another place "
                    "in globals.yml: `results`, or `models` for models."
                ) from error

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Print what was written and where; counts as the loop's manifest gives them."""
        written = [(name, _short(path)) for name, path, _ in _written(pipeline, catalog)]
        width = max((len(name) for name, _ in written), default=0)
        lines = [f"{name:<{width}}  {path}" for name, path in written]
        if "loop_manifest" in pipeline.outputs():
            lines = [*_counts(catalog.load("loop_manifest")), "", *lines]
        if _is_shard(run_params):
            lines = [*_shard(catalog), "", *lines]
        if "annotation_manifest" in pipeline.outputs():
            lines = [*_answers(catalog.load("annotation_manifest")), "", *lines]
        if "report" in pipeline.outputs():
            lines += ["", f"Report: {dict(written)['report']}"]
        say("\n".join(one_line(line) for line in lines))


def refuse_other_pictures(stage: str, manifest: Mapping[str, Any], catalog: CatalogProtocol) -> None:
    """Refuse results of an earlier stage that were made from other pictures than there are now.

    Args:
        stage: the name of its pipeline.
        manifest: of the stage; `made_from` states the pictures.
        catalog: of the study.

    Raises:
        StudyError: saying which pipeline to run.
    """
    now = state_of(catalog.load("chains"), _loop(catalog).iterations, catalog.load("loop_pictures"))
    if manifest.get("made_from") != now:
        raise StudyError(
            f"The results of {stage} were made from other pictures, chains or iterations than there are now: "
            f"run `kedro run --pipeline {stage}` for this study first"
        )


def _try_writing(folder: Path) -> None:
    """Write below the nearest folder that exists; nothing stays: an empty folder would look like a result.

    Raises:
        OSError: if it is not possible, naming the folder where it was tried.
    """
    there = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        reason = error.strerror if there == folder else f"{there}: {error.strerror}"
        raise OSError(error.errno, reason) from error


def _written(pipeline: Pipeline, catalog: CatalogProtocol) -> Iterator[tuple[str, Path | str, bool]]:
    """Yield name, path (an address where it is not on this machine's disk) and whether it is a folder."""
    for name in sorted(pipeline.all_outputs()):
        dataset = catalog.get(name)
        description: dict[str, Any] = {} if dataset is None else dataset._describe()
        place = description.get("filepath") or description.get("path")
        if place is None:
            continue
        filesystem, path = located(str(place))
        version = dataset.resolve_save_version() if isinstance(dataset, AbstractVersionedDataset) else None
        if version is not None:
            path = f"{path}/{version}/{Path(path).name}"
        local = isinstance(filesystem, LocalFileSystem)
        yield name, Path(path) if local else filesystem.unstrip_protocol(path), "path" in description


def _short(path: Path | str) -> str:
    if isinstance(path, str):
        return path
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _is_shard(run_params: Mapping[str, Any]) -> bool:
    return "shard" in (run_params.get("pipeline_names") or ())


def _loop(catalog: CatalogProtocol) -> LoopSettings:
    return LoopSettings.model_validate(catalog.load("params:loop"))


def _shard(catalog: CatalogProtocol) -> list[str]:
    """Say of a shard what the loop's manifest says of the whole."""
    loop, chains = _loop(catalog), catalog.load("chains")
    mine = chains[chains["chain_id"].isin([chain.chain_id for chain in of_shard(chains_of(chains), loop.shard)])]
    batches, sessions = catalog.load("loop_batches"), catalog.load("loop_sessions")
    own = {name: sessions[name] for name in sessions if sessions[name]()["shard"] == loop.shard}
    images = catalog.load("loop_images")
    records = [batches[name]() for name in batches]
    done = sum_up(records)
    done.forget_missing(images)
    record = manifest(
        f"{catalog.load('params:study')}, shard {loop.shard}",
        {},  # not sealed yet if the shard has no chains, and not told
        mine,
        loop.iterations,
        done,
        records,
        own,
    )
    return [*_counts(record), "When all shards have ended, `kedro run --pipeline loop` puts them together."]


def _counts(manifest: Mapping[str, Any]) -> list[str]:
    counts, seconds = manifest["counts"], manifest["seconds"]
    iterations = "iteration" if manifest["iterations"] == 1 else "iterations"
    lines = [
        f"Study {manifest['study']}: {counts['chains']} chains ({counts['chains_from_images']} from images, "
        f"{counts['chains_from_prompts']} from prompts), {manifest['iterations']} {iterations}: "
        f"{counts['descriptions']} descriptions, {counts['images']} images, {counts['failures']} failures.",
        f"Time in all runs: {seconds['describe']:.0f} s describing, {seconds['draw']:.0f} s drawing, "
        f"{seconds['load']:.0f} s loading models, {seconds['around']:.0f} s around them.",
    ]
    if counts["cut"]:
        lines.append(f"{counts['cut']} descriptions were too long for the generator, which drew their beginning.")
    lines += _mostly_failed(manifest)
    lines += [
        f"Stopped: {failure['chain_id']} at iteration {failure['iteration']}: {shortened(failure['reason'], _LONGEST)}"
        for failure in manifest["failures"][:10]
    ]
    if len(manifest["failures"]) > 10:
        lines.append(f"... and {len(manifest['failures']) - 10} more in loop_manifest")
    return lines


def _mostly_failed(manifest: Mapping[str, Any]) -> list[str]:
    """Say so where a model was of little use: single failures are to be expected, these have one cause."""
    counts, lines = manifest["counts"], []
    # The first descriptions of chains from prompts are the prompts.
    there = {"describe": max(0, counts["descriptions"] - counts["chains_from_prompts"]), "draw": counts["images"]}
    for phase, what in (("describe", "descriptions"), ("draw", "pictures")):
        failures = [failure for failure in manifest["failures"] if failure["phase"] == phase]
        tried = len(failures) + there[phase]
        if len(failures) * 2 <= tried:
            continue
        kind, count = Counter(failure["kind"] for failure in failures).most_common(1)[0]
        example = next(failure["reason"] for failure in failures if failure["kind"] == kind)
        share = "All" if len(failures) == tried else f"{len(failures)} of"
        lines.append(
            f"{share} {tried} {what} failed, {count} of them for this reason: {kind} ({shortened(example, _LONGEST)}). "
            "Is something wrong with the model or its settings?"
        )
    return lines


def _answers(manifest: Mapping[str, Any]) -> list[str]:
    lines = [
        f"Annotation, {name}: {asked['by']} answered about {asked['answered']} pictures in {asked['seconds']:.0f} s, "
        f"{len(asked['failures'])} failures."
        for name, asked in manifest["asked"].items()
    ]
    for reading, attributes in manifest["statuses"].items():
        for attribute, shares in attributes.items():
            rest = ", ".join(f"{share:.1%} {status}" for status, share in shares.items() if status != "valid")
            if rest:
                lines.append(f"Annotation, {reading}, {attribute}: {rest}.")
    return lines
