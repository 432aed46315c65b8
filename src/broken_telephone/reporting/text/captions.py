"""Defines titles and explanations of the report's figures and tables."""

from collections.abc import Mapping
from typing import NamedTuple

from broken_telephone.reporting.text.wording import capital, spoken


class Caption(NamedTuple):
    """Holds a title and an explanation of how to read the figure or table."""

    title: str
    text: str


FIGURES: Mapping[str, Caption] = {
    "forest": Caption(
        "Drift of every share, with confidence intervals",
        "Each mark is the change of one share from the first image to the last, with its 95 % interval. Right of zero, "
        "the category became more frequent. The intervals apply to one share each. The marks are adjusted for multiple "
        "tests: only a filled mark is a significant change.",
    ),
    "shares": Caption(
        "Shares of the categories in every image",
        "The images of a chain run from left to right, starting with the original if there is one. The height of a "
        "colour is the share of people shown as that category. Without drift, the annotator's shares would be the same "
        "for the original and all later images.",
    ),
    "decomposition": Caption(
        "Decomposition of the published comparison",
        "The published comparison sets the annotator's labels against the data set's. It is the sum of two parts. The "
        "instrument effect is the annotator's deviation from the data set on the originals; the models do not cause "
        "it. Drift is measured by one annotator. It is caused by the models, as far as the annotator reads drawn "
        "images as it reads originals.",
    ),
    "trajectories": Caption(
        "Trajectories and their end points",
        "Lines show the shares from image to image. Marks show where they would end if all further steps were like the "
        "observed ones. Do not rely on an end point if these steps miss the observed shares.",
    ),
    "transitions": Caption(
        "Transitions between categories",
        "Rows are categories in one image, columns those in the next. A cell gives the per cent of the row that moves "
        "to the column. The diagonal holds those that stay; a dark column attracts people from all categories.",
    ),
    "success": Caption(
        "Success of the describer, by category",
        "Points are the share of images in which the describer names the correct label, with 95 % intervals, by the "
        "category of the person. If the intervals of two categories do not overlap, the describer works better for one "
        "of them. Their labels may also differ, above all over all labels together. Lines connect images, not people: "
        "a category may hold other people in the next image.",
    ),
    "support": Caption(
        "Image regions behind the label's words",
        "The upper row shows the density of the attribution map on each region. Above 1, a region carries more than "
        "its area would suggest. The lower row needs no map: it shows the factor by which hiding a region reduces the "
        "words' probability. The summary names a region only if both rows point to it, more than to control regions "
        "and more than with random weights. Labels whose maps fail any check are grey.",
    ),
    "checks": Caption(
        "Sanity checks of the attribution maps",
        "Zero is the value expected by chance. A filled mark lies significantly above it. The checks compare true with "
        "random weights, the region with control regions of its size and shape, and hiding it with hiding others. They "
        "also compare hiding or showing the image in the map's order with a random order.",
    ),
    "gallery": Caption(
        "Images and their attribution maps",
        "The upper image is the describer's input. Below it lies the map of the word's support, with outlines of the "
        "regions. Originals and drawn images stand side by side, with iteration and word below.",
    ),
    "similarity": Caption(
        "Similarity of images and texts",
        "Curves are mean cosine similarities of embeddings with 95 % bands, against the previous item and against the "
        "start of the chain. A falling curve against the start moves away from it; a level one has stopped. A level "
        "curve against the previous item means a constant pace: the higher, the smaller the steps.",
    ),
    "agreement": Caption(
        "Agreement of annotators",
        "Above: Krippendorff's alpha with its 95 % interval for each pair of annotators. 1 is full agreement, 0 is "
        "chance agreement, and values of at least 0.8 are reliable. Below: confusion matrices, with the first "
        "annotator's categories as rows and the second's as columns. Full agreement fills the diagonal only.",
    ),
}
"""By the first word of a figure's name, in the order of the page; an attribute and `prompt` may follow in the name."""

