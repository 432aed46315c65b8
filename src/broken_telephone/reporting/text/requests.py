"""Writes sentences about models behind endpoints: why chains ended, what requests cost, whether seeds are heeded."""

from collections.abc import Iterator, Mapping

from broken_telephone.reporting.text.wording import counted, listed, spoken

_NAMED = 8
_MODELS = {"describe": "describer", "draw": "generator"}
"""Phase of the loop -> the model that is asked."""
_NOT_CHECKED = "not checked"
"""Recorded in place of `heeded`, or of null for a server that ignores seeds."""


def kinds_of_failures(manifest: Mapping) -> str:
    """Return the kinds of a manifest's failures with their counts and labels; an empty text without any.

    Args:
        manifest: of the loop.
    """
    kinds = []
    for kind, labels in manifest.get("ended_early", {}).items():
        by_label = listed([f"{spoken(label)} {count}" for label, count in labels.items()], _NAMED)
        kinds.append(f"{kind} ({sum(labels.values())}: {by_label})")
    return "; ".join(kinds)


def request_sentences(manifests: Mapping[str, Mapping]) -> list[str]:
    """Say what the requests to endpoints cost, and whether the generator's server heeds seeds.

    Args:
        manifests: records of the runs, by name.
    """
    sentences: list[str] = []
    for record in manifests.values():
        for phase, costs in record.get("costs", {}).items():
            sentences.append(cost_sentence(f"The {_MODELS[phase]}'s server", costs))
        for asked in record.get("asked", {}).values():
            if asked.get("costs"):
                sentences.append(cost_sentence(f"The server of {asked['by']} ({asked['reading']})", asked["costs"]))
        sentences += _seeds(record)
    return sentences


def cost_sentence(who: str, costs: Mapping[str, float]) -> str:
    """Say what the requests to one server cost.

    Args:
        who: the server.
        costs: its counters.
    """
    count = {name: int(amount) for name, amount in costs.items() if name != "seconds"}
    tokens = [
        f"{counted(count[name], 'token')} of {what}"
        for name, what in (("input_tokens", "input"), ("output_tokens", "output"))
        if name in count
    ]
    parts = [counted(count.get("requests", 0), "request")]
    parts += [f"{count.get('retries', 0)} of them repeated", f"{counted(count.get('refusals', 0), 'refusal')}"]
    parts += [f"{counted(count['revised'], 'text')} rewritten by the server"] if count.get("revised") else []
    return f"{who}: {', '.join([*parts, *tokens])}."


def _seeds(record: Mapping) -> Iterator[str]:
    """Say once if a run's server did not heed seeds, and once if that is unknown."""
    resolved = [session.get("resolved", {}).get("draw", {}) for session in record.get("sessions", [])]
    results = {one["seed"] for one in resolved if "seed" in one}
    if None in results:
        yield (
            "The generator's server does not heed seeds. Its images cannot be drawn again, and chains of one seed in "
            "other studies share their start only, not their noise."
        )
    if _NOT_CHECKED in results:
        yield (
            "The generator's server did not draw the plain text of the check of seeds, so that it is unknown whether "
            "its images can be drawn again."
        )
