"""Decides which attributes the drawn texts of each chain and iteration name. Pure.

Anchored attributes are those that the data set states of the chain's original. Balanced attributes are drawn from
shares: the chains of one label, start and replicate take successive points of a low-discrepancy sequence with a random
start. Each single draw has the wanted distribution, and the shares over the chains are close to it. The point of a
chain depends on its place among these chains, so a larger sample leaves the draws of a smaller one as they are.
"""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.labels import Scheme
from broken_telephone.loop.settings import SteerSettings
from broken_telephone.seeds import BITS, digest, seed_of
from broken_telephone.tables import STEERING, as_table

STATED, TARGET, SHARES = "data set", "target", "shares of the data set"


def steering_table(
    chains: pd.DataFrame,
    people: pd.DataFrame,
    settings: SteerSettings,
    scheme: Scheme,
    iterations: int,
    seed: int,
    cells: Collection[str] = ("split",),
) -> pd.DataFrame:
    """Return the attributes that the drawn texts name: columns `tables.STEERING`.

    Args:
        chains: the `chains` table.
        people: the `people` table.
        settings: what is steered.
        scheme: the data set's scheme.
        iterations: of the loop.
        seed: the study's.
        cells: columns of `people` that define the cells of the sample, with the label. Each grows on its own.

    Raises:
        StudyError: if the scheme has no such attribute or category, if no chain has an anchor, or if the data set has
            no shares.
    """
    _refuse_unknown(settings, scheme)
    main = people[people["is_main"].astype(bool)]
    parts = [_anchored(chains, main, name, scheme, iterations) for name in settings.anchor]
    if settings.balance:
        parts.append(_balanced(chains, main, settings, scheme, iterations, seed, cells))
    return as_table(pd.concat(parts, ignore_index=True), STEERING)


def unsteered(chains: pd.DataFrame, steering: pd.DataFrame, attributes: Collection[str]) -> dict[str, int]:
    """Return attribute -> number of chains whose drawn texts cannot name it."""
    return {
        name: len(chains) - steering.loc[steering["attribute"] == name, "chain_id"].nunique() for name in attributes
    }


def _refuse_unknown(settings: SteerSettings, scheme: Scheme) -> None:
    for name in settings.attributes:
        if name not in scheme.attributes:
            known = ", ".join(scheme.attributes)
            raise StudyError(f"loop.steer: the scheme {scheme.name} has no attribute {name!r} (it has: {known})")
    for setting, by_attribute in (
        ("target", settings.target),
        ("words", settings.words),
        ("details", settings.details),
    ):
        for name, categories in by_attribute.items():
            values = scheme.attributes[name].values if name in scheme.attributes else ()
            if other := [category for category in categories if category not in values]:
                raise StudyError(
                    f"loop.steer.{setting}.{name}: the scheme {scheme.name} has no {name} {other[0]!r} "
                    f"(there are: {', '.join(values) or 'none'})"
                )


def _anchored(chains: pd.DataFrame, main: pd.DataFrame, name: str, scheme: Scheme, iterations: int) -> pd.DataFrame:
    stated = main.drop_duplicates("image_id").set_index("image_id")[name].astype(object)
    categories = chains["image_id"].map(stated.to_dict()).astype(object)
    values = set(scheme.attributes[name].values)
    known = np.array([category in values for category in categories], bool)
    if not known.any():
        raise StudyError(
            f"loop.steer.anchor: the data set states no {name} for any chain's original, so no drawn text could name "
            "it. State it in a table of labels (dataset.source: image_folder, dataset.labels), which may hold the "
            "answers of an annotator about the originals; or use loop.steer.balance, which needs no such labels."
        )
    own = pd.DataFrame({"chain_id": chains.loc[known, "chain_id"], "category": categories[known]})
    rows = own.loc[own.index.repeat(iterations)]
    return rows.assign(iteration=np.tile(np.arange(1, iterations + 1), len(own)), attribute=name, source=STATED)