TABLES: Mapping[str, Caption] = {
    "changes": Caption(
        "Verdict on every share",
        "Change of every share from a chain's first image to its last, both labelled by one annotator. Before and "
        "after are shares of all images with a category; value is the change of chains with a category in both. "
        "The verdict uses the adjusted p-value and the power: rise, fall, no significant change, or not enough data to "
        "tell.",
    ),
    "shares": Caption("Shares", "Share of every category in every image, with 95 % intervals by resampling of starts."),
    "drift": Caption(
        "Drift",
        "Change between two images of the same chains, by every measure. The column p_adjusted adjusts p-values for "
        "the number of tests. Without change, Jaccard and kappa are 1 and the other measures 0.",
    ),
    "decomposition": Caption(
        "Decomposition of the published comparison",
        "Published comparison = instrument effect (annotator against data set, on the originals) + drift.",
    ),
    "trajectories": Caption(
        "Trajectories",
        "Transition probabilities between categories, the shares they lead to, the pace, and whether the last step "
        "still changed a share.",
    ),
    "success": Caption(
        "Success of the describer",
        "Whether the describer names the correct label, by the category of the person. The column p_adjusted adjusts "
        "the p-values of odds ratios for their number.",
    ),
    "power": Caption(
        "Power",
        "Smallest change of every share that a single test detects in four of five such studies, and whether so large "
        "a change is possible. After adjustment for many tests, it must be larger.",
    ),
    "corrected_shares": Caption(
        "Shares corrected for annotator error",
        "Corrected by the confusion matrix of labelled images and by human ratings. The column methods_agree tells "
        "whether the two are compatible.",
    ),
    "corrected_drift": Caption(
        "Drift corrected for annotator error",
        "Change of every share since the first image, corrected with human ratings of samples of both images. The "
        "correction assumes only that strata without ratings resemble the rated ones.",
    ),
    "annotator_bias": Caption(
        "Tests of the annotator's drift",
        "Joint test of all categories whether human ratings contradict the annotator's drift. p_adjusted adjusts for "
        "the number of tests.",
    ),
    "planned_changes": Caption(
        "Planned changes",
        "The primary hypotheses of the frozen plan. Their tests form a family of their own, and their intervals hold "
        "together.",
    ),
    "interim_looks": Caption(
        "Interim looks",
        "Each planned hypothesis at each look. A net change that reaches the boundary answers it. So does an interval "
        "that excludes the planned change in both directions.",
    ),
    "similarity_curves": Caption(
        "Similarity",
        "Mean cosine similarity of the embeddings of images and texts, with the previous ones and the chain's first.",
    ),
    "support": Caption(
        "Image regions behind the label's words",
        "Means over starts for each region, with 95 % intervals by resampling of starts. The measures are the region's "
        "share of the image, its share of the activation, and their ratio (density). Others are the drop of the word's "
        "log-probability when the region is hidden, and the values of control regions of the same size and shape. Only "
        "images of one size in as many views (kind) are combined.",
    ),
    "support_tests": Caption(
        "Image regions behind the label's words: comparisons",
        "Permutation tests over starts, for each iteration with labels as strata: women against men, correct against "
        "wrong answers. A further test compares the last iteration with each start's first image. p_adjusted is "
        "adjusted for all tests of the same comparison, measure and iteration.",
    ),
    "support_trust": Caption(
        "Image regions behind the label's words: sanity checks",
        "Difference of a label's maps from chance, with 95 % intervals by resampling of starts. A check is passed if "
        "the interval lies above zero; otherwise the note gives the reason.",
    ),
    "skin_drift": Caption(
        "Skin tone of faces, by their pixels",
        "Drift of the skin's pixel colour: the individual typology angle (degrees, larger is lighter) and the nearest "
        "swatch of the Monk Skin Tone scale. It describes pixels, not people: light, exposure, make-up and a "
        "generator's palette all contribute.",
    ),
    "start_tests": Caption(
        "Chains from images and from prompts",
        "Chi-square and G tests of equal shares, for labels that both kinds of chains have. They require about equal "
        "numbers of chains per start. The column p_adjusted adjusts p-values for their number.",
    ),
    "published_beside_ours": Caption(
        "Published results beside ours",
        "Published: from the original to the one drawn image. Ours: the same comparison in this study, with its "
        "interval. Drift: the change between the two images, both labelled by one annotator.",
    ),
    "agreement": Caption("Agreement of annotators", "Agreement of each pair of annotators, with 95 % intervals."),
    "agreement_confusions": Caption(
        "Confusion matrices", "Number of images to which two annotators give each pair of categories."
    ),
}
"""By the table's name."""


def of_figure(name: str) -> tuple[str, str, str]:
    """Return a figure's kind, its attribute and its chains' start; attribute and start may be empty.

    A figure of an unknown name is a kind of its own.
    """
    kind, _, rest = name.partition("_")
    if kind not in FIGURES:
        return name, "", ""
    start = "prompt" if rest.endswith("prompt") else "image"
    return kind, capital(rest.removesuffix("prompt").replace("_", " ").strip()), start


def of_kind(kind: str) -> Caption:
    """Return the caption that all figures of a kind share."""
    return FIGURES.get(kind, Caption(capital(spoken(kind)), ""))


def of_table(name: str) -> Caption:
    """Return the caption of a table."""
    return TABLES.get(name, Caption(capital(spoken(name)), ""))
