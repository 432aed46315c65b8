"""A data set with attributes of a study's own."""

from broken_telephone.ingestion import DatasetSettings

GLASSES = {
    "categories": ["no glasses", "glasses", "sunglasses"],
    "synonyms": {"no glasses": ["without glasses"], "glasses": ["spectacles"]},
}
HAIR_COLOUR = {
    "categories": ["black", "brown", "blond", "grey"],
    "synonyms": {"blond": ["blonde"], "grey": ["gray"]},
}
HEAD = {
    "categories": ["nothing on it", "hat or cap", "headscarf"],
    "question": "What does the person wear on the head?",
    "synonyms": {"nothing on it": ["bare-headed"], "hat or cap": ["hat", "cap"], "headscarf": ["hijab"]},
}


def dataset(source: str = "raf_db", **attributes: dict) -> DatasetSettings:
    """Return the settings of a data set with these attributes; without any, with glasses."""
    return DatasetSettings.model_validate({"source": source, "attributes": attributes or {"glasses": GLASSES}})
