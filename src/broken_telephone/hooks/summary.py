"""The summary after a run: what it did, and where its results are."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from broken_telephone.chains import chains_of
from broken_telephone.console import study_option
from broken_telephone.hooks.next_step import OPENED, next_step
from broken_telephone.hooks.outputs import is_shard, loop_settings, outputs_of
from broken_telephone.ingestion import DatasetSettings
from broken_telephone.loop import FinishedSteps, manifest, of_shard, sum_up
from broken_telephone.loop.drawn_text import wording_of
from broken_telephone.loop.kept import in_words, kept_iterations
from broken_telephone.reporting.text.imported_results import imported_line
from broken_telephone.reporting.text.requests import kinds_of_failures, request_sentences
from broken_telephone.reporting.text.unknown_form import unknown_form_sentences
from broken_telephone.reporting.text.wording import counted
from broken_telephone.visible import shortened

_MOST = 12
"""Results that a run lists; if it made more, it lists the main ones."""
_MAIN = (
    *("chains", "loop_images", "loop_descriptions", "annotations", "predictions", "similarities"),
    *("findings", "corrected_drift", "report_figures", "report_latex"),
    *OPENED,
)
_LONGEST = 300
"""Characters of a reason, which may quote what a model wrote."""


def summary(run_params: Mapping[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> list[str]:
    """Return the lines of a summary: counts from the manifests, where the results are, and where to look next."""
    paths = {name: _short(path) for name, path, _ in outputs_of(pipeline, catalog)}
    outputs, lines = pipeline.outputs(), []
    if "annotation_manifest" in outputs:
        lines += [*_annotation_lines(catalog.load("annotation_manifest")), ""]
    if is_shard(run_params):
        lines += [*_shard_lines(catalog), ""]
    if "loop_manifest" in outputs:
        lines += [*_loop_lines(catalog.load("loop_manifest")), ""]
    lines += _result_lines(paths, study_option(run_params.get("env")))
    if line := next_step(run_params, pipeline.all_outputs(), paths):
        lines += ["", line]
    return lines


def _result_lines(paths: Mapping[str, str], study: str) -> list[str]:
    """Return name and path of the results; if there are many, of the main ones, and where the others are named.

    Args:
        paths: catalog entry -> its file.
        study: option of commands that names the study.
    """
    # Some entries are two views of one file.
    names: dict[str, str] = {}
    for name, path in paths.items():
        names.setdefault(path, name)
    files = {name: path for path, name in names.items()}
    main = {name: path for name, path in files.items() if name in _MAIN} if len(files) > _MOST else files
    width = max(map(len, main), default=0)
    lines = [f"{name:<{width}}  {path}" for name, path in main.items()]
    if rest := len(files) - len(main):
        lines.append(
            f"{counted(rest, 'more result')}: conf/base/catalog.yml names them. `kedro export{study}` "
            "writes all tables."
        )
    return lines


def _short(path: Path | str) -> str:
    """Return a path relative to the working folder where it lies below it."""
    below = isinstance(path, Path) and path.is_relative_to(Path.cwd())
    return str(Path(path).relative_to(Path.cwd()) if below else path)


def _shard_lines(catalog: CatalogProtocol) -> list[str]:
    """Return the counts of this shard's chains, as the loop's manifest gives them for all chains."""
    loop, chains = loop_settings(catalog), catalog.load("chains")
    followed = of_shard(chains_of(chains), loop.shard)
    own_chains = chains[chains["chain_id"].isin([chain.chain_id for chain in followed])]
    batches, sessions = catalog.load("loop_batches"), catalog.load("loop_sessions")
    own_sessions = {name: sessions[name] for name in sessions if sessions[name]()["shard"] == loop.shard}
    images = catalog.load("loop_images")
    dataset = DatasetSettings.model_validate(catalog.load("params:dataset"))
    wording = wording_of(chains, catalog.load("loop_steering"), loop, dataset.words.attributes)
    done, records = sum_up((batches[name]() for name in batches), wording.function)
    done.forget(done.missing(set(images), loop.is_kept))
    record = manifest(
        f"{catalog.load('params:study')}, shard {loop.shard}",
        {},  # the settings: not sealed yet if the shard has no chains, and not shown here
        own_chains,
        FinishedSteps(done, followed, loop.iterations),
        records,
        own_sessions,
        loop.keep,
    )
    return [*_loop_lines(record), "When all shards have ended, `kedro run --pipeline loop` puts them together."]


def _loop_lines(manifest: Mapping[str, Any]) -> list[str]:
    counts, seconds = manifest["counts"], manifest["seconds"]
    lines = [
        f"Study {manifest['study']}: {counted(counts['chains'], 'chain')} ({counts['chains_from_images']} from images, "
        f"{counts['chains_from_prompts']} from prompts), {counted(manifest['iterations'], 'iteration')}: "
        f"{counted(counts['descriptions'], 'description')}, {counted(counts['images'], 'image')}, "
        f"{counted(counts['failures'], 'failure')}.",
        imported_line(manifest["imported"])
        if "imported" in manifest
        else f"Time in all runs: {seconds['describe']:.0f} s describing, {seconds['draw']:.0f} s drawing, "
        f"{seconds['load']:.0f} s loading models, {seconds['around']:.0f} s around them.",
    ]
    if counts["stored"] < counts["images"]:
        kept = in_words(kept_iterations(manifest["keep"], manifest["iterations"]))
        lines.append(
            f"loop.keep: {counts['stored']} of {counted(counts['images'], 'image')} on disk, of iterations {kept}. "
            "Later stages use these; the descriptions of all iterations are there."
        )
    if counts["cut"]:
        lines.append(f"Too long for the generator, which drew the beginning: {counted(counts['cut'], 'description')}.")
    if kinds := kinds_of_failures(manifest):
        lines.append(f"Chains that ended early: {kinds}.")
    lines += request_sentences({"loop": manifest})
    if "imported" not in manifest:
        lines += _mostly_failed(manifest)
    lines += [
        f"Stopped: {failure['chain_id']} at iteration {failure['iteration']}: {shortened(failure['reason'], _LONGEST)}"
        for failure in manifest["failures"][:10]
    ]
    if len(manifest["failures"]) > 10:
        lines.append(f"... and {len(manifest['failures']) - 10} more in loop_manifest")
    return lines


def _mostly_failed(manifest: Mapping[str, Any]) -> list[str]:
    """Return a line for each phase in which more than half of the items failed: these have one cause."""
    counts, lines = manifest["counts"], []
    # The first descriptions of chains from prompts are the prompts.
    succeeded = {"describe": max(0, counts["descriptions"] - counts["chains_from_prompts"]), "draw": counts["images"]}
    for phase, what in (("describe", "descriptions"), ("draw", "pictures")):
        failures = [failure for failure in manifest["failures"] if failure["phase"] == phase]
        tried = len(failures) + succeeded[phase]
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


def _annotation_lines(manifest: Mapping[str, Any]) -> list[str]:
    lines = [
        f"Annotation, {asked['reading']}: {asked['by']} answered for {counted(asked['answered'], 'picture')} in "
        f"{asked['seconds']:.0f} s, {counted(len(asked['failures']), 'failure')}."
        for asked in manifest["asked"].values()
        if asked["answered"] or asked["failures"]
    ]
    lines += request_sentences({"annotation": manifest})
    for reading, attributes in manifest["statuses"].items():
        for attribute, shares in attributes.items():
            rest = ", ".join(f"{share:.1%} {status}" for status, share in shares.items() if status != "valid")
            if rest:
                lines.append(f"Annotation, {reading}, {attribute}: {rest}.")
    return [*lines, *unknown_form_sentences(manifest)]
