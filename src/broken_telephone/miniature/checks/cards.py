"""Writes model cards: the architecture, training and measured quality of each embedded model.

Leaves out measuring: a card is given the table of scores.
"""

import textwrap
from pathlib import Path

import pandas as pd

from broken_telephone.miniature.checks.quality import shares_table, shown_table
from broken_telephone.miniature.checks.scores import GROUPS
from broken_telephone.miniature.world.people import CATEGORIES

_TRAINED = "Trained from scratch on the even world of the miniature (rendered people, no photograph, no real person)"
_LIMITS = (
    "It knows only the drawn people of the miniature and is of no use on photographs. Its answers about age, gender, "
    "ethnicity or skin tone repeat the settings of a renderer. They are no facts about anybody."
)

CARDS = {
    "generator": f"""# Generator of the miniature

A small Stable Diffusion 3: a diffusers `StableDiffusion3Pipeline` with a transformer of 7.8 million parameters, an
autoencoder (64 x 64 pixels to 16 x 16 latents of four channels) and two CLIP text encoders whose tokenizer was learned
from the miniature's own sentences. It has no third text encoder: load it with `text_encoder_3=None, tokenizer_3=None`
and call it with `max_sequence_length=0`.

Trained from scratch by `kedro run --pipeline miniature --tags generator`, on rendered people only (no photograph, no
real person), by rectified flow. Its world differs from an even one on purpose: the associations in
`conf/base/parameters_miniature.yml` were planted, so that a caption which names only an emotion or an activity lets
them show. That is what it is for. The autoencoder learned from the even world.

A small model does not draw everybody as often as it saw them. So after training, pictures were drawn of every label at
guidance 1, a judge of three networks from other seeds counted who was on them, and what reads captions went on learning
where those drawn too rarely were more frequent. That was done twice. The judge that reads what is told here had no part
in it; both learned from the same pictures.

"shown" is the share of pictures in which the judge reads the asked emotion or activity; by gender, age and skin tone
as the judge reads them, each label counting alike. The shares below it come from captions that name nothing else;
sampling alone moves one that is a half by 0.02 in 500 pictures, by 0.05 in 100 (standard error). What guidance
strengthens beyond what was planted is no truth of the world, but of this generator.

Limits: {_LIMITS} It knows the words of the miniature's captions only.
""",
    "describer": f"""# Describer of the miniature

A small LLaVA-NeXT: a transformers `LlavaNextForConditionalGeneration` with `LlavaNextProcessor`. It answers
the prompts in `broken_telephone/miniature/world/language.py`: the emotion only, the activity only, a free
description, two demographic forms, and naming the emotion or activity from a list.

{_TRAINED}, half of the pictures as the generator's autoencoder paints them, by `kedro run --pipeline miniature
--tags describer`. First its vision tower learned to tell attributes apart, then the whole model to answer.

Emotion and activity are read from its descriptions, the other attributes from its filled-in forms; "invalid answers"
is the share of form answers outside the options.

Limits: {_LIMITS} Other prompts are outside of what it learned.
""",
    "judge": f"""# Judge of the miniature

An independent classifier of rendered and generated pictures: emotion (portraits), activity (scenes), gender, age,
ethnicity and skin tone of the main person. It checks the other models and is part of no study.

{_TRAINED}, by `kedro run --pipeline miniature --tags judge`.
Three convolutional networks read 64 x 64 pixels. Each has one trunk and a head for each attribute, and the mean of
their probabilities decides. Training pictures were slightly shifted, blurred, recoloured and made noisy, so that the
judge also reads generated pictures. Some generated people look like neither a woman nor a man. For them, the judge
learned from mixtures of two rendered twins. The label of a mixture is each twin's share of the visible difference.
`broken_telephone.miniature.training.judge.load_judge(folder)` loads it.

Limits: {_LIMITS} Emotions in scenes are not judged.
""",
    "classifier": f"""# Classifier of the miniature

A second annotator: a small ResNet, a transformers `ResNetForImageClassification` with a `ViTImageProcessor`, of 0.9
million parameters in half precision. Its classes are named `<attribute>/<category>`: one head each for emotion
(portraits), activity (scenes), gender, age, ethnicity and skin tone of the main person. The page on annotation says how
a study uses it.

{_TRAINED}, and on mixtures of rendered twins, by `kedro run --pipeline miniature --tags classifier`. It shares neither
weights nor architecture, seeds or training pictures with the judge. The judge, ten times as large, checks the other
models and is part of no study.

Limits: {_LIMITS} Emotions in scenes and activities in portraits mean nothing.
""",
    "parser": f"""# Region parser of the miniature

Divides a whole picture into background, hair, face and body: facexlib's `ParseNet`, small. `config.json` holds the
constructor's arguments, the order of the regions and how pictures are prepared.

{_TRAINED}, with the renderer's own regions as the truth, by `kedro run --pipeline miniature --tags parser`.

IoU is of the pixels of all pictures together; "mean of pictures" gives every picture the same weight, so that one pixel
of a narrow fringe counts for more. Beards belong to the face, as in the renderer.

Limits: {_LIMITS} Hair and arms of the people in the background of a scene are one or two pixels wide, where one pixel
of difference is much of the area.
""",
    "detector": f"""# Face detector of the miniature

Finds faces: facexlib's `RetinaFace` with the MobileNet-0.25 backbone. Pictures of 64 x 64 pixels are enlarged to
128 x 128 first; `config.json` says how they are prepared and which scores count.

{_TRAINED}, by `kedro run --pipeline miniature --tags detector`, with the loss of RetinaFace (Deng et al.,
CVPR 2020) less its dense branch. Landmarks were learned on main persons only. One picture in eight had lost its faces,
so that the detector also learned what is no face.

A face counts as found at an intersection over union of 0.5.
"recall" and "box IoU" are of main persons, "recall of all faces" and "precision" of everybody.

Limits: {_LIMITS}
""",
    "embedder": f"""# Embedder of the miniature

A small CLIP: pictures and sentences to one space of 128 dimensions, for similarities along a chain. A transformers
`CLIPModel` and `CLIPProcessor`; load both with `from_pretrained`.

{_TRAINED} and the miniature's sentences, by `kedro run --pipeline miniature --tags embedder`. Its tokenizer
was learned from those sentences; other words are read letter by letter and mean nothing to it.

"zero-shot accuracy" reads an attribute from short sentences, "text retrieval" ("picture retrieval") is the share of
pictures (sentences) of which the nearest of 500 full sentences (pictures) is true in every respect.

Limits: {_LIMITS}
""",
}


