"""Invented finished studies, as the catalog gives them: tables in memory, with as many faults as a test wants."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
import pandas as pd

from broken_telephone.loop.kept import kept_iterations
from broken_telephone.loop.plan import fingerprint
from broken_telephone.pictures import state_of
from broken_telephone.tables import ANNOTATIONS, CHAINS, DESCRIPTIONS, FILES, MENTIONS, PREDICTIONS, as_table

ATTRIBUTES = {"gender": ("male", "female")}
LABELS = ("happiness", "anger")


class Store(SimpleNamespace):
    """The results of a study by name; a result that it lacks is None."""

    def __getattr__(self, name: str):
        return None

    def place_of(self, name: str) -> str:
        return f"data/{name}"


def study(
    starts: int = 40,
    replicates: int = 1,
    iterations: int = 2,
    becoming_female: float = 0.0,
    study_seed: int = 1,
    first: int = 0,
    annotator: str = "judge",
    weights: str = "a",
    concept: str = "emotion",
    describer: str = "d",
) -> Store:
    """Make a study whose men become women with a probability at each iteration; its originals are always the same."""
    rows, answers, texts, predictions = [], [], [], []
    for number in range(first, first + starts):
        for replicate in range(replicates):
            name = f"p{number}_r{replicate}"
            label = LABELS[number % 2]
            rows.append(
                {"chain_id": name, "replicate": replicate, "start": "image", "image_id": f"p{number}"}
                | {"image_path": f"p{number}.png", "image_digest": f"digest {number}", "prompt": None}
                | {"concept": concept, "label": label, "seed": 1000 * study_seed + 10 * number + replicate}
            )
            rng = np.random.default_rng([number, replicate])
            female = number % 4 > 1
            for k in range(iterations + 1):
                female = female or bool(k and rng.random() < becoming_female)
                key = {"chain_id": name, "iteration": k}
                answers.append(
                    key
                    | {"annotator": annotator, "reading": "free", "attribute": "gender", "raw": "", "status": "valid"}
                    | {"category": ATTRIBUTES["gender"][female]}
                )
                predictions.append(
                    key
                    | {"concept": concept, "label": label, "predicted": label, "correct": rng.random() < 0.8}
                    | {"reading": "text", "model": describer, "status": "named"}
                )
                texts.append(
                    {"chain_id": name, "iteration": k + 1, "text": "A face.", "tokens": 4, "truncated": False}
                    | {"describer": describer}
                )
    chains, described = as_table(rows, CHAINS), as_table(texts, DESCRIPTIONS)
    names = [f"{row['chain_id']}/{k}" for row in rows for k in range(1, iterations + 1)]
    pictures = as_table([{"name": name, "size": 1, "changed": 1, "digest": name} for name in names], FILES)
    is_last = described["iteration"] > iterations
    return Store(
        chains=chains,
        loop_pictures=pictures,
        loop_settings={
            "dataset": {"source": "raf_db", "scheme": None, "concepts": None, "labels": None, "columns": {}},
            "chains": {"concept": concept, "seed": study_seed},
            "generator": {"guidance": 1 + becoming_female},
        },
        loop_manifest={
            "complete": True,
            "chains": fingerprint(chains),
            "iterations": iterations,
            "counts": {"failures": 0, "descriptions": len(names), "images": len(names)},
            "seconds": {"describe": 2.0 * len(names), "draw": 3.0 * len(names)},
        },
        loop_descriptions=described[~is_last],
        last_descriptions=described[is_last],
        annotation_manifest=asked([(annotator, weights)], state_of(chains, iterations, pictures)),
        annotations=as_table(answers, ANNOTATIONS),
        predictions=as_table(predictions, PREDICTIONS),
        mentions=as_table([], MENTIONS),
    )


def asked(annotators: list[tuple[str, str]], made_from: str, reading: str = "free") -> dict:
    """Return the annotation manifest of annotators, given by name and weights."""
    return {
        "made_from": made_from,
        "asked": {
            f"{reading} {name}": {"by": name, "reading": reading, "settings": {"weights": weights}, "asked": ["form"]}
            | {"attributes": {key: list(values) for key, values in ATTRIBUTES.items()}}
            for name, weights in annotators
        },
    }


def with_columns(store: Store, **columns: object) -> Store:
    """Change columns of the chains of a study. The other results follow, as if the study had been run like this."""
    chains = as_table(store.chains.astype(object).assign(**columns), CHAINS)
    state = state_of(chains, store.loop_manifest["iterations"], store.loop_pictures)
    changed = vars(store) | {
        "chains": chains,
        "loop_manifest": store.loop_manifest | {"chains": fingerprint(chains)},
        "annotation_manifest": store.annotation_manifest | {"made_from": state},
    }
    return Store(**changed)


def thinned(store: Store, keep: object) -> Store:
    """Let a study keep only some of its images (`loop.keep`), so that the others have no answers."""
    iterations = store.loop_manifest["iterations"]
    kept = kept_iterations(keep, iterations)
    names = store.loop_pictures["name"].astype(str)
    pictures = store.loop_pictures[names.str.split("/").str[1].astype(int).isin(kept)].reset_index(drop=True)
    changed = vars(store) | {
        "loop_pictures": pictures,
        "annotations": store.annotations[store.annotations["iteration"].isin([0, *kept])],
        "loop_manifest": store.loop_manifest | {"keep": keep},
        "annotation_manifest": store.annotation_manifest | {"made_from": state_of(store.chains, iterations, pictures)},
    }
    return Store(**changed)


def stopped(store: Store, before: Mapping[str, int]) -> Store:
    """Let chains (chain_id -> iteration) stop before an image, so that it and all later ones do not exist."""

    def followed(table: pd.DataFrame, names: pd.Series, iterations: pd.Series) -> pd.DataFrame:
        ends = names.astype(str).map(before).fillna(np.inf).astype(float)
        return table[(iterations.astype(int) < ends).to_numpy()].reset_index(drop=True)

    parts = store.loop_pictures["name"].astype(str).str.split("/")
    pictures = followed(store.loop_pictures, parts.str[0], parts.str[1])
    state = state_of(store.chains, store.loop_manifest["iterations"], pictures)
    changed = {"loop_pictures": pictures, "annotation_manifest": store.annotation_manifest | {"made_from": state}}
    for name in ("annotations", "predictions"):
        table = getattr(store, name)
        changed[name] = followed(table, table["chain_id"], table["iteration"])
    for name in ("loop_descriptions", "last_descriptions"):
        table = getattr(store, name)
        changed[name] = followed(table, table["chain_id"], table["iteration"] - 1)
    return Store(**vars(store) | changed)


def number_of(chain_ids: pd.Series) -> pd.Series:
    """Return the number of the start of each chain."""
    return chain_ids.astype(str).str.extract(r"p(\d+)_")[0].astype(int)
