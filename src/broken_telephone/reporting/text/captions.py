"""How to read the figures and tables of the report: a title and a few sentences each."""

from collections.abc import Mapping
from typing import NamedTuple

from broken_telephone.reporting.text.wording import capital


class Caption(NamedTuple):
    """What something is called, and how to read it."""

    title: str
    text: str


FIGURES: Mapping[str, Caption] = {
    "forest": Caption(
        "How far every share moved, and how sure that is",
        "A mark is the change of a share from the first picture to the last, the line through it its 95 % interval. "
        "Right of zero the category is shown more often than before, left of it less often. Lines are of one share "
        "each, marks are adjusted for all that were tested: only a filled mark is a change that is shown.",
    ),
    "shares": Caption(
        "Shares of the categories in every picture",
        "From left to right the pictures of a chain, the original first where there is one. The height of a colour is "
        "the share of people who are shown as that category. Were there no drift, nothing would change between what "
        "the annotator sees in the original and in later pictures.",
    ),
    "decomposition": Caption(
        "The published comparison taken apart",
        "Comparing the data set's labels with the annotator's, as published, adds up two things: how the annotator "
        "differs from the data set on the very originals, and drift, which one and the same annotator sees. The first "
        "is no doing of the models; the second is, as far as the annotator reads drawn pictures as it reads originals.",
    ),
    "trajectories": Caption(
        "Where the loop is heading",
        "Shares from picture to picture, and where they would end if all further steps were like those there were. "
        "Where such steps miss the shares that were seen, that end is not to be relied on.",
    ),
    "transitions": Caption(
        "Moves from category to category",
        "A row is the category in one picture, a column that in the next, a cell how many of a hundred go from the one "
        "to the other. On the diagonal people stay what they are; a dark column draws everybody in.",
    ),
    "success": Caption(
        "Whether the describer names the label, by who is shown",
        "The share of pictures of which the describer names the right label, with 95 % intervals, by the category of "
        "the person. Where the intervals of two categories lie apart, the describer works better for one kind of "
        "people, unless these also differ in their labels, as they may over all labels together. Lines join "
        "pictures, not people: those of a category in one picture may be others in the next.",
    ),
    "support": Caption(
        "Which part of the picture a label's words come from",
        "Above, how dense the map of the words' support is on each region: right of 1 the region carries more of it "
        "than its size would let expect. Below, by how much hiding a region divides the words' probability, which "
        "needs no map. A region is named in the summary only if both point at it, more than at places elsewhere and "
        "more than with random weights. Labels whose maps fail any check are grey.",
    ),
    "checks": Caption(
        "Whether to believe the maps",
        "What each check would find by chance is zero, and a filled mark lies above it by more than chance explains: "
        "true weights against random ones, the region against places of its size and shape elsewhere, hiding it "
        "against hiding others, and hiding or showing the picture in the map's order against any order.",
    ),
    "gallery": Caption(
        "Pictures and their maps",
        "Above a picture as the describer saw it, below it the map of what supports the word, over the outlines of "
        "the regions. Original and drawn pictures stand side by side, iteration and word below them.",
    ),
    "similarity": Caption(
        "How alike pictures and texts stay",
        "Mean cosine of the embeddings, with 95 % bands: with what came just before, and with the start of the chain. "
        "Against the start, a curve that falls moves away, and one that is level has stopped. Against what came just "
        "before, a level curve is a steady pace: the higher, the smaller the steps.",
    ),
    "agreement": Caption(
        "How far annotators agree",
        "Above, Krippendorff's alpha with its 95 % interval for every two annotators: 1 is full agreement, 0 as much "
        "as by chance; from 0.8 on it can be relied on. Below, who gives what: rows are the first annotator's "
        "categories, columns the second's; a full diagonal is full agreement.",
    ),
}
"""By the beginning of a figure's name, in the order of the page; behind it may stand an attribute and `prompt`."""

