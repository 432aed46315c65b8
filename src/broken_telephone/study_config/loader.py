"""How a study's settings are found: Kedro's loader, plus checks, plus `${params:...}` in catalog files.

`${params:name}` stands for a parameter, so that the settings of a model or a data set are stated
once, `--params` changes them like all others, and `catalog.load("describer")` works in a notebook.
"""

import mimetypes
import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import fsspec
from fsspec.utils import glob_translate
from kedro.config import MissingConfigException, OmegaConfigLoader
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from broken_telephone.errors import StudyError
from broken_telephone.study_config.files import alike, read_settings, unresolved, with_home, with_texts_changed
from broken_telephone.study_config.study_globals import StudyGlobals

_MODELS = ("generator", "describer", "annotator", "embedder", "detector", "parser")
# Any of these names another model; `network` comes with a file of weights for a detector or a parser.
_ANOTHER = frozenset({"hub", "preset", "endpoint", "facexlib", "network"})
_ARCHIVES = {"application/x-tar": "tar", "application/zip": "zip", "application/x-zip-compressed": "zip"}
_OF_ITS_DATA = ("splits", "count", "balance", "starts", "prompts", "prompt_file")


class StudyConfigLoader(OmegaConfigLoader):
    """Kedro's loader for a project in which an environment is a study."""

    # `_read_dir_configs` and `_merge_configs` override private methods: Kedro's public options (patterns, one merge
    # strategy per kind of settings) cannot read below a folder named `[a]`, nor merge one model differently.

    def __init__(self, conf_source: str | Path, env: str | None = None, *args: Any, **kwargs: Any) -> None:
        """Read the globals; the other settings are read when they are asked for.

        Raises:
            StudyError: if the study does not exist, its name cannot be used or belongs to another folder, too, or
                globals.yml states anything wrong.
        """
        super().__init__(str(conf_source), env, *args, **kwargs)

    def __getitem__(self, key: str) -> dict[str, Any]:
        """Return the settings of one kind, such as parameters or catalog.

        Raises:
            StudyError: naming the file and the setting that is wrong.
        """
        if key == "globals" and key not in self:
            return self._checked_globals()
        if key == "catalog":
            # Resolvers are global in OmegaConf: the loader that is asked must be the one that answers.
            OmegaConf.register_new_resolver("params", partial(_select, self["parameters"]), replace=True)
        try:
            settings: dict[str, Any] = super().__getitem__(key)
        except OmegaConfBaseException as error:
            raise unresolved(key, error) from error
        except TypeError as error:
            raise StudyError(
                f"--params: a list is replaced as a whole, and a group of settings by a group ({error}). "
                "State a list in a file, such as conf/<study>/parameters.yml"
            ) from error
        if key == "parameters":
            _check_names(self._groups(self.base_env), settings)
            _check_label(settings.get("study"), self["globals"].get("study"))
        # Logging and credentials are not read for this project's own settings.
        return with_home(settings) if key in ("parameters", "catalog") else settings

    def _checked_globals(self) -> dict[str, Any]:
        """Return the globals, and refuse a study whose results would mix with those of another."""
        root, env = self._get_conf_env_path(""), self.env
        folders = [Path(place).name for place in self._fs.ls(root, detail=False) if self._fs.isdir(place)]
        folders = sorted(name for name in folders if not name.startswith("."))
        if self.base_env and self.base_env not in folders:
            raise StudyError(
                f"{self.conf_source} does not hold the settings of this project: it has no folder {self.base_env}"
            )
        if env is not None and env not in folders:
            studies = [name for name in folders if name != self.default_run_env]
            raise StudyError(
                f"There is no study {env!r}: it is the name of no folder in {root}. There are: {', '.join(studies)} "
                "(base is the miniature). A new study is a new folder there; see docs/settings.md."
            )
        try:
            settings: dict[str, Any] = super().__getitem__("globals")
        except OmegaConfBaseException as error:
            raise unresolved("globals", error) from error
        # Where no study is named, the folder `local` adds to the base study's.
        own = [env] if env not in (None, self.default_run_env) else [self.base_env, self.default_run_env]
        folder = [name for name in own if name in folders and self._stated(name)]
        file = Path(root, (folder or own)[-1], "globals.yml")
        if env not in (None, self.default_run_env, self.base_env):
            base, stated = (self._stated(name).get("study") for name in (self.base_env, str(env)))
            if stated is None or alike(stated, base):
                raise StudyError(
                    f"{file.parent} names no study of its own, so its results would mix with those of {base!r}: "
                    f"write a line such as `study: {env}` into {file}"
                )
        try:
            StudyGlobals.model_validate(settings)
        except StudyError as error:
            raise StudyError(f"{file}: {error}") from None
        for other in folders:
            if other not in own and alike(self._stated_elsewhere(other), settings["study"]):
                raise StudyError(
                    f"{file.parent} and {Path(root, other)} name the same study, {settings['study']!r}, so their "
                    "results would mix: give one of them another name (study: in its globals.yml)"
                )
        return with_home(settings)

    def _stated(self, folder: str) -> dict[str, Any]:
        """Return what the globals.yml of one folder states."""
        place = self._get_conf_env_path(folder)
        stated: dict[str, Any] = self.load_and_merge_dir_config(place, ["globals.yml"], "own globals", set())
        return stated

    def _stated_elsewhere(self, folder: str) -> Any:
        """Return the name of the study in a folder that is not run; None where its globals.yml cannot be read."""
        try:
            return self._stated(folder).get("study")
        except (StudyError, OmegaConfBaseException):
            return None

    def _groups(self, folder: str) -> dict[str, bool]:
        """Return the settings that the files of one folder state, and whether each is a group of settings."""
        patterns = self.config_patterns["parameters"]
        files = self._read_dir_configs(self._get_conf_env_path(folder), patterns, "parameters", set())
        return {
            str(name): isinstance(stated._get_node(name), DictConfig) for stated in files.values() for name in stated
        }

    @staticmethod
    def _initialise_filesystem_and_protocol(conf_source: str) -> tuple[fsspec.AbstractFileSystem, str]:
        """Open the folder, or the archive, that the settings are in."""
        archive = _ARCHIVES.get(mimetypes.guess_type(conf_source)[0] or "")
        try:
            if archive is None:
                return OmegaConfigLoader._initialise_filesystem_and_protocol(conf_source)
            # Opened here: fsspec would take a bracket or `::` in the path for more than a name.
            content = Path(conf_source).open("rb")  # noqa: SIM115, it is read as long as this loader lives
            filesystem = fsspec.filesystem(archive, fo=content, skip_instance_cache=True)
            if not filesystem.ls("", detail=False):
                raise ValueError("it is empty")
            return filesystem, archive
        # Archives raise many kinds for what is none; fsspec for addresses that it does not know.
        except Exception as error:
            raise StudyError(f"--conf-source: the settings in {conf_source} cannot be read: {error}") from error

    def _read_dir_configs(
        self,
        conf_path: str,
        patterns: Iterable[str],
        key: str,
        processed_files: set[Path],
        read_environment_variables: bool | None = False,
    ) -> dict[Path, DictConfig]:
        """Read the files of one folder that match any of the patterns, as Kedro does, with errors in words.

        A hook into Kedro's loader: it takes a bracket in the folder's own path for a pattern, and aliases in the
        files are not bounded.
        """
        folder = Path(conf_path).as_posix()
        if not self._fs.isdir(folder):
            if folder == Path(self._get_conf_env_path(self.default_run_env)).as_posix():
                return {}  # an archive need not have an empty folder
            raise MissingConfigException(f"There is no folder {conf_path}")
        root = self._fs._strip_protocol(folder)
        wanted = [re.compile(glob_translate(pattern)) for pattern in patterns]
        configs: dict[Path, DictConfig] = {}
        for found in sorted(self._fs.find(folder)):
            file, name = Path(found), found.removeprefix(root).lstrip("/")
            if not any(pattern.fullmatch(name) for pattern in wanted) or not self._is_valid_config_path(file):
                continue
            if not self.ignore_hidden or not any(part.startswith(".") for part in Path(name).parts):
                configs[file] = read_settings(self._fs, file)
                processed_files.add(file)
                if read_environment_variables:
                    self._resolve_environment_variables(configs[file])
        try:
            self._check_duplicates(key, configs)
        except ValueError as error:
            raise StudyError(str(error)) from None
        return configs

    def _merge_configs(self, config: dict, env_config: dict, key: str, env_path: str) -> dict[str, Any]:
        """Merge as Kedro does, but let a study that names another model or data set start from nothing.

        Settings of the base study's model would only be in its way: `load: {}` cannot take away what is merged in.
        The same for a run that names another `hub`, `preset`, `endpoint`, `facexlib` or `network`; another `path`
        is for copies of a model.
        So would the splits and prompts that belong to the base study's data set.
        A hook into Kedro's loader, because its merge strategies are the same for all parameters.
        """
        if key == "parameters":
            given = {name: value for name, value in (self.runtime_params or {}).items() if isinstance(value, dict)}
            # By its files, not by env_config, which what is given for one run has entered already.
            if self._groups(Path(env_path).name).keys() & {"dataset", "data_root"} and "chains" in config:
                # The base study's splits and prompts are those of its own data set.
                chains = {name: value for name, value in config["chains"].items() if name not in _OF_ITS_DATA}
                config = {**config, "chains": chains}
            for model in _MODELS:
                if set(given.get(model, {})) & _ANOTHER:
                    # Another model for one run: no setting of the study's own model is left.
                    config = {name: value for name, value in config.items() if name != model}
                    env_config = {**env_config, model: dict(given[model])}
                    continue
                stated = set(env_config.get(model) or {}) - set(given.get(model, {}))
                if stated & (_ANOTHER | {"path"}):
                    config = {name: value for name, value in config.items() if name != model}
        # Merging reads `${` once more, in texts in which nothing is to be replaced any longer.
        hidden = [
            with_texts_changed(stated, lambda text: text.replace("${", "$\0{")) for stated in (config, env_config)
        ]
        merged = super()._merge_configs(hidden[0], hidden[1], key, env_path)
        return dict(with_texts_changed(merged, lambda text: text.replace("$\0{", "${")))


