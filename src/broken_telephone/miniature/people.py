"""Who lives in the rendered world: one person's attributes, and how a world draws them.

A `World` states shares; everything it does not mention is even. It draws attributes only: what they
look like is decided in `head`, `portrait` and `scene`. No global random state is read.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from broken_telephone.labels import PHASE, RAF

# In the words, and the order, of the data sets whose layouts the world is written in.
EMOTIONS = RAF.concepts["emotion"].values
ACTIVITIES = PHASE.concepts["activity"].values
GENDERS = RAF.attributes["gender"].values
AGES = ("baby", "child", "young", "adult", "senior")
ETHNICITIES = RAF.attributes["ethnicity"].values
SKIN_TONES = PHASE.attributes["skin_tone"].values
CLOTHES = ("red", "blue", "green", "yellow", "purple", "white")
# How hair is spoken of; two styles that look alike from afar share their words.
HAIR_WORDS = {
    "tuft": "a {colour} tuft of hair",
    "bow": "a ribbon in {colour} hair",
    "fringe": "short {colour} hair",
    "short": "short {colour} hair",
    "side": "short {colour} hair",
    "receding": "thin {colour} hair",
    "bald": "a bald head",
    "pigtails": "{colour} pigtails",
    "long": "long {colour} hair",
    "ponytail": "a {colour} ponytail",
    "bob": "a {colour} bob",
    "bun": "a {colour} bun",
}
BACKGROUNDS = ("blue", "green", "grey", "beige", "pink")

# Ages in years that lie in the same group for RAF-DB and for PHASE, so that both name them alike.
YEARS = {"baby": (0, 2), "child": (4, 14), "young": (20, 29), "adult": (40, 64), "senior": (70, 85)}
# Tones from 0 (lightest) to 1 (darkest); nobody lives near 0.5, where lighter turns into darker.
TONES = {"lighter": (0.04, 0.40), "darker": (0.62, 0.98)}
# How ethnicity goes with the side of the tone scale: even on both margins.
DARKER_SHARE = {"Caucasian": 0.0, "African-American": 1.0, "Asian": 0.5}

CATEGORIES = {
    "emotion": EMOTIONS,
    "activity": ACTIVITIES,
    "gender": GENDERS,
    "age": AGES,
    "ethnicity": ETHNICITIES,
    "skin_tone": SKIN_TONES,
}


@dataclass(frozen=True)
class Person:
    """One person: named attributes, plus the numbers that make two alike people look different."""

    gender: str
    age: str
    years: int
    ethnicity: str
    skin_tone: str
    tone: float
    emotion: str
    activity: str | None
    hair_colour: str
    hair_style: str
    clothes: str
    jitter: np.ndarray = field(repr=False, compare=False)
    """Sixteen numbers in [-1, 1]: face width, eye distance, expression strength and the like."""


class Association(BaseModel):
    """One planted association: among `given`, `category` of `attribute` has this share."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    given: str
    """An emotion or an activity."""
    attribute: Literal["gender", "age", "skin_tone"]
    category: str
    share: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _known_names(self) -> "Association":
        if self.given not in EMOTIONS + ACTIVITIES:
            raise ValueError(f"given={self.given!r} is neither an emotion {EMOTIONS} nor an activity {ACTIVITIES}")
        if self.category not in CATEGORIES[self.attribute]:
            raise ValueError(f"{self.attribute} has no category {self.category!r}: {CATEGORIES[self.attribute]}")
        return self


class World(BaseModel):
    """Shares of a rendered world; the categories that no association names share the rest evenly."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    associations: tuple[Association, ...] = ()

    def shares(self, attribute: str, label: str | None) -> np.ndarray:
        """Shares of the categories of gender, age or skin_tone, given an emotion or activity; they sum to 1."""
        names = CATEGORIES[attribute]
        planted = {a.category: a.share for a in self.associations if a.given == label and a.attribute == attribute}
        free = len(names) - len(planted)
        rest = (1 - sum(planted.values())) / free if free else 0.0
        shares = np.array([planted.get(name, rest) for name in names])
        if (shares < -1e-9).any() or not np.isclose(shares.sum(), 1):
            raise ValueError(f"The planted shares of {attribute} given {label!r} do not sum to 1: {planted}")
        return shares

    def person(self, rng: np.random.Generator, emotion: str | None = None, activity: str | None = None) -> Person:
        """Draw one person; what is not given is drawn evenly. Associations follow the activity, else the emotion."""
        label = activity or emotion
        emotion = emotion or str(rng.choice(EMOTIONS))

        def pick(attribute: str) -> str:
            return str(rng.choice(CATEGORIES[attribute], p=self.shares(attribute, label)))

        gender, age, skin_tone = pick("gender"), pick("age"), pick("skin_tone")
        odds = np.array([DARKER_SHARE[e] if skin_tone == "darker" else 1 - DARKER_SHARE[e] for e in ETHNICITIES])
        ethnicity = str(rng.choice(ETHNICITIES, p=odds / odds.sum()))
        low, high = YEARS[age]
        return Person(
            gender=gender,
            age=age,
            years=int(rng.integers(low, high + 1)),
            ethnicity=ethnicity,
            skin_tone=skin_tone,
            tone=float(rng.uniform(*TONES[skin_tone])),
            emotion=emotion,
            activity=activity,
            hair_colour=_hair_colour(rng, age, ethnicity),
            hair_style=_hair_style(rng, age, gender),
            clothes=str(rng.choice(CLOTHES)),
            jitter=rng.uniform(-1, 1, 16),
        )


def _hair_colour(rng: np.random.Generator, age: str, ethnicity: str) -> str:
    # Likely with age but never certain, so that age cannot be read from this colour alone.
    if rng.random() < {"senior": 0.8, "adult": 0.1}.get(age, 0.0):
        return "white" if ethnicity == "Caucasian" else "grey"
    if ethnicity == "Caucasian":
        return str(rng.choice(["blond", "brown", "red"]))
    return "black"


def _hair_style(rng: np.random.Generator, age: str, gender: str) -> str:
    styles = {
        ("baby", "male"): ["tuft"],
        ("baby", "female"): ["bow"],
        ("child", "male"): ["fringe", "short"],
        ("child", "female"): ["pigtails", "long"],
        ("young", "male"): ["short", "side"],
        ("young", "female"): ["long", "ponytail"],
        ("adult", "male"): ["receding", "side"],
        ("adult", "female"): ["bob", "long"],
        ("senior", "male"): ["bald", "receding"],
        ("senior", "female"): ["bun", "bob"],
    }
    return str(rng.choice(styles[age, gender]))
