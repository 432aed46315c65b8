"""Decides who may see and settle a disagreement, so that all raters answer before they see the answers of others."""

from collections.abc import Iterable

from broken_telephone.rating.answer_store import ADJUDICATION, RATING, SHOWN, AnswerStore, RaterAnswer
from broken_telephone.rating.rater_queue import RaterQueue
from broken_telephone.rating.raters import identity

Question = tuple[str, str]
"""A picture and an attribute."""


class Adjudication:
    """Manages the disagreements of a study's raters.

    Raters of a picture and adjudicators may see its disagreements. After that they can neither change nor give answers
    about the picture, because these would depend on the answers of others.
    """

    def __init__(self, queue: RaterQueue, store: AnswerStore, adjudicators: Iterable[str]) -> None:
        """Set the questions, the answers, and the raters who may settle every disagreement."""
        self._queue, self._store = queue, store
        self._adjudicators = {identity(name) for name in adjudicators}

    def settlements(self) -> list[RaterAnswer]:
        """Return the settled answers."""
        return self._queue.known(self._store.answers(mode=ADJUDICATION))

    def waiting(self) -> list[Question]:
        """Return the unsettled disagreements."""
        return self._queue.unsettled(self._queue.known(self._store.answers(mode=RATING)), self.settlements())

    def may(self, rater: str, item: str) -> bool:
        """Return whether a rater may see the answers of others about a picture."""
        return identity(rater) in self._adjudicators or item in self._rated(rater)

    def open_to(self, rater: str, questions: Iterable[Question]) -> list[Question]:
        """Return the disagreements that a rater may see."""
        rated, is_adjudicator = self._rated(rater), identity(rater) in self._adjudicators
        return [question for question in questions if is_adjudicator or question[0] in rated]

    def show(self, rater: str, question: Question) -> None:
        """Record that a rater sees a disagreement. Call this before showing it."""
        if question not in {(answer.item, answer.attribute) for answer in self._store.answers(rater, SHOWN)}:
            self._store.answer(rater, SHOWN, *question, SHOWN, None)

    def shown(self, rater: str) -> set[str]:
        """Return the pictures for which a rater saw the answers of others."""
        return {answer.item for answer in self._store.answers(rater, SHOWN)}

    def _rated(self, rater: str) -> set[str]:
        return self._queue.rated(self._queue.known(self._store.answers(rater)))