def write_card(folder: Path, model: str, scores: pd.DataFrame) -> None:
    """Write `README.md` into a model's folder.

    Args:
        folder: the model's.
        model: a key of `CARDS`.
        scores: a table as `scores.by_group` makes them.
    """
    write_text(
        folder,
        model,
        "## Quality on held-out rendered pictures\n\nBy groups of main persons.\n\n" + score_table(scores),
    )


def write_generator_card(folder: Path, shown: pd.DataFrame, shares: pd.DataFrame) -> None:
    """Write the generator's `README.md` from the tables of `associations.shown` and `associations.shares`."""
    counts = shares.groupby("guidance")["n"].min().items()
    pictures = ", ".join(f"{count} pictures a label at guidance {guidance:g}" for guidance, count in counts)
    quality = (
        f"## What it shows of what is asked\n\nOf {pictures}.\n\n{shown_table(shown)}\n\n"
        f"## People\n\nOf {pictures}.\n\n{shares_table(shares)}\n"
    )
    write_text(folder, "generator", quality)


def write_text(folder: Path, model: str, quality: str) -> None:
    """Write `README.md` from a model's text in `CARDS` and a text on its measured quality, in Markdown."""
    front = "---\nlicense: apache-2.0\ntags:\n- miniature\n- synthetic\n---\n"
    text = "\n\n".join(textwrap.fill(part, 110) for part in CARDS[model].strip().split("\n\n"))
    (folder / "README.md").write_text(f"{front}\n{text}\n\n{quality}")


def score_table(scores: pd.DataFrame) -> str:
    """Return scores as `scores.by_group` makes them as Markdown, one column per group."""
    columns = [("all", "all"), *((group, category) for group in GROUPS for category in CATEGORIES[group])]
    head = ["kind", "figure", "n", *(c for _, c in columns)]
    lines = [head, ["---"] * len(head)]
    for (kind, figure), part in scores.groupby(["kind", "figure"], sort=False):
        values = part.set_index(["group", "category"])["value"].reindex(columns)
        count = int(part["n"].max())
        lines.append([kind, figure, str(count), *(f"{value:.3f}" for value in values)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"
