"""Loads a study's settings with Kedro's loader, checks them, and resolves `${params:...}` in catalog files.

`${params:name}` refers to a parameter. A study thus states the settings of a model or data set once, `--params` can
change them, and `catalog.load("describer")` works in a notebook.
"""

import mimetypes
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
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
# Each of these settings selects another model; `network` belongs to a weights file of a detector or parser.
_ANOTHER = frozenset({"hub", "preset", "endpoint", "facexlib", "network", "unified"}) | {
    *("classifier", "classifiers", "zero_shot", "function", "table")
}
_ARCHIVES = {"application/x-tar": "tar", "application/zip": "zip", "application/x-zip-compressed": "zip"}
_MOST_LISTED = 20
"""Studies that an error names; arms of grids can be many more."""
_OF_ITS_DATA = ("splits", "count", "balance", "starts", "prompts", "prompt_file")


class StudyConfigLoader(OmegaConfigLoader):
    """Kedro's loader for a project in which each environment is a study."""

    # `_read_dir_configs` and `_merge_configs` override private methods: Kedro's public options (patterns, one merge
    # strategy per kind of settings) cannot read below a folder named `[a]`, nor merge one model differently.

    def __init__(self, conf_source: str | Path, env: str | None = None, *args: Any, **kwargs: Any) -> None:
        """Read the globals; the other settings are read when they are asked for.

        Raises:
            StudyError: if the study does not exist, its name is invalid or used by another folder, or globals.yml is
                wrong.
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
            # OmegaConf's resolvers are global, so this loader registers its own before it resolves.
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
            settings = _with_attributes(settings)
        # Logging and credentials contain no settings of this project.
        return with_home(settings) if key in ("parameters", "catalog") else settings

    def _checked_globals(self) -> dict[str, Any]:
        """Return the globals, and refuse a study whose results would mix with those of another study."""
        root, env = self._get_conf_env_path(""), self.env
        folders = [Path(path).name for path in self._fs.ls(root, detail=False) if self._fs.isdir(path)]
        folders = sorted(name for name in folders if not name.startswith("."))
        if self.base_env and self.base_env not in folders:
            raise StudyError(
                f"{self.conf_source} does not hold the settings of this project: it has no folder {self.base_env}"
            )
        if env is not None and env not in folders:
            raise StudyError(
                f"There is no study {env!r}: {root} has no folder of this name. {self._near(env, folders)}"
                f"{self._existing(folders)}`kedro new-study` makes one; see docs/settings.md."
            )
        try:
            settings: dict[str, Any] = super().__getitem__("globals")
        except OmegaConfBaseException as error:
            raise unresolved("globals", error) from error
        # Without --env, the folder `local` adds settings to the base study.
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

    def _near(self, env: str, folders: Iterable[str]) -> str:
        """Return a sentence with the folders whose names resemble a wrong one; empty if there are none."""
        names = {name.casefold(): name for name in folders if name != self.default_run_env}
        near = [names[name] for name in get_close_matches(env.casefold(), names)]
        return f"Did you mean {' or '.join(near)}? " if near else ""

    def _existing(self, folders: Iterable[str]) -> str:
        """Return a sentence with the studies that exist, or the command that lists them."""
        names = sorted(name for name in folders if name != self.default_run_env)
        return f"There are: {', '.join(names)}. " if len(names) <= _MOST_LISTED else "`kedro studies` lists all. "

    def _stated(self, folder: str, key: str = "globals") -> dict[str, Any]:
        """Return the settings of one kind in one folder, those of globals.yml by default."""
        path = self._get_conf_env_path(folder)
        patterns, kind = (["globals.yml"], "own globals") if key == "globals" else (self.config_patterns[key], key)
        stated: dict[str, Any] = self.load_and_merge_dir_config(path, patterns, kind, set())
        return stated

    def _stated_elsewhere(self, folder: str) -> Any:
        """Return the study name of another folder; None if its globals.yml cannot be read."""
        try:
            return self._stated(folder).get("study")
        except (StudyError, OmegaConfBaseException):
            return None

    def _groups(self, folder: str) -> dict[str, bool]:
        """Return setting -> whether it is a group of settings, for the files of one folder."""
        patterns = self.config_patterns["parameters"]
        files = self._read_dir_configs(self._get_conf_env_path(folder), patterns, "parameters", set())
        return {
            str(name): isinstance(stated._get_node(name), DictConfig) for stated in files.values() for name in stated
        }

    @staticmethod
    def _initialise_filesystem_and_protocol(conf_source: str) -> tuple[fsspec.AbstractFileSystem, str]:
        """Open the folder or archive with the settings."""
        archive = _ARCHIVES.get(mimetypes.guess_type(conf_source)[0] or "")
        try:
            if archive is None:
                return OmegaConfigLoader._initialise_filesystem_and_protocol(conf_source)
            # The archive is opened here, because fsspec interprets brackets and `::` in a path.
            content = Path(conf_source).open("rb")  # noqa: SIM115, it is read as long as this loader lives
            filesystem = fsspec.filesystem(archive, fo=content, skip_instance_cache=True)
            if not filesystem.ls("", detail=False):
                raise ValueError("it is empty")
            return filesystem, archive
        # Archive and fsspec backends raise many exception types for invalid files and addresses.
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
        """Read the files of one folder that match any of the patterns, with readable errors.

        This overrides Kedro's method, which interprets brackets in the folder's path as a pattern, and does not limit
        YAML aliases.
        """
        folder = Path(conf_path).as_posix()
        if not self._fs.isdir(folder):
            if folder == Path(self._get_conf_env_path(self.default_run_env)).as_posix():
                return {}  # an archive may omit an empty folder
            raise MissingConfigException(f"There is no folder {conf_path}")
        root = self._fs._strip_protocol(folder)
        wanted = [re.compile(glob_translate(pattern)) for pattern in patterns]
        configs: dict[Path, DictConfig] = {}
        for path in sorted(self._fs.find(folder)):
            file, name = Path(path), path.removeprefix(root).lstrip("/")
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
        """Merge the settings of the base study, of the studies that this one extends, and its own."""
        for folder in self._extended() if key != "logging" else ():
            path = self._get_conf_env_path(folder)
            config = self._merged(config, self._stated(folder, key), key, path)
        return self._merged(config, env_config, key, env_path)

    def _extended(self) -> list[str]:
        """Return the folders of the studies that this one extends, the first one first.

        Raises:
            StudyError: if a folder does not exist, or a study extends itself.
        """
        folders: list[str] = []
        folder = self.env or self.default_run_env
        while (parent := self._stated(folder).get("extends")) not in (None, self.base_env):
            file = Path(self._get_conf_env_path(folder), "globals.yml")
            if not isinstance(parent, str) or not self._fs.isdir(Path(self._get_conf_env_path(parent)).as_posix()):
                raise StudyError(f"{file}: extends: there is no folder {parent!r} beside it")
            if parent in (*folders, self.env):
                raise StudyError(f"{file}: extends: {parent!r} extends this study, too")
            folders.insert(0, parent)
            folder = parent
        return folders

    def _merged(self, config: dict, env_config: dict, key: str, env_path: str) -> dict[str, Any]:
        """Merge as Kedro does, but drop the base study's model or data set settings if a study selects others.

        The settings of the base study's model do not fit another model, and `load: {}` could not remove them. The same
        holds for a run that sets another `hub`, `preset`, `endpoint`, `facexlib` or `network`; another `path` may be a
        copy of the same model. The base study's splits and prompts do not fit another data set.
        This overrides Kedro's method, whose merge strategies are the same for all parameters.
        """
        if key == "parameters":
            given = {name: value for name, value in (self.runtime_params or {}).items() if isinstance(value, dict)}
            # The files decide, because env_config already includes --params.
            if self._groups(Path(env_path).name).keys() & {"dataset", "data_root"} and "chains" in config:
                chains = {name: value for name, value in config["chains"].items() if name not in _OF_ITS_DATA}
                config = {**config, "chains": chains}
            for model in _MODELS:
                if set(given.get(model, {})) & _ANOTHER:
                    # One run with another model uses no setting of the study's own model.
                    config = {name: value for name, value in config.items() if name != model}
                    env_config = {**env_config, model: dict(given[model])}
                    continue
                stated = set(env_config.get(model) or {}) - set(given.get(model, {}))
                if stated & (_ANOTHER | {"path"}):
                    config = {name: value for name, value in config.items() if name != model}
        if not env_config:
            return config
        # Merging would resolve `${` again in texts that are already resolved.
        hidden = [with_texts_changed(stated, _hide_references) for stated in (config, env_config)]
        merged = super()._merge_configs(hidden[0], hidden[1], key, env_path)
        return dict(with_texts_changed(merged, lambda text: text.replace("$\0{", "${")))


def _check_label(stated: Any, name: Any) -> None:
    """Refuse a study name in the parameters that differs from globals.yml, which names the folders of results."""
    if stated is not None and stated != name:
        raise StudyError(
            f"study: {stated!r} is not this study's name, which is {name!r}. The name determines the folder of "
            "results, and only globals.yml sets it. For another study, make a folder conf/<study>/ with its own "
            "globals.yml, and run it with --env <study>"
        )


def _with_attributes(settings: dict[str, Any]) -> dict[str, Any]:
    """Add the attributes of the study's own to the settings of its data set, which they describe further.

    They are a group of their own because a study with `dataset` settings gives up the base study's splits and prompts.
    """
    dataset = settings.get("dataset") or {}
    if "attributes" in dataset:
        raise StudyError("dataset.attributes: state `attributes` by itself, not below `dataset`")
    own = settings.get("attributes")
    return {**settings, "dataset": {**dataset, "attributes": own}} if own else settings


def _check_names(known: Mapping[str, bool], parameters: Mapping[str, Any]) -> None:
    """Refuse settings that the base study lacks, and single values in place of a group of settings."""
    for name, value in parameters.items():
        if name in StudyGlobals.model_fields and name not in known:
            raise StudyError(f"The setting {name!r} belongs in globals.yml, not in the parameters")
        if known.get(name) and not isinstance(value, dict):
            raise StudyError(
                f"{name} is a group of settings, not {value!r}: state the settings below it "
                f"(in --params: {name}.<setting>=<value>)"
            )
    # A misspelt setting would have no effect.
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
