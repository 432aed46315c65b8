"""Keeps images that `kedro forget` removed out of the list of what an import left out or changed."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from broken_telephone.importing.chain_record import ImportedChain
from broken_telephone.importing.originals import bare_ends
from broken_telephone.ingestion.forgotten import is_forgotten

Defect = dict[str, Any]


def without_forgotten_defects(
    defects: Iterable[Defect],
    forgotten: Mapping[str, Any],
    gone: Collection[ImportedChain],
    kept: Iterable[ImportedChain],
    root: Path,
) -> list[Defect]:
    """Return the defects that neither name a forgotten image nor are about its chains.

    A forgotten image is no longer in the data set, so its entries would be listed as those of an unknown image.

    Args:
        defects: as `Findings` collects them.
        forgotten: the record of forgotten images.
        gone: the chains that start from forgotten images.
        kept: the other chains.
        root: the folder of the results, to which the files of defects are relative.
    """
    if not forgotten:
        return list(defects)
    places = {(_below(chain.file, root), chain.row) for chain in gone}
    own_files = {_below(chain.file, root) for chain in gone} - {_below(chain.file, root) for chain in kept}

    def is_about_one(defect: Defect) -> bool:
        row = defect["row"]
        if defect["file"] in own_files:
            return True
        # The row of a single image is `<row of its chain>, image <iteration>`.
        if (defect["file"], row) in places or (defect["file"], row.rpartition(", image ")[0]) in places:
            return True
        texts = [text.strip("'\"") for text in (row, defect["value"]) if text]
        return any(is_forgotten(forgotten, name) for text in texts for name in bare_ends(text))

    return [defect for defect in defects if not is_about_one(defect)]


def _below(file: Path, root: Path) -> str:
    return (file.relative_to(root) if file.is_relative_to(root) else file).as_posix()
