"""A catalog type for what people answered on the rating page."""

from typing import Any

import pandas as pd
from kedro.io import AbstractDataset


class RatingsDataset(AbstractDataset[None, pd.DataFrame]):
    """The answers in a database; none if nobody has rated yet."""

    def __init__(self, *, database: str, path: str | None = None, metadata: dict[str, Any] | None = None) -> None:
        """Name the database by its SQLAlchemy URL, and the folder that a relative path in it starts from.

        Kedro makes `path` the project's folder, whatever folder a notebook or a command is in.
        """
        from broken_telephone.rating.database import below

        self._database = database if path is None else below(database, path)
        self.metadata = metadata

    def load(self) -> pd.DataFrame:
        """Return one row per rater, mode (rating, adjudication), picture and attribute, with the picture's comment.

        A comment on a picture without an answer has a row of the status `comment`. Which picture an `item` is, the
        entry `rating_items` says.
        """
        from broken_telephone.rating.answer_store import ADJUDICATION, RATING, AnswerStore
        from broken_telephone.rating.database import file_of

        rows: list[tuple[Any, ...]] = []
        place = file_of(self._database)
        # Looking must not leave an empty database behind.
        if place is None or place.exists():
            store = AnswerStore(self._database, reads_only=True)
            for mode in (RATING, ADJUDICATION):
                comments = store.comments(mode)
                answers = store.answers(mode=mode)
                rows += [(*answer, comments.get((answer.rater, answer.item))) for answer in answers]
                about = {(answer.rater, answer.item) for answer in answers}
                alone = ((key, text) for key, text in comments.items() if key not in about)
                rows += [(rater, mode, item, None, "comment", None, None, text) for (rater, item), text in alone]
        return pd.DataFrame(rows, columns=["rater", "mode", "item", "attribute", "status", "category", "at", "comment"])

    def save(self, data: None) -> None:
        """Refuse: people answer on the rating page."""
        raise TypeError("ratings are given on the page that `kedro rate` serves")

    def _describe(self) -> dict[str, Any]:
        # An address may hold a password.
        from broken_telephone.rating.database import shown_url

        return {"database": shown_url(self._database)}
