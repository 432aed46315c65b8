"""What a study's loop has done so far, in one record: settings, counts, failures, time."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from broken_telephone.relay.plan import key
from broken_telephone.seeds import digest

Records = Mapping[str, Callable[[], dict[str, Any]]]


def existing_keys(chains: pd.DataFrame, iterations: int, found: Mapping[str, Any]) -> list[str]:
    """Return the keys of a study's items that exist, by chain and iteration; others' are left out."""
    there = set(found)
    keys = (key(chain, iteration) for chain in chains["chain_id"] for iteration in range(1, iterations + 1))
    return [name for name in keys if name in there]


def manifest(
    study: str,
    settings: Mapping[str, Any],
    chains: pd.DataFrame,
    iterations: int,
    images: Mapping[str, Any],
    texts: Mapping[str, Any],
    failures: Records,
    sessions: Records,
) -> dict[str, Any]:
    """State what was run, how far it got, and what time all sessions took together.

    `cut` counts the descriptions that the generator did not read to their end.

    Args:
        study: its name.
        settings: the sealed settings, which the digest identifies.
        chains: the `chains` table.
        iterations: how far chains are followed.
        images: pictures by key.
        texts: descriptions by key.
        failures: records of failures by key; one that a later run overcame does not count.
        sessions: records of runs that had something to do.
    """
    described, drawn = (existing_keys(chains, iterations, folder) for folder in (texts, images))
    done = {"describe": set(described), "draw": set(drawn)}
    mine = set(chains["chain_id"])
    records = {name: failures[name]() for name in failures}
    failed = [r for name, r in records.items() if r["chain_id"] in mine and name not in done[r["phase"]]]
    runs = [sessions[name]() for name in sessions]
    return {
        "study": study,
        "digest": digest(json.dumps(settings, sort_keys=True)),
        "settings": dict(settings),
        "iterations": iterations,
        "prompts": sorted(str(prompt) for prompt in chains["prompt"].dropna().unique()),
        "counts": {
            "chains": len(chains),
            "chains_from_images": int((chains["start"] == "image").sum()),
            "chains_from_prompts": int((chains["start"] == "prompt").sum()),
            "descriptions": len(described),
            "images": len(drawn),
            "failures": len(failed),
            "cut": sum(run["cut"] for run in runs),
        },
        "failures": failed,
        "seconds": {
            what: round(sum(run["seconds"][what] for run in runs), 3) for what in ("describe", "draw", "load", "around")
        },
        "sessions": runs,
    }