def _check_label(stated: Any, name: Any) -> None:
    """Refuse another name in the settings than the one that folders have: results would be labelled wrongly."""
    if stated is not None and stated != name:
        raise StudyError(
            f"study: {stated!r} is not this study's name, which is {name!r}. The name decides where results go and "
            "stands in one place only, globals.yml: for another study make a folder conf/<study>/ with a globals.yml "
            "of its own, and run it with --env <study>"
        )


def _check_names(known: Mapping[str, bool], parameters: Mapping[str, Any]) -> None:
    """Refuse settings that the base study does not have, and values where it has a group of settings."""
    for name, value in parameters.items():
        if name in StudyGlobals.model_fields and name not in known:
            raise StudyError(f"The setting {name!r} stands in globals.yml, not among the parameters")
        if known.get(name) and not isinstance(value, dict):
            raise StudyError(
                f"{name} is a group of settings, not {value!r}: state the settings below it "
                f"(in --params: {name}.<setting>=<value>)"
            )
    # A slip of the pen would do nothing.
    if unknown := sorted(map(str, set(parameters) - set(known))):
        raise StudyError(f"There is no setting {', '.join(map(repr, unknown))} (there are: {', '.join(sorted(known))})")


def _hide_references(text: str) -> str:
    return text.replace("${", "$\0{")


def _select(parameters: Mapping[str, Any], name: str) -> Any:
    value: Any = parameters
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise StudyError(f"The setting {name!r} is missing (conf/<study>/parameters.yml)")
        value = value[part]
    return value
