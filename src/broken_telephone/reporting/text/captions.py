"""Defines titles and explanations of the report's figures and tables."""

from collections.abc import Mapping
from typing import NamedTuple

from broken_telephone.reporting.text.wording import capital, spoken


class Caption(NamedTuple):
    """Holds a title and an explanation of how to read the figure or table."""

    title: str
    text: str


FIGURES: Mapping[str, Caption] = {
    "claims": Caption(
        "Significant differences between the studies",
        "Each row is one significant difference. The circle is the change of the share in the reference, the diamond "
        "that in the other study; where images have no first value, both are the values themselves. The numbers at the "
        "right are the difference and its 95 % interval, in points, both corrected for their selection.",
    ),
    "contrasts": Caption(
        "All differences between the studies",
        "Each cell is the change in one study minus the change in the reference, in points, for the people of one "
        "label. A frame marks a significant difference, after adjustment for all tests of the comparison. The sign of "
        "near equality marks a difference that is shown to be smaller than the margin. Hatched cells do not have "
        "enough data to tell.",
    ),
    "effects": Caption(
        "Effects of factors on the drift",
        "Each bar divides the differences between the studies among the factors and their interactions.",
    ),
    "forest": Caption(
        "Drift of every share, with confidence intervals",
        "Each mark is the change of one share from the first image to the last, with its 95 % interval. Right of zero, "
        "the category became more frequent. Only a filled mark is a significant change, after adjustment for all tests "
        "of the study. Its value and interval are corrected for its selection; a small hollow mark is its value before "
        "that correction. A grey bar is the change by the "
        "annotator's answers alone, where ratings correct it.",
    ),
    "shares": Caption(
        "Shares of the categories in every image",
        "The images of a chain run from left to right, starting with the original if there is one. The height of a "
        "colour is the share of people shown as that category. Without drift, the annotator's shares would be the same "
        "for the original and all later images.",
    ),
    "intersections": Caption(
        "Changes of crossed attributes",
        "A crossed category, such as 20-39 x female, holds the people with both categories. Cells are changes of its "
        "share from the first image to the last, in points. They are partially pooled: a cell with few chains is moved "
        "towards the change that its two attributes alone predict. Only a framed cell is a significant change. The "
        "test uses the change before pooling, and is adjusted for all tests of the study.",
    ),
    "missing": Caption(
        "Images without a valid answer",
        "The annotator may be unsure, refuse, or answer outside the form. Such images are in no share. If answers are "
        "missing more often for one group, shares of the others rise without any drift. The dashed line is the share "
        "of all chains; colours are chains by the category of their first image.",
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
    "predicted": Caption(
        "Predicted shares of later images",
        "Marks are the shares that the first three iterations predict, if their steps form a Markov chain. Lines are "
        "95 % prediction intervals; crosses are the observed shares. The summary says for which labels the Markov "
        "assumption is rejected. Do not rely on their predictions.",
    ),
    "diversity": Caption(
        "Diversity of images and texts",
        "Solid lines are mean cosine distances between chains of different starts, dashed lines between chains of one "
        "start. A falling solid line means that chains become alike. The dotted line shows whether the original of a "
        "chain can still be told from others: 1 is certain, 0.5 is chance.",
    ),
    "motifs": Caption(
        "Motifs of the last images",
        "A motif is a group of last images that are as similar, on average, as the most similar 5 % of pairs of first "
        "drawn images. Cells are the share of a label's chains that end in the motif. The table of attractors names "
        "typical chains.",
    ),
    "success": Caption(
        "Success of the describer, by category",
        "Marks are the share of images in which the describer names the correct label, with 95 % intervals, by the "
        "category of the person: left in the first images, right in the last. If the intervals of two categories do "
        "not overlap, the describer works better for one of them. Their labels may also differ, above all over all "
        "labels together. Lines connect images, not people: a category may hold other people in the next image. The "
        "table of differences in success compares categories with equal labels.",
    ),
    "mentions": Caption(
        "Attributes that the descriptions still mention",
        "The generator can draw only what a description carries. A solid line is the share of descriptions that "
        "mention an attribute, with its 95 % band. A dashed line concerns the descriptions that name exactly one "
        "category. It is the share in which this is the annotator's category of the chain's first image.",
    ),
    "support": Caption(
        "Image regions behind the label's words",
        "The upper row shows the density of the attribution map on each region. Above 1, a region carries more than "
        "its area would suggest. The lower row needs no map: it shows the factor by which hiding a region reduces the "
        "words' probability. The summary names a region only if both rows point to it, more than to control regions "
        "and more than with random weights. Small marks show other fills of the hidden region: if they differ, the "
        "verdict depends on how the region is hidden. Labels that fail any check with any fill are grey.",
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
    "reliability": Caption(
        "Reliability of the closed-form probabilities",
        "Marks are the share of right answers among answers of about equal probability, with 95 % intervals. Right are "
        "answers that agree with the data set or with the raters. Below the diagonal, the annotator is too sure. "
        "The expected calibration error (ECE) is the mean distance from the diagonal. Recalibration divides the "
        "log-likelihoods by one temperature; it is measured on starts that the temperature was not fitted to.",
    ),
    "agreement": Caption(
        "Agreement of annotators",
        "Above: Krippendorff's alpha with its 95 % interval for each pair of annotators. 1 is full agreement, 0 is "
        "chance agreement, and values of at least 0.8 are reliable. Below: confusion matrices, with the first "
        "annotator's categories as rows and the second's as columns. Full agreement fills the diagonal only.",
    ),
    "annotators": Caption(
        "Agreement of several annotators",
        "Krippendorff's alpha with its 95 % interval for each pair of annotators, on originals and on drawn images "
        "apart. Where two annotators agree less on drawn images, at least one of them may err more there.",
    ),
}
"""By the first word of a figure's name, in the order of the page; an attribute and `prompt` may follow in the name."""

TABLES: Mapping[str, Caption] = {
    "arms": Caption(
        "Studies in one row each",
        "How much drift is left in comparison with the reference, how much success and similarity are kept, what an "
        "iteration of a chain costs, and where new drift appears. Verdicts are not adjusted for the number of arms.",
    ),
    "validation_verdicts": Caption(
        "Checks of the validation",
        "Each check is a share of n cases, count of which fulfil it, or a number of cases. It passes if the value is "
        "at least, or at most, the limit. Checks without a limit are there for comparison.",
    ),
    "validation_blame": Caption(
        "Whom the bench blames",
        "Each arrangement holds arms with two levels of each factor. The column planted is the largest planted effect "
        "of the factor on a share. Effects of at least 20 points that make a tenth of the differences must be blamed, "
        "and effects below 5 points must not be. In rows of the kind 'levels exchanged', the levels of each start "
        "change places at random, so that nobody is to blame.",
    ),
    "validation_recovery": Caption(
        "Planted and measured shares",
        "The column planted is the mean chance of the category that the world of the generator states for the chains' "
        "own descriptions. The column drawn is the share that the judge reads in all images. The interval of the value "
        "passes if it contains the planted share.",
    ),
    "validation_null": Caption(
        "Claims without planted drift",
        "Of n studies, count claim a change of any share. Exchanging first and last image of random starts removes all "
        "drift, and keeps answers, errors and missing answers. The arm itself may drift if its generator is less even "
        "than its world.",
    ),
    "validation_errors": Caption(
        "An annotator with known errors",
        "Some of the annotator's answers about drawn images are exchanged at the stated rates, in n simulated studies. "
        "The column coverage is the share of them whose 95 % interval contains the share that the judge reads in all "
        "images.",
    ),
    "validation_long": Caption(
        "Predicted and observed shares of long chains",
        "Predictions use the first three iterations. Those of the last image have a prediction interval. The fixed "
        "point is compared with the mean share of the last quarter of the images. The column passed tells whether no "
        "Markov test rejects; if one does, do not rely on the prediction.",
    ),
    "contrasts": Caption(
        "Differences between the studies",
        "The column value is the change in the arm minus the change in the reference since the first image; it is the "
        "difference of the values themselves if the column since is empty. Verdicts are given for the last image only. "
        "The column p_adjusted adjusts for all of them together. Significant differences have a shrunken value and an "
        "interval adjusted for their selection.",
    ),
    "effects": Caption(
        "Effects of factors",
        "How much of the differences between the studies each factor and each interaction makes.",
    ),
    "pairing": Caption(
        "What pairs between the studies",
        "One row per check. A check that is not passed states what is left out of the comparison, or why chains are "
        "not compared one by one.",
    ),
    "findings": Caption(
        "Verdict on every comparison",
        "Change of every share from a chain's first image to its last, and further families of comparisons. p_adjusted "
        "adjusts for all of them together. The verdict is rise, fall, no significant change, or not enough data to "
        "tell. Rises and falls have a shrunken value, which corrects for their selection, and an interval adjusted for "
        "it. Before and after are shares of all images with a category; value is the change of chains with a category "
        "in both. For success, value is the change of the difference in success between a category and its reference.",
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
        "Whether the describer names the correct label, by the category of the person. Odds ratios compare a category "
        "with the one in the column reference: the most frequent category of the originals, the same in every image. "
        "The column p_adjusted adjusts the p-values of odds ratios for their number.",
    ),
    "success_differences": Caption(
        "Differences in success, adjusted for the label",
        "Success rate of a category minus that of the reference, if both had the same labels. Rows of the method human "
        "ratings correct the annotator's categories with ratings of a sample; they assume only that unrated images "
        "resemble the rated ones of their stratum. n_checked is the number of ratings.",
    ),
    "success_changes": Caption(
        "Changes of differences in success",
        "Difference in success in the last image (after) minus that in the first (before), adjusted for the label with "
        "the same weights for both images. The column p_adjusted adjusts p-values for the number of tests.",
    ),
    "intersection_changes": Caption(
        "Changes of crossed attributes",
        "Change of the share of every crossed category from the first image to the last. The test and p_adjusted "
        "belong to value. The column predicted_value is the change that the two attributes' own changes predict; "
        "pooled_value is moved towards it, the more the fewer chains there are. The columns missing_before and "
        "missing_after are the shares of images without a valid answer for an attribute.",
    ),
    "intersection_shares": Caption(
        "Shares of crossed attributes", "Share of every crossed category in every image, with 95 % intervals."
    ),
    "intersection_success": Caption(
        "Success of the describer, by crossed attributes",
        "Whether the describer names the correct label, by the crossed category of the person. The column p_adjusted "
        "adjusts the p-values of odds ratios for their number.",
    ),
    "mention_shares": Caption(
        "Attributes in the descriptions",
        "Share of the descriptions of an image that mention an attribute, and agreement of the mentioned category with "
        "the annotator's category of the first image. The column p_adjusted adjusts the p-values of changes for their "
        "number.",
    ),
    "power": Caption(
        "Power",
        "Smallest change of every share that a single test detects in four of five such studies, and whether so large "
        "a change is possible. After adjustment for many tests, it must be larger.",
    ),
    "corrected_shares": Caption(
        "Shares corrected for annotator error",
        "Corrected by human ratings, and by the confusion matrix of the originals. The latter is a sensitivity "
        "analysis, which assumes equal errors on drawn images. The column methods_agree compares the two.",
    ),
    "corrected_drift": Caption(
        "Drift corrected for annotator error",
        "Change of every share since the first image, corrected with human ratings of samples of both images, or with "
        "the answers of a reference annotator. The correction assumes only that strata without ratings resemble the "
        "rated ones.",
    ),
    "annotator_bias": Caption(
        "Tests of the annotator's drift",
        "Joint test of all categories whether human ratings, or the answers of a reference annotator, contradict the "
        "annotator's drift. p_adjusted adjusts for the number of tests by the same method.",
    ),
    "latent_classes": Caption(
        "Latent class estimate of the shares",
        "Shares estimated from the answers of all annotators (Dawid and Skene 1979). It assumes that annotators err "
        "independently, given the true category. Errors that annotators share count as the truth.",
    ),
    "annotator_confusions": Caption(
        "Latent class estimate of the annotators' errors",
        "Probability that an annotator answers to_category if the latent class is category, for originals and drawn "
        "images apart. It makes the same assumption as the latent class estimate of the shares.",
    ),
    "ratings_needed": Caption(
        "Ratings that the corrected drift needs",
        "Half width of each interval of the corrected drift, and the number of images to rate in each of the two "
        "iterations for an interval of ± 5 and ± 10 percentage points. The number for all labels is their sum. If "
        "even all images do not suffice, the note gives the width that they allow, which only more chains reduce.",
    ),
    "reliability": Caption(
        "Reliability of the closed-form probabilities",
        "Mean probability of the preferred option (confidence) and share of right answers (accuracy) in bins of the "
        "probability, the expected calibration error, and the temperature that recalibrates. Rated images are weighted "
        "by their strata.",
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
    "markov_tests": Caption(
        "Tests of the Markov assumption",
        "Homogeneity: equal transitions in all periods of the loop. Order: the image before the last one matters. "
        "Memory: chains stay in, or return to, the category of their first image too often. The column p_adjusted "
        "adjusts for all of these tests. Annotator error alone can cause order and memory.",
    ),
    "predicted_shares": Caption(
        "Shares predicted from the first three iterations",
        "Later images have 95 % prediction intervals for the share that will be observed; fixed points have confidence "
        "intervals. The column passed is true if no Markov test of the label and attribute rejects.",
    ),
    "diversity": Caption(
        "Diversity of images and texts",
        "Mean cosine distances, effective number of different items (Vendi score), recognition of the start, and "
        "variety of words. Effective number and vocabulary grow with the number of chains. Compare them between "
        "iterations, not between labels of different size.",
    ),
    "diversity_changes": Caption(
        "Changes of diversity",
        "Change from the first iteration of each measure to the last, with jackknife intervals and tests over starts. "
        "The column p_adjusted adjusts for all rows of this table only.",
    ),
    "attractors": Caption(
        "Motifs in which chains end",
        "Share of each label's chains whose last image belongs to a motif. Motif 0 holds the images without one. "
        "Exemplars are the chains closest to the motif's mean.",
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
        "adjusted for all tests of the same comparison, measure and iteration. A note marks comparisons whose verdict "
        "depends on the fill of the hidden region.",
    ),
    "support_trust": Caption(
        "Image regions behind the label's words: sanity checks",
        "Difference of a label's maps from chance, with 95 % intervals by resampling of starts. A check is passed if "
        "the interval lies above zero; otherwise the note gives the reason.",
    ),
    "skin_drift": Caption(
        "Skin tone of faces, by their pixels",
        "Drift of the skin's pixel colour: the individual typology angle (degrees, larger is lighter) and the nearest "
        "swatch of the Monk Skin Tone scale. Grey, tinted and badly exposed faces have none, and the table gives their "
        "share. It describes pixels, not people: light, exposure, make-up and a "
        "generator's palette all contribute.",
    ),
    "missing_answers": Caption(
        "Missing answers",
        "Share of images without a valid answer. Kind change: its change since the first image, for all chains. Kind "
        "difference: chains of one category of the first image against the chains of the others.",
    ),
    "share_bounds": Caption(
        "Bounds on shares",
        "Each share, and its change since the first image, if none or all of the missing answers were of the category. "
        "The bounds need no assumption about missing answers.",
    ),
    "start_tests": Caption(
        "Chains from images and from prompts",
        "Chi-square and G tests of equal shares, for labels that both kinds of chains have. They require about equal "
        "numbers of chains per start. The column p_adjusted adjusts p-values for their number.",
    ),
    "published_beside_ours": Caption(
        "Published results beside ours",
        "Published: from the original to the one drawn image. Ours: the same comparison in this study, with its "
        "interval. Drift: the change between the two images, both labelled by one annotator. Rows in which unsure is a "
        "category reproduce the published weighted Jaccard and chi-square; this study has no such comparison.",
    ),
    "agreement": Caption("Agreement of annotators", "Agreement of each pair of annotators, with 95 % intervals."),
    "annotator_agreement": Caption(
        "Agreement of several annotators",
        "Agreement of each pair of models, on originals and on drawn images apart, with 95 % intervals.",
    ),
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
    is_prompt = rest == "prompt" or rest.endswith("_prompt")
    start = "prompt" if is_prompt else "image"
    rest = rest.removesuffix("prompt") if is_prompt else rest
    return kind, capital(rest.replace("_", " ").strip()), start


def of_kind(kind: str) -> Caption:
    """Return the caption that all figures of a kind share."""
    return FIGURES.get(kind, Caption(capital(spoken(kind)), ""))


def of_table(name: str) -> Caption:
    """Return the caption of a table."""
    return TABLES.get(name, Caption(capital(spoken(name)), ""))
