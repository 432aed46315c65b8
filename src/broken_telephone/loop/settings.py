"""The settings of the loop."""

import string
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, PlainValidator, field_validator, model_validator

from broken_telephone.execution.settings import Positive, Size, WorkSettings
from broken_telephone.loop.kept import ALL, checked_keep, is_kept, kept_iterations
from broken_telephone.study_config.settings_group import Settings

Attribute = Literal["gender", "age", "ethnicity", "skin_tone"]
"""Attributes whose terms the lexicon of mentions knows."""
_FIELDS = {"person", "Person", "text", "label"}
_Share = Annotated[float, Field(ge=0, le=1)]


class SteerSettings(Settings):
    """What is said about the person in the texts that are drawn, beside the description."""

    anchor: list[str] = []
    """Attributes of the chain's original, as the data set states them, that every drawn text names."""
    balance: list[str] = []
    """Attributes that are drawn for each chain and iteration from a distribution of shares."""
    target: dict[str, dict[str, _Share]] = {}
    """Attribute of `balance` -> category -> share; without it, the shares of the data set's main people."""
    template: str = "{Person}. {text}"
    """The drawn text: `{person}` is "an old woman", `{Person}` has a capital, `{text}` is the description, `{label}`
    the label; `{{` is a brace."""
    words: dict[str, dict[str, str]] = {}
    """Attribute -> category -> adjective in place of the default one; an empty one says nothing."""
    details: dict[str, dict[str, str]] = {}
    """Attribute -> category -> visible details, which stand after "with"."""

    @property
    def attributes(self) -> list[str]:
        """All attributes that are steered."""
        return [*self.anchor, *self.balance]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.attributes:
            raise ValueError("steer needs attributes in anchor or balance; null for no steering")
        if len(set(self.attributes)) < len(self.attributes):
            raise ValueError("an attribute stands once, in steer.anchor or in steer.balance")
        if other := set(self.target) - set(self.balance):
            raise ValueError(f"steer.target has {', '.join(sorted(other))}, which steer.balance does not name")
        for attribute, shares in self.target.items():
            if abs(sum(shares.values()) - 1) > 1e-6:
                raise ValueError(f"the shares of steer.target.{attribute} sum to {sum(shares.values()):g}, not to 1")
        try:
            parts = [part for part in string.Formatter().parse(self.template) if part[1] is not None]
        except ValueError as error:
            raise ValueError(f"steer.template is no template ({error}); write {{{{ for a brace") from None
        if formatted := [str(field) for _, field, spec, conversion in parts if spec or conversion]:
            raise ValueError(f"steer.template: a field has no format; write {{{formatted[0]}}} alone")
        fields = {str(field) for _, field, _, _ in parts}
        if fields - _FIELDS or "text" not in fields or not fields & {"person", "Person"}:
            raise ValueError(
                "steer.template needs {text} and {person} or {Person}, and may have {label}; it has "
                f"{', '.join(sorted(fields)) or 'no field'}"
            )
        return self


class LoopSettings(WorkSettings):
    """How chains are followed. Prompt, neutralisation and steering change results.

    More iterations add images, and `keep` thins them.
    """

    group = "loop"
    iterations: Positive
    """Length of the chains. It may be raised later. A lower value hides later iterations and keeps them on disk."""
    describe_prompt: Annotated[str, Field(min_length=1)]
    """What the describer is asked about every picture."""
    neutralise: list[Attribute] = []
    """Attributes whose English terms are taken out of a description before it is drawn: see docs/mitigation.md."""
    steer: SteerSettings | None = None
    """What is stated about the person in drawn texts: see docs/mitigation.md. Null: nothing."""
    keep: Annotated[Any, PlainValidator(checked_keep), Field(examples=[ALL, {"every": 10}, [1, 2, 5, 99]])] = ALL
    """Which drawn images stay on disk. The first and the last image always stay: see docs/large_studies.md#long-loops.

    Any other image is deleted once its description is saved. Later stages use the images that stay.
    """
    describe_batch: Size = "auto"
    """Pictures described at once. `auto` finds the size on the first batches; a batch beyond the memory is halved."""
    draw_batch: Size = "auto"
    """Pictures drawn at once, likewise."""
    shard: str = "1/1"
    """Which part of the chains this run follows: `3/8` is the third of eight, the same chains every time."""

    @property
    def kept_iterations(self) -> list[int]:
        """The iterations whose images stay on disk, from 1."""
        return kept_iterations(self.keep, self.iterations)

    @property
    def thinned_iterations(self) -> frozenset[int]:
        """The iterations whose images do not stay on disk."""
        return frozenset(range(1, self.iterations + 1)) - frozenset(self.kept_iterations)

    def is_kept(self, iteration: int) -> bool:
        """Return whether the image of an iteration stays on disk."""
        return is_kept(self.keep, self.iterations, iteration)

    @field_validator("shard")
    @classmethod
    def _part_of_a_whole(cls, shard: str) -> str:
        number, _, count = shard.partition("/")
        if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            raise ValueError("a shard is written i/n, from 1/n to n/n")
        # 01/2 is the same part as 1/2.
        return f"{int(number)}/{int(count)}"

    @field_validator("neutralise")
    @classmethod
    def _each_once(cls, neutralise: list[str]) -> list[str]:
        if len(set(neutralise)) < len(neutralise):
            raise ValueError("an attribute stands twice")
        # In one order, because the neutralised text may depend on it.
        return [name for name in get_args(Attribute) if name in neutralise]

    @property
    def wording(self) -> dict[str, object]:
        """The settings that decide which texts are drawn, as they are sealed.

        Neutralisation and steering are stated only where they are set: studies without them keep their seal.
        """
        wording: dict[str, object] = {"describe_prompt": self.describe_prompt}
        if self.neutralise:
            wording["neutralise"] = sorted(self.neutralise)
        if self.steer is not None:
            wording["steer"] = self.steer.model_dump()
        return wording
