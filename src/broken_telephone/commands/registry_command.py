"""The command group `kedro registry`: Kedro's own, with a `list` that imports no pipeline."""

import copy

import click
import yaml
from kedro.framework.cli.registry import registry

from broken_telephone.pipeline_registry import pipeline_names


@click.command("list")
def list_pipelines() -> None:
    """List all pipelines."""
    # Kedro's own command imports every node and what it needs, for two seconds, and prints the same.
    click.echo(yaml.dump(sorted(pipeline_names())))


def registry_group() -> click.Group:
    """Return the group: other commands than `list` are those of Kedro."""
    group = copy.copy(registry)
    group.commands = {**registry.commands, "list": list_pipelines}
    return group
