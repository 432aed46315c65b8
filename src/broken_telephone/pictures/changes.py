"""Refuses pictures that changed after results were made from them, and names them."""

from collections.abc import Iterable, Sequence

from broken_telephone.chains import key
from broken_telephone.errors import ChangedInputError, StudyError
from broken_telephone.visible import shortlist

_NAMED = 5


def refuse_changed_starts(compared: Iterable[tuple[str, str | None, str | None]]) -> None:
    """Refuse a study with originals or prompts that changed after results were made from them.

    Args:
        compared: path or text, recorded digest and present digest of each original or prompt. The present digest is
            None for a missing original, which is reported when it is opened.

    Raises:
        ChangedInputError: with the number of starts that changed, and the first of them.
    """
    starts = list(dict.fromkeys(compared))
    changed = [name for name, before, now in starts if now is not None and now != before]
    if changed:
        raise ChangedInputError(
            f"{len(changed)} of {len(starts)} originals or prompts changed after this study was made from them: "
            f"{shortlist(dict.fromkeys(changed), _NAMED)}. No result was changed. If data_root changed, set it back. "
            "Otherwise restore the originals; or give the study another name (study: in globals.yml) to start a study "
            "with the present ones."
        )


def refuse_changed_drawings(changed: Sequence[str]) -> None:
    """Refuse drawn pictures whose files were changed or removed after the loop.

    Raises:
        ChangedInputError: with the number of pictures, and the first of them.
    """
    if changed:
        raise ChangedInputError(
            f"{len(changed)} drawn pictures changed after the loop: {shortlist(dict.fromkeys(changed), _NAMED)} "
            "(below loop_images). Restore them; or delete these files and run `kedro run --pipeline loop`, which "
            "draws them again, and makes all results that follow from them again. (A run that was killed while it "
            "saved pictures may leave such files, too.)"
        )


def refuse_unfinished_loop(
    is_over: bool, chains: Iterable[str], iterations: Sequence[int], drawn: Iterable[str]
) -> None:
    """Refuse to continue from an unfinished loop, or from one that followed other chains.

    Args:
        is_over: whether the loop finished for these chains and iterations.
        chains: IDs of the chains.
        iterations: those whose pictures stay on disk.
        drawn: keys of the existing pictures.

    Raises:
        StudyError: with the number of existing pictures.
    """
    if is_over:
        return
    wanted = {key(chain, iteration) for chain in chains for iteration in iterations}
    raise StudyError(
        f"The loop has not finished: {len(wanted.intersection(drawn)):,} of {len(wanted):,} pictures are drawn. "
        "Run `kedro run --pipeline loop` for this study to its end first"
    )
