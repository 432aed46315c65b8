"""Writes the texts of the miniature: descriptions, prompts and forms, to train its generator and describer.

Every text is made from a row of `PictureSet.people`. The wording is this project's own.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from broken_telephone.miniature.world.activities import STAGINGS
from broken_telephone.miniature.world.people import (
    ACTIVITIES,
    AGES,
    BACKGROUNDS,
    CLOTHES,
    EMOTIONS,
    ETHNICITIES,
    GENDERS,
    HAIR_WORDS,
    SKIN_TONES,
)

Row = Mapping[str, Any]

ADJECTIVES = {
    "surprise": "surprised",
    "fear": "afraid",
    "disgust": "disgusted",
    "happiness": "happy",
    "sadness": "sad",
    "anger": "angry",
    "neutral": "neutral",
}
EXPRESSIONS = {
    "surprise": ("raised brows and a round open mouth", "wide eyes and a round open mouth"),
    "fear": ("wide eyes and a tense open mouth", "raised brows drawn together and a tense open mouth"),
    "disgust": ("a wrinkled nose and a crooked mouth", "narrowed eyes and a wrinkled nose"),
    "happiness": ("a broad smile and raised cheeks", "a broad smile that shows the teeth"),
    "sadness": ("drooping eyes and a downturned mouth", "raised inner brows and a downturned mouth"),
    "anger": ("lowered brows and bared teeth", "lowered brows drawn together and bared teeth"),
    "neutral": ("relaxed eyes and a closed mouth", "a calm face and a level mouth"),
}
_EMOTION_SENTENCES = (
    "The person looks {adjective}, with {expression}.",
    "The face shows {noun}, with {expression}.",
    "The person feels {adjective}, shown by {expression}.",
)
_ACTIVITY_SENTENCES = ("The person is {doing}.", "The main person is {doing}.", "Someone is {doing}.")
_EMOTION_STARTS = (
    "A portrait of a person who feels {adjective}.",
    "A picture of a person who looks {adjective}.",
)
_ACTIVITY_STARTS = ("A picture of a person who is {doing}.", "A photo of someone who is {doing}.")
GENERAL = {
    "dance and music": "enjoying dance and music",
    "eating": "eating",
    "helping and caring": "helping and caring",
    "household": "doing household work",
    "personal care": "doing personal care",
    "posing": "posing",
    "sports": "doing sports",
    "transportation": "using transportation",
    "work": "working",
}
NOUNS = {
    ("baby", "male"): "baby boy",
    ("baby", "female"): "baby girl",
    ("child", "male"): "boy",
    ("child", "female"): "girl",
    ("young", "male"): "young man",
    ("young", "female"): "young woman",
    ("adult", "male"): "middle-aged man",
    ("adult", "female"): "middle-aged woman",
    ("senior", "male"): "old man",
    ("senior", "female"): "old woman",
}
RAF_AGES = dict(zip(AGES, ("0-3", "4-19", "20-39", "40-69", "70+"), strict=True))
PHASE_AGES = dict(zip(AGES, ("baby", "child", "young adult", "adult", "senior"), strict=True))

PROMPTS: dict[str, tuple[str, ...]] = {
    "emotion": (
        "Describe only the emotion and the facial expression of the person.",
        "Which emotion does the face show? Describe only the expression, in one sentence.",
        "Describe the facial expression and the emotion of the person, nothing else.",
    ),
    "activity": (
        "Describe only the activity of the main person.",
        "What is the main person doing? Describe only the activity, in one sentence.",
        "Describe the activity of the person, nothing else.",
    ),
    "free": (
        "Describe the person in the picture.",
        "Describe the picture in one sentence.",
        "Describe this person and what can be seen of them.",
    ),
    "raf form": (
        "Fill in this form about the main person. 1. Ethnicity: Caucasian / African-American / Asian "
        "2. Gender: male / female / unsure 3. Age: 0-3 / 4-19 / 20-39 / 40-69 / 70+",
    ),
    "phase form": (
        "Fill in this form about the main person. 1. Skin tone: lighter / darker "
        "2. Gender: male / female / unsure "
        "3. Age: baby (0-2) / child (3-14) / young adult (15-29) / adult (30-64) / senior (65+) / unsure",
    ),
    "emotion name": (f"Name the emotion of the person: {' / '.join(EMOTIONS)}",),
    "activity name": (f"Name the activity of the main person: {' / '.join(ACTIVITIES)}",),
}


def emotion_sentence(row: Row, rng: np.random.Generator) -> str:
    """Return a description of the emotion only."""
    emotion = row["emotion"]
    noun = "a neutral expression" if emotion == "neutral" else emotion
    template = _EMOTION_SENTENCES[rng.integers(len(_EMOTION_SENTENCES))]
    expression = EXPRESSIONS[emotion][rng.integers(2)]
    return template.format(adjective=ADJECTIVES[emotion], noun=noun, expression=expression)


def activity_sentence(row: Row, rng: np.random.Generator) -> str:
    """Return a description of the activity only."""
    return _ACTIVITY_SENTENCES[rng.integers(len(_ACTIVITY_SENTENCES))].format(doing=row["doing"])


def free_sentence(row: Row) -> str:
    """Return a description of age, gender, skin tone, hair, clothes, and emotion or activity."""
    skin = "light skin" if row["skin_tone"] == "lighter" else "dark skin"
    noun = NOUNS[row["age"], row["gender"]]
    hair = HAIR_WORDS[row["hair_style"]].format(colour=row["hair_colour"])
    if row["kind"] == "scenes":
        article = "An" if noun[0] in "aeiou" else "A"
        return f"{article} {noun} with {skin}, {hair} and {row['clothes']} clothes is {row['doing']}."
    adjective = ADJECTIVES[row["emotion"]]
    article = "An" if adjective[0] in "aeiou" else "A"
    dressed = f"{hair} and {row['clothes']} clothes"
    return f"{article} {adjective} {noun} with {skin}, {dressed}, {row['background']} background."


def start_sentence(row: Row, rng: np.random.Generator) -> str:
    """Return a prompt with which a study starts a chain."""
    if row["kind"] == "scenes":
        doing = GENERAL[row["activity"]] if rng.random() < 0.6 else row["doing"]
        return _ACTIVITY_STARTS[rng.integers(len(_ACTIVITY_STARTS))].format(doing=doing)
    return _EMOTION_STARTS[rng.integers(len(_EMOTION_STARTS))].format(adjective=ADJECTIVES[row["emotion"]])


def answer(task: str, row: Row, rng: np.random.Generator) -> str:
    """Return the correct answer to one of PROMPTS[task] about the main person of a picture."""
    if task == "emotion":
        return emotion_sentence(row, rng)
    if task == "activity":
        return activity_sentence(row, rng)
    if task == "free":
        return free_sentence(row)
    if task == "raf form":
        return f"1. {row['ethnicity']}\n2. {row['gender']}\n3. {RAF_AGES[row['age']]}"
    if task == "phase form":
        return f"1. {row['skin_tone']}\n2. {row['gender']}\n3. {PHASE_AGES[row['age']]}"
    return str(row["emotion"] if task == "emotion name" else row["activity"])


def corpus() -> list[str]:
    """Return the corpus of the tokenizers: every sentence pattern with every word at least once."""
    rng = np.random.default_rng(0)
    texts = [prompt for prompts in PROMPTS.values() for prompt in prompts]
    stagings = [(activity, s.words) for activity, both in STAGINGS.items() for s in both]
    colours = ("black", "brown", "blond", "red", "grey", "white")
    for index in range(6000):
        activity, doing = stagings[rng.integers(len(stagings))]
        row = {
            "kind": ("portraits", "scenes")[index % 2],
            "activity": activity,
            "doing": doing,
            "emotion": rng.choice(EMOTIONS),
            "gender": rng.choice(GENDERS),
            "age": rng.choice(AGES),
            "ethnicity": rng.choice(ETHNICITIES),
            "skin_tone": rng.choice(SKIN_TONES),
            "hair_style": rng.choice(list(HAIR_WORDS)),
            "hair_colour": rng.choice(colours),
            "clothes": rng.choice(CLOTHES),
            "background": rng.choice(BACKGROUNDS),
        }
        texts += [answer(task, row, rng) for task in PROMPTS]
        texts.append(start_sentence(row, rng))
    return texts
