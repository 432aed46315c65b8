"""The command `kedro plan`: sizes a study, freezes its plan, and looks at its planned hypotheses."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pandas as pd
from kedro.framework.session import KedroSession
from kedro.io import CatalogProtocol

from broken_telephone.annotation import AnnotationSettings, asked_for, comparable, form_of
from broken_telephone.console import say, study_option
from broken_telephone.errors import StudyError
from broken_telephone.execution.library_versions import versions
from broken_telephone.hooks.outputs import describe
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.loop.concurrent_runs import this_process
from broken_telephone.loop.kept import in_words
from broken_telephone.pipelines.reporting.nodes import arrange_annotations
from broken_telephone.pipelines.reporting.plan import look_at_plan
from broken_telephone.planning import PlanSettings, plan_record
from broken_telephone.planning.assumptions import annotator_errors, assumed_from_people, with_pilot
from broken_telephone.planning.frozen_plan import PLANNED
from broken_telephone.planning.output import show_resources, show_sizes, show_table
from broken_telephone.planning.resources import chains_needed, measured_seconds, rates, resources_table
from broken_telephone.reporting import ReportSettings
from broken_telephone.reporting.text.plan import look_sentences
from broken_telephone.statistics import ALL, Panel, assumed_from_pilot, look_sizes, plan_table
from broken_telephone.statistics.tables.plan_table import EXPLORATORY
from broken_telephone.statistics.tables.plan_table import PLANNED as PLANNED_FAMILY

_GROUPS = ("dataset", "chains", "loop", "generator", "describer", "annotator", "annotation", "report")
_RESULTS = {"loop_batches": "descriptions and images", "annotations": "annotations", "drift": "report"}
"""Entry -> the results of a study that a plan should come before."""


class _Study:
    """The catalog and the settings of a study."""

    def __init__(self, catalog: CatalogProtocol, env: str | None) -> None:
        self.catalog, self.option = catalog, study_option(env)
        self.plan = PlanSettings.model_validate(catalog.load("params:plan"))
        self.dataset = DatasetSettings.model_validate(catalog.load("params:dataset"))
        self.chains = ChainSettings.model_validate(catalog.load("params:chains"))
        self.loop = LoopSettings.model_validate(catalog.load("params:loop"))
        self.annotation = AnnotationSettings.model_validate(catalog.load("params:annotation"))
        self.report = ReportSettings.model_validate(catalog.load("params:report"))
        self.form = form_of(self.annotation, self.dataset.words)

    def table(self, name: str) -> pd.DataFrame | None:
        """Return a table; None if it does not exist yet."""
        return self.catalog.load(name) if self.catalog.exists(name) else None

    def panels(self) -> dict[str, Panel]:
        """Arrange the study's annotations.

        Raises:
            StudyError: if there are none.
        """
        if not all(self.catalog.exists(name) for name in ("annotations", "chains", "people")):
            raise StudyError(f"There are no annotations yet: run `kedro run --pipeline annotation{self.option}` first")
        annotations, chains, people = (self.catalog.load(name) for name in ("annotations", "chains", "people"))
        return arrange_annotations(annotations, chains, people, self.annotation, self.dataset, self.loop, self.report)

    def labels(self) -> list[str]:
        """Return the labels of the chains from images; those of the concept if there are no chains yet."""
        chains = self.table("chains")
        if chains is None:
            return list(self.dataset.words.concepts[self.chains.concept].values)
        return list(dict.fromkeys(chains.loc[chains["start"].astype(str) == "image", "label"].astype(str)))

    def check_hypotheses(self) -> None:
        """Check that the annotator's form and the concept have every hypothesis.

        Raises:
            StudyError: naming the first that is unknown, and what there is.
        """
        attributes, labels = asked_for(self.form), [*self.dataset.words.concepts[self.chains.concept].values, ALL]
        for one in self.plan.hypotheses:
            for name, value, known in (
                ("attribute", one.attribute, list(attributes)),
                ("category", one.category, list(attributes.get(one.attribute, ()))),
                ("label", one.label, labels),
            ):
                if value not in known:
                    raise StudyError(f"plan.hypotheses: there is no {name} {value!r} (there are: {', '.join(known)})")


@contextmanager
def _opened(env: str | None) -> Iterator[_Study]:
    with KedroSession.create(Path.cwd(), env=env) as session:
        yield _Study(cast(KedroSession, session).load_context().catalog, env)


def freeze_plan(env: str | None) -> None:
    """Write the plan of a study's settings with digest, time and version.

    Raises:
        StudyError: if there is no hypothesis, one is unknown, or another plan is frozen already.
    """
    with _opened(env) as study:
        study.check_hypotheses()
        catalog = study.catalog
        earlier = [
            text
            for name, text in _RESULTS.items()
            if (len(catalog.load(name)) if name == "loop_batches" else catalog.exists(name))
        ]
        groups = {name: catalog.load(f"params:{name}") for name in _GROUPS}
        version, now = versions()["broken-telephone"], datetime.now(UTC)
        existing = catalog.load("frozen_plan")
        catalog.save(
            "frozen_plan", plan_record(catalog.load("params:study"), study.plan, groups, now, version, earlier)
        )
        record = catalog.load("frozen_plan")
        if existing:
            say(f"This plan is frozen already, since {record['frozen_at']}.")
        elif earlier:
            say(f"Frozen after the first results of this study ({', '.join(earlier)}); the report says so.")
        say(f"Plan: {_path(catalog, 'frozen_plan')}")
        number = len(record["plan"]["hypotheses"])
        say(f"Hypotheses: {number}; frozen at {record['frozen_at']}; SHA-256 {record['digest']}")


def look_at_results(env: str | None) -> None:
    """Print the looks at the hypotheses of the frozen plan that the study has reached.

    Raises:
        StudyError: if no plan with looks is frozen, or if there are no annotations.
    """
    with _opened(env) as study:
        record = study.catalog.load("frozen_plan")
        if not record or record["plan"]["looks"] < 2:
            raise StudyError(
                "No plan with interim looks is frozen: set plan.hypotheses and plan.looks, and run "
                f"`kedro plan --freeze{study.option}` before the results"
            )
        chains, people = study.table("chains"), study.table("people")
        looks = look_at_plan(record, study.panels(), chains, people, study.chains)
        columns = ["label", "attribute", "category", "look", "clusters", "value", "ci_low", "ci_high", "answer"]
        show_table("Interim looks", looks[columns])
        for sentence in look_sentences(record["plan"], looks):
            say(sentence)


def size_study(env: str | None, pilot: str | None, change: float | None, power: float, half_width: float) -> None:
    """Print and save the size that a study needs.

    Args:
        env: the study.
        pilot: a study whose annotations are the assumptions.
        change: change of a share to detect, 0 to 1; None for the plan's.
        power: probability of detecting it.
        half_width: wished half-width of the interval of a corrected change.

    Raises:
        StudyError: if the pilot has no annotations, or if a hypothesis is unknown.
    """
    with _opened(env) as study:
        study.check_hypotheses()
        labels, attributes = study.labels(), asked_for(study.form)
        change = study.plan.change if change is None else change
        words = study.dataset.words
        known = list(comparable(study.form, words))
        assumed = assumed_from_people(study.table("people"), study.chains.concept, labels, attributes, known)
        agreement, other = study.table("agreement"), None
        if pilot is not None:
            with _opened(pilot) as other:
                agreement = other.table("agreement")
                assumed = with_pilot(assumed, assumed_from_pilot([*other.panels().values()]))
        errors, sources = annotator_errors(agreement, list(attributes), study.report.reading)
        planned = pd.DataFrame([one.model_dump() for one in study.plan.hypotheses], columns=PLANNED)
        count = study.plan.count or study.chains.count
        fractions = [size / count for size in look_sizes(count, study.plan.looks)] if count else [1.0]
        sizes = plan_table(
            assumed,
            planned,
            _starts(study.table("chains")),
            change,
            power,
            half_width,
            errors,
            study.plan.level,
            fractions,
            study.report.seed,
        )
        needs = resources_table(
            _sizes(study, sizes, labels),
            study.loop.iterations,
            _rates(study, other),
            len(study.loop.kept_iterations),
        )
        show_sizes(sizes, change, power, half_width)
        errors_by_attribute = [f"{name} {errors[name]:.0%} ({source})" for name, source in sources.items()]
        say(f"Annotator error: {', '.join(errors_by_attribute)}. Errors on drawn images may be larger.")
        show_resources(needs, study.option)
        if study.loop.thinned_iterations:
            kept = in_words(study.loop.kept_iterations)
            say(f"loop.keep: the disk space is that of the images of iterations {kept}.")
        for name, table in (("plan_sizes", sizes), ("plan_resources", needs)):
            study.catalog.save(name, table)
            say(f"Saved: {_path(study.catalog, name)}")


def _path(catalog: CatalogProtocol, name: str) -> str:
    """Return the path of an entry's file, relative to the working folder where it lies below it."""
    path = str(describe(catalog.get(name))["filepath"])
    return str(Path(path).relative_to(Path.cwd())) if Path(path).is_relative_to(Path.cwd()) else path


