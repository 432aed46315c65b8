"""Finds what a person or an image stands for in a study: images, people and chains."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.visible import shortlist

_NAMES = ("person_id", "image_id", "image_path")
_FIELDS = ("chain_id", "picture", "name")
"""The fields of a journal's row that name its item."""
_NAMED = 5


@dataclass(frozen=True)
class Subject:
    """The images to forget, and what the results of a study call them."""

    image_ids: frozenset[str]
    image_paths: frozenset[str]
    person_ids: frozenset[str]
    """Everybody on these images."""
    chain_ids: frozenset[str]
    """Chains that start from these images, or from their captions."""
    digests: frozenset[str] = frozenset()
    """Digests of the bytes of the images that chains start from."""
    texts: frozenset[str] = frozenset()
    """Names of descriptions that occur in these chains only."""
    items: frozenset[str] = frozenset()
    """Names of the pictures on the rating page."""

    def covers(self, name: object) -> bool:
        """Return whether a journal's name is that of a chain, a picture or a text to forget."""
        if not isinstance(name, str):
            return False
        if name in self.chain_ids or name in self.texts:
            return True
        # `0/<path>` is an original, `edit_<digest>/<image_id>` a changed one, `<chain_id>/<iteration>` a drawn picture.
        before, _, after = name.partition("/")
        if (before == "0" and after in self.image_paths) or (before.startswith("edit_") and after in self.image_ids):
            return True
        return name.rpartition("/")[0] in self.chain_ids

    def covers_row(self, row: Mapping[str, object]) -> bool:
        """Return whether a row of a journal is about an item to forget."""
        # The editor's rows are named by image_id.
        return any(self.covers(row.get(field)) for field in _FIELDS) or row.get("name") in self.image_ids

    def with_names(self, texts: Iterable[str], items: Iterable[str]) -> "Subject":
        """Return this subject with names of texts and of pictures on the rating page."""
        return replace(self, texts=self.texts | frozenset(texts), items=self.items | frozenset(items))

    def joined(self, other: "Subject") -> "Subject":
        """Return both subjects as one."""
        return Subject(**{field.name: getattr(self, field.name) | getattr(other, field.name) for field in fields(self)})

    def record(self) -> dict[str, list[str]]:
        """Return the subject as a record, for a removal that has not ended."""
        return {field.name: sorted(getattr(self, field.name)) for field in fields(self)}


def find_subject(names: Sequence[str], people: pd.DataFrame, chains: pd.DataFrame) -> Subject:
    """Find the images that names stand for, and all others in the study with the same bytes.

    Args:
        names: each a person_id, an image_id or an image_path of `people`.
        people: the `people` table.
        chains: the `chains` table.

    Raises:
        StudyError: if a name is unknown, with similar ones.
    """
    columns = {name: people[name].astype(str) for name in _NAMES}
    wanted: set[str] = set()
    for name in names:
        own = {image for column in columns.values() for image in columns["image_id"][column == name]}
        if not own:
            known = {text for column in columns.values() for text in column}
            similar = difflib.get_close_matches(name, sorted(known), 3)
            hint = f" Similar: {', '.join(similar)}." if similar else ""
            raise StudyError(
                f"There is no person or image {name!r} in this study. Name a person_id, an image_id or an image_path "
                f"of the table `people`.{hint}"
            )
        wanted |= own
    digests = set(chains.loc[chains["image_id"].isin(wanted), "image_digest"].dropna().astype(str))
    wanted |= set(chains.loc[chains["image_digest"].isin(digests), "image_id"].dropna().astype(str))
    on_images = columns["image_id"].isin(wanted)
    return Subject(
        frozenset(wanted),
        frozenset(columns["image_path"][on_images]),
        frozenset(columns["person_id"][on_images]),
        frozenset(chains.loc[chains["image_id"].isin(wanted), "chain_id"].astype(str)),
        frozenset(digests),
    )


def subject_sentence(subject: Subject, names: Sequence[str]) -> str:
    """Say what names stand for, and whether more is removed than they name."""
    images, people, chains = (
        shortlist(sorted(some), _NAMED) or "none" for some in (subject.image_ids, subject.person_ids, subject.chain_ids)
    )
    sentence = f"Images: {images}. People on them: {people}. Chains: {chains}."
    others = subject.person_ids - set(names)
    if set(names) & subject.person_ids and others:
        sentence += f" An image is removed as a whole, with {len(others)} other people on it."
    return sentence
