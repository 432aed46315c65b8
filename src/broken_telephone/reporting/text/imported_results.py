"""Writes sentences about results that were imported: where they come from, and what of them is unknown."""

from collections.abc import Mapping
from typing import Any

from broken_telephone.reporting.text.wording import capital, counted

_MODELS = {"describer": "that wrote the descriptions", "generator": "that drew the images"}


def imported_line(imported: Mapping[str, Any]) -> str:
    """Return a line about an import, for the summary after a run.

    Args:
        imported: the part `imported` of the loop's record.
    """
    return f"Imported from {imported['root']} (layout {imported['layout']}). Times, seeds and truncation are unknown."


def imported_sentences(manifests: Mapping[str, Mapping]) -> list[str]:
    """Return sentences about an imported study; none if this project made the results.

    Args:
        manifests: records of the runs, by name; that of an import has `imported`.
    """
    sentences: list[str] = []
    for record in manifests.values():
        imported = record.get("imported")
        if imported is None:
            continue
        sentences += [
            f"The images and descriptions were imported (layout {imported['layout']}), not made by this program.",
            "Seeds, the tokens of descriptions, and whether descriptions were truncated are unknown.",
        ]
        for role, what in _MODELS.items():
            name = imported[role]
            sentences.append(
                f"The {role} {what} is unknown."
                if name is None
                else f"The {role} {what} is {name}, according to the settings; nothing shows whether that is right."
            )
        counts = record["counts"]
        # Answers are about originals, too.
        images = int(counts["images"]) + int(counts["chains_from_images"])
        sentences.append(
            f"The results hold descriptions of {counted(imported['last_descriptions'], 'last image')}, and answers to "
            f"the form about {imported['answers']} of {counted(images, 'image')}, counting the original of each chain. "
            "Missing ones were not made up for."
        )
        if imported["defects"]:
            sentences.append("The import left out or changed entries; the table import_defects lists each:")
            sentences += [
                f"{capital(kind['problem'])}: {kind['count']}, {kind['effect']} (first: {'; '.join(kind['first'])})."
                for kind in imported["defects"]
            ]
        left_out = imported["images_beyond_the_last_iteration"]
        if left_out:
            sentences.append(f"{counted(left_out, 'image')} beyond loop.iterations were left out.")
        sentences.append(
            "Maps of words, if there are any, show how the describer of the settings reads the texts, which another "
            "model may have written."
        )
    return sentences
