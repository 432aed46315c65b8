"""Refuses to import results whose texts or originals changed since an earlier import of the same study."""

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


def _by_key(descriptions: pd.DataFrame) -> dict[str, str]:
    columns = (descriptions[name].to_list() for name in ("chain_id", "iteration", "text"))
    return {key(str(chain), int(iteration)): str(text) for chain, iteration, text in zip(*columns, strict=True)}
