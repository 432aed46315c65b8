"""Reads what the source code says about each setting: the docstrings below the fields of settings classes."""

import ast
import inspect
import textwrap
from itertools import pairwise

from broken_telephone.study_config.settings_group import Settings


def field_notes(group: type[Settings]) -> dict[str, str]:
    """Return the docstring of each setting of a group, on one line.

    A setting that a class defines again without a docstring keeps that of the base class.
    """
    notes: dict[str, str] = {}
    for owner in reversed(group.__mro__):
        if issubclass(owner, Settings):
            notes |= _own_notes(owner)
    return {name: notes[name] for name in group.model_fields if name in notes}


def defining_class(group: type[Settings], name: str) -> type[Settings]:
    """Return the class that defines a setting of a group: the last one that states its type."""
    owners = (owner for owner in group.__mro__ if issubclass(owner, Settings) and name in owner.__annotations__)
    return next(owners)


def _own_notes(owner: type[Settings]) -> dict[str, str]:
    """Return the docstrings in the body of one class."""
    body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
    assert isinstance(body, ast.ClassDef)
    notes = {}
    for field, note in pairwise(body.body):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(note, ast.Expr)):
            continue
        if isinstance(note.value, ast.Constant) and isinstance(note.value.value, str):
            notes[field.target.id] = " ".join(note.value.value.split())
    return notes
