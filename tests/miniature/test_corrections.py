"""Corrections of the generator, on generators whose errors are known."""

import numpy as np
import pandas as pd
import pytest
import torch
from diffusers import StableDiffusion3Pipeline

from broken_telephone.miniature import corrections
from broken_telephone.miniature.associations import captions
from broken_telephone.miniature.autoencoder import latents as autoencoder_latents
from broken_telephone.miniature.autoencoder import load_autoencoder
from broken_telephone.miniature.denoiser import load_denoiser, save_again
from broken_telephone.miniature.judge import Judge
from broken_telephone.miniature.people import ACTIVITIES, CATEGORIES, EMOTIONS, World

LABELS = EMOTIONS + ACTIVITIES
WORLD = World(
    associations=[
        {"given": "sadness", "attribute": "gender", "category": "female", "share": 0.8},
        {"given": "sports", "attribute": "age", "category": "young", "share": 1.0},
    ]
)


def _leaning(asked, rng=None, count=400):
    """What a generator draws that likes men and babies more, and each label's people in a way of its own."""
    drawn = {}
    for (name, attribute), shares in asked.items():
        odds = np.exp(np.linspace(0.5, -0.5, len(shares)) * (1 + 0.4 * (LABELS.index(name) % 3 - 1)))
        odds = shares * odds / (shares * odds).sum()
        drawn[name, attribute] = odds if rng is None else rng.multinomial(count, odds) / count
    return drawn


@pytest.mark.parametrize("rng", [None, np.random.default_rng(3)])
def test_a_correction_brings_out_what_is_wanted(rng):
    wanted = corrections.planted(WORLD, LABELS)
    asked = corrections.corrected(_leaning(wanted, rng), wanted, 400)
    assert all(shares.sum() == pytest.approx(1) for shares in asked.values())
    errors = [
        np.concatenate([np.abs(drawn[key] - wanted[key]) for key in wanted])
        for drawn in (_leaning(wanted), _leaning(asked))
    ]
    assert errors[0].mean() > 0.06
    assert errors[0].max() > 0.15
    # The last twentieth is what the pictures that count beside hold back; counts add sampling error.
    assert errors[1].max() < (0.03 if rng is None else 0.09)
    assert errors[1].mean() < (0.01 if rng is None else 0.025)


def test_a_category_that_was_not_seen_is_asked_for_with_an_end():
    wanted = {("fear", "gender"): np.array([0.5, 0.5])}
    found = {("fear", "gender"): np.array([1.0, 0.0])}
    asked = corrections.corrected(found, wanted, 20)["fear", "gender"]
    # Half of forty pictures should show it and ten did, with the twenty that count beside.
    assert asked == pytest.approx([0.25, 0.75])


def test_rows_show_the_asked_shares_and_labels_stay_as_frequent():
    rng = np.random.default_rng(0)
    # Labels are not equally frequent, and correcting the last ones makes all their people likelier.
    counts = dict(zip(LABELS, np.linspace(2000, 4000, len(LABELS)).astype(int), strict=True))
    rows = []
    for name, count in counts.items():
        for _ in range(count):
            person = WORLD.person(rng, **{"emotion" if name in EMOTIONS else "activity": name})
            rows.append({"kind": "portraits" if name in EMOTIONS else "scenes", **person.record()})
    people = pd.DataFrame(rows)
    named = people["emotion"].where(people["kind"] == "portraits", people["activity"])
    people = people[(named != "work") | (people["gender"] == "female") | (rng.random(len(people)) < 0.2)]
    people = people.reset_index(drop=True)
    before = people["emotion"].where(people["kind"] == "portraits", people["activity"]).value_counts(normalize=True)
    world = corrections.planted(WORLD, LABELS)
    asked = {key: np.linspace(1, 3, len(shares)) * shares for key, shares in world.items()}
    asked = {key: shares / shares.sum() for key, shares in asked.items()}
    chosen = people.iloc[corrections.resampled(people, world, asked, rng)]
    named = chosen["emotion"].where(chosen["kind"] == "portraits", chosen["activity"])
    after = named.value_counts(normalize=True).reindex(before.index)
    assert after.to_numpy() == pytest.approx(before.to_numpy(), abs=0.006)
    for (label, attribute), shares in asked.items():
        if label != "work":
            found = chosen.loc[named == label, attribute].value_counts(normalize=True)
            assert found.reindex(CATEGORIES[attribute]).fillna(0).to_numpy() == pytest.approx(shares, abs=0.05)


