"""Writes a sentence about attributes of which every answer is invalid: the annotator does not know the form."""

from collections.abc import Mapping
from typing import Any

from broken_telephone.reporting.text.wording import capital, listed, spoken


def unknown_form_sentences(manifest: Mapping[str, Any]) -> list[str]:
    """Say of which attributes no answer fits the form, and which settings choose another form.

    Args:
        manifest: of the annotation.
    """
    sentences = []
    for reading, attributes in manifest.get("statuses", {}).items():
        unusable = sorted(name for name, shares in attributes.items() if shares.get("invalid") == 1)
        if unusable:
            kind, by, annotator = reading.partition(" by ")
            what = listed([spoken(name) for name in unusable], len(unusable))
            sentences.append(
                capital(f"{kind} reading{by}{annotator}: no answer about {what} fits the form. ")
                + "The report cannot measure what has no valid answer. The annotator may know another form: "
                "`dataset.scheme` chooses the form with the categories of the data set, and `annotation.form` the form "
                "alone. The small models of this project know `raf`: `dataset: {scheme: raf}`. If the loop has "
                "results, give the study with this setting a new name."
            )
    return sentences
