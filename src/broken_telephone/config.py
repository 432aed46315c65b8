"""How a study's settings are found: Kedro's loader, plus checks, plus `${params:...}` in catalog files.

`${params:name}` stands for a parameter, so that the settings of a model or a data set are stated
once, `--params` changes them like all others, and `catalog.load("describer")` works in a notebook.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from kedro.config import OmegaConfigLoader
from omegaconf import OmegaConf

from broken_telephone.errors import StudyError

_MODELS = ("generator", "describer", "annotator", "embedder", "detector", "parser")
# Any of these names another model; `network` comes with a file of weights for a detector or a parser.
_ANOTHER = frozenset({"hub", "preset", "endpoint", "facexlib", "network"})
_OF_ITS_DATA = ("splits", "count", "balance", "starts", "prompts", "prompt_file")


class StudyConfigLoader(OmegaConfigLoader):
    """Kedro's loader for a project in which an environment is a study."""

    def __init__(self, conf_source: str | Path, env: str | None = None, *args: Any, **kwargs: Any) -> None:
        """Refuse a study that does not exist; otherwise as Kedro's loader."""
        _check_study(Path(conf_source), env)
        super().__init__(str(conf_source), env, *args, **kwargs)

    def __getitem__(self, key: str) -> dict[str, Any]:
        """Return the settings of one kind, such as parameters or catalog."""
        if key == "catalog":
            # Resolvers are global in OmegaConf: the loader that is asked must be the one that answers.
            OmegaConf.register_new_resolver("params", partial(_select, self["parameters"]), replace=True)
        settings: dict[str, Any] = super().__getitem__(key)
        if key == "parameters":
            _check_names(Path(self.conf_source) / self.base_env, settings)
            _check_label(settings.get("study"), self["globals"].get("study"))
        return settings

    def _merge_configs(self, config: dict, env_config: dict, key: str, env_path: str) -> dict[str, Any]:
        """Merge as Kedro does, but let a study that names another model or data set start from nothing.

        Settings of the base study's model would only be in its way: `load: {}` cannot take away what is merged in.
        The same for a run that names another `hub`, `preset`, `endpoint`, `facexlib` or `network`; another `path`
        is for copies of a model.
        So would the splits and prompts that belong to the base study's data set.
        A hook into Kedro's loader, because its merge strategies are the same for all parameters.
        """
        if key == "parameters":
            given = self.runtime_params or {}
            # By its files, not by env_config, which what is given for one run has entered already.
            if _names(Path(env_path)) & {"dataset", "data_root"} and "chains" in config:
                # The base study's splits and prompts are those of its own data set.
                chains = {name: value for name, value in config["chains"].items() if name not in _OF_ITS_DATA}
                config = {**config, "chains": chains}
            for model in _MODELS:
                if set(given.get(model, {})) & _ANOTHER:
                    # Another model for one run: no setting of the study's own model is left.
                    config = {name: value for name, value in config.items() if name != model}
                    env_config = {**env_config, model: dict(given[model])}
                    continue
                stated = set(env_config.get(model, {})) - set(given.get(model, {}))
                if stated & (_ANOTHER | {"path"}):
                    config = {name: value for name, value in config.items() if name != model}
        merged: dict[str, Any] = super()._merge_configs(config, env_config, key, env_path)
        return merged


def _check_study(conf: Path, env: str | None) -> None:
    if env is None or not conf.is_dir():
        return
    if (conf / env).is_dir():
        _check_name(conf, env)
        return
    folders = sorted(path.name for path in conf.iterdir() if path.is_dir() and not path.name.startswith("."))
    studies = [name for name in folders if name != "local"]
    raise StudyError(
        f"There is no study {env!r}: {conf / env} does not exist. There are: {', '.join(studies)} "
        "(base is the miniature). A new study is a new folder there; see docs/settings.md."
    )


def _check_name(conf: Path, env: str) -> None:
    """Refuse a study without a name of its own: its results would mix with the miniature's."""
    names = {}
    for folder in ("base", env):
        file = conf / folder / "globals.yml"
        settings = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
        names[folder] = (settings or {}).get("study")
    if env not in ("base", "local") and names[env] in (None, names["base"]):
        raise StudyError(
            f"{conf / env} names no study of its own, so its results would mix with those of {names['base']!r}: "
            f"write a line such as `study: {env}` into {conf / env / 'globals.yml'}"
        )


def _check_label(stated: Any, name: Any) -> None:
    """Refuse another name in the settings than the one that folders have: results would be labelled wrongly."""
    if stated is not None and stated != name:
        raise StudyError(
            f"study: {stated!r} is not this study's name, which is {name!r}. The name decides where results go and "
            "stands in one place only, globals.yml: for another study make a folder conf/<study>/ with a globals.yml "
            "of its own, and run it with --env <study>"
        )


def _check_names(base: Path, parameters: Mapping[str, Any]) -> None:
    """Refuse groups of settings that the base study does not have: a slip of the pen would do nothing."""
    known = _names(base)
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise StudyError(f"There is no setting {', '.join(map(repr, unknown))} (there are: {', '.join(sorted(known))})")


def _names(study: Path) -> set[str]:
    """Return the groups of settings that a study's files state."""
    files = sorted(study.rglob("parameters*.yml"))
    return {name for file in files for name in yaml.safe_load(file.read_text(encoding="utf-8")) or {}}


def _select(parameters: Mapping[str, Any], name: str) -> Any:
    value: Any = parameters
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise StudyError(f"The setting {name!r} is missing (conf/<study>/parameters.yml)")
        value = value[part]
    return value
