"""Lists words for categories that no form offers, so that "Hispanic or white" is not parsed as white."""

UNOFFERED = {
    "ethnicity": (
        *("hispanic", "latino", "latina", "latinx", "middle eastern", "arab", "arabic", "native american"),
        *("indigenous", "pacific islander", "mixed", "biracial", "multiracial"),
    ),
    "gender": ("non-binary", "nonbinary", "genderqueer"),
    "skin_tone": ("medium", "intermediate"),
}
"""Attribute -> words, in lower case."""
