"""States the questions about pictures: the model, the prompt, and the options of each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from broken_telephone.annotation.settings import AnnotationSettings
from broken_telephone.errors import StudyError
from broken_telephone.execution.tasks import Choose, Describe, Task
from broken_telephone.labels import FORMS, Form, Scheme, concept_form
from broken_telephone.models import Choices, Describer
from broken_telephone.seeds import digest

FREE, CLOSED, LAST = "free", "closed", "last"


@dataclass(frozen=True)
class Inquiry:
    """One question that a model answers about pictures."""

    name: str
    """`FREE` or `CLOSED`, the readings of the form, the second with the label's; `LAST`, a description."""
    model: str
    """The model that answers, by the name that tasks use."""
    by: str
    """The model's own name."""
    settings: Mapping[str, Any]
    """The model's identity."""
    asked: Sequence[Choices]
    """Prompts, with options if answers are chosen."""
    forms: Sequence[Form]
    """What the prompts ask for; none for a description."""
    identity: str
    """A digest of everything that its answers depend on."""

    @property
    def key(self) -> str:
        """The identity of its records in the journal. Other models and wordings have another."""
        return f"{self.name}_{self.identity}"

    def task(self, images: list[Image.Image]) -> Task:
        """Return the task that asks it about pictures."""
        if self.name == CLOSED:
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
) -> list[Inquiry]:
    """Return all questions about the pictures of a study.

    The last pictures of the loop are described, too, by the study's describer: the loop itself describes those before.

    Args:
        settings: of the annotation.
        scheme: the data set's.
        concept: the study's.
        describe_prompt: the loop's.
        annotator: labels people.
        describer: the loop's.
        loop_settings: as sealed: other pictures are other answers.

    Raises:
        StudyError: if options are to be chosen among by a model that cannot, or a prompt has unknown places.
    """
    form = form_of(settings, scheme)
    label = concept_form(concept, scheme.concepts[concept])
    prompt = settings.form_prompt or form.prompt
    naming = _filled(
        "annotation.concept_prompt", settings.concept_prompt, concept=concept, options=label.questions[0].offered
    )
    chosen = (Choices(prompt, lines(form, settings.line)), Choices(naming, lines(label, "{option}")))
    if "closed" in settings.readings and not hasattr(annotator, "choose"):
        raise StudyError(
            f"annotation.readings: {annotator.name} does not tell how likely options are, so that nothing can be "
            "read closed. Write `readings: [free]`, or name a local model as the annotator."
        )
    asked = {FREE: (Choices(prompt, ()),), CLOSED: chosen, LAST: (Choices(describe_prompt, ()),)}
    forms = {FREE: (form,), CLOSED: (form, label), LAST: ()}
    result = []
    for name in (*(reading for reading in asked if reading in settings.readings), LAST):
        who, model = ("describer", describer) if name == LAST else ("annotator", annotator)
        model_settings = model.identity()
        depends = [loop_settings, model_settings, [[one.prompt, one.lines] for one in asked[name]]]
        identity = digest(json.dumps(depends, sort_keys=True), size=6)
        result.append(Inquiry(name, who, model.name, model_settings, asked[name], forms[name], identity))
    return result


def form_of(settings: AnnotationSettings, scheme: Scheme) -> Form:
    """Return the form that a study asks for."""
    name = scheme.name.lower()
    return FORMS[settings.form or (name if name in FORMS else "free")]


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
