"""Which node of a pipeline runs: a sign of life from whatever has no progress of its own."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline.node import Node

from broken_telephone.progress import PATIENCE, Display


class NodeProgress:
    """Shows a node that takes more than two seconds, unless something inside it shows how far it is."""

    def __init__(self) -> None:
        self._display: Display | None = None
        self._node = ""

    @hook_impl
    def before_dataset_loaded(self, node: Node) -> None:
        """Show the node that reads its inputs."""
        self._show(node)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Show a node without inputs."""
        self._show(node)

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any]) -> None:
        """End."""
        self._end()

    @hook_impl
    def on_pipeline_error(self, run_params: dict[str, Any]) -> None:
        """End."""
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