def test_a_generator_that_draws_men_goes_on_with_women(models, portraits, scenes, monkeypatch):
    """The whole correction but for drawing and training: what is trained on, and from where."""
    drawn, trained = [], {}

    def draw(*whole):
        drawn.append(whole)
        return np.zeros((32, 64, 64, 3), np.uint8), np.repeat(LABELS, 2)

    def train(latents, weights, people, *rest, start):
        trained.update(latents=latents, weights=weights, people=people, rest=rest, start=start)
        return start

    class Men(Judge):
        def logits(self, images):
            found = {name: torch.zeros(len(images), len(values)) for name, values in self.categories.items()}
            found["gender"][:, CATEGORIES["gender"].index("male")] = 3
            return found

    monkeypatch.setattr(corrections, "draw", draw)
    monkeypatch.setattr(corrections.generator, "train_denoiser", train)
    model, tokenizer = load_denoiser(models / "generator")
    vae = load_autoencoder(models / "generator" / "vae")
    settings = {"samples": 64, "batch_size": 8, "learning_rate": 1e-3, "seed": 3, "threads": 0}
    given = (model, vae, tokenizer, portraits, scenes, [Men((4, 4, 4, 4), 8)], World())
    assert corrections.correct_denoiser(*given, count=400, steps=12, **settings) is model
    assert drawn == [(model, vae, tokenizer, 400, 12, 3)]
    assert trained["start"] is model
    assert trained["rest"] == (tokenizer, *settings.values())
    people = trained["people"]
    # The counters see 95 men of 100: with the odds turned round, 95 women of 100, less what the prior holds back.
    assert (people["gender"] == "female").mean() > 0.85
    # Rows of latents and of people stay together.
    whole = pd.concat([portraits.people, scenes.people], ignore_index=True)
    latents = autoencoder_latents(vae, np.concatenate([portraits.images, scenes.images]))
    for row in range(0, len(people), 25):
        at = int(np.abs(latents.astype(float) - trained["latents"][row]).max((1, 2, 3)).argmin())
        assert whole.loc[at, "tone"] == people.loc[row, "tone"]


def test_shares_seen_are_the_readers_mean_probabilities():
    torch.manual_seed(0)
    readers = [Judge((4, 4, 4, 4), 8).eval() for _ in range(2)]
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (300, 64, 64, 3), dtype=np.uint8)
    labels = np.repeat(["fear", "sports"], 150)
    found = corrections.seen(readers, images, labels)
    with torch.inference_mode():
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
        direct = sum(reader.logits(pixels)["age"].double().softmax(1) for reader in readers) / 2
    assert found["sports", "age"] == pytest.approx(direct[150:].mean(0).numpy(), abs=1e-5)
    assert found["fear", "age"] == pytest.approx(direct[:150].mean(0).numpy(), abs=1e-5)


def test_people_to_count_are_drawn_as_the_shipped_pipeline_draws(models):
    """What goes on learning is what is shipped: captions and noise alike, it draws what the shipped pipeline does."""
    folder = models / "generator"
    model, tokenizer = load_denoiser(folder)
    vae = load_autoencoder(folder / "vae")
    images, labels = corrections.draw(model, vae, tokenizer, count=1, steps=2, seed=5)
    assert labels.tolist() == [*LABELS]
    whole = {"text_encoder_3": None, "tokenizer_3": None, "local_files_only": True, "dtype": torch.float32}
    pipeline = StableDiffusion3Pipeline.from_pretrained(folder, **whole)
    random = torch.Generator().manual_seed(5)
    for number, label in enumerate(LABELS[:3]):
        drawn = pipeline(
            next(captions(label, 1, 5 + number)),
            guidance_scale=1.0,
            num_inference_steps=2,
            height=64,
            width=64,
            max_sequence_length=0,
            generator=random,
        ).images[0]
        # Drawn in half the precision where the processor is fast at it.
        assert np.abs(np.asarray(drawn, float) - images[number]).mean() < 2


def test_what_goes_on_learning_is_all_that_is_saved_anew(models, tmp_path):
    shipped = models / "generator"
    model, _ = load_denoiser(shipped)
    with torch.no_grad():
        model.transformer.proj_out.bias += 1
    save_again(model, shipped, tmp_path / "again")
    (tmp_path / "again" / "README.md").unlink()
    files = sorted(path.relative_to(shipped) for path in shipped.rglob("*") if path.name != "README.md")
    assert sorted(path.relative_to(tmp_path / "again") for path in (tmp_path / "again").rglob("*")) == files
    weights = [file for file in files if file.suffix == ".safetensors"]
    changed = [
        str(file) for file in weights if (shipped / file).read_bytes() != (tmp_path / "again" / file).read_bytes()
    ]
    assert changed == ["transformer/diffusion_pytorch_model.safetensors"]
    again, _ = load_denoiser(tmp_path / "again")
    assert torch.allclose(again.transformer.proj_out.bias, model.transformer.proj_out.bias.float(), atol=1e-3)
