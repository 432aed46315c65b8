"""Removes a subject from the entries of a study's catalog.

The journals of the stages lose single items, and the tables that later runs need lose rows. Everything else that the
study has is removed as a whole, because a run makes it again from the journals without calling a model.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pandas as pd
from fsspec import AbstractFileSystem
from kedro.io import CatalogProtocol

from broken_telephone.counterfactuals.checking import TABLE
from broken_telephone.datasets import WrittenFolderDataset
from broken_telephone.datasets.figures import DIGESTS
from broken_telephone.datasets.folder import FolderDataset, file_names
from broken_telephone.datasets.locations import located
from broken_telephone.forgetting.records import Stripped, without_faces, without_rows, without_vectors, without_words
from broken_telephone.forgetting.subject import Subject
from broken_telephone.hooks.outputs import describe
from broken_telephone.importing import manifest_of
from broken_telephone.importing.defect_report import defect_counts
from broken_telephone.importing.forgotten_entries import defects_of_others
from broken_telephone.importing.originals import ForgottenOriginals
from broken_telephone.ingestion.forgotten import defects_without, people_without, votes_without, with_forgotten
from broken_telephone.similarity.items import name_of

LAYERS = ("02_intermediate", "03_primary", "04_feature", "07_model_output", "08_reporting")
"""Folders below `results` in which every study has one of its own."""
_REPORTING = "08_reporting"
_STAYING = {"forgotten", "loop_settings", "frozen_plan", "ratings"}
_SESSIONS = "_sessions"
"""End of the names of entries that state when and how runs worked, and nothing about images."""
_Strip = Callable[[dict[str, Any], Subject], Stripped]
_JOURNALS: dict[str, tuple[str, _Strip]] = {
    "explanations": ("explained words", without_words),
    "face_parts": ("images with faces and regions", without_faces),
    "embeddings": ("embedded images and texts", without_vectors),
    "annotation_batches": ("answers of annotators", without_rows("answers")),
    "counterfactual_answers": ("answers about changed originals", without_rows("answers")),
    "counterfactual_batches": ("changed originals", without_rows("edited")),
    # The last one: the texts of chains come from it.
    "loop_batches": ("descriptions, draws and failures", without_rows("descriptions", "images", "failures")),
}
"""Entry -> what its items are, and the function that removes them from a record."""
_PICTURES = {"loop_images": "drawn images", "counterfactual_images": "images of changed originals"}
_DATA_SET = "counterfactual_dataset"
_IMPORTED_TEXTS = ("loop_descriptions", "imported_answers")
_OF_IMPORT = {*_IMPORTED_TEXTS, "loop_manifest", "import_defects"}
"""Entries of an imported study that a run makes from the imported results only, which may be gone."""


class Removal:
    """Removes a subject from a study, or only counts what would be removed."""

    def __init__(self, catalog: CatalogProtocol, results: str, study: str, is_dry: bool) -> None:
        """Take the catalog.

        Args:
            catalog: of the study.
            results: `results` of globals.yml.
            study: name of the study.
            is_dry: whether nothing is changed.
        """
        self._catalog, self._is_dry = catalog, is_dry
        self._results, self._study = results, study
        self._folders = {layer: located(f"{results}/{layer}/{study}") for layer in LAYERS}
        self.removed: Counter[str] = Counter()
        """What was removed -> how much."""
        seal = catalog.load("loop_settings") if catalog.exists("loop_settings") else {}
        self.is_import = "import" in seal
        """Whether the study was imported. Then no journal holds the descriptions, and the tables keep them."""
        self.other_words = 0
        """Explained words of other images that were removed, too."""

    def with_names(self, subject: Subject) -> Subject:
        """Return the subject with its pictures on the rating page, and the descriptions that only its chains have."""
        own: set[str] = set()
        others: set[str] = set()
        for chain_id, text in self._descriptions():
            (own if chain_id in subject.chain_ids else others).add(name_of(text))
        items: Iterable[str] = ()
        if self._catalog.exists("rating_items"):
            table = self._catalog.load("rating_items")
            items = table.loc[table["chain_id"].astype(str).isin(subject.chain_ids), "item"].astype(str)
        return subject.with_names(own - others, items)

    def _descriptions(self) -> Iterator[tuple[str, str]]:
        """Yield chain_id and text of each description, of the journal and of an import's table."""
        for read in self._folder("loop_batches").load().values():
            for row in read()["descriptions"]:
                yield row["chain_id"], row["text"]
        for name in _IMPORTED_TEXTS if self.is_import else ():
            if self._catalog.exists(name):
                table = self._catalog.load(name)
                yield from zip(table["chain_id"].astype(str), table["text"].astype(str), strict=True)

    def remove(self, subject: Subject) -> None:
        """Remove everything. After an interruption, the same call removes the rest: tables of names come last."""
        self._remove_derived()
        self._remove_unfinished()
        self._remove_ratings(subject)
        for name in (name for name in _JOURNALS if name in self._catalog):
            self._strip_journal(name, subject)
        for name in (name for name in _PICTURES if name in self._catalog):
            self._remove_pictures(name, subject)
        self._strip_data_sets(subject)
        if self.is_import:
            self._strip_manifest(subject)
        self._strip_tables(subject)

    def _forgotten(self, subject: Subject) -> ForgottenOriginals:
        record = with_forgotten(self._catalog.load("forgotten"), subject.image_ids, datetime.now(UTC))
        return ForgottenOriginals(record, self._catalog.load("people"))

    def _strip_manifest(self, subject: Subject) -> None:
        """Write the record of an import for the chains that stay; an import has no journal to make it from."""
        names = ("loop_manifest", "chains", *_IMPORTED_TEXTS)
        if self._is_dry or not all(self._catalog.exists(name) for name in names):
            return
        record, *tables = (self._catalog.load(name) for name in names)
        if self._catalog.exists("import_defects"):
            defects = defects_of_others(self._catalog.load("import_defects"), self._forgotten(subject))
            record = {**record, "imported": {**record["imported"], "defects": defect_counts(defects)}}
        kept = [table[~table["chain_id"].astype(str).isin(subject.chain_ids)] for table in tables]
        self._catalog.save("loop_manifest", manifest_of(record, *(table.reset_index(drop=True) for table in kept)))

    def _remove_pictures(self, name: str, subject: Subject) -> None:
        folder = self._folder(name)
        keys = [key for key in folder.load() if subject.covers(key)]
        self.removed[_PICTURES[name]] += len(keys)
        if not self._is_dry:
            folder.delete(keys)

    def _strip_journal(self, name: str, subject: Subject) -> None:
        what, strip = _JOURNALS[name]
        folder = self._folder(name)
        for key, read in folder.load().items():
            stripped = strip(read(), subject)
            self.removed[what] += stripped.removed
            self.other_words += stripped.others
            if self._is_dry or not (stripped.removed or stripped.others):
                continue
            if stripped.record is None:
                folder.delete([key])
            else:
                folder.save({key: stripped.record})

    def _strip_tables(self, subject: Subject) -> None:
        """Remove rows from the tables that later runs begin with; last come those that the subject is found in."""
        for name, filtered in self._filters(subject):
            if name not in self._catalog or not self._catalog.exists(name):
                continue
            table = self._catalog.load(name)
            kept = filtered(table)
            if len(kept) == len(table):
                continue
            self.removed["rows of tables"] += len(table) - len(kept)
            if not self._is_dry:
                self._catalog.save(name, kept)

    def _filters(self, subject: Subject) -> Iterator[tuple[str, Callable[[pd.DataFrame], pd.DataFrame]]]:
        def without(column: str, names: Iterable[str]) -> Callable[[pd.DataFrame], pd.DataFrame]:
            gone = list(names)
            return lambda table: table[~table[column].astype(str).isin(gone)].reset_index(drop=True)

        def without_pictures(table: pd.DataFrame) -> pd.DataFrame:
            return table[[not subject.covers(str(name)) for name in table["name"]]].reset_index(drop=True)

        if self.is_import:
            for name in _IMPORTED_TEXTS:
                yield name, without("chain_id", subject.chain_ids)
            yield "import_defects", lambda table: defects_of_others(table, self._forgotten(subject))
        yield "loop_pictures", without_pictures
        yield "original_files", without("name", subject.image_paths)
        yield "rating_items", without("chain_id", subject.chain_ids)
        yield "captions", without("image_id", subject.image_ids)
        yield "dataset_defects", lambda table: defects_without(table, subject.image_paths)
        if self._catalog.exists("people"):
            people = self._catalog.load("people")
            yield "people_votes", lambda table: votes_without(table, people, subject.image_ids)
        yield "chains", without("chain_id", subject.chain_ids)
        yield "people", lambda table: people_without(table, subject.image_ids)

    def _strip_data_sets(self, subject: Subject) -> None:
        """Remove images and rows from data sets of changed originals, which other studies may start from."""
        filesystem, path = self._folders["02_intermediate"]
        names = {name.partition("/")[0] for name in file_names(filesystem, path)}
        for name in sorted(name for name in names if name.startswith(_DATA_SET)):
            folder = WrittenFolderDataset(path=f"{self._results}/02_intermediate/{self._study}/{name}")
            pictures = [key for key in folder.load() if key.rpartition(".")[0] in subject.image_ids]
            self.removed["images in data sets of changed originals"] += len(pictures)
            if self._is_dry or not pictures:
                continue
            folder.delete(pictures)
            table = pd.read_csv(io.BytesIO(folder.content(TABLE)), dtype=str, keep_default_na=False)
            kept = table[~table["image"].isin(pictures)]
            folder.save({TABLE: kept.to_csv(index=False).encode()})

    def _remove_ratings(self, subject: Subject) -> None:
        from broken_telephone.rating import RatingSettings
        from broken_telephone.rating.answer_store import AnswerStore
        from broken_telephone.rating.database import file_of

        own = sorted(subject.items)
        database = RatingSettings.model_validate(self._catalog.load("params:rating")).database
        file = file_of(database)
        if not own or (file is not None and not file.exists()):
            return
        store = AnswerStore(database, reads_only=self._is_dry)
        self.removed["ratings and comments"] += store.count(own) if self._is_dry else store.forget(own)

    def _remove_derived(self) -> None:
        """Remove every table, figure and page that a run makes again, in all versions."""
        reporting = self._folders[_REPORTING]
        paths = {name: path for name in sorted(self._catalog) if (path := self._path_of(name)) is not None}
        # Several entries may stand for one file, such as the seal of the loop's settings.
        kept = _OF_IMPORT if self.is_import else set()
        staying = {path for name, path in paths.items() if _stays(name) or name in kept}
        for path in sorted(set(paths.values()) - staying):
            place = located(path)
            if any(_is_below(place[1], folder) for folder in self._folders.values() if folder != reporting):
                self._remove(*place)
        # Nothing below it is needed, also not what an earlier version of the program wrote.
        self._remove(*reporting)

    def _remove(self, filesystem: AbstractFileSystem, path: str) -> None:
        if not filesystem.exists(path):
            return
        self.removed["files of tables, figures and pages"] += len(filesystem.find(path))
        if not self._is_dry:
            filesystem.rm(path, recursive=True)

    def _remove_unfinished(self) -> None:
        """Remove files that a killed run left unfinished: nobody knows what is in them."""
        for filesystem, path in self._folders.values():
            for name in list(file_names(filesystem, path)):
                base = name.rpartition("/")[2]
                if base.startswith(".") and base != DIGESTS:
                    self.removed["unfinished files"] += 1
                    if not self._is_dry:
                        filesystem.rm_file(f"{path}/{name}")

    def _path_of(self, name: str) -> str | None:
        description = describe(self._catalog.get(name))
        stated = description.get("filepath") or description.get("path")
        return None if stated is None else str(stated)

    def _folder(self, name: str) -> FolderDataset[Any]:
        return cast(FolderDataset[Any], self._catalog.get(name))


def _stays(name: str) -> bool:
    """Return whether an entry is not removed as a whole."""
    return name in {*_STAYING, *_JOURNALS, *_PICTURES, *_ROWS, _DATA_SET} or name.endswith(_SESSIONS)


def _is_below(path: str, folder: tuple[AbstractFileSystem, str]) -> bool:
    return path.startswith(f"{folder[1].rstrip('/')}/")


_ROWS = {
    *("loop_pictures", "original_files", "rating_items", "captions", "dataset_defects", "people_votes"),
    *("chains", "people"),
}
"""Tables that lose rows only."""
