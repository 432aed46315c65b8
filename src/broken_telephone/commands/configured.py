"""The studies that conf/ configures: their names, and their settings or the reason why these cannot be used."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from kedro.config import MissingConfigException
from omegaconf.errors import OmegaConfBaseException

from broken_telephone.errors import StudyError
from broken_telephone.settings import CONFIG_LOADER_ARGS
from broken_telephone.study_config.loader import StudyConfigLoader

BASE, LOCAL = "base", "local"


class Location(NamedTuple):
    """The settings of globals.yml that say where the results of a study are."""

    study: str
    results: str

    def layer(self, name: str) -> str:
        """Return the folder of the study in a layer, such as 03_primary."""
        return f"{self.results}/{name}/{self.study}"


class ConfiguredStudy:
    """One folder of conf. Nothing is read until it is asked for."""

    def __init__(self, conf: Path, folder: str) -> None:
        """Name the folder. `base` is the miniature study, together with `local`."""
        self._conf, self.folder = conf, folder

    @cached_property
    def location(self) -> Location:
        """Name of the study, and location of its results.

        Raises:
            StudyError: if globals.yml cannot be used.
        """
        stated = self._read("globals")
        results = str(stated["results"])
        # As Kedro does with the paths of the catalog.
        if "://" not in results and not Path(results).is_absolute():
            results = str(self._conf.parent / results)
        return Location(str(stated["study"]), results)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """All parameters of the study.

        Raises:
            StudyError: if they cannot be used.
        """
        return self._read("parameters")

    @property
    def env(self) -> str | None:
        """The value of --env."""
        return None if self.folder == BASE else self.folder

    def _read(self, kind: str) -> dict[str, Any]:
        try:
            # One loader a reading: references of a loader resolve with the globals of the last one that was made.
            return StudyConfigLoader(str(self._conf), self.env, **CONFIG_LOADER_ARGS)[kind]
        except StudyError:
            raise
        except (MissingConfigException, OmegaConfBaseException) as error:
            raise StudyError(str(error)) from error


def conf_folder() -> Path:
    """Return the folder of all settings.

    Raises:
        StudyError: if the working folder is not that of the project.
    """
    conf = Path.cwd() / "conf"
    if not (conf / BASE).is_dir():
        raise StudyError(
            f"{conf} does not hold the settings of this project: it has no folder {BASE}. Run the command in the "
            "project's folder"
        )
    return conf


def configured_studies() -> Iterator[ConfiguredStudy]:
    """Yield the studies of conf/: first the base study, then the others by name.

    Raises:
        StudyError: if the working folder is not that of the project.
    """
    conf = conf_folder()
    names = sorted(path.name for path in conf.iterdir() if path.is_dir() and not path.name.startswith("."))
    for name in sorted(set(names) - {LOCAL}, key=lambda name: (name != BASE, name)):
        yield ConfiguredStudy(conf, name)


def configured_study(env: str | None) -> ConfiguredStudy:
    """Return one study; its own settings are read when they are asked for."""
    return ConfiguredStudy(conf_folder(), BASE if env in (None, LOCAL) else str(env))
