"""Measures the adapters of the generator and the describer, and writes their cards.

The judge reads what the generator draws. The describer's texts and forms are compared with the rendered truth.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from broken_telephone.miniature.checks.readings import ask, named, read_form
from broken_telephone.miniature.training.describer_adapter import named_demographics
from broken_telephone.miniature.training.judge import Judge
from broken_telephone.miniature.world import associations
from broken_telephone.miniature.world.language import PROMPTS
from broken_telephone.miniature.world.people import ACTIVITIES, CATEGORIES, EMOTIONS, World
from broken_telephone.miniature.world.pictures import PictureSet
from broken_telephone.models import Describer
from broken_telephone.models.settings import AdapterSettings, LoraSettings

if TYPE_CHECKING:
    from broken_telephone.models.describers.transformers_describer import TransformersDescriber
    from broken_telephone.models.generators.diffusers_generator import DiffusersGenerator

SHOWN = "label shown"
"""The attribute of rows that state which share of the pictures shows the requested label."""
_FRONT = "---\nlicense: apache-2.0\ntags:\n- miniature\n- synthetic\n- lora\n---\n"
_LIMITS = (
    "It was trained on rendered people only (no photograph, no real person). It fits no other model. Its associations\n"
    "are settings of a renderer. They are no facts about anybody."
)


def generator_scores(
    generator: "DiffusersGenerator",
    adapter: Path,
    judge: Judge,
    world: World,
    *,
    count: int,
    guidance: float,
    guided_count: int,
    seed: int,
) -> pd.DataFrame:
    """Draw from captions that name only a label, at guidance 1 and at a higher one, with an adapter.

    Args:
        generator: as a study makes it.
        adapter: folder of the LoRA.
        judge: reads the pictures.
        world: the planted shares.
        count: pictures per label at guidance 1.
        guidance: the higher guidance.
        guided_count: pictures per label at the higher guidance.
        seed: of captions and noise.

    Returns:
        guidance, label, attribute, category, n, share, planted, difference; see `associations.shares`. Rows with the
        attribute SHOWN state the share of pictures that show the label.
    """
    labels = EMOTIONS + ACTIVITIES
    parts = []
    for scale, number in ((1.0, count), (guidance, guided_count)):
        changes = {"guidance": scale, "lora": LoraSettings(path=str(adapter))}
        drawer = type(generator)(generator.settings.model_copy(update=changes))
        drawn = associations.draw_labels(drawer, judge, labels, number, seed)
        shown = associations.shown(drawn).query("group == 'label'")
        found = pd.DataFrame({"label": shown["category"], "n": shown["n"], "share": shown["value"]})
        found = found.assign(attribute=SHOWN, category=found["label"], planted=1.0, difference=found["share"] - 1)
        parts.append(pd.concat([associations.shares(drawn, world), found]).assign(guidance=scale))
    return pd.concat(parts, ignore_index=True)


def describer_scores(
    describer: "TransformersDescriber", adapter: Path, portraits: PictureSet, scenes: PictureSet, *, count: int
) -> pd.DataFrame:
    """Compare the describer with and without an adapter on rendered people.

    Args:
        describer: as a study makes it.
        adapter: folder of the adapter.
        portraits: held-out pictures of the even world.
        scenes: likewise.
        count: pictures of each kind.

    Returns:
        adapter (without | with), kind, figure, group, n, value. The figures are shares: of texts that name the gender
        or the age in answer to a prompt for the emotion or activity only, and name it correctly; of texts that name the
        true emotion or activity; of forms with the true gender and age; and of neutral faces, by the person's gender,
        that are read as each emotion, in texts and as a named option.
    """
    changed = describer.settings.model_copy(update={"adapter": AdapterSettings(path=str(adapter))})
    parts = []
    for name, reader in (("without", describer), ("with", type(describer)(changed))):
        for pictures in (portraits, scenes):
            parts.append(_read(reader, pictures.images[:count], pictures.people[:count]).assign(adapter=name))
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "adapter", table.pop("adapter"))
    return table


def _read(describer: Describer, images: np.ndarray, people: pd.DataFrame) -> pd.DataFrame:
    people = people.reset_index(drop=True)
    kind = str(people["kind"].iloc[0])
    concept = "emotion" if kind == "portraits" else "activity"
    texts = ask(describer, images, PROMPTS[concept][0])
    called = pd.Series([named(text, concept) for text in texts], dtype=object)
    options = pd.Series(ask(describer, images, PROMPTS[f"{concept} name"][0]), dtype=object)
    told = named_demographics(texts)
    form = pd.DataFrame([read_form(text, "raf form") for text in ask(describer, images, PROMPTS["raf form"][0])])
    rows = [
        *((f"text names the {name}", "all", told[name].notna()) for name in told),
        *((f"named {name} is true", "all", (told[name] == people[name])[told[name].notna()]) for name in told),
        (f"text names the true {concept}", "all", called == people[concept]),
        (f"true {concept} chosen from a list", "all", options == people[concept]),
        *((f"true {name} in the form", "all", form[name] == people[name]) for name in ("gender", "age")),
    ]
    neutral = people["emotion"] == "neutral"
    if kind == "portraits":
        for gender in sorted(people["gender"].unique()):
            chosen = neutral & (people["gender"] == gender)
            for emotion in EMOTIONS:
                rows.append((f"neutral face described as {emotion}", gender, (called == emotion)[chosen]))
                rows.append((f"neutral face named {emotion} from a list", gender, (options == emotion)[chosen]))
    return pd.DataFrame(
        [(kind, figure, group, len(values), values.mean()) for figure, group, values in rows],
        columns=["kind", "figure", "group", "n", "value"],
    )


def write_generator_adapter_card(folder: Path, world: World, shipped: World, scores: pd.DataFrame) -> None:
    """Write the card of a generator's adapter from the table of `generator_scores`.

    Args:
        folder: the adapter's.
        world: that the adapter learned.
        shipped: the world of the generator without the adapter.
        scores: see `generator_scores`.
    """
    planted = "\n".join(f"- {a.category}, given {a.given}: {a.share:.2f}" for a in world.associations)
    shares = scores[scores["attribute"] != SHOWN]
    own = dict.fromkeys((a.given, a.attribute, a.category) for a in (*shipped.associations, *world.associations))
    rows, largest = [], []
    for guidance, part in shares.groupby("guidance"):
        keyed = part.set_index(["label", "attribute", "category"])
        rest = keyed[[(label, attribute) not in {key[:2] for key in own} for label, attribute, _ in keyed.index]]
        off = rest["difference"].abs()
        where = off.idxmax()
        largest.append(
            f"- Guidance {guidance:g}, shares of labels and attributes without an association: root mean square of the "
            f"differences from the even world {np.sqrt(np.square(rest['difference']).mean()):.3f}, largest "
            f"{off.max():.3f} ({where[2]}, given {where[0]})."
        )
        # Labels that were not drawn are left out.
        for label, attribute, category in (key for key in own if key in keyed.index):
            before = dict(zip(CATEGORIES[attribute], shipped.shares(attribute, label), strict=True))[category]
            row = keyed.loc[(label, attribute, category)]
            error = np.sqrt(row["share"] * (1 - row["share"]) / row["n"])
            shown = [f"{before:.2f}", f"{row['planted']:.2f}", f"{guidance:g}", f"{row['n']:.0f}"]
            rows.append([label, attribute, category, *shown, f"{row['share']:.3f}", f"{error:.3f}"])
    found = scores[scores["attribute"] == SHOWN].groupby("guidance")["share"]
    quality = "\n".join(
        f"- Guidance {guidance:g}: the label is shown in {part.mean():.3f} of the pictures, at least {part.min():.3f} "
        "for every label."
        for guidance, part in found
    )
    head = ["label", "attribute", "category", "shipped", "this world", "guidance", "n", "measured", "standard error"]
    table = [head, ["---"] * len(head), *rows]
    sections = [
        f"# Adapter {folder.name} of the miniature's generator",
        "A LoRA of the shipped generator's transformer and text encoders: `generator.lora: {path: <this folder>}`. "
        "Its training pictures do not have the associations of the shipped world. They have "
        + ("the following ones:\n\n" + planted if planted else "none."),
        f"Trained by `kedro run --pipeline miniature --tags adapter_{folder.name}`. {_LIMITS}",
        "## Measured by the judge",
        quality + "\n" + "\n".join(largest),
        '"shipped" and "this world" are the shares in the training data without and with the adapter. n is the '
        "number of pictures of the label.",
        "\n".join(f"| {' | '.join(cells)} |" for cells in table),
        "## All shares",
        _wide_shares(shares),
    ]
    (folder / "README.md").write_text(_FRONT + "\n" + "\n\n".join(sections) + "\n")


def _wide_shares(shares: pd.DataFrame) -> str:
    keys = ["label", "attribute", "category", "planted"]
    wide = shares.pivot_table(index=keys, columns="guidance", values=["share", "n"], sort=False)
    values = sorted(shares["guidance"].unique())
    lines = [["label", "attribute", "category", "this world"]]
    lines[0] += [name for value in values for name in (f"guidance {value:g}", "n")]
    lines.append(["---"] * len(lines[0]))
    for key, row in zip(wide.index, wide.to_dict("records"), strict=True):
        cells = [
            text
            for value in values
            for text in (_number(row["share", value]), "" if np.isnan(row["n", value]) else f"{row['n', value]:.0f}")
        ]
        lines.append([*key[:3], f"{key[3]:.2f}", *cells])
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)


def write_describer_adapter_card(folder: Path, scores: pd.DataFrame) -> None:
    """Write the card of a describer's adapter from the table of `describer_scores`."""
    wide = scores.pivot_table(
        index=["kind", "figure", "group", "n"], columns="adapter", values="value", sort=False, dropna=False
    )
    # Shares of which there is nothing to count, or which are zero for both, take space and say nothing.
    wide = wide.dropna(how="all")
    wide = wide[wide.fillna(0).ne(0).any(axis=1)].reset_index()
    lines = [["kind", "figure", "group", "n", "without", "with"], ["---"] * 6]
    lines += [
        [row["kind"], row["figure"], row["group"], str(row["n"]), *(_number(row[n]) for n in ("without", "with"))]
        for _, row in wide.iterrows()
    ]
    sections = [
        f"# Adapter {folder.name} of the miniature's describer",
        "A LoRA of the shipped describer's language model: `describer.adapter: {path: <this folder>}`. "
        f"`conf/base/parameters_miniature.yml` states what it learned under `describer_behaviours.{folder.name}`.",
        f"Trained by `kedro run --pipeline miniature --tags adapter_{folder.name}`. {_LIMITS}",
        "## Measured on held-out rendered people, with and without the adapter",
        "\n".join(f"| {' | '.join(cells)} |" for cells in lines),
    ]
    (folder / "README.md").write_text(_FRONT + "\n" + "\n\n".join(sections) + "\n")


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.3f}"
