"""Summarises the loop of a study in one record: settings, counts, failures, times, and whether it is complete."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from broken_telephone.chains import iteration_of, key
from broken_telephone.execution.journal import Record, Records, costs_in
from broken_telephone.execution.progress import Step
from broken_telephone.loop.drawn_text import Wording
from broken_telephone.loop.finished_steps import FinishedSteps
from broken_telephone.loop.kept import ALL, is_kept
from broken_telephone.loop.plan import fingerprint
from broken_telephone.loop.steering import steering_digest
from broken_telephone.models.describers.answer_text import without_thought
from broken_telephone.seeds import digest

_HASHED = ("chain_id", "iteration", "text")
_AT_ONCE = 10_000
"""Texts that are hashed at once."""
_SPENT = ("describe", "draw", "load", "around")


def manifest(
    study: str,
    settings: Mapping[str, Any],
    chains: pd.DataFrame,
    finished: FinishedSteps,
    batches: Sequence[Record],
    sessions: Records,
    keep: Any = ALL,
    wording: Wording | None = None,
) -> Record:
    """State what was run, how far it got, and what time all sessions took together.

    `complete`: every chain was followed to its end or stopped for good. `cut` counts the drawn texts that the generator
    did not read to their end; null if a generator does not tell. `drawn_texts` counts how they differ from the
    descriptions. `seconds`: in the models (`describe`, `draw`), loading them (`load`), and `around` them: what the
    workers had to wait, over all sessions. `ended_early`, where chains failed: kind -> label -> number of chains.
    `counts`: of `images` drawn, `stored` are on disk as `keep` says. `adopted`: how many descriptions and images
    of these another study made, by study; `seconds` includes the time that they took there. `costs`, only for models
    behind endpoints: phase -> requests, retries, refusals, seconds and tokens of all finished batches.

    Args:
        study: its name.
        settings: the sealed settings, which the digest identifies.
        chains: the `chains` table.
        finished: what the chains finished, without pictures that do not exist.
        batches: the records of the journal, with or without descriptions and pictures.
        sessions: records of runs that had something to do.
        keep: which images stay on disk (`loop.keep`).
        wording: how descriptions become drawn texts; None: they stay as they are.
    """
    done, followed, iterations = finished.done, finished.chains, finished.iterations
    failed = [
        without_thought(failure)
        for chain in followed
        for iteration in range(1, iterations + 1)
        if (failure := done.failure(chain, iteration)) is not None
    ]
    drawn_texts = None if wording is None else wording.counts(finished.descriptions)
    end = Step(iterations, "draw")
    complete = all(
        finished.has_drawn(key(chain.chain_id, iterations)) or done.is_over(chain, end) for chain in followed
    )
    stored = Counter(is_kept(keep, iterations, iteration_of(name)) for name in finished.drawn())
    runs = [_session(name, sessions[name](), batches) for name in sessions]
    costs = _costs([record for record in batches if record["session"] in sessions])
    is_cut_known = all(record.get("cut", ()) is not None for record in batches)
    return {
        "study": study,
        "digest": _digest(settings),
        "chains": fingerprint(chains),
        "iterations": iterations,
        "keep": keep,
        "batches": len(batches),
        "texts": text_digest(finished.descriptions),
        "complete": complete,
        "settings": dict(settings),
        "steering": None if wording is None else steering_digest(wording.steering),
        "drawn_texts": dict(drawn_texts or {}),
        "prompts": sorted(str(prompt) for prompt in chains["prompt"].dropna().unique()),
        "counts": {
            "chains": len(chains),
            "chains_from_images": int((chains["start"] == "image").sum()),
            "chains_from_prompts": int((chains["start"] == "prompt").sum()),
            "descriptions": len(finished.descriptions),
            "images": stored.total(),
            "stored": stored[True],
            "failures": len(failed),
            "cut": sum(name in done.cut for name in finished.described()) if is_cut_known else None,
        },
        "adopted": {
            "descriptions": finished.adopted_from("describe"),
            "images": finished.adopted_from("draw"),
        },
        "failures": failed,
        **({"ended_early": _by_label(failed, chains)} if failed else {}),
        "seconds": {what: round(sum(run["seconds"][what] for run in runs), 3) for what in _SPENT},
        "sessions": runs,
        **({"costs": costs} if costs else {}),
    }


def _by_label(failures: Iterable[Record], chains: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return kind of failure -> label -> number of chains: labels that are refused more often are no longer alike."""
    labels = dict(zip(chains["chain_id"].astype(str), chains["label"].astype(str), strict=True))
    counts: dict[str, Counter[str]] = {}
    for failure in failures:
        counts.setdefault(failure["kind"], Counter())[labels[failure["chain_id"]]] += 1
    return {kind: dict(counts[kind].most_common()) for kind in sorted(counts)}