def _starts(chains: pd.DataFrame | None) -> pd.Series:
    """Count the images that chains start from, by label and for all labels."""
    if chains is None:
        return pd.Series(dtype=float)
    images = chains[chains["start"].astype(str) == "image"].drop_duplicates("image_id")
    counts = images["label"].astype(str).value_counts()
    return pd.concat([counts, pd.Series({ALL: len(images)})])


def _sizes(study: _Study, sizes: pd.DataFrame, labels: Sequence[str]) -> dict[str, int]:
    """Return the numbers of chains whose cost is stated."""
    chains, replicates = study.table("chains"), study.chains.replicates
    numbers = {} if chains is None else {"the chains of the study": len(chains)}
    for family in (PLANNED_FAMILY, EXPLORATORY):
        if number := chains_needed(sizes, family, labels, ALL, replicates):
            numbers[f"needed, {family} tests"] = number
    return numbers


def _rates(study: _Study, pilot: _Study | None) -> Any:
    """Measure rates in the journal of the study, or else of the pilot."""
    generator = study.catalog.load("params:generator")
    for one in (study, pilot):
        if one is None:
            continue
        seconds = measured_seconds(
            one.catalog.load("loop_batches"), one.catalog.load("loop_sessions"), str(this_process()["host"])
        )
        if seconds:
            return rates(seconds, one.table("loop_pictures"), generator)
    return rates({}, study.table("loop_pictures"), generator)
