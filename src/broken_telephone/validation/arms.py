"""The arms of a validation: answers of the annotator, readings of the judge, and what was planted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from broken_telephone.comparison import FinishedStudy, Studies, pair_studies
from broken_telephone.comparison.instruments import Instrument, common_instruments
from broken_telephone.errors import StudyError
from broken_telephone.pictures import StudyPictures, digests_of
from broken_telephone.statistics import Panel, panels
from broken_telephone.statistics.estimates.panel import label_groups

LONG = "long loop"
"""The name of the study with many iterations."""
_EVERYONE = ["chain_id", "iteration", "attribute", "category"]


@dataclass(frozen=True)
class ValidatedArm:
    """One study with n chains and K iterations, and the truth about it."""

    name: str
    levels: Mapping[str, str]
    """Factor -> level."""
    chains: pd.DataFrame
    people: pd.DataFrame
    annotations: pd.DataFrame
    """Answers of the annotator in one reading."""
    pictures: StudyPictures
    """The names of the images; they cannot be opened."""
    panels: Mapping[str, Panel]
    """Attribute -> the same answers, arranged."""
    judged: Mapping[str, Panel]
    """Attribute -> the judge's readings of the drawn images; image 0 has the category of the data set."""
    planted: Mapping[str, np.ndarray]
    """Attribute -> float (n, K + 1, C): the chance of each category in image k by description k; null if unknown."""
    expected: Mapping[str, np.ndarray]
    """Attribute -> likewise for a start that is drawn at random, whoever the person of the chain's start is."""

    def of(self, chosen: np.ndarray) -> "ValidatedArm":
        """Return the arm of the chosen chains, bool (n,)."""
        chains = self.chains[chosen].reset_index(drop=True)
        return replace(
            self,
            chains=chains,
            annotations=self.annotations[self.annotations["chain_id"].isin(chains["chain_id"])],
            panels={name: panel.of(chosen) for name, panel in self.panels.items()},
            judged={name: panel.of(chosen) for name, panel in self.judged.items()},
            planted={name: chances[chosen] for name, chances in self.planted.items()},
            expected={name: chances[chosen] for name, chances in self.expected.items()},
        )

    @property
    def last(self) -> int:
        """The last iteration."""
        return next(iter(self.panels.values())).codes.shape[1] - 1

    @property
    def planted_drift(self) -> float:
        """The largest planted change of a share from image 0 to the last image, over labels and categories."""
        changes = []
        for attribute, expected in self.expected.items():
            panel = self.panels[attribute]
            for _, _, chosen in label_groups(panel.starts, panel.labels):
                own = expected[chosen]
                own = own[~np.isnan(own[:, self.last, 0])]
                if len(own):
                    changes.append(np.abs(own[:, self.last].mean(0) - own[:, 0].mean(0)).max())
        return max(changes, default=np.nan)


def chains_and_instruments(
    studies: Studies, reading: str, annotator: str | None
) -> tuple[dict[str, pd.DataFrame], dict[str, Instrument]]:
    """Return the chains and the annotator of each study; those of the grid in one order.

    Raises:
        StudyError: if the chains of two arms do not pair, or if there is no common annotator.
    """
    arms = {name: study for name, study in studies.items() if name != LONG}
    reference = next(iter(arms))
    pairing = pair_studies(arms, reference, reading, annotator)
    if unpaired := [arm for arm, is_paired in pairing.paired.items() if not is_paired]:
        raise StudyError(
            f"grid: the chains of {', '.join(unpaired)} do not pair with those of {reference}. The validation needs "
            "arms with equal starts, seeds and replicates: change nothing of `chains` between levels"
        )
    instruments = common_instruments(
        {arm: study.annotation_manifest for arm, study in studies.items()}, reference, reading, annotator
    )
    further = {name: study.chains.reset_index(drop=True) for name, study in studies.items() if name == LONG}
    return {**pairing.chains, **further}, instruments


def validated_arm(
    study: FinishedStudy,
    levels: Mapping[str, str],
    chains: pd.DataFrame,
    instrument: Instrument,
    reading: str,
    readings: pd.DataFrame,
    planted: Mapping[str, np.ndarray],
    expected: Mapping[str, np.ndarray],
) -> ValidatedArm:
    """Arrange the answers and the truth of one study.

    Args:
        study: the study.
        levels: factor -> level.
        chains: its chains, in the order of all arms.
        instrument: its annotator.
        reading: of the annotator.
        readings: the judge's, as `judge_readings` returns them.
        planted, expected: see `ValidatedArm`. Other attributes are left out.
    """
    annotations, people = study.results.annotations, study.results.people
    own = annotations[(annotations["annotator"] == instrument.annotator) & (annotations["reading"] == reading)]
    attributes = {name: instrument.attributes[name] for name in planted}
    main = people[people["is_main"]].set_index("image_id")
    stated = chains[["chain_id", "image_id"]].assign(iteration=0)
    originals = [
        stated.assign(attribute=name, category=stated["image_id"].map(main[name].astype(object)))
        for name in attributes
        if name in main
    ]
    truth = pd.concat([readings[_EVERYONE], *(table[_EVERYONE] for table in originals)], ignore_index=True)
    return ValidatedArm(
        study.arm,
        levels,
        chains,
        people,
        own,
        StudyPictures({}, {}, digests_of(study.results.loop_pictures)),
        panels(own, chains, attributes, study.iterations),
        panels(truth.assign(status="valid"), chains, attributes, study.iterations),
        planted,
        expected,
    )
