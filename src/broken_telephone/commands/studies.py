"""The command `kedro studies`: lists what conf/ configures, and how complete each study is."""

from broken_telephone.commands.configured import BASE, ConfiguredStudy, configured_studies
from broken_telephone.commands.settings_check import check_settings
from broken_telephone.commands.study_state import StudyState, state
from broken_telephone.console import say
from broken_telephone.errors import StudyError
from broken_telephone.loop import LoopSettings
from broken_telephone.visible import one_line

_HEADER = ("study", "--env", "chains", "iterations", "images", "failures", "annotated", "report")


def list_studies() -> None:
    """Print a table of all studies, and the reason for each whose settings cannot be used."""
    rows: list[tuple[str, ...]] = [_HEADER]
    broken = []
    for study in configured_studies():
        try:
            rows.append(_row(study))
        # A file system may refuse to be read; the other studies are listed.
        except (StudyError, OSError) as error:
            broken.append(f"conf/{study.folder} cannot be used: {one_line(error)}")
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for reason in broken:
        say(reason)


def _row(study: ConfiguredStudy) -> tuple[str, ...]:
    """Return the cells of one study.

    Raises:
        StudyError: if its settings cannot be used, or a file of its results is damaged.
    """
    location, parameters = study.location, study.parameters
    check_settings(parameters)
    iterations = LoopSettings.model_validate(parameters["loop"]).iterations
    name = location.study, "" if study.folder == BASE else study.folder
    return (*name, *_cells(state(location, iterations), iterations))


def _cells(progress: StudyState, iterations: int) -> tuple[str, ...]:
    if progress.chains is None:
        return "-", "-", "-", "-", "-", progress.report
    return (
        str(progress.chains),
        f"{progress.iterations} of {iterations}",
        f"{progress.images} of {progress.chains * iterations}",
        str(progress.failures),
        progress.annotated,
        progress.report,
    )
