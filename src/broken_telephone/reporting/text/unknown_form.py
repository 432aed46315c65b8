"""Writes sentences about attributes of which every answer is invalid: the annotator may not know the form."""

from collections.abc import Iterable, Mapping
from typing import Any

from broken_telephone.labels import FORMS, asked_for
from broken_telephone.reporting.text.wording import capital, listed, spoken


def unknown_form_sentences(manifest: Mapping[str, Any]) -> list[str]:
    """Name the attributes without an answer that fits the form, and the settings that choose another form.

    Another form helps only with the attributes of a published form that a model was asked to fill in: not with
    imported answers, nor with attributes of the study's own.

    Args:
        manifest: of the annotation.
    """
    sentences = []
    for reading, attributes in manifest.get("statuses", {}).items():
        # Shares are rounded. A status that a single answer has is listed, even if its share is rounded to zero.
        unusable = sorted(name for name, shares in attributes.items() if set(shares) == {"invalid"})
        if not unusable:
            continue
        kind, by, annotator = reading.partition(" by ")
        what = listed([spoken(name) for name in unusable], len(unusable))
        text = capital(f"{kind} reading{by}{annotator}: no answer about {what} fits the form. ")
        text += "The report cannot measure what has no valid answer."
        if kind == "free" and _fills_in_published(manifest.get("asked", {}).get(reading, {}), unusable):
            text += (
                " The annotator may know another form: `dataset.scheme` chooses the form with the categories of the "
                "data set, and `annotation.form` the form alone. The small models of this project know `raf`: "
                "`dataset: {scheme: raf}`. If the loop has results, give the study with this setting a new name."
            )
        sentences.append(text)
    return sentences


def _fills_in_published(asked: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Return whether a model was asked for any of these attributes with the categories of a published form."""
    if "imported" in asked.get("settings", {}):
        return False
    categories = asked.get("attributes", {})
    published = [asked_for(form).items() for form in FORMS.values()]
    return any((name, tuple(categories.get(name, ()))) in items for name in names for items in published)
