"""Arranges the pages by question: which sentences, figures and tables answer which one.

A page shows its questions in this order. It leaves out questions without any sentence, figure or table.
"""

from collections.abc import Sequence
from typing import NamedTuple

from broken_telephone.reporting.text import comparison, summary, validation


class Question(NamedTuple):
    """Holds a question of a page and what answers it."""

    name: str
    """Anchor on the page."""
    short: str
    """Name in the navigation."""
    title: str
    topics: Sequence[str] = ()
    """Topics of the summary, in any order. A topic may go on after a colon, such as `What differs: guided`."""
    figures: Sequence[str] = ()
    """Kinds of figures, see `captions.FIGURES`."""
    tables: Sequence[str] = ()
    """Names of tables, see `table_captions.TABLES`."""
    is_further: bool = False
    """Whether the navigation has it in a menu of its own, because few readers begin there."""


CHANGED, CHAINS, METHODS = "changed", "chains", "methods"
"""Names of questions whose section has further content."""
COMPARED = "comparison"
"""Name of the question that published results and tests of starts answer."""
LIMITS_OF_ANNOTATOR = "Agreement of the annotator"
"""Topic with the agreement of the measured annotator with the data set and the raters."""
PUBLISHED = "published_beside_ours"
"""Table that sets the published results beside those of the study."""

REPORT = (
    Question(
        CHANGED,
        "What changed",
        "What changed?",
        (summary.CHANGED, summary.PLAN),
        ("forest", "shares"),
        ("findings", "planned_changes", "interim_looks", "shares", "drift"),
    ),
    Question(
        "believe",
        "Believe it?",
        "Can the changes be believed?",
        (summary.UNKNOWN, summary.RELIABILITY, LIMITS_OF_ANNOTATOR, summary.MISSING),
        ("missing", "decomposition", "agreement", "annotators", "reliability"),
        (
            *("power", "corrected_drift", "annotator_bias", "corrected_shares", "missing_answers", "share_bounds"),
            *("decomposition", "agreement", "annotator_agreement", "agreement_confusions", "latent_classes"),
            *("annotator_confusions", "ratings_needed", "reliability"),
        ),
    ),
    Question(
        "heading",
        "Trend",
        "Where is it heading?",
        (summary.SETTLED, summary.HEADING),
        ("trajectories", "predicted", "transitions", "diversity", "motifs", "similarity"),
        (
            *("trajectories", "markov_tests", "predicted_shares", "diversity", "diversity_changes", "attractors"),
            "similarity_curves",
        ),
    ),
    Question(
        "named",
        "Describer accuracy",
        "Whose label does the describer name correctly?",
        (summary.SUCCESS,),
        ("success",),
        ("success", "success_differences", "success_changes"),
        is_further=True,
    ),
    Question(
        "words",
        "Image regions",
        "Where in the image do the words come from?",
        (summary.SUPPORT, summary.SKIN),
        ("support", "checks", "gallery"),
        ("support", "support_tests", "support_trust", "skin_drift"),
        is_further=True,
    ),
    Question(
        "crossed",
        "Intersections",
        "What changed for intersections of attributes?",
        (summary.CROSSED,),
        ("intersections",),
        ("intersection_changes", "intersection_shares", "intersection_success"),
        is_further=True,
    ),
    Question(
        "texts",
        "Texts",
        "What do the texts still say about people?",
        (summary.MENTIONS,),
        ("mentions",),
        ("mention_shares",),
        is_further=True,
    ),
    Question(COMPARED, "Comparison", "How does it compare?", tables=("start_tests", PUBLISHED), is_further=True),
    Question(CHAINS, "Chains", "What do the chains look like?"),
    Question(METHODS, "Methods", "How was it done, and what are its limits?"),
)
"""Questions of the report of a study."""

COMPARISON = (
    Question(
        CHANGED,
        "What differs",
        "What differs between the studies?",
        (
            *(comparison.ORIGINALS, comparison.ACHIEVED, comparison.EFFECTS, comparison.DIFFERS, comparison.ALIKE),
            comparison.UNKNOWN,
        ),
        ("claims", "arms", "contrasts", "similarities", "effects"),
        ("arms", "contrasts", "effects"),
    ),
    Question("pairs", "Believe it?", "Can the studies be compared?", (comparison.PAIRS,), (), ("pairing",)),
    Question(CHAINS, "The same chains", "What do the same chains look like?"),
    Question(METHODS, "Methods", "How was it compared?"),
)
"""Questions of the page of a comparison."""

VALIDATION = (
    Question(CHANGED, "Outcome", "Which checks passed?", (validation.OUTCOME,), (), ("validation_verdicts",)),
    Question(
        "recovered",
        "Recovered",
        "Is planted drift recovered?",
        (validation.RECOVERED,),
        (),
        ("validation_recovery",),
    ),
    Question(
        "invented",
        "Invented",
        "Is drift invented where there is none?",
        (validation.INVENTED, validation.ERRORS),
        (),
        ("validation_null", "validation_errors"),
    ),
    Question("blame", "Blame", "Is the right model blamed?", (validation.BLAME,), (), ("validation_blame",)),
    Question(
        "long",
        "Long chains",
        "Are long chains predicted?",
        (validation.LONG, validation.ENDS),
        (),
        ("validation_long", "attractors", "diversity_changes"),
    ),
    Question(METHODS, "Arms", "Which arms were validated?"),
)
"""Questions of the page of a validation."""
