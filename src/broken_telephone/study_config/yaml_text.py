"""Checks YAML text: readable errors, and a limit on values that aliases add."""

import yaml

from broken_telephone.errors import StudyError

_RULES = (
    "Look at this line and the one above: a colon is followed by a space, settings of one group begin in the same "
    "column, spaces indent and not tabs, and quotes and brackets are closed"
)
MOST_COPIES = 100_000
"""Maximum number of values that the aliases of one file may add."""


def refuse_bad_yaml(text: str, name: str) -> None:
    """Refuse a text that is not YAML, or whose aliases (`*name`) add too many values.

    Aliases that refer to each other can expand a file of 1 KB to more values than fit into memory.

    Raises:
        StudyError: with `name`, which is the file's, and with line and column of a syntax error.
    """
    try:
        root = yaml.compose(text, yaml.SafeLoader)
        written: dict[int, int] = {}
        expanded = _expanded(root, written)
    except yaml.MarkedYAMLError as error:
        raise StudyError(
            f"{name}{_position(error)} cannot be read as YAML: {error.problem or error.context}. {_RULES}"
        ) from error
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
    """Count a node and all nodes below it, including every repetition by an alias; store each count in `sizes`."""
    if node is None:
        return 0
    if id(node) not in sizes:
        inner: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            inner = [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            inner = node.value
        # A node that contains itself recurs until Python raises RecursionError.
        size = 1 + sum(_expanded(part, sizes) for part in inner)
        sizes[id(node)] = size
    return sizes[id(node)]


def _position(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return "" if mark is None else f", line {mark.line + 1}, column {mark.column + 1}"


def _count(number: int) -> str:
    return f"{number:,}" if number < 10**12 else "more than 10¹²"
