"""Finds the annotator that labelled the images of all studies of a comparison alike.

Two annotators are the same instrument if model, weights, settings, questions and options are equal. Their names do not
matter. Answers of different instruments are never compared, because their errors differ.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from broken_telephone.errors import StudyError
from broken_telephone.seeds import digest

logger = logging.getLogger(__name__)


class Instrument(NamedTuple):
    """An annotator in one study."""

    annotator: str
    """Its name in this study."""
    attributes: Mapping[str, Sequence[str]]
    """Attribute -> categories of its form."""


def common_instruments(
    manifests: Mapping[str, Mapping[str, Any]], reference: str, reading: str, annotator: str | None = None
) -> dict[str, Instrument]:
    """Return the instrument of each arm: the first one of the reference that all arms have.

    Args:
        manifests: arm -> its annotation manifest.
        reference: the arm whose order of annotators counts.
        reading: the reading that is compared, free or closed.
        annotator: name in the reference of the annotator to take; None for any.

    Raises:
        StudyError: if no instrument is common to all arms, or an arm has no such reading.
    """
    by_arm = {arm: _instruments(arm, manifest, reading) for arm, manifest in manifests.items()}
    names = {name: identity for identity, (name, _) in by_arm[reference].items()}
    if annotator is not None and annotator not in names:
        raise StudyError(
            f"report.annotator: {annotator!r} is no annotator of {reference} with a {reading} reading "
            f"(there are: {', '.join(names) or 'none'})"
        )
    candidates = list(by_arm[reference]) if annotator is None else [names[annotator]]
    for place, identity in enumerate(candidates):
        if all(identity in own for own in by_arm.values()):
            if place:
                logger.warning(
                    "The annotator %s of %s did not label all studies. %s did, and is compared instead.",
                    *(by_arm[reference][candidates[0]].annotator, reference, by_arm[reference][identity].annotator),
                )
            return {arm: own[identity] for arm, own in by_arm.items()}
    lacking = [arm for arm, own in by_arm.items() if not any(identity in own for identity in candidates)]
    lacking = lacking or [arm for arm in by_arm if arm != reference]
    wanted = by_arm[reference][candidates[0]].annotator if candidates else "an annotator"
    raise StudyError(
        f"Different annotators cannot be compared, because their errors differ: no annotator with a {reading} reading "
        f"labelled the images of {reference} and {', '.join(lacking)} alike (equal model, weights, form and options). "
        f"Without the setting `annotator`, a study's own describer is its annotator. Add the model of {wanted} to the "
        f"settings further_annotators of {', '.join(lacking)}, and run `kedro run --pipeline annotation` for "
        f"{'it' if len(lacking) == 1 else 'them'}; or compare another reading (report.reading)"
    )


def _instruments(arm: str, manifest: Mapping[str, Any], reading: str) -> dict[str, Instrument]:
    """Return identity -> instrument, the study's first annotator first."""
    instruments = {}
    for asked in manifest["asked"].values():
        # Nothing shows that answers which were imported come from one model and one form.
        if asked["reading"] != reading or "imported" in asked["settings"]:
            continue
        if "attributes" not in asked:
            raise StudyError(
                f"comparison.arms.{arm}: its annotation_manifest does not list the attributes of the form, because an "
                "earlier version wrote it. Run `kedro run --pipeline annotation` for this study again"
            )
        identity = digest(json.dumps([asked["settings"], asked["asked"]], sort_keys=True))
        instruments[identity] = Instrument(str(asked["by"]), asked["attributes"])
    return instruments