def _balanced(
    chains: pd.DataFrame,
    main: pd.DataFrame,
    settings: SteerSettings,
    scheme: Scheme,
    iterations: int,
    seed: int,
    cells: Collection[str],
) -> pd.DataFrame:
    names = settings.balance
    places = _places(chains, main, cells)
    strata = chains[["label", "start", "replicate"]].astype(str).agg(" ".join, axis=1).to_numpy(dtype=object)
    steps = _steps(len(names))
    shares = _shares(main, settings, scheme)
    parts = []
    for iteration in range(1, iterations + 1):
        offsets = {
            stratum: [seed_of("balance", seed, stratum, iteration, name) / 2**BITS for name in names]
            for stratum in dict.fromkeys(strata)
        }
        begin = np.array([offsets[stratum] for stratum in strata]).reshape(len(chains), len(names))
        points = (begin + places[:, None] * steps) % 1.0
        # Each attribute is drawn given those before it: together they have the shares of their combinations.
        codes: list[np.ndarray] = []
        for number, name in enumerate(names):
            # Drawn categories so far -> cumulative shares of the next attribute.
            table = shares.sum(axis=tuple(range(number + 1, len(names))))
            conditional = table[tuple(codes)] if codes else np.broadcast_to(table, (len(chains), len(table)))
            bounds = np.cumsum(conditional, axis=1) / conditional.sum(axis=1, keepdims=True)
            codes.append(np.minimum((points[:, [number]] >= bounds).sum(axis=1), bounds.shape[1] - 1))
            values = np.array(scheme.attributes[name].values, dtype=object)
            parts.append(
                pd.DataFrame(
                    {"chain_id": chains["chain_id"], "iteration": iteration, "attribute": name}
                    | {"category": values[codes[-1]], "source": TARGET if name in settings.target else SHARES}
                )
            )
    return pd.concat(parts, ignore_index=True)


def _places(chains: pd.DataFrame, main: pd.DataFrame, cells: Collection[str]) -> np.ndarray:
    """Return the place of each chain among those of its label, start and replicate: int64 (n,), from 0.

    First come the first chains of all cells, then the second ones: a cell that grows moves no earlier chain.
    """
    columns = [main[name].astype(str) for name in ("image_id", *cells)]
    cell_of = {image: " ".join(cell) for image, *cell in zip(*columns, strict=True)}
    cell = [cell_of.get(image, "") for image in chains["image_id"].astype(object)]
    frame = chains[["label", "start", "replicate"]].astype(str).assign(cell=cell)
    strata = ["label", "start", "replicate"]
    frame["within"] = frame.groupby([*strata, "cell"]).cumcount()
    ordered = frame.sort_values([*strata, "within", "cell"], kind="stable")
    return ordered.groupby(strata).cumcount().reindex(frame.index).to_numpy(np.int64)


def _steps(dimensions: int) -> np.ndarray:
    """Return the steps of the additive recurrence R_d (Roberts 2018), the golden ratio in several dimensions."""
    ratio = 2.0
    for _ in range(64):
        ratio = (1 + ratio) ** (1 / (dimensions + 1))
    return (1 / ratio) ** np.arange(1, dimensions + 1) % 1.0


def _shares(main: pd.DataFrame, settings: SteerSettings, scheme: Scheme) -> np.ndarray:
    """Return the joint shares of the balanced attributes, one axis each, sum 1.

    Attributes with a target are independent of the others, which have their joint shares in the data set.
    """
    names = settings.balance
    free = [name for name in names if name not in settings.target]
    clear = main
    for name in free:
        clear = clear[clear[name].isin(scheme.attributes[name].values)]
        if clear.empty:
            raise StudyError(
                f"loop.steer.balance: the data set states {' and '.join(free)} of no main person, so it has no shares. "
                f"State them: `target: {{{name}: {{category: share, …}}}}`"
            )
    shape = [len(scheme.attributes[name].values) for name in names]
    joint = np.ones(shape)
    if free:
        counts = np.zeros([len(scheme.attributes[name].values) for name in free])
        codes = [pd.Categorical(clear[name].astype(object), scheme.attributes[name].values).codes for name in free]
        np.add.at(counts, tuple(codes), 1)
        joint = joint * _along(counts / counts.sum(), names, free)
    for name, target in settings.target.items():
        share = np.array([target.get(value, 0.0) for value in scheme.attributes[name].values])
        joint = joint * _along(share, names, [name])
    return joint


def _along(values: np.ndarray, names: list[str], own: list[str]) -> np.ndarray:
    """Return an array with one axis for each name; axes of other names have the length 1."""
    ordered = [name for name in names if name in own]
    values = np.transpose(values, [own.index(name) for name in ordered])
    return values.reshape([values.shape[ordered.index(name)] if name in own else 1 for name in names])


def steering_digest(steering: pd.DataFrame) -> str | None:
    """Return a digest of the `loop_steering` table; None if it is empty."""
    if steering.empty:
        return None
    return digest(*(pd.util.hash_pandas_object(steering.astype(str), index=False).to_numpy().tobytes().hex(),))


def by_picture(steering: pd.DataFrame) -> Mapping[str, dict[str, str]]:
    """Return key of a picture -> attribute -> category."""
    result: dict[str, dict[str, str]] = {}
    columns = (steering[name].astype(str) for name in ("chain_id", "iteration", "attribute", "category"))
    for chain_id, iteration, attribute, category in zip(*columns, strict=True):
        result.setdefault(f"{chain_id}/{iteration}", {})[attribute] = category
    return result
