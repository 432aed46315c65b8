"""The forms there are: as the published study asked, except that PHASE's and the free form's ages are told in years.

A new form is one more entry in `FORMS`.
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
        # As the published study did: models hardly tell the two apart.
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