def _costs(batches: Sequence[Record]) -> dict[str, dict[str, float]]:
    """Return phase -> what its requests to an endpoint cost, for phases with any."""
    by_phase = {phase: costs_in(r for r in batches if r["phase"] == phase) for phase in ("describe", "draw")}
    return {phase: costs["costs"] for phase, costs in by_phase.items() if costs}


def is_finished(
    earlier: Record | None,
    settings: Mapping[str, Any],
    chains: pd.DataFrame,
    iterations: int,
    batches: Collection[str],
    sessions: Collection[str],
    keep: Any = ALL,
) -> TypeGuard[Record]:
    """Return whether an earlier manifest covers exactly this study, complete and unchanged since.

    Args:
        earlier: the manifest, if there is one.
        settings: as `manifest` takes them.
        chains: the `chains` table.
        iterations: how far chains are followed.
        batches: names of the journal's records; one that was deleted is to be made again.
        sessions: names of the records of runs.
        keep: which images stay on disk.
    """
    return (
        earlier is not None
        and earlier.get("batches") == len(batches)
        and len(earlier["sessions"]) == len(sessions)
        and earlier.get("complete") is True
        and earlier.get("digest") == _digest(settings)
        and earlier.get("iterations") == iterations
        and earlier.get("keep") == keep
        and earlier.get("chains") == fingerprint(chains)
    )


def text_digest(descriptions: pd.DataFrame) -> str:
    """Return a digest of descriptions: of chain, iteration, description and drawn text, in the order of the rows.

    Drawn texts count only where there are any, so that studies without them keep their digest.
    """
    hasher = hashlib.blake2b(digest_size=16)
    has_drawn_texts = "drawn_text" in descriptions and descriptions["drawn_text"].notna().any()
    for name in (*_HASHED, "drawn_text") if has_drawn_texts else _HASHED:
        column = descriptions[name]
        # Neither one by one, which would take a second of 300,000 texts, nor all at once, which would copy them.
        lengths = [pc.binary_length(texts).fill_null(0).to_numpy(zero_copy_only=False) for texts in _in_parts(column)]
        hasher.update(np.concatenate([[0], *lengths]).cumsum().astype("<i8").tobytes())
        for texts in _in_parts(column):
            hasher.update("".join(texts.drop_null().to_pylist()).encode())
    return hasher.hexdigest()


def _in_parts(column: pd.Series) -> Iterator[pa.Array]:
    for start in range(0, len(column), _AT_ONCE):
        yield pa.array(column.iloc[start : start + _AT_ONCE].astype("string"), pa.string())


def _digest(settings: Mapping[str, Any]) -> str:
    return digest(json.dumps(settings, sort_keys=True))


def _session(name: str, session: Record, batches: Sequence[Record]) -> Record:
    """Return the record of one run, with what its batches add up to."""
    own = [record for record in batches if record["session"] == name]
    phases = {phase: [r for r in own if r["phase"] == phase and "seconds" in r] for phase in ("describe", "draw")}
    seconds = {phase: sum(record["seconds"] for record in group) for phase, group in phases.items()}
    seconds["load"] = sum(record["load_seconds"] for group in phases.values() for record in group)
    lasted = max((record["ended"] for record in own), default=0.0) * session["workers"]
    return {
        **session,
        "described": sum(record["size"] for record in phases["describe"]),
        "drawn": sum(record["size"] for record in phases["draw"]),
        "failed": sum(len(record["failures"]) for record in own),
        "cut": sum(len(record["cut"] or ()) for group in phases.values() for record in group),
        "seconds": {**seconds, "around": max(0.0, lasted - sum(seconds.values()))},
        "batches": {phase: sorted({record["size"] for record in group}) for phase, group in phases.items()},
        "devices": {phase: group[-1]["device"] for phase, group in phases.items() if group},
    }
