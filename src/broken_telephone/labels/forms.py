"""Lists all forms. They follow the published study, except that PHASE and the free form define ages in years.

To add a form, add an entry to `FORMS`.
"""

from broken_telephone.labels.form import Form, question
from broken_telephone.labels.scheme import Variable
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
