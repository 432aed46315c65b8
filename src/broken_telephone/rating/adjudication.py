"""Who may see and settle a disagreement, so that everybody rates a picture before seeing what others say of it."""

from collections.abc import Iterable

from broken_telephone.rating.answer_store import ADJUDICATION, RATING, SHOWN, Answered, Store
from broken_telephone.rating.rater_queue import Desk
from broken_telephone.rating.raters import identity

Question = tuple[str, str]
"""A picture and an attribute."""


class Settling:
    """The disagreements of a study's raters.

    A disagreement is shown to those who rated its picture, and to adjudicators. Whoever was shown one no longer
    changes their own answers to that picture, nor gives any: these would not be independent of the others'.
    """

    def __init__(self, desk: Desk, store: Store, adjudicators: Iterable[str]) -> None:
        """Take the questions, the answers, and the names of those who may settle everything."""
        self._desk, self._store = desk, store
        self._adjudicators = {identity(name) for name in adjudicators}

    def settlements(self) -> list[Answered]:
        """Return what was settled."""
        return self._desk.known(self._store.answers(mode=ADJUDICATION))

    def waiting(self) -> list[Question]:
        """Return the disagreements that nobody has settled yet."""
        return self._desk.unsettled(self._desk.known(self._store.answers(mode=RATING)), self.settlements())

    def may(self, rater: str, item: str) -> bool:
        """Say whether a rater may see what others answered about a picture."""
        return identity(rater) in self._adjudicators or item in self._rated(rater)

    def open_to(self, rater: str, questions: Iterable[Question]) -> list[Question]:
        """Return those disagreements that a rater may see."""
        rated, is_adjudicator = self._rated(rater), identity(rater) in self._adjudicators
        return [question for question in questions if is_adjudicator or question[0] in rated]

    def show(self, rater: str, question: Question) -> None:
        """Keep that a rater was shown a disagreement. To be called before it is shown."""
        if question not in {(answer.item, answer.attribute) for answer in self._store.answers(rater, SHOWN)}:
            self._store.answer(rater, SHOWN, *question, SHOWN, None)

    def shown(self, rater: str) -> set[str]:
        """Return the pictures about which a rater was shown the answers of others."""
        return {answer.item for answer in self._store.answers(rater, SHOWN)}

    def _rated(self, rater: str) -> set[str]:
        return self._desk.rated(self._desk.known(self._store.answers(rater)))
