"""Corrections of the generator, on generators whose errors are known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from diffusers import StableDiffusion3Pipeline

from broken_telephone.miniature.training import corrections, generator
from broken_telephone.miniature.training.autoencoder import latents as autoencoder_latents
from broken_telephone.miniature.training.autoencoder import load_autoencoder
from broken_telephone.miniature.training.denoiser import Denoiser, load_denoiser, save_again
from broken_telephone.miniature.training.judge import Judge
from broken_telephone.miniature.world.associations import captions
from broken_telephone.miniature.world.people import ACTIVITIES, CATEGORIES, EMOTIONS, World

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


def _errors(drawn, wanted):
    return np.concatenate([np.abs(drawn[key] - wanted[key]) for key in wanted])


@pytest.mark.parametrize("rng", [None, np.random.default_rng(3)])
def test_corrections_bring_out_what_is_wanted(rng):
    wanted = asked = corrections.planted(WORLD, LABELS)
    errors = [_errors(_leaning(wanted), wanted)]
    for _ in range(4):
        asked = corrections.corrected(asked, _leaning(asked, rng), wanted, 400 if rng else 1_000_000)
        assert asked.keys() == wanted.keys()
        assert all(shares.sum() == pytest.approx(1) for shares in asked.values())
        # Nobody else does sports.
        assert (asked["sports", "age"] == (np.array(CATEGORIES["age"]) == "young")).all()
        errors.append(_errors(_leaning(asked), wanted))
    assert errors[0].mean() > 0.06
    assert errors[0].max() > 0.15
    # Counts of 400 leave as much as they err; rounds of them leave less.
    assert errors[1].mean() < (0.0001 if rng is None else 0.02)
    assert errors[4].mean() < (0.0001 if rng is None else 0.8 * errors[1].mean())
    assert errors[4].max() < 0.06


def _counted(shares, rng):
    return {key: rng.multinomial(400, values) / 400 for key, values in shares.items()}


def test_what_sampling_error_explains_is_not_believed():
    wanted = corrections.planted(World(), LABELS)
    rng = np.random.default_rng(5)
    genders = [key for key in wanted if key[1] == "gender"]
    raw, believed, chance = [], [], []
    for _ in range(200):
        # Genders are off by three points, a little more than counts of 400 err; nothing else is but by chance.
        off = 0.03 * rng.normal(size=len(genders))
        true = wanted | {key: wanted[key] + [by, -by] for key, by in zip(genders, off, strict=True)}
        drawn = _counted(true, rng)
        found = corrections.believed(drawn, wanted, 400)
        assert found.keys() == wanted.keys()
        assert all(shares.sum() == pytest.approx(1) for shares in found.values())
        raw.append(np.mean([np.square(drawn[key] - true[key]) for key in genders]))
        believed.append(np.mean([np.square(found[key] - true[key]) for key in genders]))
        others = [key for key in wanted if key[1] != "gender"]
        chance.append([[np.square(some[key] - true[key]).sum() for key in others] for some in (found, drawn)])
    # Knowing by how much genders are off, one could err by so little.
    best = np.mean(raw) * 0.0009 / (0.0009 + np.mean(raw))
    assert best < np.mean(believed) < 0.5 * (best + np.mean(raw))
    shrunk, counted = np.mean(chance, (0, 2))
    assert shrunk < 0.3 * counted


def test_odds_that_are_off_for_all_alike_are_corrected_at_once():
    """Whatever is wanted: the factor is known without error from any count, where nothing else differs."""
    wanted = corrections.planted(WORLD, LABELS)
    factors = {name: np.linspace(1.5, 0.5, len(values)) for name, values in CATEGORIES.items()}

    def draws(asked):
        drawn = {key: shares * factors[key[1]] for key, shares in asked.items()}
        return {key: shares / shares.sum() for key, shares in drawn.items()}

    asked = corrections.corrected(wanted, draws(wanted), wanted, 100_000)
    assert _errors(draws(wanted), wanted).max() > 0.1
    assert _errors(draws(asked), wanted).max() < 0.001


def test_what_all_scenes_have_in_common_is_believed():
    wanted = corrections.planted(World(), LABELS)
    rng = np.random.default_rng(6)
    scenes = [(name, "gender") for name in ACTIVITIES]
    # Men are five points too frequent in every scene, and nowhere else.
    true = wanted | {key: np.array([0.55, 0.45]) for key in scenes}
    drawn = [_counted(true, rng) for _ in range(100)]
    found = [corrections.believed(one, wanted, 400) for one in drawn]
    counted, believed = (
        np.mean([np.square(one[key] - true[key]) for one in many for key in scenes]) for many in (drawn, found)
    )
    # One part in nine of the error is their mean's.
    assert believed < 0.3 * counted
    assert np.mean([one[key][0] for one in found for key in scenes]) == pytest.approx(0.55, abs=0.003)


def test_one_label_that_is_far_off_is_believed():
    wanted = corrections.planted(World(), LABELS)
    found = wanted | {("fear", "age"): np.array([0.1, 0.2, 0.3, 0.2, 0.2])}
    believed = corrections.believed(found, wanted, 400)
    # What is off is shrunk by a standard error, 0.02, and no more.
    assert believed["fear", "age"] == pytest.approx([0.12, 0.2, 0.28, 0.2, 0.2], abs=0.006)
    # A seventh of it is taken for what all have in common.
    others = np.stack([believed[name, "age"] for name in EMOTIONS if name != "fear"])
    assert 0.005 < np.abs(others - 0.2).max() < 0.02
    rest = [key for key in wanted if key[1] != "age" or key[0] in ACTIVITIES]
    assert rest
    assert all(believed[key] == pytest.approx(wanted[key]) for key in rest)


def test_a_category_that_was_not_seen_is_asked_for_with_an_end():
    key = ("fear", "gender")
    even = {key: np.array([0.5, 0.5])}
    found = {key: np.array([1.0, 0.0])}
    # Half of forty pictures should show it and ten did: none of twenty, with the twenty that count beside.
    asked = corrections.corrected(even, found, even, 20)[key]
    assert asked == pytest.approx([0.25, 0.75])


def test_what_was_learned_is_what_is_corrected():
    """Who draws what it learned is asked for it no more."""
    key = ("fear", "gender")
    even, learned = {key: np.array([0.5, 0.5])}, {key: np.array([0.48, 0.52])}
    asked = corrections.corrected(learned, learned, even, 1_000_000)
    assert asked[key] == pytest.approx([0.5, 0.5], abs=1e-4)
    # Asked for three women to a man and drawing as many of each, it is asked for the same again.
    asked = {key: np.array([0.25, 0.75])}
    assert corrections.corrected(asked, even, even, 400)[key] == pytest.approx([0.25, 0.75])


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
    asked = corrections.planted(WORLD, LABELS)
    asked = {key: np.linspace(1, 3, len(shares)) * shares for key, shares in asked.items()}
    asked = {key: shares / shares.sum() for key, shares in asked.items()}
    rows = corrections.resampled(people, asked, 40_000, rng)
    assert len(rows) == 40_000
    chosen = people.iloc[rows]
    named = chosen["emotion"].where(chosen["kind"] == "portraits", chosen["activity"])
    after = named.value_counts(normalize=True).reindex(before.index)
    assert after.to_numpy() == pytest.approx(before.to_numpy(), abs=0.002)
    assert asked
    for (label, attribute), shares in asked.items():
        found = chosen.loc[named == label, attribute].value_counts(normalize=True)
        assert found.reindex(CATEGORIES[attribute]).fillna(0).to_numpy() == pytest.approx(shares, abs=0.02)


def test_a_generator_that_draws_men_goes_on_with_women(models, portraits, scenes, monkeypatch):
    """The whole correction but for drawing and training: what is trained on, and from where."""
    drawn, trained, learning = [], [], set()

    def draw(*whole):
        drawn.append(whole)
        return np.zeros((320, 64, 64, 3), np.uint8), np.repeat(LABELS, 20)

    def train(latents, weights, people, *rest, start):
        trained.append({"latents": latents, "people": people, "rest": rest, "start": start})
        if isinstance(start, Denoiser):
            learning.update(name for name, one in start.named_parameters() if one.requires_grad)
        return f"after round {len(trained)}"

    class Counter(Judge):
        """Sees 18 men of 20 under every label in the first round, 6 in the second."""

        def forward(self, images, probabilities=False):
            people = portraits.people[:1].loc[[0] * len(images), ["age", "skin_tone"]].reset_index(drop=True)
            men = np.arange(len(images)) % 20 < (18, 6)[len(drawn) - 1]
            return people.assign(gender=np.where(men, "male", "female"))

    monkeypatch.setattr(corrections, "draw", draw)
    monkeypatch.setattr(corrections.generator, "train_denoiser", train)
    model, tokenizer = load_denoiser(models / "generator")
    vae = load_autoencoder(models / "generator" / "vae")
    schedule = generator.DenoiserSchedule(200, 8, learning_rate=1e-3, seed=3, threads=0, late=0.7, traits=15)
    given = (model, vae, tokenizer, portraits, scenes, Counter(), World())
    result, found = corrections.correct_denoiser(*given, schedule, counts=[20_000, 10_000], steps=12)
    assert result == "after round 2"
    # Each round starts from the one before, with seeds of its own.
    assert drawn == [(model, vae, tokenizer, 20_000, 12, 3), ("after round 1", vae, tokenizer, 10_000, 12, 103)]
    assert [one["start"] for one in trained] == [model, "after round 1"]
    assert [one["rest"] for one in trained] == [(tokenizer, replace(schedule, seed=seed)) for seed in (3, 103)]
    # What reads captions learns, and nothing else.
    assert "transformer.context_embedder.weight" in learning
    assert not any(name.startswith("transformer.transformer_blocks") for name in learning)
    women = [(one["people"]["gender"] == "female").mean() for one in trained]
    # 9 to 1 turned round; then that, less the 7 to 3 it led to.
    assert women[0] == pytest.approx(0.9, abs=0.03)
    assert women[1] == pytest.approx(9 * 3 / (9 * 3 + 7), abs=0.03)
    fear = found.query("label == 'fear' and category == 'female'").set_index("round")
    assert fear["found"].tolist() == pytest.approx([0.1, 0.7])
    assert fear["wanted"].tolist() == [0.5, 0.5]
    assert fear["learned"].tolist() == pytest.approx(
        [given[3].people.query("emotion == 'fear'")["gender"].eq("female").mean(), 0.9], abs=0.05
    )
    assert found.groupby("round").size().tolist() == [9 * len(LABELS)] * 2
    # Rows of latents and of people stay together.
    whole = pd.concat([portraits.people, scenes.people], ignore_index=True)
    latents = autoencoder_latents(vae, np.concatenate([portraits.images, scenes.images]))
    people = trained[0]["people"]
    assert len(people) == 200
    for row in range(0, len(people), 25):
        at = int(np.abs(latents.astype(float) - trained[0]["latents"][row]).max((1, 2, 3)).argmin())
        assert whole.loc[at, "tone"] == people.loc[row, "tone"]


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


def test_corrections_leave_alone_how_people_are_drawn(models, portraits, scenes, monkeypatch):
    model, tokenizer = load_denoiser(models / "generator")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    vae = load_autoencoder(models / "generator" / "vae")
    latents, weights, people = generator.prepared(vae, portraits, scenes)
    # Compiling takes longer than these three steps.
    monkeypatch.setattr(generator.shutil, "which", lambda name: None)
    model.only_captions()
    schedule = generator.DenoiserSchedule(24, 8, learning_rate=1e-2, seed=3, threads=0, late=0.7, traits=15)
    after = generator.train_denoiser(latents, weights, people, tokenizer, schedule, start=model).state_dict()
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    reads = ("text_encoder.", "text_encoder_2.", "transformer.context_embedder.", "transformer.time_text_embed.text_")
    assert changed
    assert all(name.startswith(reads) for name in changed)
    assert all(any(name.startswith(part) for name in changed) for part in reads)


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


@pytest.mark.parametrize("counts", [400, [], [200, 0]])
def test_rounds_without_pictures_are_refused_before_anything_is_made(counts):
    schedule = generator.DenoiserSchedule(200, 8, learning_rate=1e-3, seed=3, threads=0, late=0.7, traits=15)
    with pytest.raises(ValueError, match="one number of 1 or more"):
        corrections.correct_denoiser(*[None] * 6, World(), schedule, counts=counts, steps=12)


def test_training_follows_its_settings_of_whom_to_draw(models, portraits, scenes, monkeypatch):
    """Times as late as is said, and directions counted again as often, where a target is an average and only there."""
    model, tokenizer = load_denoiser(models / "generator")
    vae = load_autoencoder(models / "generator" / "vae")
    latents, weights, people = generator.prepared(vae, portraits, scenes)
    seen = []
    times, squared_error = generator.times, generator.squared_error
    monkeypatch.setattr(generator.shutil, "which", lambda name: None)
    monkeypatch.setattr(generator, "times", lambda count, late: seen.append(late) or times(count, late))
    monkeypatch.setattr(generator, "squared_error", lambda *given: seen.append(given[-1]) or squared_error(*given))
    averaged = generator.targets.averaged
    monkeypatch.setattr(generator.targets, "averaged", lambda *given: seen.append(averaged(*given)) or seen[-1])
    schedule = generator.DenoiserSchedule(16, 16, learning_rate=1e-3, seed=3, threads=0, late=0.9, traits=7)
    generator.train_denoiser(latents, weights, people, tokenizer, schedule, start=model)
    late, *_, again = seen
    assert late == 0.9
    assert 0 < seen[1].sum() < 16
    assert again.tolist() == (7.0 * seen[1]).tolist()


@pytest.mark.parametrize("setting", [{"late": 1.5}, {"late": -0.1}, {"traits": -1}])
def test_settings_out_of_their_range_are_refused(setting):
    [name] = setting
    with pytest.raises(ValueError, match=f"^{name} is .*, not {setting[name]}$"):
        generator.DenoiserSchedule(
            200, 8, learning_rate=1e-3, seed=3, threads=0, **{"late": 0.5, "traits": 1} | setting
        )
