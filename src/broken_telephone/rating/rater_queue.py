"""Determines a rater's next picture and question; each rater has an own order of pictures."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from broken_telephone.rating.answer_store import SKIPPED, RaterAnswer
from broken_telephone.rating.raters import identity
from broken_telephone.seeds import seed_of


@dataclass(frozen=True)
class QueuePosition:
    """A picture and its first open question, if any."""

    item: str
    number: int
    """Number of the picture in the rater's order, from 1."""
    attribute: str | None


class RaterQueue:
    """Manages the pictures and questions of a study, and each rater's order of pictures."""

    def __init__(
        self,
        items: Sequence[str],
        questions: Mapping[str, Sequence[str]],
        seed: int,
        headings: Mapping[str, str] | None = None,
        ordered: Collection[str] = (),
    ) -> None:
        """Set the pictures and the questions.

        Args:
            items: names of pictures.
            questions: attribute -> categories.
            seed: of each rater's order.
            headings: attribute -> heading of its question, where it is not the attribute's name.
            ordered: attributes whose categories are steps of a scale.
        """
        self.questions = {name: tuple(options) for name, options in questions.items()}
        self.headings = {name: name.replace("_", " ") for name in self.questions} | dict(headings or {})
        self.ordered = [name for name in self.questions if name in ordered]
        self._items, self._seed = list(items), seed

    @property
    def size(self) -> int:
        """The number of pictures."""
        return len(self._items)

    def known(self, answers: Sequence[RaterAnswer]) -> list[RaterAnswer]:
        """Return the answers to present questions. The store also keeps answers of earlier samples and forms."""
        items = set(self._items)
        return [
            answer
            for answer in answers
            if answer.item in items
            and answer.attribute in self.questions
            and (answer.category is None or answer.category in self.questions[answer.attribute])
        ]

    def order(self, rater: str) -> list[str]:
        """Return the pictures in a rater's own order, which is the same in every visit."""
        return sorted(self._items, key=lambda item: seed_of(self._seed, identity(rater), item))

    def position(
        self, rater: str, answers: Sequence[RaterAnswer], number: int | None = None, closed: Collection[str] = ()
    ) -> QueuePosition | None:
        """Return the position of a rater: the given picture, else the first with an open question; None at the end.

        Pictures that are closed to the rater are skipped.
        """
        given = {(answer.item, answer.attribute): answer for answer in answers}
        order = self.order(rater)
        numbers = range(1, len(order) + 1) if number is None else [number]
        for each in numbers:
            item = order[each - 1]
            if item in closed:
                continue
            open_questions = [name for name in self.questions if (item, name) not in given]
            if open_questions or number is not None:
                return QueuePosition(item, each, open_questions[0] if open_questions else None)
        return None

    def last(self, rater: str, answers: Sequence[RaterAnswer]) -> RaterAnswer | None:
        """Return the latest answer of a rater, which an undo deletes."""
        own_answers = [answer for answer in answers if answer.rater == rater]
        return max(
            own_answers, key=lambda answer: (answer.at, list(self.questions).index(answer.attribute)), default=None
        )

    def rated(self, answers: Sequence[RaterAnswer]) -> set[str]:
        """Return the pictures whose questions all have an answer that is not skipped."""
        given = {(answer.item, answer.attribute) for answer in answers if answer.status != SKIPPED}
        return {item for item in self._items if all((item, name) in given for name in self.questions)}

    def done(self, answers: Sequence[RaterAnswer]) -> int:
        """Return the number of pictures with an answer to every question."""
        given = {(answer.item, answer.attribute) for answer in answers}
        return sum(all((item, name) in given for name in self.questions) for item in self._items)

    def disagreements(self, answers: Sequence[RaterAnswer]) -> list[tuple[str, str]]:
        """Return (picture, attribute) of all questions with different answers by two or more raters."""
        categories_by_question: dict[tuple[str, str], set[str]] = {}
        for answer in answers:
            if answer.status != SKIPPED:
                categories_by_question.setdefault((answer.item, answer.attribute), set()).add(
                    answer.category or answer.status
                )
        return sorted(key for key, categories in categories_by_question.items() if len(categories) > 1)

    def unsettled(self, answers: Sequence[RaterAnswer], settlements: Sequence[RaterAnswer]) -> list[tuple[str, str]]:
        """Return the unsettled disagreements."""
        settled = {(answer.item, answer.attribute) for answer in settlements}
        return [key for key in self.disagreements(answers) if key not in settled]
