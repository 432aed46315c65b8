"""YAML as people write it, read without surprises: errors in words, and no text that grows while it is read."""

import yaml

from broken_telephone.errors import StudyError

MOST_COPIES = 100_000
"""Values that the aliases of one file may add to those that are written in it."""


def refuse_bad_yaml(text: str, name: str) -> None:
    """Check that a text is YAML, and that its aliases (`*name`) do not repeat too much.

    A file of 1 KB whose aliases refer to each other can stand for more values than fit into memory.

    Args:
        text: the content of the file.
        name: the file, for the message.

    Raises:
        StudyError: naming the file and, for a mistake in the writing, line and column.
    """
    try:
        root = yaml.compose(text, yaml.SafeLoader)
        written: dict[int, int] = {}
        expanded = _expanded(root, written)
    except yaml.MarkedYAMLError as error:
        raise StudyError(f"{name}{_place(error)} cannot be read as YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise StudyError(f"{name} cannot be read as YAML: {error}") from error
    except RecursionError:
        raise StudyError(f"{name}: values are nested too deeply, or an alias (*name) contains itself") from None
    if expanded - len(written) > MOST_COPIES:
        raise StudyError(
            f"{name}: its aliases (*name) stand for {_count(expanded)} values, of which {len(written):,} are written. "
            f"At most {MOST_COPIES:,} may be added by aliases: write the values out, or use fewer aliases"
        )


def _expanded(node: yaml.Node | None, sizes: dict[int, int]) -> int:
    """Count a node and all below it, those behind aliases as often as they occur; fill in the size of each node."""
    if node is None:
        return 0
    if id(node) not in sizes:
        inner: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            inner = [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            inner = node.value
        # Not known before all below it are counted: a node that contains itself recurs until Python stops it.
        size = 1 + sum(_expanded(part, sizes) for part in inner)
        sizes[id(node)] = size
    return sizes[id(node)]


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return "" if mark is None else f", line {mark.line + 1}, column {mark.column + 1}"


def _count(number: int) -> str:
    return f"{number:,}" if number < 10**12 else "more than 10¹²"