TABLES: Mapping[str, Caption] = {
    "changes": Caption(
        "What may be said of every share",
        "The change of every share from a chain's first picture to its last, as one annotator sees both. Before and "
        "after are shares of all pictures with a category; value is the change of chains that have one both times. "
        "The verdict is by the adjusted p-value and by power: rise, fall, no change shown, or cannot tell.",
    ),
    "shares": Caption("Shares", "Share of every category in every picture, with 95 % intervals over starts."),
    "drift": Caption(
        "Drift",
        "Change between two pictures of the same chains, by every measure. p-values are adjusted for the number of "
        "tests in the column p_adjusted; Jaccard and kappa are 1 where nothing changed, the other measures 0.",
    ),
    "decomposition": Caption(
        "The published comparison taken apart",
        "Published comparison = instrument effect (the annotator's labels of the originals against the data set's) + "
        "drift.",
    ),
    "trajectories": Caption(
        "Trajectories",
        "Probabilities of moves between categories, the shares they lead to, how fast, and whether the last step still "
        "changed a share.",
    ),
    "success": Caption(
        "Success of the describer",
        "Whether the describer names the right label, by the category of the person. The p-values of odds ratios are "
        "adjusted for their number in p_adjusted.",
    ),
    "power": Caption(
        "Power",
        "The smallest change of every share that four of five such studies would detect by one test alone, and whether "
        "one so large is possible at all. Adjusted for many tests, it has to be larger.",
    ),
    "corrected_shares": Caption(
        "Shares corrected for the annotator's errors",
        "By the annotator's confusions on labelled pictures, and by the ratings of people; agrees says whether the two "
        "can be told apart.",
    ),
    "similarity_curves": Caption(
        "Similarity", "Mean cosine of embeddings of pictures and texts with those before, and with the chain's first."
    ),
    "support": Caption(
        "Where words come from",
        "Means over starts, with 95 % intervals by resampling them, of every region: its share of the picture, its "
        "share of the activation, the ratio of both (density), how much the word's log-probability falls when the "
        "region is hidden, and what places of the same size and shape elsewhere give. Only pictures of one size in as "
        "many views (kind) are put together.",
    ),
    "support_tests": Caption(
        "Where words come from: comparisons",
        "Women with men, right with wrong answers, each iteration by itself with labels as strata, and the last "
        "iteration with each start's first picture, by permutation of starts. p_adjusted is adjusted for all tests of "
        "the same comparison, measure and iteration.",
    ),
    "support_trust": Caption(
        "Where words come from: checks",
        "By how much the maps of a label differ from chance, with 95 % intervals over starts; passed where the "
        "interval lies above zero, and why not otherwise.",
    ),
    "skin_drift": Caption(
        "Skin tone of faces, by their pixels",
        "Drift of the colour of the skin in pictures: the individual typology angle (degrees, larger is lighter) and "
        "the nearest swatch of the Monk Skin Tone scale. It is the colour of pixels and not of people: light, "
        "exposure, make-up and a generator's palette all enter.",
    ),
    "start_tests": Caption(
        "Chains from images and from prompts",
        "Chi-square and G of whether both lead to the same shares, of labels that both have. There is a test where "
        "starts of both kinds have about as many chains; p-values are adjusted for their number in p_adjusted.",
    ),
    "published_beside_ours": Caption(
        "Published results beside ours",
        "Published: from the original to the one picture that was drawn. Ours: the same comparison here, with its "
        "interval. Drift: what one annotator sees between the two pictures.",
    ),
    "agreement": Caption("Agreement of annotators", "Of every two annotators, with 95 % intervals."),
    "agreement_confusions": Caption(
        "Who gives what", "How often two annotators give which categories to the same pictures."
    ),
}
"""By the table's name."""


def of_figure(name: str) -> tuple[str, str, str]:
    """Return the kind of a figure, the attribute that it is about, and how its chains start; either may be empty.

    A figure that nobody knows here is a kind of its own.
    """
    kind, _, rest = name.partition("_")
    if kind not in FIGURES:
        return name, "", ""
    start = "prompt" if rest.endswith("prompt") else "image"
    return kind, capital(rest.removesuffix("prompt").replace("_", " ").strip()), start


def of_kind(kind: str) -> Caption:
    """Return what figures of a kind have in common."""
    return FIGURES.get(kind, Caption(capital(kind.replace("_", " ")), ""))


def of_table(name: str) -> Caption:
    """Return the caption of a table."""
    return TABLES.get(name, Caption(capital(name.replace("_", " ")), ""))
