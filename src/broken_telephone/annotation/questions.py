"""States the questions about pictures: the model, the prompt, and the options of each.

A describer is asked by a prompt. Any other annotator is given pictures and the categories of each question.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from broken_telephone.annotation.annotator_choice import check_names
from broken_telephone.annotation.settings import AnnotationSettings
from broken_telephone.annotation.study_form import form_of
from broken_telephone.errors import StudyError
from broken_telephone.execution.tasks import Choose, Classify, Describe, LookUp, Task
from broken_telephone.labels import Form, Scheme, concept_form
from broken_telephone.models import Annotator, Choices, Describer
from broken_telephone.seeds import digest

logger = logging.getLogger(__name__)

FREE, CLOSED, LAST = "free", "closed", "last"
_CLASSIFY, _LOOK_UP = "classify", "look_up"
"""The methods of annotators that are no describers."""


@dataclass(frozen=True)
class Inquiry:
    """One question that a model answers about pictures."""

    name: str
    """The name of the question: the reading; for a further annotator also its name."""
    reading: str
    """`FREE` or `CLOSED`, the readings of the form, the second with the label's; `LAST`, a description."""
    model: str
    """The model that answers, by the name that tasks use."""
    by: str
    """The model's own name; of a further annotator the name that the study gives it."""
    settings: Mapping[str, Any]
    """The model's identity."""
    asked: Sequence[Choices]
    """Prompts, with options if answers are chosen."""
    forms: Sequence[Form]
    """What the prompts ask for; none for a description."""
    identity: str
    """A digest of everything that its answers depend on."""
    identity_in: Callable[[Mapping[str, Any]], str] = field(compare=False)
    """Returns the identity of the same question in a study with other loop settings."""
    method: str = "describe"
    """The method of the model that answers."""

    @property
    def options(self) -> dict[str, tuple[str, ...]]:
        """Attribute or concept -> categories that are asked for."""
        return options_of(self.forms)

    @property
    def labels_only(self) -> bool:
        """Whether the annotator is no describer."""
        return self.method in (_CLASSIFY, _LOOK_UP)

    @property
    def looks_up(self) -> bool:
        """Whether the answers exist already, so that names of pictures are asked about, and no pixels."""
        return self.method == _LOOK_UP

    @property
    def key(self) -> str:
        """The identity of its records in the journal. Other models and wordings have another.

        The name and the position of an annotator in the study do not matter: renamed or moved, it keeps its answers.
        """
        return f"{self.reading}_{self.identity}"

    def key_in(self, loop_settings: Mapping[str, Any]) -> str:
        """Return the identity of the records of the same question in a study with these loop settings."""
        return f"{self.reading}_{self.identity_in(loop_settings)}"

    def task(self, contents: list[Any]) -> Task:
        """Return the task that asks it about pictures: RGB images, or all names of each for `looks_up`."""
        if self.method == _LOOK_UP:
            return LookUp(contents, self.options, self.model)
        if self.method == _CLASSIFY:
            return Classify(contents, self.options, self.model)
        if self.reading == CLOSED:
            return Choose(contents, self.asked, self.model)
        return Describe(contents, self.asked[0].prompt, self.model)


def inquiries(
    settings: AnnotationSettings,
    scheme: Scheme,
    concept: str,
    describe_prompt: str,
    annotator: Annotator,
    describer: Describer,
    loop_settings: Mapping[str, Any],
    further: Mapping[str, Annotator] | None = None,
) -> list[Inquiry]:
    """Return all questions about the pictures of a study, in the order in which they are asked.

    The last pictures of the loop are described, too, by the study's describer: the loop itself describes those before.

    Args:
        settings: of the annotation.
        scheme: the data set's.
        concept: the study's.
        describe_prompt: the loop's.
        annotator: labels people. It is the first annotator. If it is no describer, it gives the closed reading only.
        describer: the loop's.
        loop_settings: as sealed: other pictures are other answers.
        further: further annotators by name. Those that are no describers give the closed reading, whatever the settings
            say. Whether a describer can give it, its own checks tell before the first picture (`run.annotate`).

    Raises:
        StudyError: if a first annotator that writes nothing is to be read free, a prompt has unknown places, or two
            annotators have one name or are one model.
    """
    further = further or {}
    form = form_of(settings, scheme)
    label = concept_form(concept, scheme.concepts[concept])
    prompt = settings.form_prompt or form.prompt
    naming = _filled(
        "annotation.concept_prompt", settings.concept_prompt, concept=concept, options=label.questions[0].offered
    )
    chosen = (
        Choices(prompt, lines(form, settings.line), _titles(form)),
        Choices(naming, lines(label, "{option}"), _titles(label)),
    )
    check_names(annotator.name, further)
    if unknown := [name for name in settings.starts_per_label if name not in further]:
        raise StudyError(
            f"annotation.starts_per_label: {unknown[0]!r} is none of further_annotators "
            f"({', '.join(further) or 'none'})"
        )
    asked = {FREE: (Choices(prompt, ()),), CLOSED: chosen, LAST: (Choices(describe_prompt, ()),)}
    forms = {FREE: (form,), CLOSED: (form, label), LAST: ()}

    def inquiry(name: str, reading: str, who: str, model: Annotator, by: str) -> Inquiry:
        model_settings, method = model.identity(), _method_of(model)
        own_asked, own_forms = asked[reading], forms[reading]
        if method is not None:
            own_forms = _forms_of(model, by, own_forms)
            own_asked = tuple(Choices("", [tuple(q.options) for q in own.questions]) for own in own_forms)
        # Annotators that are no describers see no wording, but the names of what they are asked for.
        wordings = [[one.prompt, one.lines] for one in own_asked]
        names = [] if method is None else [list(options_of(own_forms).items())]

        def identity_in(loop: Mapping[str, Any]) -> str:
            return digest(json.dumps([loop, model_settings, wordings, *names], sort_keys=True), size=6)

        identity = identity_in(loop_settings)
        question = (name, reading, who, by, model_settings, own_asked, own_forms, identity, identity_in)
        return Inquiry(*question, method or "describe")

    readings = [reading for reading in (FREE, CLOSED) if reading in settings.readings]
    own_readings = _readings_of_first(annotator, readings, further)
    result = [inquiry(reading, reading, "annotator", annotator, annotator.name) for reading in own_readings]
    result.append(inquiry(LAST, LAST, "describer", describer, describer.name))
    _refuse_equal_models({annotator.name: annotator, **further})
    for by, model in further.items():
        result += [
            inquiry(f"{reading} by {by}", reading, task_name(by), model, by)
            for reading in (readings if _method_of(model) is None else [CLOSED])
        ]
    return result


