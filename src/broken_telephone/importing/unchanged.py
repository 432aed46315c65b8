"""Refuses to import results whose texts or labels changed since an earlier import of the same study."""

import pandas as pd

from broken_telephone.chains import key
from broken_telephone.errors import ChangedInputError
from broken_telephone.visible import shortlist

_NAMED = 5


def refuse_changed_texts(now: pd.DataFrame, earlier: pd.DataFrame | None) -> None:
    """Compare descriptions with those of an earlier import; added ones are fine.

    Args:
        now: the `loop_descriptions` table.
        earlier: that of the earlier import, if any.

    Raises:
        ChangedInputError: naming chain and iteration of the texts that differ.
    """
    if earlier is None:
        return
    before, after = _by_key(earlier), _by_key(now)
    changed = [name for name, text in before.items() if name in after and after[name] != text]
    if changed:
        raise ChangedInputError(
            f"{len(changed)} descriptions changed since they were imported: {shortlist(changed, _NAMED)}. Restore the "
            "results; or give the study another name (study: in globals.yml) to import anew"
        )


def refuse_changed_labels(now: pd.DataFrame, earlier: pd.DataFrame | None) -> None:
    """Compare the labels of starts with those of an earlier import; labels of added starts are fine.

    Args:
        now: the `chains` table.
        earlier: that of the earlier import, if any.

    Raises:
        ChangedInputError: naming the starts whose label differs.
    """
    if earlier is None:
        return
    before, after = _labels(earlier), _labels(now)
    changed = [
        f"{start} ({', '.join(sorted(labels))} then, {', '.join(sorted(after[start]))} now)"
        for start, labels in before.items()
        if start in after and not labels <= after[start]
    ]
    if changed:
        raise ChangedInputError(
            f"import.labels or the results: {len(changed)} labels changed since they were imported: "
            f"{shortlist(changed, _NAMED)}. Set them back; or give the study another name (study: in globals.yml) to "
            "import anew"
        )


def _labels(chains: pd.DataFrame) -> dict[str, set[str]]:
    """Return image_id or prompt -> its labels."""
    labels: dict[str, set[str]] = {}
    columns = (chains[name].astype(object) for name in ("image_id", "prompt", "label"))
    for image_id, prompt, label in zip(*columns, strict=True):
        labels.setdefault(str(prompt if pd.isna(image_id) else image_id), set()).add(str(label))
    return labels


def _by_key(descriptions: pd.DataFrame) -> dict[str, str]:
    columns = (descriptions[name].to_list() for name in ("chain_id", "iteration", "text"))
    return {key(str(chain), int(iteration)): str(text) for chain, iteration, text in zip(*columns, strict=True)}
