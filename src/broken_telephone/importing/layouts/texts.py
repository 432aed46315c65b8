"""Assigns the text that stands beside an image: it describes the image, or the image was drawn from it."""

from pathlib import Path

from broken_telephone.errors import StudyError
from broken_telephone.importing.chain_record import ImportedChain
from broken_telephone.importing.settings import DRAWN, OF_IMAGE
from broken_telephone.ingestion.reader_result import Findings


def refuse_undefined_texts(exist: bool, texts: str | None, where: str) -> None:
    """Refuse texts of which the settings do not say what they are.

    Raises:
        StudyError: naming the setting.
    """
    if exist and texts is None:
        raise StudyError(
            f"{where}, and nothing says what they are. Set import.texts: {OF_IMAGE} if the text beside image k "
            f"describes it, or import.texts: {DRAWN} if image k was drawn from it"
        )


def take_text(
    chain: ImportedChain, iteration: int, text: str, texts: str | None, findings: Findings, file: Path, row: str
) -> None:
    """Add the text beside image `iteration` to a chain, as `import.texts` says."""
    if not text:
        return
    if texts == OF_IMAGE:
        chain.descriptions[iteration + 1] = text
    elif iteration > 0:
        chain.descriptions[iteration] = text
    else:
        findings.note("ignored", "text beside image 0, which nothing drew", file, row)
