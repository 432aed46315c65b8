"""States the questions about pictures: the model, the prompt, and the options of each."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from broken_telephone.annotation.annotator_choice import check_names
from broken_telephone.annotation.settings import AnnotationSettings
from broken_telephone.annotation.study_form import form_of
from broken_telephone.errors import StudyError
from broken_telephone.execution.tasks import Choose, Describe, Task
from broken_telephone.labels import Form, Scheme, concept_form
from broken_telephone.models import Choices, Describer
from broken_telephone.seeds import digest

logger = logging.getLogger(__name__)

FREE, CLOSED, LAST = "free", "closed", "last"
_NEEDED = {FREE: "describe", CLOSED: "choose"}
"""Reading -> the method of a model that gives it."""


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

    @property
    def key(self) -> str:
        """The identity of its records in the journal. Other models and wordings have another.

        The name and the position of an annotator in the study do not matter: renamed or moved, it keeps its answers.
        """
        return f"{self.reading}_{self.identity}"

    def key_in(self, loop_settings: Mapping[str, Any]) -> str:
        """Return the identity of the records of the same question in a study with these loop settings."""
        return f"{self.reading}_{self.identity_in(loop_settings)}"

    def task(self, images: list[Image.Image]) -> Task:
        """Return the task that asks it about pictures."""
        if self.reading == CLOSED:
            return Choose(images, self.asked, self.model)
        return Describe(images, self.asked[0].prompt, self.model)


def inquiries(
    settings: AnnotationSettings,
    scheme: Scheme,
    concept: str,
    describe_prompt: str,
    annotator: Describer,
    describer: Describer,
    loop_settings: Mapping[str, Any],
    further: Mapping[str, Describer] | None = None,
) -> list[Inquiry]:
    """Return all questions about the pictures of a study, in the order in which they are asked.

    The last pictures of the loop are described, too, by the study's describer: the loop itself describes those before.

    Args:
        settings: of the annotation.
        scheme: the data set's.
        concept: the study's.
        describe_prompt: the loop's.
        annotator: labels people. It is the first annotator, and must give all readings.
        describer: the loop's.
        loop_settings: as sealed: other pictures are other answers.
        further: further annotators by name. They give the readings that they can; a warning names the others.

    Raises:
        StudyError: if options are to be chosen among by a model that cannot, a prompt has unknown places, or two
            annotators have one name or are one model.
    """
    further = further or {}
    form = form_of(settings, scheme)
    label = concept_form(concept, scheme.concepts[concept])
    prompt = settings.form_prompt or form.prompt
    naming = _filled(
        "annotation.concept_prompt", settings.concept_prompt, concept=concept, options=label.questions[0].offered
    )
    chosen = (Choices(prompt, lines(form, settings.line)), Choices(naming, lines(label, "{option}")))
    check_names(annotator.name, further)
    if unknown := [name for name in settings.starts_per_label if name not in further]:
        raise StudyError(
            f"annotation.starts_per_label: {unknown[0]!r} is none of further_annotators "
            f"({', '.join(further) or 'none'})"
        )
    if "closed" in settings.readings and not hasattr(annotator, "choose"):
        raise StudyError(
            f"annotation.readings: {annotator.name} does not tell how likely options are, so that nothing can be "
            "read closed. Write `readings: [free]`, or name a local model as the annotator."
        )
    asked = {FREE: (Choices(prompt, ()),), CLOSED: chosen, LAST: (Choices(describe_prompt, ()),)}
    forms = {FREE: (form,), CLOSED: (form, label), LAST: ()}

    def inquiry(name: str, reading: str, who: str, model: Describer, by: str) -> Inquiry:
        model_settings = model.identity()

        def identity_in(loop: Mapping[str, Any]) -> str:
            depends = [loop, model_settings, [[one.prompt, one.lines] for one in asked[reading]]]
            return digest(json.dumps(depends, sort_keys=True), size=6)

        identity = identity_in(loop_settings)
        return Inquiry(name, reading, who, by, model_settings, asked[reading], forms[reading], identity, identity_in)

    readings = [reading for reading in (FREE, CLOSED) if reading in settings.readings]
    result = [inquiry(reading, reading, "annotator", annotator, annotator.name) for reading in readings]
    result.append(inquiry(LAST, LAST, "describer", describer, describer.name))
    _refuse_equal_models({annotator.name: annotator, **further})
    for by, model in further.items():
        result += [
            inquiry(f"{reading} by {by}", reading, task_name(by), model, by)
            for reading in _possible_readings(by, model, readings)
        ]
    return result


def task_name(further: str) -> str:
    """Return the name that tasks use for a further annotator."""
    return f"annotator {further}"


def _possible_readings(by: str, model: Describer, wanted: Sequence[str]) -> Iterator[str]:
    possible = [reading for reading in wanted if hasattr(model, _NEEDED[reading])]
    if not possible:
        raise StudyError(
            f"further_annotators: {by} can give none of annotation.readings ({', '.join(wanted)}). Add another "
            "reading, or name another model"
        )
    if missing := [reading for reading in wanted if reading not in possible]:
        logger.warning("The annotator %s gives no %s reading. Only the others are asked of it.", by, missing[0])
    yield from possible


def _refuse_equal_models(models: Mapping[str, Describer]) -> None:
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


def _filled(setting: str, template: str, **values: object) -> str:
    try:
        text = template.format(**values)
    except (KeyError, IndexError, ValueError):
        known = ", ".join(f"{{{name}}}" for name in values)
        raise StudyError(f"{setting}: {template!r} has a place that nothing fills (there are: {known})") from None
    if "option" in values and str(values["option"]) not in text:
        raise StudyError(f"{setting}: {template!r} has no place for {{option}}")
    return text
