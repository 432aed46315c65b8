"""The command group `kedro viz`: Kedro-Viz's own, with a `run` whose page works without the network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from broken_telephone.cli_errors import in_a_paragraph, refuse_empty

_OTHERS = ("load_file", "save_file", "autoreload", "include_hooks", "lite")
"""Options of Kedro-Viz's own `run`, which then serves the page itself."""


def viz_group() -> click.Group:
    """Return the group: other commands than `run` are those of Kedro-Viz."""
    from kedro_viz.launchers.cli.main import viz

    kind: Any = type(viz)

    class VizGroup(kind):  # type: ignore[misc]
        """Loads a command when it is called, as Kedro-Viz's own group does."""

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            return _run_command() if cmd_name == "run" else super().get_command(ctx, cmd_name)

    group: click.Group = VizGroup(
        name="viz",
        help="Show the graph of a study in a browser.",
        lazy_subcommands=viz.lazy_subcommands,
        default="run",
        default_if_no_args=True,
    )
    return group


def _run_command() -> click.Command:
    """Return `run` with the options of Kedro-Viz's own."""
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
                Path.cwd(), given["env"], given["pipeline"], given["params"], given["host"], given["port"],
                opens_browser=given["browser"],
            )  # fmt: skip

    return click.Command(
        "run", callback=run, params=own.params, help="Show the graph of a study. The page loads nothing from elsewhere."
    )
