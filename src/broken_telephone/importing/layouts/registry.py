"""Reads results by the layout that the settings name. To add a layout, add a reader and a line here."""

from pathlib import Path

from broken_telephone.errors import StudyError
from broken_telephone.importing.chain_record import ImportedChain
from broken_telephone.importing.layouts.generations import read_generations
from broken_telephone.importing.layouts.loops import read_loops
from broken_telephone.importing.layouts.plain_table import read_plain_table
from broken_telephone.importing.layouts.runs import read_phase_runs, read_raf_runs
from broken_telephone.importing.picture_files import PictureFiles
from broken_telephone.importing.settings import ImportSettings
from broken_telephone.ingestion.reader_result import Findings


def read_results(settings: ImportSettings, findings: Findings) -> list[ImportedChain]:
    """Read the chains of results.

    Args:
        settings: with a layout and a root.
        findings: collects defects, by files below the root.

    Raises:
        StudyError: if the folder is missing, or holds another layout.
    """
    root, pictures = settings.folder, PictureFiles(settings.folder)
    if not root.is_dir():
        raise StudyError(f"import.root: {root} is no folder. It names the folder that holds the results")
    readers = {
        "raf_runs": lambda: read_raf_runs(root, settings.files, pictures, findings),
        "phase_runs": lambda: read_phase_runs(root, settings.files, pictures, findings),
        "loops": lambda: read_loops(root, settings.files, pictures, findings),
        "generations": lambda: read_generations(root, settings.texts, findings),
        "table": lambda: read_plain_table(
            root, settings.files[0], settings.columns, settings.texts, pictures, findings
        ),
    }
    chains = list(readers[str(settings.layout)]())
    if pictures.shortened:
        advice = "Each is the file with the longest common end of its path below import.root"
        findings.note("translated", "images in moved folders", Path(root), "all entries", pictures.shortened, advice)
    return chains
