"""The journal of the annotation: one record per batch, with the models' answers as they came.

Answers are kept raw and read anew whenever tables are made: a better reading needs no model.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from broken_telephone.annotate.questions import Inquiry
from broken_telephone.seeds import digest

Record = dict[str, Any]
Records = Mapping[str, Callable[[], Record]]
UNREADABLE = "unreadable image"


def name_of(inquiry: Inquiry, iteration: int, answers: Iterable[Record]) -> str:
    """Return the key of a batch's record. What was asked is in it: other models and wordings stand beside it."""
    asked = digest(*(answer["picture"] for answer in answers), size=8)
    return f"{inquiry.name}_{inquiry.identity}/{iteration:03}/{asked}"


def answers_to(inquiry: Inquiry, records: Records) -> dict[str, Record]:
    """Return what was answered so far: picture -> answer. Pictures that did not open are among them, as failures."""
    prefix = f"{inquiry.name}_{inquiry.identity}/"
    found: dict[str, Record] = {}
    for name in records:
        if name.startswith(prefix):
            for answer in records[name]()["answers"]:
                earlier = found.get(answer["picture"])
                if earlier is None or is_unreadable(earlier):
                    found[answer["picture"]] = answer
    return found


def is_unreadable(answer: Record) -> bool:
    """Return whether a picture did not open: it is tried again in every run, because the file may have been mended."""
    return bool(answer.get("failure", {}).get("kind") == UNREADABLE)


def spent(records: Records, inquiries: Iterable[Inquiry]) -> dict[str, dict[str, float]]:
    """Return pictures and seconds in the model, by inquiry."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: {"pictures": 0, "seconds": 0.0})
    wanted = {f"{inquiry.name}_{inquiry.identity}": inquiry.name for inquiry in inquiries}
    for name in records:
        if (inquiry := wanted.get(name.split("/")[0])) is not None:
            record = records[name]()
            if "seconds" in record:
                found[inquiry]["pictures"] += record["size"]
                found[inquiry]["seconds"] += record["seconds"]
    return dict(found)
