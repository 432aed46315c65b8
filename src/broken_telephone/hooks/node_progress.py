"""Progress of a run for nodes that show none themselves."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline.node import Node

from broken_telephone.progress import PATIENCE, Display


class NodeProgress:
    """Shows the name of a node that takes more than two seconds and shows no progress itself."""

    def __init__(self) -> None:
        self._display: Display | None = None
        self._node = ""

    @hook_impl
    def before_dataset_loaded(self, node: Node) -> None:
        """Show the node, which begins to read its inputs."""
        self._show(node)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Show the node, which may have no inputs to read."""
        self._show(node)

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any]) -> None:
        """Remove the display."""
        self._end()

    @hook_impl
    def on_pipeline_error(self, run_params: dict[str, Any]) -> None:
        """Remove the display."""
        self._end()

    def _show(self, node: Node) -> None:
        if self._display is None:
            self._display = Display(patience=PATIENCE).__enter__()
        elif node.name == self._node:
            return
        self._node = node.name
        self._display.begin(node.name, 0)

    def _end(self) -> None:
        if self._display is not None:
            self._display.__exit__()
        self._display = None
