"""Lists all forms. They follow the published study, except that PHASE and the free form define ages in years.

To add a form, add an entry to `FORMS`.
"""

from collections.abc import Sequence
from dataclasses import replace

from broken_telephone.labels.form import Form, question
from broken_telephone.labels.scheme import Scheme, Variable
from broken_telephone.labels.schemes import FREE, PHASE, RAF

FORMS = {
    "raf": Form(
        "raf",
        (
            question("ethnicity", "Ethnicity", RAF.attributes["ethnicity"], unsure=False),
            question("gender", "Gender", RAF.attributes["gender"]),
            question("age", "Age", RAF.attributes["age"], unsure=False),
        ),
        # The published study merges these, because models hardly distinguish them.
        merged={"age": [["4-19", "20-39"]]},
    ),
    "phase": Form(
        "phase",
        (
            question("skin_tone", "Skin tone", PHASE.attributes["skin_tone"], unsure=False),
            question("gender", "Gender", PHASE.attributes["gender"]),
            question("age", "Age", PHASE.attributes["age"], years=True),
        ),
    ),
    "free": Form(
        "free",
        (
            question("ethnicity", "Ethnicity", FREE.attributes["ethnicity"], unsure=False),
            question("gender", "Gender", FREE.attributes["gender"]),
            question("age", "Age", FREE.attributes["age"], unsure=False),
        ),
    ),
}


def concept_form(concept: str, known: Variable) -> Form:
    """Return the one-question form that asks which label of a concept a picture shows."""
    return Form(concept, (question(concept, concept.capitalize(), known, unsure=False),))


def study_form(form: Form, scheme: Scheme, asked: Sequence[str] | None = None) -> Form:
    """Return a form with the attributes of the study's own: in place of those of the same name, or after the others.

    Args:
        form: one of `FORMS`.
        scheme: of the data set, with the study's own attributes.
        asked: names of the attributes to ask for, in this order; None for all.

    Raises:
        KeyError: if there is no attribute of a name.
    """
    if not scheme.own_titles and asked is None:
        return form
    own = {name: question(name, title, scheme.attributes[name]) for name, title in scheme.own_titles.items()}
    questions = {one.variable: one for one in form.questions} | own
    chosen = tuple(questions[name] for name in (questions if asked is None else asked))
    kept = {one.variable for one in chosen} - set(own)
    return replace(form, questions=chosen, merged={name: form.merged[name] for name in form.merged if name in kept})