def task_name(further: str) -> str:
    """Return the name that tasks use for a further annotator."""
    return f"annotator {further}"


def options_of(forms: Sequence[Form]) -> dict[str, tuple[str, ...]]:
    """Return attribute or concept -> its categories in some forms, `unsure` included if it is offered."""
    return {question.variable: tuple(question.options.values()) for form in forms for question in form.questions}


def _method_of(model: Annotator) -> str | None:
    """Return how an annotator that is no describer is asked; None for a describer."""
    return next((method for method in (_CLASSIFY, _LOOK_UP) if hasattr(model, method)), None)


def _forms_of(model: Any, by: str, forms: Sequence[Form]) -> tuple[Form, ...]:
    """Return the forms with the questions that an annotator answers which is no describer."""
    wanted = options_of(forms)
    answered = model.variables(wanted)
    if missing := [variable for variable in wanted if variable not in answered]:
        logger.info("The annotator %s labels %s, and not %s", by, ", ".join(answered), ", ".join(missing))
    return tuple(
        replace(form, questions=tuple(one for one in form.questions if one.variable in answered)) for form in forms
    )


def _readings_of_first(annotator: Annotator, wanted: Sequence[str], further: Mapping[str, Annotator]) -> list[str]:
    """Return the readings of the first annotator: all that are wanted, or the closed one if it is no describer.

    Raises:
        StudyError: if it writes nothing, and nobody else can be read free or the closed reading is not wanted.
    """
    if _method_of(annotator) is None:
        return list(wanted)
    others_write = any(_method_of(model) is None for model in further.values())
    if CLOSED not in wanted or (FREE in wanted and not others_write):
        raise StudyError(
            f"annotation.readings: {annotator.name} writes nothing, so that nothing can be read free. Write "
            "`annotation: {readings: [closed]}` and `report: {reading: closed}`, or list it in further_annotators"
        )
    if FREE in wanted:
        logger.info(
            "%s, the first annotator, gives the closed reading only. Further ones are read free, too", annotator.name
        )
    return [CLOSED]


def refuse_unread_report(asked: Sequence[Inquiry], annotator: str | None, reading: str) -> None:
    """Check that the annotator that the report measures gives the reading that the report asks for.

    Args:
        asked: all questions of the study; the first one is put to the first annotator.
        annotator: the setting `report.annotator`; None for the first annotator.
        reading: the setting `report.reading`.

    Raises:
        StudyError: if that annotator is no describer, and the report asks for the free reading.
    """
    measured = asked[0].by if annotator is None else annotator
    if reading == FREE and any(one.by == measured and one.labels_only for one in asked):
        raise StudyError(
            f"report.reading: {measured} writes nothing, so that the report cannot measure its free reading. Write "
            "`report: {reading: closed}`, or name a describer in report.annotator"
        )


def _refuse_equal_models(models: Mapping[str, Annotator]) -> None:
    names: dict[str, str] = {}
    for name, model in models.items():
        identity = json.dumps(model.identity(), sort_keys=True)
        if identity in names:
            raise StudyError(
                f"further_annotators: {name!r} and {names[identity]!r} are the same model with the same settings, so "
                "their answers would be the same. Remove one of them"
            )
        names[identity] = name


def lines(form: Form, line: str) -> tuple[tuple[str, ...], ...]:
    """Return the options of each line of a form, as they would be written."""
    return tuple(
        tuple(
            _filled("annotation.line", line, number=number, title=question.title, option=option)
            for option in question.options
        )
        for number, question in enumerate(form.questions, 1)
    )


def _titles(form: Form) -> tuple[str, ...]:
    return tuple(question.title for question in form.questions)


def _filled(setting: str, template: str, **values: object) -> str:
    try:
        text = template.format(**values)
    except (KeyError, IndexError, ValueError):
        known = ", ".join(f"{{{name}}}" for name in values)
        raise StudyError(f"{setting}: {template!r} has a place that nothing fills (there are: {known})") from None
    if "option" in values and str(values["option"]) not in text:
        raise StudyError(f"{setting}: {template!r} has no place for {{option}}")
    return text
