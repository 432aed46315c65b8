"""The journal of the annotation: one record per batch, with the models' answers as they came.

Answers are kept raw and read anew whenever tables are made: a better reading needs no model.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from broken_telephone.annotation.questions import Inquiry
from broken_telephone.models.failures import MODEL_ERROR
from broken_telephone.pictures import Picture
from broken_telephone.seeds import digest

Record = dict[str, Any]
Records = Mapping[str, Callable[[], Record]]
UNREADABLE = "unreadable image"


def name_of(inquiry: Inquiry, iteration: int, answers: Iterable[Record]) -> str:
    """Return the key of a batch's record."""
    asked = digest(*(answer["picture"] for answer in answers), size=8)
    return f"{inquiry.key}/{iteration:03}/{asked}"


def answers_to(inquiry: Inquiry, records: Records, pictures: Mapping[int, Iterable[Picture]]) -> dict[str, Record]:
    """Return what was answered so far: picture -> answer. What is tried again is among it, as failures.

    Answers about pictures that are others by now, such as one that was drawn again, do not count.
    """
    prefix = f"{inquiry.key}/"
    digests = {picture.name: picture.digest for some in pictures.values() for picture in some}
    found: dict[str, Record] = {}
    for name in records:
        if name.startswith(prefix):
            for answer in records[name]()["answers"]:
                if digests.get(answer["picture"]) != answer["digest"]:
                    continue
                earlier = found.get(answer["picture"])
                if earlier is None or is_tried_again(earlier):
                    found[answer["picture"]] = answer
    return found


def is_tried_again(answer: Record) -> bool:
    """Return whether a picture did not open, or the model raised an error at it: either may have been mended."""
    return answer.get("failure", {}).get("kind") in (UNREADABLE, MODEL_ERROR)


def spent(inquiry: Inquiry, records: Records) -> float:
    """Return the seconds in the model that the answers took."""
    mine = (records[name]() for name in records if name.startswith(f"{inquiry.key}/"))
    return sum(record.get("seconds", 0.0) for record in mine)
