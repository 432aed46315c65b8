"""The command `kedro viz run`: the graph of a study, with a page that works without the network.

Kedro-Viz declares its commands for all projects, and Kedro prefers those to a project's own. This module therefore
replaces `run` inside the group of Kedro-Viz.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from broken_telephone.cli_errors import in_a_paragraph, refuse_empty

_OTHERS = ("load_file", "save_file", "autoreload", "include_hooks", "lite")
"""Options with which Kedro-Viz serves its own page."""


def replace_run() -> None:
    """Let `kedro viz run` call `run` of this module; the other commands stay."""
    from kedro_viz.launchers.cli.main import viz

    viz.lazy_subcommands["run"] = f"{__name__}.run"


def __getattr__(name: str) -> click.Command:
    """Make the command when Kedro-Viz looks for it: its options are imported only then."""
    if name != "run":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _run_command()


def _run_command() -> click.Command:
    """Return the command with the options of Kedro-Viz's own."""
    from kedro_viz.launchers.cli.run import run as own

    serve_itself: Callable[..., Any] | None = own.callback
    assert serve_itself is not None

    def run(**given: Any) -> None:
        if any(given.get(name) for name in _OTHERS):
            serve_itself(**given)
            return
        from broken_telephone.commands.graph import view_graph

        refuse_empty(given, "env", "pipeline")
        with in_a_paragraph():
            view_graph(
                Path.cwd(),
                given["env"],
                given["pipeline"],
                given["params"],
                given["host"],
                given["port"],
                opens_browser=given["browser"],
            )

    text = "Show the graph of a study in a browser. The page loads nothing from other hosts."
    return click.Command("run", callback=run, params=own.params, help=text)
