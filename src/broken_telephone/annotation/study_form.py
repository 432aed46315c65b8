"""Makes the form that a study asks for: a published one, with the study's own attributes."""

import re
from collections.abc import Sequence
from itertools import permutations

from broken_telephone.annotation.settings import AnnotationSettings
from broken_telephone.errors import StudyError
from broken_telephone.labels import FORMS, UNSURE, Form, Question, Scheme, asked_for, study_form
from broken_telephone.labels.answer_parsing.form_parts import title_pattern

MOST_QUESTIONS = 9
"""Maximum number of lines of a form."""


def form_of(settings: AnnotationSettings, scheme: Scheme) -> Form:
    """Return the form that a study asks for, with the study's own attributes.

    Raises:
        StudyError: if it asks for an unknown attribute, for one twice, or for too many; if the titles of two lines
            cannot be told apart; or if another wording of the form lacks an own attribute.
    """
    base, asked = _base_form(settings, scheme), settings.asked_attributes
    known = list(asked_for(study_form(base, scheme)))
    if asked is not None and (wrong := [one for one in asked if one not in known or asked.count(one) > 1]):
        problem = "stands there twice" if wrong[0] in known else f"is no attribute here (there are: {', '.join(known)})"
        raise StudyError(f"annotation.asked_attributes: {wrong[0]!r} {problem}")
    form = study_form(base, scheme, asked)
    if len(form.questions) > MOST_QUESTIONS:
        raise StudyError(
            f"The form asks for {len(form.questions)} attributes, but answers are told apart by numbers from 1 to "
            f"{MOST_QUESTIONS}. Name fewer in annotation.asked_attributes"
        )
    own = [question for question in form.questions if question.variable in scheme.own_titles]
    if own:
        _refuse_alike_titles(form, own)
    if settings.form_prompt is not None:
        _refuse_unasked(settings.form_prompt, own)
    return form


def published_form_of(settings: AnnotationSettings, scheme: Scheme) -> Form:
    """Return the published form with its lines in their order.

    `asked_attributes` neither moves nor removes a line, and no line is added. An attribute of the study's own that
    replaces one of these has the study's categories.
    """
    base = _base_form(settings, scheme)
    return study_form(base, scheme, [question.variable for question in base.questions])


def _base_form(settings: AnnotationSettings, scheme: Scheme) -> Form:
    name = scheme.name.lower()
    return FORMS[settings.form or (name if name in FORMS else "free")]


def _refuse_alike_titles(form: Form, own: Sequence[Question]) -> None:
    """Refuse a title that contains the title of another line, because answers name lines by their titles."""
    for one, other in permutations(form.questions, 2):
        if not re.search(title_pattern(one), other.title, re.IGNORECASE):
            continue
        wrong, right = (other, one) if other in own else (one, other)
        raise StudyError(
            f"attributes.{wrong.variable}.question: {wrong.title!r} and {right.title!r} ({right.variable}) name the "
            "same line, so that answers cannot be told apart. Word the question differently, or leave one of the two "
            "out of annotation.asked_attributes"
        )


def _refuse_unasked(prompt: str, own: Sequence[Question]) -> None:
    """Refuse another wording of the form that does not name an attribute of the study's own, or one of its options."""
    for question in own:
        for part in (question.title, *(word for word in question.options if word != UNSURE)):
            if part.casefold() not in prompt.casefold():
                raise StudyError(
                    f"annotation.form_prompt does not have {part!r} of the attribute {question.variable}. Add the line "
                    f"`{question.line}` to it, or leave form_prompt out"
                )
