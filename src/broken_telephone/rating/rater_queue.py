"""What one rater does next: the pictures in an order of their own, and which questions are open."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from broken_telephone.rating.answer_store import SKIPPED, Answered
from broken_telephone.rating.raters import identity
from broken_telephone.seeds import seed_of


@dataclass(frozen=True)
class Place:
    """A picture and the first question about it that is open; none if all are answered."""

    item: str
    number: int
    """Of the picture in the rater's order, from 1."""
    attribute: str | None


class Desk:
    """The pictures and questions of a study, and the order in which each rater sees them."""

    def __init__(self, items: Sequence[str], questions: Mapping[str, Sequence[str]], seed: int) -> None:
        """Take the pictures' names, and attribute -> categories."""
        self.questions = {name: tuple(options) for name, options in questions.items()}
        self._items, self._seed = list(items), seed

    @property
    def size(self) -> int:
        """How many pictures there are."""
        return len(self._items)

    def known(self, answers: Sequence[Answered]) -> list[Answered]:
        """Leave out answers to what is not asked: of an earlier sample or form, which the store keeps."""
        items = set(self._items)
        return [
            answer
            for answer in answers
            if answer.item in items
            and answer.attribute in self.questions
            and (answer.category is None or answer.category in self.questions[answer.attribute])
        ]

    def order(self, rater: str) -> list[str]:
        """Return the pictures in a rater's own order, the same in every visit."""
        return sorted(self._items, key=lambda item: seed_of(self._seed, identity(rater), item))

    def place(
        self, rater: str, answers: Sequence[Answered], number: int | None = None, closed: Collection[str] = ()
    ) -> Place | None:
        """Return where a rater is: the given picture, else the first with an open question; None at the end.

        Pictures that are closed to the rater come in neither case.
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
                return Place(item, each, open_questions[0] if open_questions else None)
        return None

    def last(self, rater: str, answers: Sequence[Answered]) -> Answered | None:
        """Return the answer that a rater would take back: the latest."""
        mine = [answer for answer in answers if answer.rater == rater]
        return max(mine, key=lambda answer: (answer.at, list(self.questions).index(answer.attribute)), default=None)

    def rated(self, answers: Sequence[Answered]) -> set[str]:
        """Return the pictures about which every question has an answer, and none was skipped."""
        given = {(answer.item, answer.attribute) for answer in answers if answer.status != SKIPPED}
        return {item for item in self._items if all((item, name) in given for name in self.questions)}

    def done(self, answers: Sequence[Answered]) -> int:
        """Return how many pictures have an answer to every question."""
        given = {(answer.item, answer.attribute) for answer in answers}
        return sum(all((item, name) in given for name in self.questions) for item in self._items)

    def disagreements(self, answers: Sequence[Answered]) -> list[tuple[str, str]]:
        """Return picture and attribute where two raters or more gave different answers."""
        found: dict[tuple[str, str], set[str]] = {}
        for answer in answers:
            if answer.status != SKIPPED:
                found.setdefault((answer.item, answer.attribute), set()).add(answer.category or answer.status)
        return sorted(key for key, categories in found.items() if len(categories) > 1)

    def unsettled(self, answers: Sequence[Answered], settlements: Sequence[Answered]) -> list[tuple[str, str]]:
        """Return the disagreements that nobody has settled yet."""
        settled = {(answer.item, answer.attribute) for answer in settlements}
        return [key for key in self.disagreements(answers) if key not in settled]
