"""Defines titles and explanations of the report's figures."""

from collections.abc import Mapping
from typing import NamedTuple

from broken_telephone.reporting.text.wording import capital, spoken

SUFFIXES = {"image": "", "prompt": "_prompt"}
"""Start of the chains -> suffix of a figure's name."""


class Caption(NamedTuple):
    """Holds what stands beside the figures of a kind."""

    title: str
    question: str
    """The question that the figure answers. It stands above the figure."""
    text: str
    """How to read the figure. The page folds it."""
    table: str = ""
    """Name of the table with the figure's numbers."""


FIGURES: Mapping[str, Caption] = {
    "arms": Caption(
        "Changes of shares in all studies",
        "How did the shares change in each study?",
        "Each mark is the measured change of one share from the first image to the last in one study, in the chains "
        "that it has in common with the reference. All panels have one axis. Right of zero, the category became more "
        "frequent. A filled mark differs significantly from the reference, after adjustment for all tests of the "
        "comparison.",
        "contrasts",
    ),
    "claims": Caption(
        "Significant differences between the studies",
        "Which differences between the studies are significant? The largest stand first.",
        "Each row is one significant difference. The circle is the change of the share in the reference, the diamond "
        "that in the other study; where images have no first value, both are the values themselves. At the right stand "
        "the measured difference with its 95 % interval, and the same difference corrected for selection, in points. "
        "Significant differences look larger than they are, because they were selected.",
        "contrasts",
    ),
    "contrasts": Caption(
        "All differences between the studies",
        "How do the studies differ, for every label and category?",
        "Each cell is the measured change in one study minus that in the reference, in points, for the people of one "
        "label. The table has significant differences corrected for selection, too, as the shrunken value. A frame "
        "marks a significant difference, after adjustment for all tests of the comparison. The sign of near equality "
        "marks a difference that is shown to be smaller than the margin. Hatched cells lack enough data to tell.",
        "contrasts",
    ),
    "similarities": Caption(
        "Similarities in two studies",
        "Do images and texts stay as similar as in the reference?",
        "Each row compares the mean cosine similarity in the last iteration: the circle is the reference, the diamond "
        "the other study. The line is the 95 % interval of their difference. A filled diamond differs significantly "
        "from the reference. Similarities have no value for the first image, so they are compared themselves and not "
        "by their changes.",
        "contrasts",
    ),
    "effects": Caption(
        "Effects of factors on the drift",
        "How much of the differences does each factor make?",
        "Each bar divides the differences between the studies among the factors and their interactions.",
        "effects",
    ),
    "forest": Caption(
        "Drift of every share, with confidence intervals",
        "How far did every share move from the first image to the last, and how certain is it?",
        "Each mark is the measured change of one share from the first image to the last, with its 95 % interval. Right "
        "of zero, the category became more frequent. Only a filled mark is a significant change, after adjustment for "
        "all tests of the study. A small hollow mark on it is the same change corrected for selection. Significant "
        "changes look larger than they are, because they were selected. A grey bar is the change by the annotator's "
        "answers alone, where ratings correct it.",
        "findings",
    ),
    "shares": Caption(
        "Shares of the categories in every image",
        "Who is shown in each image of the chains?",
        "The images of a chain run from left to right, starting with the original if there is one. The height of a "
        "colour is the share of people shown as that category. Without drift, the annotator's shares would be the same "
        "for the original and all later images.",
        "shares",
    ),
    "intersections": Caption(
        "Changes of crossed attributes",
        "How did the shares of people with two categories change, such as young women?",
        "A crossed category, such as 20-39 x female, holds the people with both categories. Cells are changes of its "
        "share from the first image to the last, in points. They are partially pooled: a cell with few chains is moved "
        "towards the change that its two attributes alone predict. Only a framed cell is a significant change. The "
        "test uses the change before pooling, and is adjusted for all tests of the study.",
        "intersection_changes",
    ),
    "missing": Caption(
        "Images without a valid answer",
        "How often does the annotator give no valid answer, and for whom?",
        "The annotator may be unsure, refuse, or answer outside the form. Such images are in no share. If answers are "
        "missing more often for one group, shares of the others rise without any drift. The dashed line is the share "
        "of all chains; colours are chains by the category of their first image.",
        "missing_answers",
    ),
    "decomposition": Caption(
        "Decomposition of the published comparison",
        "Which part of the published comparison is drift, and which is the annotator's deviation from the data set?",
        "The published comparison sets the annotator's labels against the data set's. It is the sum of two parts. The "
        "instrument effect is the annotator's deviation from the data set on the originals; the models do not cause "
        "it. Drift is measured by one annotator. It is caused by the models, as far as the annotator reads drawn "
        "images as it reads originals.",
        "decomposition",
    ),
    "trajectories": Caption(
        "Trajectories and their end points",
        "How does each share move from image to image, and where would it end?",
        "Lines show the shares from image to image. Marks show where they would end if all further steps were like the "
        "observed ones. Do not rely on an end point if these steps miss the observed shares.",
        "trajectories",
    ),
    "transitions": Caption(
        "Transitions between categories",
        "Which categories replace which, from one image to the next?",
        "Rows are categories in one image, columns those in the next. A cell gives the per cent of the row that moves "
        "to the column. The diagonal holds those that stay; a dark column attracts people from all categories.",
        "trajectories",
    ),
    "predicted": Caption(
        "Predicted shares of later images",
        "Do the first iterations predict the later images?",
        "Marks are the shares that the first iterations, at most three, predict, if their steps form a Markov chain. "
        "Lines are 95 % prediction intervals; crosses are the observed shares. The summary says for which labels the "
        "Markov assumption is rejected. Do not rely on their predictions.",
        "predicted_shares",
    ),
    "diversity": Caption(
        "Diversity of images and texts",
        "Do images and texts of different chains become alike?",
        "Solid lines are mean cosine distances between chains of different starts, dashed lines between chains of one "
        "start. A falling solid line means that chains become alike. The dotted line shows whether the original of a "
        "chain can still be told from others: 1 is certain, 0.5 is chance.",
        "diversity",
    ),
    "motifs": Caption(
        "Motifs of the last images",
        "In which groups of like images do chains end?",
        "A motif is a group of last images that are as similar, on average, as the most similar 5 % of pairs of first "
        "drawn images. Cells are the share of a label's chains that end in the motif. The table of attractors names "
        "typical chains.",
        "attractors",
    ),
    "success": Caption(
        "Success of the describer, by category",
        "For whom does the describer name the correct label, in the first and in the last image?",
        "Marks are the share of images in which the describer names the correct label, with 95 % intervals, by the "
        "category of the person: left in the first images, right in the last. If the intervals of two categories do "
        "not overlap, the describer works better for one of them. Their labels may also differ, above all over all "
        "labels together. Lines connect images, not people: a category may hold other people in the next image. The "
        "table of differences in success compares categories with equal labels.",
        "success",
    ),
    "mentions": Caption(
        "Attributes that the descriptions still mention",
        "How many descriptions mention an attribute, and is it still that of the first image?",
        "The generator can draw only what a description carries. A solid line is the share of descriptions that "
        "mention an attribute, with its 95 % band. A dashed line concerns the descriptions that name exactly one "
        "category. It is the share in which this is the annotator's category of the chain's first image.",
        "mention_shares",
    ),
    "support": Caption(
        "Image regions behind the label's words",
        "On which regions of the image do the label's words depend?",
        "The upper row shows the density of the attribution map on each region. Above 1, a region carries more than "
        "its area would suggest. The lower row needs no map: it shows the factor by which hiding a region reduces the "
        "words' probability. The summary names a region only if both rows point to it, more than to control regions "
        "and more than with random weights. Small marks show other fills of the hidden region: if they differ, the "
        "verdict depends on how the region is hidden. Labels that fail any check with any fill are grey.",
        "support",
    ),
    "checks": Caption(
        "Sanity checks of the attribution maps",
        "Do the maps say more than chance?",
        "Zero is the value expected by chance. A filled mark lies significantly above it. The checks compare true with "
        "random weights, the region with control regions of its size and shape, and hiding it with hiding others. They "
        "also compare hiding or showing the image in the map's order with a random order.",
        "support_trust",
    ),
    "gallery": Caption(
        "Images and their attribution maps",
        "Which parts of these images support the word?",
        "The upper image is the describer's input. Below it lies the map of the word's support, with outlines of the "
        "regions. Originals and drawn images stand side by side, with iteration and word below.",
    ),
    "similarity": Caption(
        "Similarity of images and texts",
        "How far do images and texts move from the previous ones and from the start of the chain?",
        "Curves are mean cosine similarities of embeddings with 95 % bands, against the previous item and against the "
        "start of the chain. A falling curve against the start moves away from it; a level one has stopped. A level "
        "curve against the previous item means a constant pace: the higher, the smaller the steps.",
        "similarity_curves",
    ),
    "reliability": Caption(
        "Reliability of the closed-form probabilities",
        "Are answers right as often as their probability says?",
        "Marks are the share of right answers among answers of about equal probability, with 95 % intervals. Right are "
        "answers that agree with the data set or with the raters. Below the diagonal, the annotator is too sure. "
        "The expected calibration error (ECE) is the mean distance from the diagonal. Recalibration divides the "
        "log-likelihoods by one temperature; it is measured on starts that the temperature was not fitted to.",
        "reliability",
    ),
    "agreement": Caption(
        "Agreement of annotators",
        "How well do annotators agree on the same images?",
        "Above: Krippendorff's alpha with its 95 % interval for each pair of annotators. 1 is full agreement, 0 is "
        "chance agreement, and values of at least 0.8 are reliable. Below: confusion matrices, with the first "
        "annotator's categories as rows and the second's as columns. Full agreement fills the diagonal only.",
        "agreement_confusions",
    ),
    "annotators": Caption(
        "Agreement of several annotators",
        "Do annotators agree less on drawn images than on originals?",
        "Krippendorff's alpha with its 95 % interval for each pair of annotators, on originals and on drawn images "
        "apart. Where two annotators agree less on drawn images, at least one of them may err more there.",
        "annotator_agreement",
    ),
}
"""The captions of figures in the order of the page, by the first word of a figure's name. An attribute and `prompt` may
follow in the name."""


def of_figure(name: str) -> tuple[str, str, str]:
    """Return a figure's kind, its attribute and its chains' start; attribute and start may be empty.

    A figure of an unknown name is a kind of its own.
    """
    kind, _, rest = name.partition("_")
    if kind not in FIGURES:
        return name, "", ""
    is_prompt = rest == "prompt" or rest.endswith(SUFFIXES["prompt"])
    start = "prompt" if is_prompt else "image"
    rest = rest.removesuffix("prompt") if is_prompt else rest
    return kind, capital(rest.replace("_", " ").strip()), start


def of_kind(kind: str) -> Caption:
    """Return the caption that all figures of a kind share."""
    return FIGURES.get(kind, Caption(capital(spoken(kind)), "", ""))
