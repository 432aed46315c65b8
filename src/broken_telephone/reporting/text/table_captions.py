"""Defines titles and explanations of the report's tables."""

from collections.abc import Mapping
from typing import NamedTuple

from broken_telephone.reporting.text.wording import capital, spoken


class TableCaption(NamedTuple):
    """Holds the title of a table and an explanation of its columns."""

    title: str
    text: str


TABLES: Mapping[str, TableCaption] = {
    "arms": TableCaption(
        "Studies in one row each",
        "How much drift is left in comparison with the reference, how much success and similarity are kept, what an "
        "iteration of a chain costs, and where new drift appears. The column arm names the study. Verdicts are not "
        "adjusted for the number of studies.",
    ),
    "validation_verdicts": TableCaption(
        "Checks of the validation",
        "Each check is a share of n cases, count of which fulfil it, or a number of cases. It passes if the value is "
        "at least, or at most, the limit. Checks without a limit are there for comparison.",
    ),
    "validation_blame": TableCaption(
        "Whom the bench blames",
        "Each arrangement holds arms with two levels of each factor. The column planted is the largest planted effect "
        "of the factor on a share. Effects of at least 20 points that make a tenth of the differences must be blamed. "
        "If the planted effect is below 5 points, the judge decides whether the factor makes a difference: factors "
        "without a difference must not be blamed. Other factors may be blamed or not. The column "
        "detectable is the change in one direction that the judge's test finds with a power of 80 %. In rows of the "
        "kind 'levels exchanged', the levels of each start change places at random, so that nobody is to blame.",
    ),
    "validation_recovery": TableCaption(
        "Planted and measured shares",
        "The column planted is the mean chance of the category that the world of the generator states for the chains' "
        "own descriptions. The column drawn is the share that the judge reads in all images. The interval of the value "
        "passes if it contains the planted share.",
    ),
    "validation_null": TableCaption(
        "Claims without planted drift",
        "Of n studies, count claim a change of any share. Exchanging first and last image of random starts removes all "
        "drift, and keeps answers, errors and missing answers. The arm itself may drift if its generator is less even "
        "than its world.",
    ),
    "validation_errors": TableCaption(
        "An annotator with known errors",
        "Some of the annotator's answers about drawn images are exchanged at the stated rates, in n simulated studies. "
        "The column coverage is the share of them whose 95 % interval contains the share that the judge reads in all "
        "images.",
    ),
    "validation_long": TableCaption(
        "Predicted and observed shares of long chains",
        "Predictions use the first three iterations. Those of the last image have a prediction interval. The fixed "
        "point is compared with the mean share of the last quarter of the images. The column passed tells whether no "
        "Markov test rejects; if one does, do not rely on the prediction.",
    ),
    "contrasts": TableCaption(
        "Differences between the studies",
        "The column arm names the study. The column value is its measured change minus that of the reference since the "
        "first image; it is the difference of the values themselves if the column since is empty. Verdicts are given "
        "for the last image only. The column p_adjusted adjusts for all of them together. The shrunken value of "
        "significant differences is corrected for selection, and their interval is adjusted for it.",
    ),
    "effects": TableCaption(
        "Effects of factors",
        "How much of the differences between the studies each factor and each interaction makes.",
    ),
    "pairing": TableCaption(
        "What pairs between the studies",
        "One row per check. A check that is not passed states what is left out of the comparison, or why chains are "
        "not compared one by one.",
    ),
    "findings": TableCaption(
        "Verdict on every comparison",
        "Change of every share from a chain's first image to its last, and further families of comparisons. p_adjusted "
        "adjusts for all of them together. The verdict is rise, fall, no significant change, or not enough data to "
        "tell. Before and after are shares of all images with a category; value is the measured change of chains with "
        "a category in both. The shrunken value of rises and falls is corrected for selection, and their interval is "
        "adjusted for it. For success, value is the change of the difference in success between a category and its "
        "reference.",
    ),
    "shares": TableCaption(
        "Shares", "Share of every category in every image, with 95 % intervals by resampling of starts."
    ),
    "drift": TableCaption(
        "Drift",
        "Change between two images of the same chains, by every measure. The column p_adjusted adjusts p-values for "
        "the number of tests. Without change, Jaccard and kappa are 1 and the other measures 0.",
    ),
    "decomposition": TableCaption(
        "Decomposition of the published comparison",
        "Published comparison = instrument effect (annotator against data set, on the originals) + drift.",
    ),
    "trajectories": TableCaption(
        "Trajectories",
        "Transition probabilities between categories, the shares they lead to, the pace, and whether the last step "
        "still changed a share.",
    ),
    "success": TableCaption(
        "Success of the describer",
        "Whether the describer names the correct label, by the category of the person. Odds ratios compare a category "
        "with the one in the column reference: the most frequent category of the originals, the same in every image. "
        "The column p_adjusted adjusts the p-values of odds ratios for their number.",
    ),
    "success_differences": TableCaption(
        "Differences in success, adjusted for the label",
        "Success rate of a category minus that of the reference, if both had the same labels. Rows of the method human "
        "ratings correct the annotator's categories with ratings of a sample; they assume only that unrated images "
        "resemble the rated ones of their stratum. n_checked is the number of ratings.",
    ),
    "success_changes": TableCaption(
        "Changes of differences in success",
        "Difference in success in the last image (after) minus that in the first (before), adjusted for the label with "
        "the same weights for both images. The column p_adjusted adjusts p-values for the number of tests.",
    ),
    "intersection_changes": TableCaption(
        "Changes of crossed attributes",
        "Change of the share of every crossed category from the first image to the last. The test and p_adjusted "
        "belong to value. The column predicted_value is the change that the two attributes' own changes predict; "
        "pooled_value is moved towards it, the more the fewer chains there are. The columns missing_before and "
        "missing_after are the shares of images without a valid answer for an attribute.",
    ),
    "intersection_shares": TableCaption(
        "Shares of crossed attributes", "Share of every crossed category in every image, with 95 % intervals."
    ),
    "intersection_success": TableCaption(
        "Success of the describer, by crossed attributes",
        "Whether the describer names the correct label, by the crossed category of the person. The column p_adjusted "
        "adjusts the p-values of odds ratios for their number.",
    ),
    "mention_shares": TableCaption(
        "Attributes in the descriptions",
        "Share of the descriptions of an image that mention an attribute, and agreement of the mentioned category with "
        "the annotator's category of the first image. The column p_adjusted adjusts the p-values of changes for their "
        "number.",
    ),
    "power": TableCaption(
        "Power",
        "Smallest change of every share that a single test detects in four of five such studies, and whether so large "
        "a change is possible. After adjustment for many tests, it must be larger.",
    ),
    "corrected_shares": TableCaption(
        "Shares corrected for annotator error",
        "Corrected by human ratings, and by the confusion matrix of the originals. The latter is a sensitivity "
        "analysis, which assumes equal errors on drawn images. The column methods_agree compares the two.",
    ),
    "corrected_drift": TableCaption(
        "Drift corrected for annotator error",
        "Change of every share since the first image, corrected with human ratings of samples of both images, or with "
        "the answers of a reference annotator. The correction assumes only that strata without ratings resemble the "
        "rated ones.",
    ),
    "annotator_bias": TableCaption(
        "Tests of the annotator's drift",
        "Joint test of all categories whether human ratings, or the answers of a reference annotator, contradict the "
        "annotator's drift. p_adjusted adjusts for the number of tests by the same method.",
    ),
    "latent_classes": TableCaption(
        "Latent class estimate of the shares",
        "Shares estimated from the answers of all annotators (Dawid and Skene 1979). It assumes that annotators err "
        "independently, given the true category. Errors that annotators share count as the truth.",
    ),
    "annotator_confusions": TableCaption(
        "Latent class estimate of the annotators' errors",
        "Probability that an annotator answers to_category if the latent class is category, for originals and drawn "
        "images apart. It makes the same assumption as the latent class estimate of the shares.",
    ),
    "ratings_needed": TableCaption(
        "Ratings that the corrected drift needs",
        "Half width of each interval of the corrected drift, and the number of images to rate in each of the two "
        "iterations for an interval of ± 5 and ± 10 percentage points. The number for all labels is their sum. If "
        "even all images do not suffice, the note gives the width that they allow, which only more chains reduce.",
    ),
    "reliability": TableCaption(
        "Reliability of the closed-form probabilities",
        "Mean probability of the preferred option (confidence) and share of right answers (accuracy) in bins of the "
        "probability, the expected calibration error, and the temperature that recalibrates. Rated images are weighted "
        "by their strata.",
    ),
    "planned_changes": TableCaption(
        "Planned changes",
        "The primary hypotheses of the frozen plan. Their tests form a family of their own, and their intervals hold "
        "together.",
    ),
    "interim_looks": TableCaption(
        "Interim looks",
        "Each planned hypothesis at each look. A net change that reaches the boundary answers it. So does an interval "
        "that excludes the planned change in both directions.",
    ),
    "markov_tests": TableCaption(
        "Tests of the Markov assumption",
        "Homogeneity: equal transitions in all periods of the loop. Order: the image before the last one matters. "
        "Memory: chains stay in, or return to, the category of their first image too often. The column p_adjusted "
        "adjusts for all of these tests. Annotator error alone can cause order and memory.",
    ),
    "predicted_shares": TableCaption(
        "Predicted shares of later images",
        "Later images have 95 % prediction intervals for the share that will be observed; fixed points have confidence "
        "intervals. The column passed is true if no Markov test of the label and attribute rejects.",
    ),
    "diversity": TableCaption(
        "Diversity of images and texts",
        "Mean cosine distances, effective number of different items (Vendi score), recognition of the start, and "
        "variety of words. Effective number and vocabulary grow with the number of chains. Compare them between "
        "iterations, not between labels of different size.",
    ),
    "diversity_changes": TableCaption(
        "Changes of diversity",
        "Change from the first iteration of each measure to the last, with jackknife intervals and tests over starts. "
        "The column p_adjusted adjusts for all rows of this table only.",
    ),
    "attractors": TableCaption(
        "Motifs in which chains end",
        "Share of each label's chains whose last image belongs to a motif. Motif 0 holds the images without one. "
        "Exemplars are the chains closest to the motif's mean.",
    ),
    "similarity_curves": TableCaption(
        "Similarity",
        "Mean cosine similarity of the embeddings of images and texts, with the previous ones and the chain's first.",
    ),
    "support": TableCaption(
        "Image regions behind the label's words",
        "Means over starts for each region, with 95 % intervals by resampling of starts. The measures are the region's "
        "share of the image, its share of the activation, and their ratio (density). Others are the drop of the word's "
        "log-probability when the region is hidden, and the values of control regions of the same size and shape. Only "
        "images of one size in as many views (kind) are combined.",
    ),
    "support_tests": TableCaption(
        "Image regions behind the label's words: comparisons",
        "Permutation tests over starts, for each iteration with labels as strata: women against men, correct against "
        "wrong answers. A further test compares the last iteration with each start's first image. p_adjusted is "
        "adjusted for all tests of the same comparison, measure and iteration. A note marks comparisons whose verdict "
        "depends on the fill of the hidden region.",
    ),
    "support_trust": TableCaption(
        "Image regions behind the label's words: sanity checks",
        "Difference of a label's maps from chance, with 95 % intervals by resampling of starts. A check is passed if "
        "the interval lies above zero; otherwise the note gives the reason.",
    ),
    "skin_drift": TableCaption(
        "Skin tone of faces, by their pixels",
        "Drift of the skin's pixel colour: the individual typology angle (degrees, larger is lighter) and the nearest "
        "swatch of the Monk Skin Tone scale. Grey, tinted and badly exposed faces have none, and the table gives their "
        "share. It describes pixels, not people: light, exposure, make-up and a "
        "generator's palette all contribute.",
    ),
    "missing_answers": TableCaption(
        "Missing answers",
        "Share of images without a valid answer. Kind change: its change since the first image, for all chains. Kind "
        "difference: chains of one category of the first image against the chains of the others.",
    ),
    "share_bounds": TableCaption(
        "Bounds on shares",
        "Each share, and its change since the first image, if none or all of the missing answers were of the category. "
        "The bounds need no assumption about missing answers.",
    ),
    "start_tests": TableCaption(
        "Chains from images and from prompts",
        "Chi-square and G tests of equal shares, for labels that both kinds of chains have. They require about equal "
        "numbers of chains per start. The column p_adjusted adjusts p-values for their number.",
    ),
    "published_beside_ours": TableCaption(
        "Published results beside ours",
        "Published: from the original to the one drawn image. Ours: the same comparison in this study, with its "
        "interval. Drift: the change between the two images, both labelled by one annotator. Rows in which unsure is a "
        "category reproduce the published weighted Jaccard and chi-square; this study has no such comparison.",
    ),
    "agreement": TableCaption("Agreement of annotators", "Agreement of each pair of annotators, with 95 % intervals."),
    "annotator_agreement": TableCaption(
        "Agreement of several annotators",
        "Agreement of each pair of models, on originals and on drawn images apart, with 95 % intervals.",
    ),
    "agreement_confusions": TableCaption(
        "Confusion matrices", "Number of images to which two annotators give each pair of categories."
    ),
}
"""The caption of each table, by the table's name."""


def of_table(name: str) -> TableCaption:
    """Return the caption of a table."""
    return TABLES.get(name, TableCaption(capital(spoken(name)), ""))
