"""Sentences about calibration and about the latent class estimate."""

import pandas as pd

from broken_telephone.reporting.text.calibration import calibration_sentences
from broken_telephone.reporting.text.latent_classes import latent_class_sentences
from broken_telephone.statistics.tables.reliability import ERROR


def test_the_latent_class_sentence_gives_accuracies_with_the_assumption_or_the_reason():
    shares = pd.DataFrame({"note": ["not identified: 2 annotators"]})
    assert latent_class_sentences(shares, pd.DataFrame()) == [
        "There is no latent class estimate (not identified: 2 annotators)."
    ]
    rows = [("one", "man", "man", 0.7), ("one", "woman", "woman", 0.9), ("one", "man", "woman", 0.3)]
    confusions = pd.DataFrame(rows, columns=["annotator", "category", "to_category", "value"])
    sentences = latent_class_sentences(shares, confusions.assign(kind="drawn images", attribute="gender"))
    assert sentences[0] == "Balanced accuracy for gender in drawn images, by a latent class estimate: one 80 %."
    assert "assumes that annotators err independently" in sentences[1]
    assert latent_class_sentences(shares.head(0), confusions) == []


def test_the_calibration_sentence_gives_the_errors_before_and_after_recalibration():
    rows = [("as stated", 0.17, 0.99), ("recalibrated", 0.031, 0.88)]
    table = pd.DataFrame(rows, columns=["method", "value", "confidence"]).assign(
        kind="drawn images",
        reference="raters together",
        attribute="gender",
        measure=ERROR,
        n=150,
    )
    assert calibration_sentences(table) == [
        "Expected calibration error of the closed reading in drawn images, with the raters together as reference: "
        "gender 17.0 points (stated 99 % on average, recalibrated 3.1, 150 images)."
    ]
    assert calibration_sentences(table.head(0)) == []
