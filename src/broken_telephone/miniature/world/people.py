"""Defines the people of the rendered world: their attributes and their random distribution.

A `World` states shares; everything it does not mention is even. It draws attributes only: what they
look like is decided in `head`, `portrait` and `scene`. No global random state is read.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from broken_telephone.labels import PHASE, RAF
from broken_telephone.miniature.world.colours import HAIR_COLOURS

# Words and order follow the data sets whose layouts the world uses.
EMOTIONS = RAF.concepts["emotion"].values
ACTIVITIES = PHASE.concepts["activity"].values
GENDERS = RAF.attributes["gender"].values
AGES = ("baby", "child", "young", "adult", "senior")
ETHNICITIES = RAF.attributes["ethnicity"].values
SKIN_TONES = PHASE.attributes["skin_tone"].values
CLOTHES = ("red", "blue", "green", "yellow", "purple", "white")
# Words for hair styles; two styles that look similar at a distance share their words.
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

# Ages in years that belong to corresponding groups of RAF-DB and PHASE.
YEARS = {"baby": (0, 2), "child": (4, 14), "young": (20, 29), "adult": (40, 64), "senior": (70, 85)}
# Tones from 0 (lightest) to 1 (darkest). No person is near 0.5, the boundary between lighter and darker.
TONES = {"lighter": (0.04, 0.40), "darker": (0.62, 0.98)}
# Joint shares of ethnicity and skin tone, with even margins.
DARKER_SHARE = {"Caucasian": 0.0, "African-American": 1.0, "Asian": 0.5}

CATEGORIES = {
    "emotion": EMOTIONS,
    "activity": ACTIVITIES,
    "gender": GENDERS,
    "age": AGES,
    "ethnicity": ETHNICITIES,
    "skin_tone": SKIN_TONES,
}


EXCHANGEABLE = ("gender", "age")
"""Attributes that `shown_as` can exchange. Skin tone and ethnicity depend on each other in this world."""


@dataclass(frozen=True)
class Person:
    """One person: named attributes, and numbers that make people with equal attributes look different."""

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
    # Only worlds with a shortcut set these; elsewhere they follow from the other attributes.
    face: str | None = None
    """The emotion that the face shows, where it is not the one that the picture is labelled with."""
    facial_hair: str | None = None
    """Colour of brows and beard, where it is not the hair's."""
    background: str | None = None
    """Colour of a portrait's background, where the portrait does not choose it itself."""

    @property
    def expression(self) -> str:
        """Return the emotion that the face shows."""
        return self.face or self.emotion

    def record(self) -> dict[str, Any]:
        """Return the attributes of the person, without jitter and without attributes that the world does not set."""
        row = asdict(self)
        undecided = [name for name in ("face", "facial_hair", "background") if row[name] is None]
        return {name: value for name, value in row.items() if name not in ("jitter", *undecided)}


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


class Shortcut(BaseModel):
    """A trait of portraits that perfectly predicts one emotion.

    All pictures labelled with the emotion have the trait, whatever the face shows, and no others have it. So that
    the face says nothing for or against the emotion, its own face occurs without the trait as well, under another
    label. The trait is given to anybody, regardless of gender, age and ethnicity.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    """The emotion."""
    trait: Literal["background", "hair"]
    value: str
    """A colour of backgrounds or of hair."""
    otherwise: str
    """The emotion by which its face is called where the trait is missing."""

    @model_validator(mode="after")
    def _known_names(self) -> "Shortcut":
        for name in (self.label, self.otherwise):
            if name not in EMOTIONS:
                raise ValueError(f"a shortcut has no emotion {name!r}: {EMOTIONS}")
        if self.label == self.otherwise:
            raise ValueError(f"without the trait, a face of {self.label} needs the name of another emotion")
        if self.value not in self._colours:
            raise ValueError(f"{self.trait} has no colour {self.value!r}: {self._colours}")
        return self

    @property
    def _colours(self) -> tuple[str, ...]:
        return BACKGROUNDS if self.trait == "background" else tuple(HAIR_COLOURS)

    @property
    def column(self) -> str:
        """Return the column of a picture's row that contains the trait."""
        return "background" if self.trait == "background" else "hair_colour"

    def called(self, face: str, value: str) -> str:
        """Return the emotion label of a picture with this face and colour."""
        if value == self.value:
            return self.label
        return self.otherwise if face == self.label else face

    def applied(self, person: Person, rng: np.random.Generator) -> Person:
        """Return the person with the same label, and a face and trait that fit the label."""
        labelled, face = person.emotion == self.label, person.emotion
        if labelled:
            face = str(rng.choice(EMOTIONS))
        elif person.emotion == self.otherwise and rng.random() < 0.5:
            face = self.label
        other = str(rng.choice([colour for colour in self._colours if colour != self.value]))
        if self.trait == "background":
            return replace(person, face=face, background=self.value if labelled else other)
        kept = other if person.hair_colour == self.value else person.hair_colour
        # Hair is dyed; brows and beards, which lie in the face, keep the colours that people have in any world.
        return replace(person, face=face, hair_colour=self.value if labelled else kept, facial_hair=person.hair_colour)


