"""Groups the nodes of a large pipeline into boxes of the graph, each of which opens."""

from collections.abc import Collection, Mapping

from kedro.pipeline import Node, Pipeline


def in_boxes(nodes: Pipeline, name: str, boxes: Mapping[str, Collection[str]]) -> Pipeline:
    """Return a pipeline as one namespace, and some of its nodes as namespaces inside it.

    Args:
        nodes: the nodes, without a namespace.
        name: of the pipeline, the outer namespace.
        boxes: inner namespace -> names of its nodes. Other nodes stay directly below the outer namespace.

    Raises:
        ValueError: if a box names a node that does not exist.
    """
    if unknown := {node for some in boxes.values() for node in some} - {node.name for node in nodes.nodes}:
        raise ValueError(f"the boxes of {name} name nodes that do not exist: {', '.join(sorted(unknown))}")
    box_of = {node: f"{name}.{box}" for box, some in boxes.items() for node in some}
    parts: dict[str, list[Node]] = {}
    for node in nodes.nodes:
        parts.setdefault(box_of.get(node.name, name), []).append(node)
    return Pipeline(
        [Pipeline(some, namespace=box, prefix_datasets_with_namespace=False) for box, some in parts.items()]
    )
