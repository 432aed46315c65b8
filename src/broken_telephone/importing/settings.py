"""The settings of an import: where the results of another program are, in which layout, and what is known of them."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from broken_telephone.study_config.settings_group import Settings

Layout = Literal["raf_runs", "phase_runs", "loops", "generations", "table"]
OF_IMAGE, DRAWN = "of_image", "drawn"
"""A text beside image k: it describes image k, or image k was drawn from it."""
COLUMNS = ("chain", "iteration", "image", "text", "label", "answer")
"""Columns of a plain table."""
_Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"\S")]
_NEEDED = ("root", "layout")


class ImportSettings(Settings):
    """Which results are imported, and what is known of them."""

    layout: Layout | None = None
    """Layout of the results; null: the study is not imported."""
    root: str | None = None
    """The folder of the results. Other files are read only through links in it, and nothing in it is changed."""
    files: list[str] = []
    """Result files below the root. Empty: `results.json` for runs, every `<name>/<name>.json` for loops."""
    labels: dict[str, str] | str | None = None
    """Labels of starts that the results do not label: start -> label, or one label for all of them."""
    texts: Literal["of_image", "drawn"] | None = None
    """For generations and tables: what the text beside image k is."""
    columns: dict[str, str] = {}
    """For a table: our column -> its column, where they differ."""
    describe_prompt: str | None = None
    """The prompt that the descriptions answer, as far as it is known."""
    describer: _Name | None = None
    """Name of the model that described, as far as it is known."""
    generator: _Name | None = None
    """Name of the model that drew, as far as it is known."""
    annotator: _Name = "imported answers"
    """Name under which imported answers to the form appear among the annotators."""
    ratings: dict[str, _Name] = {}
    """Files of manual labels below the root (`*` stands for any characters) -> the person who labelled."""
    rated_iteration: Annotated[int, Field(ge=0)] = 1
    """The image that the manual labels are about."""

    @field_validator("labels", mode="before")
    @classmethod
    def _text_names(cls, labels: object) -> object:
        return {str(name): label for name, label in labels.items()} if isinstance(labels, dict) else labels

    @model_validator(mode="after")
    def _consistent(self) -> "ImportSettings":
        if (self.layout is None) != (self.root is None):
            missing = next(name for name in _NEEDED if getattr(self, name) is None)
            raise ValueError(f"import.{missing} is missing: an import needs layout and root")
        if unknown := sorted(set(self.columns) - set(COLUMNS)):
            raise ValueError(f"import.columns: {unknown[0]} is none of our columns ({', '.join(COLUMNS)})")
        if self.columns and self.layout != "table":
            raise ValueError("import.columns: only the layout table uses it")
        if self.layout == "table" and len(self.files) != 1:
            raise ValueError("import.files: the layout table needs the name of one CSV or Parquet file")
        if self.files and self.layout == "generations":
            raise ValueError("import.files: the layout generations reads all folders gen-0, gen-1 … below import.root")
        if self.texts is not None and self.layout not in ("generations", "table"):
            raise ValueError("import.texts: only the layouts generations and table use it")
        return self

    @property
    def folder(self) -> Path:
        """The folder of the results.

        Raises:
            AssertionError: if the study is not imported.
        """
        assert self.root is not None
        return Path(self.root)

    @property
    def sealed(self) -> dict[str, object]:
        """The settings that decide what the imported results are, as they are sealed."""
        names = {"layout", "texts", "describe_prompt", "describer", "generator", "annotator", "rated_iteration"}
        sealed = self.model_dump(include=names)
        # Labels and texts of known chains are compared one by one: more files and labels may add chains.
        return sealed | ({"columns": dict(self.columns)} if self.columns else {})
