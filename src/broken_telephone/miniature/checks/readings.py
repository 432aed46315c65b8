"""Measures how accurately the describer describes rendered people, through the same adapter as in studies."""

import numpy as np
import pandas as pd
from PIL import Image

from broken_telephone.miniature.checks.scores import accuracies, by_group
from broken_telephone.miniature.world.activities import STAGINGS
from broken_telephone.miniature.world.language import ADJECTIVES, GENERAL, PHASE_AGES, PROMPTS, RAF_AGES
from broken_telephone.miniature.world.people import ACTIVITIES, ETHNICITIES, GENDERS, SKIN_TONES
from broken_telephone.miniature.world.pictures import PictureSet
from broken_telephone.models import Describer, Failure
from broken_telephone.progress import track

_FORMS = {
    "raf form": {
        "ethnicity": {name: name for name in ETHNICITIES},
        "gender": {name: name for name in (*GENDERS, "unsure")},
        "age": {words: age for age, words in RAF_AGES.items()},
    },
    "phase form": {
        "skin_tone": {name: name for name in SKIN_TONES},
        "gender": {name: name for name in (*GENDERS, "unsure")},
        "age": {"unsure": "unsure"} | {words: age for age, words in PHASE_AGES.items()},
    },
}


def ask(describer: Describer, images: np.ndarray, prompt: str, batch_size: int = 64) -> list[str]:
    """Return the describer's texts about pictures, uint8 (n, 64, 64, 3); empty for a missing description."""
    texts: list[str] = []
    starts = range(0, len(images), batch_size)
    for start in track(starts, f"Asking: {prompt}", len(starts)):
        pictures = [Image.fromarray(image) for image in images[start : start + batch_size]]
        answers = describer.describe(pictures, prompt)
        texts += ["" if isinstance(answer, Failure) else answer.text for answer in answers]
    return texts


def named(text: str, concept: str) -> str | None:
    """Return the emotion or activity that a sentence of the miniature names; None for none or several."""
    if concept == "emotion":
        matches = {e for e, adjective in ADJECTIVES.items() if adjective in text.lower() or e in text.lower()}
    else:
        # The label alone is not enough, because "household work" contains "work".
        words = {a: [GENERAL[a], *(staging.words for staging in STAGINGS[a])] for a in ACTIVITIES}
        matches = {a for a, phrases in words.items() if any(phrase in text for phrase in phrases)}
    return matches.pop() if len(matches) == 1 else None


def read_form(text: str, form: str) -> dict[str, str | None]:
    """Return attribute -> category of a filled-in form: "unsure" is possible, and None is outside the options."""
    lines = dict(line.split(". ", 1) for line in text.splitlines() if ". " in line)
    return {name: values.get(lines.get(str(k), "")) for k, (name, values) in enumerate(_FORMS[form].items(), 1)}


def score_describer(describer: Describer, pictures: PictureSet) -> pd.DataFrame:
    """Return accuracies of descriptions and forms, and shares of invalid answers, by group, for one kind of picture."""
    people = pictures.people
    concept = "emotion" if people["kind"].iloc[0] == "portraits" else "activity"
    texts = ask(describer, pictures.images, PROMPTS[concept][0])
    parts = [accuracies("describer", people, pd.DataFrame({concept: [named(text, concept) for text in texts]}))]
    for form in _FORMS:
        answers = pd.DataFrame([read_form(text, form) for text in ask(describer, pictures.images, PROMPTS[form][0])])
        invalid = answers.isna().mean(axis=1).to_numpy()
        scores = [accuracies("describer", people, answers), by_group("describer", "invalid answers", people, invalid)]
        parts += [table.assign(figure=table["figure"] + f", {form}") for table in scores]
    return pd.concat(parts, ignore_index=True)
