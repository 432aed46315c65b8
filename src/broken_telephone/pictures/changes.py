"""Refuses pictures that are no longer those that results were made from, by name."""

from collections.abc import Iterable, Sequence

from broken_telephone.chains import key
from broken_telephone.errors import ChangedInputError, StudyError

_NAMED = 5


def refuse_changed_starts(compared: Iterable[tuple[str, str | None, str | None]]) -> None:
    """Refuse a study some of whose starts are no longer those that results were made from.

    Args:
        compared: for each original or prompt its path or text, the digest that results were made from, and the digest
            of now; None for an original that is missing, which is told where it is opened.

    Raises:
        ChangedInputError: with the number of starts that changed, and the first of them.
    """
    rows = list(dict.fromkeys(compared))
    other = [name for name, before, now in rows if now is not None and now != before]
    if other:
        raise ChangedInputError(
            f"{len(other)} of {len(rows)} originals or prompts are not those that this study was made from: "
            f"{_listed(other)}. No result was changed. If data_root names another folder than before, set it back. "
            "Otherwise put them back; or give the study another name (study: in globals.yml) to start a study with the "
            "present ones."
        )


def refuse_changed_drawings(changed: Sequence[str]) -> None:
    """Refuse drawn pictures whose files were changed or taken away by somebody else.

    Raises:
        ChangedInputError: with the number of pictures, and the first of them.
    """
    if changed:
        raise ChangedInputError(
            f"{len(changed)} drawn pictures are not what the loop drew: {_listed(changed)} (below loop_images). "
            "Put them back; or delete these files and run `kedro run --pipeline loop`, which draws them again, and "
            "makes all results that follow from them again. (A run that was killed while it saved pictures may leave "
            "such files, too.)"
        )


def refuse_unfinished_loop(is_over: bool, chains: Iterable[str], iterations: int, drawn: Iterable[str]) -> None:
    """Refuse to go on from a loop that was stopped amid its work, or that followed other chains.

    Args:
        is_over: whether the loop was run to its end for these chains and iterations.
        chains: names of the chains.
        iterations: how far they are to be followed.
        drawn: keys of the pictures that exist.

    Raises:
        StudyError: with the number of pictures that exist.
    """
    if is_over:
        return
    wanted = {key(chain, iteration) for chain in chains for iteration in range(1, iterations + 1)}
    raise StudyError(
        f"The loop has not finished: {len(wanted.intersection(drawn)):,} of {len(wanted):,} pictures are drawn. "
        "Run `kedro run --pipeline loop` for this study to its end first"
    )


def _listed(names: Iterable[str]) -> str:
    different = list(dict.fromkeys(names))
    rest = f" and {len(different) - _NAMED} more" if len(different) > _NAMED else ""
    return ", ".join(different[:_NAMED]) + rest
