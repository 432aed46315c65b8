"""Puts the first screen together from tables that exist already; nothing is computed anew."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd

from broken_telephone.reporting.first_screen.answer import answer, count_line, counts_of
from broken_telephone.reporting.first_screen.basis import headline_basis, mixed_basis
from broken_telephone.reporting.first_screen.boxes import Box
from broken_telephone.reporting.first_screen.cells import Cell, cell_of
from broken_telephone.reporting.first_screen.definition import definition, question
from broken_telephone.reporting.first_screen.leading_changes import OPEN, LeadingChange, leading_changes
from broken_telephone.reporting.first_screen.missing_column import missing_cell
from broken_telephone.reporting.first_screen.next_step import next_box
from broken_telephone.reporting.first_screen.overview import Counts, Overview, compared_labels, overview, starts_of
from broken_telephone.reporting.first_screen.strips import ChainPictures
from broken_telephone.reporting.first_screen.study_facts import Fact, StudySource, report_fact, study_facts
from broken_telephone.reporting.first_screen.trust import believe_box, model_box, settled_box
from broken_telephone.reporting.first_screen.verdict_line import grades
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.planned_verdicts import with_planned_verdicts
from broken_telephone.reporting.text.verdicts import CELL, LEVEL, NOT_SIGNIFICANT, of_family
from broken_telephone.reporting.text.wording import counted, points
from broken_telephone.statistics import ALL

_NOTHING = "Drift cannot be measured: no chain has two images to compare."
_INVALID = "Drift cannot be measured: no chain has valid answers in both images."
_SINGLE = "Drift cannot be tested: the chains of each label come from a single start."


@dataclass(frozen=True)
class StudyContent:
    """Holds what the first screen is made of."""

    source: StudySource
    pictures: ChainPictures
    tables: Mapping[str, pd.DataFrame]
    """The tables by name. The screen reads findings, planned_changes, corrected_shares, missing_answers, trajectories,
    agreement, annotator_bias and shares. A missing table counts as empty."""
    manifests: Mapping[str, Mapping[str, Any]]
    """Records of the runs, by name: `loop` and `report`."""
    annotators: Sequence[str]
    """Names of all annotators, the measured one first."""
    words: Mapping[str, str] = field(default_factory=dict)
    """As `phrases.adjectives` returns them."""


@dataclass(frozen=True)
class FirstScreen:
    """Holds the first screen as its template shows it."""

    is_rendered: bool
    """Whether the data set is an embedded one with rendered people."""
    dated: Fact
    """When the report was written, and from which settings."""
    facts: Sequence[Fact]
    question: str
    """What the study asks."""
    answer: str
    """The surest change in words; without one, that nothing changed or why nothing is known."""
    headline_basis: str
    """What the answer rests on, as a clause; empty without findings."""
    grades: str
    """How many findings are clear and how many weak; empty without findings."""
    mixed_basis: str
    """How many findings rest on what; empty if it is the same for all."""
    definition: str
    """What a chain is and what the annotator does; empty if nothing was compared."""
    count_line: str
    """How many shares changed; empty if nothing was compared."""
    counts: Counts
    """Counts of the shares of all kinds of start."""
    overview: Overview | None
    further: Overview | None
    """The overview of chains from prompts beside chains from images."""
    findings: Sequence[LeadingChange]
    """One for each label and attribute with a significant change, the surest first."""
    n_open: int
    """Findings that are shown open; further ones are folded."""
    detectable: str
    """Changes that the tests detect with less than 80 % power; empty if nothing was without significant change."""
    boxes: Sequence[Box]
    notes: Sequence[str]
    """What the overviews leave out."""


def first_screen(study: StudyContent, figures: Collection[str]) -> FirstScreen:
    """Make the first screen of a study.

    Args:
        study: its tables, images and records.
        figures: names of the report's figures, which the cells lead to.
    """
    tables = study.tables
    findings = tables.get("findings", pd.DataFrame())
    changes = with_planned_verdicts(of_family(findings), tables.get("planned_changes", pd.DataFrame()))
    is_invalid = len(changes) > 0 and not changes["value"].notna().any()
    if is_invalid:
        changes = changes.head(0)
    by_start = [_compared(select(changes, start=start)) for start in starts_of(changes)]
    shown = [own for own in by_start if len(own)]
    compared = pd.concat(shown) if shown else changes.head(0)
    left_out = _groups(changes) - sum(map(_groups, shown))
    leading = leading_changes(compared, study.words, study.pictures)
    numbers = {finding.cell: finding.number for finding in leading}
    groups = {finding.cell[:-1]: finding.number for finding in leading}

    def cell(row: Any) -> Cell:
        key = tuple(str(getattr(row, name)) for name in CELL)
        return cell_of(row, figures, numbers.get(key, 0), groups.get(key[:-1], 0))

    def arranged(own: pd.DataFrame) -> Overview | None:
        missing = partial(
            missing_cell, tables.get("missing_answers", pd.DataFrame()), findings, str(own["start"].iloc[0])
        )
        return overview(own, cell, missing)

    overviews = [one for one in map(arranged, shown) if one is not None]
    counts = counts_of(overviews)
    why_not = _INVALID if is_invalid else _SINGLE if left_out else _NOTHING
    return FirstScreen(
        study.source.is_rendered,
        report_fact(study.manifests.get("loop", {}), str(study.manifests.get("report", {}).get("written", ""))),
        study_facts(
            study.source,
            study.pictures.chains,
            study.annotators,
            study.manifests.get("loop", {}),
        ),
        question(overviews),
        answer(counts, leading, why_not),
        headline_basis(compared),
        grades(compared),
        mixed_basis(compared),
        definition(overviews),
        count_line(overviews, len(leading)) if overviews else "",
        counts,
        overviews[0] if overviews else None,
        overviews[1] if len(overviews) > 1 else None,
        leading,
        OPEN,
        _detectable(compared),
        [
            believe_box(compared, tables, study.manifests, LEVEL),
            model_box(),
            settled_box(compared, tables.get("trajectories", pd.DataFrame())),
            next_box(compared, is_single=left_out > 0),
        ],
        list(_notes(left_out, changes, study.pictures.chains)),
    )


def _notes(left_out: int, changes: pd.DataFrame, chains: pd.DataFrame) -> Iterator[str]:
    """Say what the overviews leave out.

    Args:
        left_out: number of labels with a single start.
        changes: the shares of the `findings` table.
        chains: the `chains` table.
    """
    if left_out:
        verb = "is" if left_out == 1 else "are"
        yield f"{counted(left_out, 'label')} with a single start cannot be tested and {verb} left out here."
    starts = chains["start"].astype(str)
    for start in sorted(set(starts) - set(changes["start"].astype(str))) if len(changes) else ():
        number = int((starts == start).sum())
        verb = "has" if number == 1 else "have"
        yield f"{counted(number, 'chain')} from {start}s {verb} no two images to compare."


def _compared(changes: pd.DataFrame) -> pd.DataFrame:
    return changes[changes["label"].astype(str).isin(compared_labels(changes))]


def _groups(changes: pd.DataFrame) -> int:
    """Count labels, those of images and of prompts apart."""
    return len(changes[["start", "label"]].drop_duplicates())


def _detectable(changes: pd.DataFrame) -> str:
    """Say how large a change must be to be detected where none is significant, as `limits.power_sentences` does."""
    quiet = changes[(changes["verdict"] == NOT_SIGNIFICANT) & changes["minimum_detectable_change"].notna()]
    is_all = quiet["label"].astype(str) == ALL
    parts = [
        f"{_sizes(own['minimum_detectable_change'].astype(float))} {where}"
        for where, own in (("per label", quiet[~is_all]), ("over all labels", quiet[is_all]))
        if len(own)
    ]
    return f"Changes below {' or '.join(parts)} may be missed." if parts else ""


def _sizes(changes: pd.Series) -> str:
    least, most = points(changes.min(), unit=False), points(changes.max())
    return most if most.split()[0] == least else f"{least} to {most}"
