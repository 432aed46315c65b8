"""The commands `kedro viz run` and `kedro viz build`: the graph of a study, with a page that works without the network.

Kedro-Viz declares its commands for all projects, and Kedro prefers those to a project's own. This module therefore
replaces both inside the group of Kedro-Viz.
"""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from broken_telephone.cli_errors import in_a_paragraph, refuse_empty


def replace_commands() -> None:
    """Let `kedro viz run` and `kedro viz build` call this module; `kedro viz deploy` stays."""
    from kedro_viz.launchers.cli.main import viz

    for name in ("run", "build"):
        viz.lazy_subcommands[name] = f"{__name__}.{name}"


def __getattr__(name: str) -> click.Command:
    """Make the command when Kedro-Viz looks for it: its options are imported only then."""
    if name == "run":
        return _run_command()
    if name == "build":
        return _build_command()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _run_command() -> click.Command:
    """Return the command with the options of Kedro-Viz's own."""
    from kedro_viz.launchers.cli.run import run as own

    def run(**given: Any) -> None:
        from broken_telephone.commands.graph import GraphChoice, view_graph

        refuse_empty(given, "env", "pipeline", "load_file", "save_file")
        source = click.get_current_context().get_parameter_source("env")
        if given["load_file"] and source is ParameterSource.ENVIRONMENT:
            given["env"] = None  # KEDRO_ENV names the study of all commands, and a saved graph has its own
        choice = GraphChoice(
            Path.cwd(),
            given["env"],
            given["pipeline"],
            given["params"],
            has_hooks=given["include_hooks"],
            is_lite=given["lite"],
            load_file=Path(given["load_file"]) if given["load_file"] else None,
            save_file=Path(given["save_file"]) if given["save_file"] else None,
        )
        with in_a_paragraph():
            view_graph(
                choice, given["host"], given["port"], opens_browser=given["browser"], reloads=given["autoreload"]
            )

    text = "Show the graph of a study in a browser. The page loads nothing from other hosts."
    params = [_folder_option(each) if each.name == "save_file" else each for each in own.params]
    return click.Command("run", callback=run, params=params, help=text)


def _folder_option(own: click.Parameter) -> click.Parameter:
    """Return the option without Kedro-Viz's check, which refuses the folder that an earlier run wrote."""
    return click.Option([*own.opts], default=None, help="Folder into which the graph is saved.")


def _build_command() -> click.Command:
    """Return the command with the options of Kedro-Viz's own, and one for the study."""
    from kedro_viz.launchers.cli.build import build as own

    def build(**given: Any) -> None:
        from broken_telephone.commands.graph import GraphChoice
        from broken_telephone.commands.graph_build import build_graph

        refuse_empty(given, "env")
        choice = GraphChoice(Path.cwd(), given["env"], has_hooks=given["include_hooks"])
        with in_a_paragraph():
            build_graph(choice, has_previews=given["include_previews"])

    env = click.Option(["--env", "-e"], default=None, envvar="KEDRO_ENV", help="Folder of the study in conf/.")
    text = "Write the graph of a study into the folder build/. Its page loads nothing from other hosts."
    return click.Command("build", callback=build, params=[*own.params, env], help=text)
