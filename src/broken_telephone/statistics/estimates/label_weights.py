"""Weights that give two studies the same mix of labels, so that the mix makes no difference between them.

This is direct standardisation, as of rates in epidemiology: each study gets the mean of the two mixes of labels.
"""

from collections.abc import Sequence

import numpy as np

from broken_telephone.statistics.estimates.grouped_means import Groups


def label_shares(by_label: Sequence[Groups], start: str, usable: Sequence[np.ndarray]) -> dict[str, float]:
    """Return label -> the mean of its shares in the two studies, for labels that both have; the shares sum to 1.

    Args:
        by_label: the division of the chains of each study by label.
        start: image or prompt; the other kind of start is left out.
        usable: bool, for each study and its chains. Labels count if both studies have a usable chain of them. The
            shares of these labels are those of all chains.
    """
    sizes: list[dict[str, float]] = []
    for groups, own in zip(by_label, usable, strict=True):
        all_chains, usable_chains = (groups.summed(groups.counted(one)) for one in (np.ones(len(own)), own))
        sizes.append(
            {
                label: float(count)
                for (kind, label), count, used in zip(groups.keys, all_chains, usable_chains, strict=True)
                if kind == start and used
            }
        )
    both = [label for label in sizes[0] if label in sizes[1]]
    totals = [sum(one[label] for label in both) for one in sizes]
    return {label: (sizes[0][label] / totals[0] + sizes[1][label] / totals[1]) / 2 for label in both}


def chain_weights(by_label: Sequence[Groups], usable: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the weight of each chain of each study that gives both the mix of labels of `label_shares`.

    Args:
        by_label: see `label_shares`.
        usable: see `label_shares`.

    Returns:
        Two arrays (n,) and (m,), with the mean 1 over the usable chains of each kind of start that have a weight; 0 for
        other chains.
    """
    weights = [np.zeros(len(own)) for own in usable]
    for start in dict.fromkeys(kind for kind, _ in by_label[0].keys):
        shares = label_shares(by_label, start, usable)
        for groups, own, weight in zip(by_label, usable, weights, strict=True):
            counts = groups.summed(groups.counted(own))
            total = sum(counts[groups.keys.index((start, label))] for label in shares)
            factors = np.zeros(len(groups.keys))
            for label, share in shares.items():
                group = groups.keys.index((start, label))
                factors[group] = share * total / counts[group]
            owner = groups.owners[groups.cells]
            is_start = np.array([kind == start for kind, _ in groups.keys])[owner]
            weight[own & is_start] = factors[owner[own & is_start]]
    return weights
