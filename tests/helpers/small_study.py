"""A small invented study: happiness drifts towards female, anger does not; the annotator mistakes some ages."""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd
from PIL import Image

from broken_telephone.errors import UnreadableError
from broken_telephone.reporting.page.chain_browser import Browser, chain_browser
from broken_telephone.reporting.text.agreement import agreement_sentences
from broken_telephone.statistics import (
    Resampling,
    benjamini_hochberg,
    decomposition_table,
    drift_table,
    findings_table,
    panels,
    power_table,
    shares_table,
    trajectories_table,
)
from broken_telephone.tables import ANNOTATIONS, CHAINS, DESCRIPTIONS, as_table

EVIL = (
    "</script><script>document.title='owned'</script><img src=http://evil.example/x onerror=alert(1)> \"quoted\" 'too' "
    "&amp; {{ 7*7 }} \u202eright to left\u202c שלום 😀 " + "verylongword" * 30
)
ATTRIBUTES = {"gender": ("male", "female"), "age": ("4-19", "20-39")}
ANNOTATOR = "judge (free)"


@dataclass
class SmallStudy:
    """The inputs of the report."""

    chains: pd.DataFrame
    descriptions: pd.DataFrame
    annotations: pd.DataFrame
    people: pd.DataFrame
    iterations: int
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


class Pictures(dict):
    """Images of any name, as catalog types give them; those with "gone" in their name are missing."""

    def __missing__(self, name):
        def opened():
            if "gone" in name:
                raise UnreadableError(f"{name} does not exist")
            return Image.new("RGB", (320, 200), (len(name) * 7 % 255, 80, 120))

        return opened


@cache
def small_study(
    count: int = 40,
    iterations: int = 3,
    labels: tuple[str, ...] = ("happiness", "anger"),
    starts: tuple[str, ...] = ("image", "prompt"),
    status: str = "valid",
    stated: bool = True,
    text: str = "A face.",
) -> SmallStudy:
    """Make a study with `count` chains per label and its tables; it is cached, so tests must not change it."""
    rng = np.random.default_rng(5)
    chains, people, texts, annotations = [], [], [], []
    for start in starts:
        for label in labels:
            for number in range(count if start == "image" else count // 4):
                name = f"{label}_{start}_{number}_r0"
                image = f"{label}_{number}" if start == "image" else None
                female, young = rng.random() < 0.4, rng.random() < 0.3
                chains.append(
                    {"chain_id": name, "replicate": 0, "start": start, "image_id": image, "concept": "emotion"}
                    | {"image_path": image and f"{image}.png", "image_digest": image, "label": label, "seed": number}
                    | {"prompt": None if image else f"{label} {number}"}
                )
                if image:
                    people.append(
                        {"image_id": image, "is_main": True, "gender": ("male", "female")[female]}
                        | {"age": ("20-39", "4-19")[young]}
                    )
                young = young or rng.random() < 0.3
                for iteration in range(iterations + 1):
                    if iteration:
                        texts.append({"chain_id": name, "iteration": iteration, "text": text, "tokens": 3})
                        female = female or (label == "happiness" and rng.random() < 0.3)
                    if iteration or image:
                        answers = {"gender": ("male", "female")[female], "age": ("20-39", "4-19")[young]}
                        annotations += [
                            {"chain_id": name, "iteration": iteration, "annotator": "judge", "reading": "free"}
                            | {"attribute": attribute, "status": status, "raw": answer}
                            | {"category": answer if status == "valid" else None}
                            for attribute, answer in answers.items()
                        ]
    for row in texts:
        row.update(truncated=False, describer="tiny")
    study = SmallStudy(
        as_table(chains, CHAINS),
        as_table(texts, DESCRIPTIONS),
        as_table(annotations, ANNOTATIONS),
        pd.DataFrame(people, columns=["image_id", "is_main", "gender", "age"]),
        iterations,
    )
    study.tables = measured(study, stated)
    return study


def measured(study: SmallStudy, stated: bool) -> dict[str, pd.DataFrame]:
    """Measure a study as the reporting pipeline does, with few bootstrap samples."""
    main = study.people.set_index("image_id")
    known = {name: main[name].astype(object) for name in ATTRIBUTES} if stated else {}
    arranged = list(panels(study.annotations, study.chains, ATTRIBUTES, study.iterations, known).values())
    resampling = Resampling(200, 1)
    drift = drift_table(arranged, [(None, k) for k in range(1, study.iterations + 1)], resampling)
    drift["p_adjusted"] = benjamini_hochberg(drift, ["start", "iteration", "measure"])
    agreement = pd.DataFrame(
        [("gender", "all", "data set", ANNOTATOR, 80, 0.97, 0.95, 0.9, 0.99)] * stated,
        columns=[
            *("attribute", "categories", "annotator_a", "annotator_b"),
            *("n", "share_agreeing", "alpha", "alpha_low", "alpha_high"),
        ],
    )
    confusions = pd.DataFrame(
        [("gender", "data set", ANNOTATOR, "male", "male", 80)] * stated,
        columns=["attribute", "annotator_a", "annotator_b", "category_a", "category_b", "count"],
    )
    shares, power = shares_table(arranged, ANNOTATOR), power_table(arranged)
    return {
        "findings": findings_table(drift, power, shares),
        "shares": shares,
        "drift": drift,
        "decomposition": decomposition_table(arranged, resampling),
        "trajectories": trajectories_table(arranged, resampling, 0.05),
        "power": power,
        "agreement_sentences": agreement_sentences(agreement, confusions),
    }


def browser_of(study: SmallStudy, count: int = 16, originals=None, images=None, reading: str = "", **tables) -> Browser:
    """Sample chains of a study; `tables` replace its own."""
    own = {name: tables.get(name, getattr(study, name)) for name in ("chains", "descriptions", "annotations", "people")}
    pictures = (Pictures() if folder is None else folder for folder in (originals, images))
    return chain_browser(*own.values(), *pictures, study.iterations, count, 1, reading)
