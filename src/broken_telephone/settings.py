"""Settings of the Kedro project. One environment (`conf/<study>/`) is one study; `conf/base` is the miniature."""

from broken_telephone.console import prepare_console
from broken_telephone.hooks import NodeProgress, StudyHooks, TrackingHooks
from broken_telephone.study_config.loader import StudyConfigLoader

# Every session imports this module, before anything is read or printed.
prepare_console()

# Kedro calls the last one first: progress must end before the summary is printed.
HOOKS = (StudyHooks(), TrackingHooks(), NodeProgress())

# Its hooks would write an event per saved picture into `.viz/`, and keep all events in memory.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-viz",)

CONFIG_LOADER_CLASS = StudyConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # A study states only the parameters in which it differs from the base study.
    "merge_strategy": {"parameters": "soft"},
}