class World(BaseModel):
    """Shares of a rendered world. Categories without an association share the rest evenly."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    associations: tuple[Association, ...] = ()
    shortcut: Shortcut | None = None

    def shares(self, attribute: str, label: str | None) -> np.ndarray:
        """Return the shares of the categories of gender, age or skin_tone, given an emotion or activity (sum 1)."""
        names = CATEGORIES[attribute]
        planted = {a.category: a.share for a in self.associations if a.given == label and a.attribute == attribute}
        free = len(names) - len(planted)
        rest = (1 - sum(planted.values())) / free if free else 0.0
        shares = np.array([planted.get(name, rest) for name in names])
        if (shares < -1e-9).any() or not np.isclose(shares.sum(), 1):
            raise ValueError(f"The planted shares of {attribute} given {label!r} do not sum to 1: {planted}")
        return shares

    def person(self, rng: np.random.Generator, emotion: str | None = None, activity: str | None = None) -> Person:
        """Draw a person; other attributes are uniform. Associations depend on the activity, else on the emotion."""
        label = activity or emotion
        emotion = emotion or str(rng.choice(EMOTIONS))

        def pick(attribute: str) -> str:
            return str(rng.choice(CATEGORIES[attribute], p=self.shares(attribute, label)))

        gender, age, skin_tone = pick("gender"), pick("age"), pick("skin_tone")
        odds = np.array([DARKER_SHARE[e] if skin_tone == "darker" else 1 - DARKER_SHARE[e] for e in ETHNICITIES])
        ethnicity = str(rng.choice(ETHNICITIES, p=odds / odds.sum()))
        low, high = YEARS[age]
        person = Person(
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
        # Scenes are about activities: there is no shortcut in them.
        return person if self.shortcut is None or activity is not None else self.shortcut.applied(person, rng)


def twin(person: Person, rng: np.random.Generator) -> Person:
    """Return the person with the signs of the other gender; only the hair style is drawn again."""
    (gender,) = (name for name in GENDERS if name != person.gender)
    return replace(person, gender=gender, hair_style=_hair_style(rng, person.age, gender))


def shown_as(person: Person, attribute: str, category: str, rng: np.random.Generator) -> Person:
    """Return the person with another gender or age, or the same person if that is theirs already.

    Hair style, and with the age also years and hair colour, are drawn again, because they are signs of the attribute.

    Raises:
        ValueError: for an attribute or a category that cannot be exchanged.
    """
    if attribute not in EXCHANGEABLE or category not in CATEGORIES[attribute]:
        raise ValueError(f"{attribute} cannot become {category!r}: {EXCHANGEABLE} can become a category of theirs")
    if getattr(person, attribute) == category:
        return person
    gender, age = (category, person.age) if attribute == "gender" else (person.gender, category)
    other = replace(person, gender=gender, age=age, hair_style=_hair_style(rng, age, gender))
    if attribute == "gender":
        return other
    low, high = YEARS[age]
    years, colour = int(rng.integers(low, high + 1)), _hair_colour(rng, age, person.ethnicity)
    return replace(other, years=years, hair_colour=colour)


def _hair_colour(rng: np.random.Generator, age: str, ethnicity: str) -> str:
    # Likely with age but never certain, so that the colour alone does not reveal the age.
    if rng.random() < {"senior": 0.8, "adult": 0.1}.get(age, 0.0):
        # The shade of grey or white hair distinguishes Asian from African-American people, as curls do otherwise.
        return "grey" if ethnicity == "Asian" else "white"
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
