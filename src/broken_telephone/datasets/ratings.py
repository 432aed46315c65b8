"""A catalog type for the answers of human raters."""

from typing import Any

import pandas as pd
from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview


class RatingsDataset(AbstractDataset[pd.DataFrame, pd.DataFrame]):
    """The answers in a database; an empty table if nobody has rated yet. People give them on the rating page."""

    def __init__(self, *, database: str, path: str | None = None, metadata: dict[str, Any] | None = None) -> None:
        """Name the database by its SQLAlchemy URL, and the folder that a relative path in the URL starts from.

        Kedro makes `path` absolute from the project's folder, wherever a notebook or a command runs.
        """
        from broken_telephone.rating.database import below

        self._database = database if path is None else below(database, path)
        self.metadata = metadata

    def load(self) -> pd.DataFrame:
        """Return one row per rater, mode (rating, adjudication), picture and attribute, with the picture's comment.

        A comment on a picture without an answer is a row with the status `comment`. The entry `rating_items` maps
        each `item` to its picture.
        """
        from broken_telephone.rating.answer_store import ADJUDICATION, RATING, AnswerStore
        from broken_telephone.rating.database import file_of

        rows: list[tuple[Any, ...]] = []
        place = file_of(self._database)
        # Reading must not create an empty database.
        if place is None or place.exists():
            store = AnswerStore(self._database, reads_only=True)
            for mode in (RATING, ADJUDICATION):
                comments = store.comments(mode)
                answers = store.answers(mode=mode)
                rows += [(*answer, comments.get((answer.rater, answer.item))) for answer in answers]
                answered = {(answer.rater, answer.item) for answer in answers}
                unanswered = ((key, text) for key, text in comments.items() if key not in answered)
                rows += [(rater, mode, item, None, "comment", None, None, text) for (rater, item), text in unanswered]
        return pd.DataFrame(rows, columns=["rater", "mode", "item", "attribute", "status", "category", "at", "comment"])

    def save(self, data: pd.DataFrame) -> None:
        """Add ratings that were made elsewhere, and keep every answer that exists.

        Args:
            data: columns rater, item, attribute, status and category.
        """
        from broken_telephone.rating.answer_store import AnswerStore

        # An import without manual labels must not create an empty database.
        if len(data):
            AnswerStore(self._database).add(data.itertuples(index=False, name=None))

    def preview(self, nrows: int = 10) -> TablePreview:
        """Show the first answers, without what could identify a rater: names, times and comments."""
        answers = self.load().drop(columns=["rater", "at", "comment"])
        return TablePreview(answers.head(nrows).to_dict(orient="split"))

    def _exists(self) -> bool:
        return True  # Without a database, the table is empty.

    def _describe(self) -> dict[str, Any]:
        # An address may hold a password.
        from broken_telephone.rating.database import shown_url

        return {"database": shown_url(self._database)}
