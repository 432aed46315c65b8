"""Writes sentences about the latent class estimate of several annotators."""

import pandas as pd

from broken_telephone.reporting.text.wording import listed, percent, spoken


def latent_class_sentences(shares: pd.DataFrame, confusions: pd.DataFrame) -> list[str]:
    """Say how often each annotator is right according to the latent class estimate, with its assumption.

    Args:
        shares: the `latent_classes` table.
        confusions: the `annotator_confusions` table.
    """
    if shares.empty:
        return []
    if confusions.empty or not confusions["value"].notna().any():
        # The originals, which stand first, have the most annotators: the data set labels them.
        reason = next((str(note) for note in shares["note"] if note), "")
        return [f"There is no latent class estimate ({reason})."] if reason else []
    right = confusions[confusions["category"].astype(str) == confusions["to_category"].astype(str)]
    right = right.astype(dict.fromkeys(("kind", "attribute", "annotator"), str))
    sentences = []
    for (kind, attribute), own in right.groupby(["kind", "attribute"], sort=False):
        means = own.groupby("annotator", sort=False)["value"].mean().dropna()
        if len(means):
            parts = [f"{name} {percent(value)}" for name, value in means.items()]
            sentences.append(
                f"Balanced accuracy for {spoken(attribute)} in {kind}, by a latent class estimate: "
                f"{listed(parts, len(parts))}."
            )
    return [
        *sentences,
        "The latent class estimate assumes that annotators err independently, given the true category. Errors "
        "that they share count as the truth.",
    ]
