"""Catalog types for settings that results depend on: written once, with the first result, then only compared."""

from collections.abc import Iterator
from typing import Any, cast

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from broken_telephone.datasets.atomic_write import create_whole
from broken_telephone.datasets.folder import file_names
from broken_telephone.datasets.records import JSONDataset, Record, as_json
from broken_telephone.errors import StudyError

_ABSENT = "(not set)"
_LEFT_OPEN = (".dtype", "auto")
"""The ending of settings that a machine may decide, and the value that lets it. The decision is sealed."""


class SealedJSONDataset(JSONDataset):
    """Settings under which results were made: created once and never overwritten."""

    _mend = (
        "It states with which settings the results beside it were made: put back a copy (where the "
        "loop has ended, loop_manifest.json states them, too, under settings), or move the folder away to start anew."
    )

    def __init__(self, *, filepath: str, results: list[str], metadata: dict[str, Any] | None = None) -> None:
        """Name the file, and the folders beside it whose files are the results."""
        super().__init__(filepath=filepath, metadata=metadata)
        # Beside it wherever the process stands: Kedro leaves paths in a list as they are.
        self._results = [f"{self._place.rpartition('/')[0]}/{name}" for name in results]

    def save(self, data: Record) -> None:
        """Create the file, or check that it states the same settings; do nothing for no settings.

        Of runs that begin at the same moment one creates it, and the others compare.

        Raises:
            StudyError: see `refuse_others`.
        """
        if not data:
            return
        try:
            create_whole(self._filesystem, self._place, as_json(data))
        except FileExistsError:
            self.refuse_others(data)

    def refuse_others(self, data: Record) -> None:
        """Compare settings with the sealed ones; as long as nothing is sealed, any will do.

        Raises:
            StudyError: naming every setting that differs, with its old and its new value; or if there are results,
                but no seal.
        """
        folder = self._place.rsplit("/", 1)[0]
        # Looked for before the seal is: a run beside this one seals first and then saves results.
        has_results = self._has_results()
        if not self._exists():
            if has_results:
                raise StudyError(f"{self._place} is gone. {self._mend}")
            return
        old, new = dict(_flat(self.load())), dict(_flat(data))
        changes = [
            f"  {name}: {old.get(name, _ABSENT)!r} then, {new.get(name, _ABSENT)!r} now"
            for name in sorted(old.keys() | new.keys())
            if not _agree(name, old.get(name, _ABSENT), new.get(name, _ABSENT))
        ]
        if changes:
            anew = f"move {folder} away" if has_results else f"delete {self._place} (there are no results yet)"
            raise StudyError(
                f"The results in {folder} were made with other settings ({self._place}):\n"
                + "\n".join(changes)
                + "\nNo picture and no description was changed. Set them back to go on; or give the study another name "
                f"(study: in globals.yml); or {anew} to start it anew."
            )

    def _has_results(self) -> bool:
        # The first file is enough: there may be hundreds of thousands.
        return any(True for folder in self._results for _ in file_names(self._filesystem, folder))


class ComparedDataset(AbstractDataset[Record, Record]):
    """The settings of this run, in memory: none that differ from the sealed ones."""

    def __init__(self, *, seal: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        """Take the configuration of the `SealedJSONDataset`, which may not exist yet."""
        self._seal = cast(SealedJSONDataset, AbstractDataset.from_config("seal", seal))
        self._settings: Record | None = None
        self.metadata = metadata

    def load(self) -> Record:
        """Return the settings.

        Raises:
            StudyError: if this run has not stated them.
        """
        if self._settings is None:
            raise StudyError("The loop needs its settings checked first: run the node seal_settings, too")
        return self._settings

    def save(self, data: Record) -> None:
        """Compare and keep the settings.

        Raises:
            StudyError: see `SealedJSONDataset.refuse_others`.
        """
        self._seal.refuse_others(data)
        self._settings = data

    def preview(self) -> JSONPreview:
        """Show the sealed settings."""
        return self._seal.preview()

    def _describe(self) -> dict[str, Any]:
        return self._seal._describe()

    def _exists(self) -> bool:
        return self._settings is not None


def _agree(name: str, sealed: Any, wanted: Any) -> bool:
    """Return whether a setting is as it was sealed; one that is left open agrees with every decision.

    What this machine decides is compared when the models are loaded.
    """
    ending, value = _LEFT_OPEN
    return bool(sealed == wanted) or (name.endswith(ending) and value in (sealed, wanted))


def _flat(record: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted names and values, as settings are named on the command line."""
    if isinstance(record, dict) and record:
        for name, value in record.items():
            yield from _flat(value, f"{prefix}.{name}" if prefix else str(name))
    else:
        yield prefix, record
