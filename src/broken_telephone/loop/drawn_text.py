"""Makes the text that is drawn from a description: neutralised, and with what is stated about the person. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from broken_telephone.chains import key
from broken_telephone.labels import Variable, is_english, neutralise, person_phrase
from broken_telephone.loop.settings import LoopSettings, SteerSettings
from broken_telephone.loop.steering import by_picture


@dataclass(frozen=True)
class Wording:
    """How descriptions become drawn texts; without neutralisation and steering they stay as they are."""

    loop: LoopSettings
    steering: pd.DataFrame
    """The `loop_steering` table."""
    variables: Mapping[str, Variable] = field(default_factory=dict)
    """Attributes of the data set's scheme."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Chain -> label."""
    _neutralised: dict[str, str | None] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Description -> the same without terms; None: it is not English."""

    @property
    def changes(self) -> bool:
        """Whether any drawn text may differ from its description."""
        return bool(self.loop.neutralise) or self.loop.steer is not None

    @property
    def function(self) -> "Wording | None":
        """What a journal takes: None where no drawn text differs from its description."""
        return self if self.changes else None

    @cached_property
    def _stated(self) -> Mapping[str, Mapping[str, str]]:
        return by_picture(self.steering)

    def __call__(self, chain_id: str, iteration: int, description: str) -> str:
        """Return the text to draw.

        Raises:
            StudyError: if there are no words for a category.
        """
        text, steer = self._neutral(description), self.loop.steer
        stated = self._stated.get(key(chain_id, iteration))
        if steer is None or stated is None:
            return text
        person = self._person(steer, stated)
        return steer.template.format(
            text=text, person=person, Person=person[0].upper() + person[1:], label=self.labels.get(chain_id, "")
        )

    def refuse_missing_words(self) -> None:
        """Refuse categories that no words name: each combination of them that a drawn text would state is tried.

        Raises:
            StudyError: if there are no words for a category.
        """
        if self.loop.steer is not None:
            for stated in {tuple(stated.items()): stated for stated in self._stated.values()}.values():
                self._person(self.loop.steer, stated)

    def _person(self, steer: SteerSettings, stated: Mapping[str, str]) -> str:
        return person_phrase(stated, self.variables, steer.words, steer.details)

    def _neutral(self, description: str) -> str:
        if not self.loop.neutralise:
            return description
        # A text takes milliseconds, and every node that reads the journal asks for all of them.
        if description not in self._neutralised:
            english = is_english(description)
            self._neutralised[description] = neutralise(description, self.loop.neutralise) if english else None
        neutral = self._neutralised[description]
        return description if neutral is None else neutral

    def counts(self, descriptions: pd.DataFrame) -> dict[str, Any]:
        """Count what happened to descriptions: for the manifest.

        Args:
            descriptions: the `loop_descriptions` table.
        """
        if not self.changes:
            return {}
        counts: dict[str, Any] = {"descriptions": len(descriptions)}
        counts["reworded"] = int(descriptions["drawn_text"].notna().sum())
        if self.loop.neutralise:
            changed = [self._neutral(text) != text for text in descriptions["text"]]
            other = [self._neutralised[text] is None for text in descriptions["text"]]
            counts |= {"neutralised": sum(changed), "not_english": sum(other)}
        if self.loop.steer is not None:
            names = zip(descriptions["chain_id"], descriptions["iteration"], strict=True)
            stated = [self._stated.get(key(*name), {}) for name in names]
            counts["not_steered"] = {
                name: sum(name not in one for one in stated) for name in self.loop.steer.attributes
            }
            counts["stated"] = {
                name: dict(sorted(Counter(one[name] for one in stated if name in one).items()))
                for name in self.loop.steer.attributes
            }
        return counts


def wording_of(
    chains: pd.DataFrame, steering: pd.DataFrame, loop: LoopSettings, variables: Mapping[str, Variable]
) -> Wording:
    """Return what makes drawn texts from descriptions.

    Args:
        chains: the `chains` table.
        steering: the `loop_steering` table.
        loop: the settings.
        variables: attributes of the data set's scheme.
    """
    # Templates may name the label.
    named = chains if loop.steer is not None else chains.head(0)
    labels = dict(zip(named["chain_id"].astype(str), named["label"].astype(str), strict=True))
    return Wording(loop, steering, variables, labels)
