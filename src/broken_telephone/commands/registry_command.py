"""The command group `kedro registry`: Kedro's own, with a `list` that imports no pipeline and with readable errors."""

import copy
from typing import Any

import click
import yaml
from kedro.framework.cli.registry import registry

from broken_telephone.cli_errors import in_a_paragraph
from broken_telephone.pipeline_registry import pipeline_names


@click.command("list")
def list_pipelines() -> None:
    """List all pipelines."""
    # Kedro's own command imports every node and what it needs, for two seconds, and prints the same.
    click.echo(yaml.dump(sorted(pipeline_names())))


def registry_group() -> click.Group:
    """Return the group: other commands than `list` are those of Kedro."""
    group = copy.copy(registry)
    group.commands = {name: _readable(command) for name, command in registry.commands.items()} | {
        "list": list_pipelines
    }
    return group


def _readable(command: click.Command) -> click.Command:
    """Return a command whose errors are one paragraph: Kedro's own error loses its message (`NoneType: None`)."""
    own = command.callback
    assert own is not None

    def call(*args: Any, **kwargs: Any) -> Any:
        with in_a_paragraph():
            return own(*args, **kwargs)

    readable = copy.copy(command)
    readable.callback = call
    return readable
