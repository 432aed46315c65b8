"""Detects statements that something cannot be determined."""

import re

_TELL = (
    r"(?:say|tell|told|determined?|judged?|identif(?:y|ied)|discern(?:ed)?|know|known|seen?|assess(?:ed)?|"
    r"ascertain(?:ed)?|infer(?:red)?|establish(?:ed)?|make out|make that|recogni[sz]ed?)"
)
_UNSURE = re.compile(
    r"\b(?:unsure|uncertain|unknown|unclear|undetermined|indeterminate|undeterminable|indeterminable|ambiguous|"
    r"unspecified|not (?:sure|certain|clear|visible|known|possible|discernible|determinable|specified|identifiable|"
    r"apparent|available|applicable|enough information)|n/a|no idea|impossible to|"
    rf"(?:hard|difficult|tough) to (?:be )?{_TELL}|too (?:[\w-]+ ){{1,4}}(?:for me )?to (?:be )?(?:\w+ly )?{_TELL}|"
    r"(?:can ?not|can't|could not|couldn't|unable to|do not|don't|not able to) (?:be )?(?:\w+ly )?"
    rf"{_TELL})\b",
    re.IGNORECASE,
)


def is_unsure(text: str) -> bool:
    """Return whether a text states that something cannot be determined."""
    return _UNSURE.search(text) is not None
