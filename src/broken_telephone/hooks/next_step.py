"""The last line of a run: the one file to open, or the command to run next."""

from collections.abc import Collection, Mapping
from typing import Any

from broken_telephone.console import study_option

OPENED = {
    "report": "report",
    "comparison_page": "comparison",
    "validation_page": "validation",
    "explanation_figures": "maps of the describer's words",
    "agreement_figure": "agreement of the annotators",
    "loop_contact_sheet": "contact sheet of some chains",
    "baseline_figure": "shares of the data set",
    "counterfactuals": "changed originals and their checks",
    "quality_report": "quality of the embedded models",
}
"""What to look at -> what it is; the first one that a run made is named."""
_WITHOUT_A_PAGE = "similarities"
"""Result of the one pipeline that makes nothing to look at. The whole study shows it."""


def next_step(run_params: Mapping[str, Any], outputs: Collection[str], paths: Mapping[str, str]) -> str | None:
    """Return the line that says where to look next; None if a run made nothing to look at.

    Args:
        run_params: of the run, as Kedro gives them to hooks.
        outputs: what its nodes made.
        paths: catalog entry -> its file, of those that have one.
    """
    study = study_option(run_params.get("env"))
    for name, what in OPENED.items():
        if name in outputs and name in paths:
            # The pages can be served, too.
            served = f" (or `kedro view{study}`)" if name == "report" else ""
            return f"Open next: {paths[name]} ({what}){served}"
    return f"Run next: `kedro run{study}`" if _WITHOUT_A_PAGE in outputs else None
