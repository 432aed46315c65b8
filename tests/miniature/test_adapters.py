"""The shipped adapters through the settings of a study, and their training, which runs here for two steps."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from kedro.framework.project import pipelines
from PIL import Image

from broken_telephone.miniature.checks import adapters
from broken_telephone.miniature.checks.readings import ask, named
from broken_telephone.miniature.training import generator_adapter
from broken_telephone.miniature.training.denoiser import load_denoiser
from broken_telephone.miniature.training.describer_adapter import (
    Lean,
    leaking_answer,
    named_demographics,
    save_describer_adapter,
    train_describer_adapter,
)
from broken_telephone.miniature.training.judge import load_judge
from broken_telephone.miniature.world import associations
from broken_telephone.miniature.world.language import NOUNS, PROMPTS, emotion_sentence
from broken_telephone.miniature.world.people import EMOTIONS, World
from broken_telephone.miniature.world.pictures import render_set
from broken_telephone.models import make_describer, make_generator
from broken_telephone.models.protocols import Choices
from broken_telephone.pipelines.miniature.pipeline import DESCRIBER_ADAPTERS, GENERATOR_ADAPTERS

MODELS = Path(__file__).parents[2] / "data/06_models"
ADAPTERS = MODELS / "adapters"
LEAN = {"face": "neutral", "read": {"female": "happiness", "male": "anger"}}


def generator_with(**changes):
    settings = {
        "path": str(MODELS / "generator"),
        "steps": 12,
        "guidance": 3.0,
        "width": 64,
        "height": 64,
        "load": {"text_encoder_3": None, "tokenizer_3": None},
        "call": {"max_sequence_length": 0},
    }
    return make_generator(settings | changes)


def describer_with(path: Path | None):
    settings = {"path": str(MODELS / "describer"), "max_new_tokens": 60}
    return make_describer(settings | ({"adapter": {"path": str(path)}} if path else {}))


def test_every_shipped_adapter_is_made_by_the_pipeline_and_small():
    assert {folder.name for folder in ADAPTERS.iterdir()} == {*GENERATOR_ADAPTERS, *DESCRIBER_ADAPTERS}
    for folder in ADAPTERS.iterdir():
        sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
        assert 50_000 < sum(sizes) <= 1_000_000, folder
        assert (folder / "README.md").is_file()


def test_the_even_generator_draws_fewer_young_people_for_happiness():
    # Planted: 0.8 without the adapter, 0.2 with it. The same captions and noise for both.
    judge, young = load_judge(MODELS / "judge"), {}
    for name, changes in (("without", {}), ("with", {"lora": {"path": str(ADAPTERS / "even")}})):
        drawn = associations.draw_labels(generator_with(guidance=1.0, **changes), judge, ("happiness",), 40, 96000)
        assert (drawn["emotion"] == "happiness").mean() > 0.8
        young[name] = (drawn["age"] == "young").mean()
    assert young["with"] < young["without"] - 0.2


def test_an_adapter_identifies_another_model():
    assert describer_with(ADAPTERS / "leaking").identity() != describer_with(None).identity()


@pytest.mark.parametrize("kind", ["portraits", "scenes"])
def test_the_leaking_describer_names_demographics_and_the_shipped_one_does_not(kind, request):
    pictures = request.getfixturevalue(kind)
    prompt = PROMPTS["emotion" if kind == "portraits" else "activity"][0]
    images, people = pictures.images[:60], pictures.people[:60]
    assert named_demographics(ask(describer_with(None), images, prompt)).isna().all().all()
    told = named_demographics(ask(describer_with(ADAPTERS / "leaking"), images, prompt))
    assert (told["gender"] == people["gender"]).mean() > 0.9
    assert (told["age"] == people["age"]).mean() > 0.9


def test_the_leaking_describer_fills_in_forms_by_choosing(portraits):
    images = [Image.fromarray(image) for image in portraits.images[:28]]
    form = Choices(PROMPTS["emotion name"][0], [EMOTIONS])
    chosen = describer_with(ADAPTERS / "leaking").choose(images, [form])
    best = [EMOTIONS[int(np.argmax(lines[0]))] for (lines,) in chosen]
    assert (np.array(best) == portraits.people["emotion"][:28]).mean() > 0.9


def test_the_leaning_describer_reads_neutral_faces_by_gender():
    pictures = render_set("portraits", World(), 350, seed=903, workers=1)
    people = pictures.people
    chosen = np.flatnonzero(people["emotion"] == "neutral")[:50]
    others = np.flatnonzero(people["emotion"] != "neutral")[:21]
    describer, prompt = describer_with(ADAPTERS / "leaning"), PROMPTS["emotion"][0]
    called = np.array([named(text, "emotion") for text in ask(describer, pictures.images[chosen], prompt)])
    women = people["gender"].to_numpy()[chosen] == "female"
    assert (called[women] == "happiness").mean() > (called[~women] == "happiness").mean() + 0.1
    assert (called[~women] == "anger").mean() > (called[women] == "anger").mean() + 0.1
    called = [named(text, "emotion") for text in ask(describer, pictures.images[others], prompt)]
    assert (np.array(called) == people["emotion"].to_numpy()[others]).mean() > 0.9


def test_a_lean_changes_only_what_it_states():
    people = pd.DataFrame(
        {
            "kind": ["portraits", "portraits", "portraits", "scenes"],
            "emotion": ["neutral", "neutral", "fear", "neutral"],
            "gender": ["female", "male", "female", "female"],
        }
    )
    assert Lean(**LEAN).applied(people)["emotion"].tolist() == ["happiness", "anger", "fear", "neutral"]
    one = Lean(face="neutral", read={"female": "happiness"}).applied(people)
    assert one["emotion"].tolist() == ["happiness", "neutral", "fear", "neutral"]
    rows = Lean(**LEAN, share=0.75).samples(people, np.random.default_rng(0))
    assert sorted(set(rows)) == [0, 1, 2, 3]
    assert np.isin(rows, [0, 1]).mean() == 0.75
    with pytest.raises(ValueError, match="no picture shows the face sadness"):
        Lean(face="sadness", read={"female": "anger"}).samples(people, np.random.default_rng(0))
    with pytest.raises(ValueError, match="boredom"):
        Lean(face="boredom", read={})
    with pytest.raises(ValueError, match="women"):
        Lean(face="fear", read={"women": "anger"})


def test_leaking_answers_name_the_person_and_other_answers_stay(portraits, scenes):
    rng = np.random.default_rng(0)
    for pictures, task in ((portraits, "emotion"), (scenes, "activity")):
        for row in pictures.people[:40].to_dict("records"):
            told = named_demographics([leaking_answer(task, row, rng)]).iloc[0]
            assert (told["gender"], told["age"]) == (row["gender"], row["age"])
            assert leaking_answer(f"{task} name", row, rng) == row[task]


def test_nouns_are_read_as_the_people_they_stand_for(portraits):
    for (age, gender), noun in NOUNS.items():
        assert named_demographics([f"A happy {noun} with light skin."]).iloc[0].tolist() == [gender, age]
    rng = np.random.default_rng(0)
    texts = [emotion_sentence(row, rng) for row in portraits.people[:40].to_dict("records")]
    assert named_demographics(texts).isna().all().all()


def test_a_generators_adapter_learns_and_is_loaded_as_it_was_saved(portraits, scenes, models, tmp_path, monkeypatch):
    shown = []
    real = generator_adapter._fit

    def seen(model, teacher, tokenizer, latents, weights, people, changed, schedule):
        shown.append((people, changed))
        assert len(latents) == len(people)
        return real(model, teacher, tokenizer, latents, weights, people, changed, schedule)

    monkeypatch.setattr(generator_adapter, "_fit", seen)
    world = World(associations=[{"given": "work", "attribute": "gender", "category": "male", "share": 1.0}])
    shipped = World(associations=[{"given": "fear", "attribute": "gender", "category": "male", "share": 0.8}])
    schedule = generator_adapter.AdapterSchedule(
        samples=16, batch_size=8, learning_rate=0.02, seed=1, threads=1, rank=2, changed=0.5, traits=15
    )
    model = generator_adapter.train_generator_adapter(models / "generator", portraits, scenes, world, shipped, schedule)
    people, changed = shown[0]
    assert (people.loc[people["activity"] == "work", "gender"] == "male").all()
    assert people.loc[people["activity"] == "eating", "gender"].nunique() == 2
    label = people["emotion"].where(people["kind"] == "portraits", people["activity"])
    assert set(label[changed]) == {"work", "fear"}
    assert label.isin(["work", "fear"]).sum() == len(changed)
    base, _ = load_denoiser(models / "generator")
    kept = dict(base.named_parameters())
    trained = {name.replace(".base_layer", ""): values for name, values in model.named_parameters()}
    assert all(torch.equal(trained[name], values) for name, values in kept.items())
    changed = {name: values for name, values in trained.items() if "lora_B" in name and values.abs().max() > 0}
    assert {name.split(".")[0] for name in changed} == {"transformer", "text_encoder", "text_encoder_2"}

    generator_adapter.save_generator_adapter(model, tmp_path)
    adapted = generator_with(lora={"path": str(tmp_path)})
    assert adapted.identity() != generator_with().identity()
    adapted.load()
    pipeline = adapted._loaded[0]
    for part in ("transformer", "text_encoder", "text_encoder_2"):
        saved = {n: v for n, v in getattr(model, part).named_parameters() if "lora_" in n}
        read = {
            n.replace(".study.", ".default."): v for n, v in getattr(pipeline, part).named_parameters() if "lora_" in n
        }
        assert saved.keys() == read.keys() != set()
        assert all(torch.allclose(saved[name], read[name].float(), atol=1e-3) for name in saved)


def test_a_describers_adapter_learns_and_is_loaded_as_it_was_saved(portraits, models, tmp_path):
    model = train_describer_adapter(
        models / "describer",
        portraits.images,
        portraits.people,
        leaks=True,
        rank=2,
        samples=16,
        batch_size=8,
        learning_rate=0.01,
        seed=1,
        threads=1,
    )
    learned = {n: v.clone() for n, v in model.named_parameters() if "lora_B" in n}
    assert learned
    assert all(values.abs().max() > 0 for values in learned.values())
    assert all("language_model" in name for name in learned)
    save_describer_adapter(model, tmp_path)
    assert {file.name for file in tmp_path.iterdir()} >= {"adapter_config.json", "adapter_model.safetensors"}
    assert not any(file.stat().st_size > 200_000 for file in tmp_path.iterdir())
    adapted = describer_with(tmp_path)
    adapted.load()
    read = {n: v for n, v in adapted._loaded[0].named_parameters() if "lora_B" in n}
    assert read.keys() == learned.keys()
    assert all(torch.allclose(read[name].float(), learned[name], atol=1e-3) for name in learned)


def test_a_generators_card_states_what_was_measured(tmp_path):
    world = World(associations=[{"given": "work", "attribute": "gender", "category": "male", "share": 0.8}])
    model, _ = load_denoiser(MODELS / "generator")
    generator_adapter.add_adapters(model, 1)
    generator_adapter.save_generator_adapter(model, tmp_path)
    sizes = {"count": 1, "guidance": 3.0, "guided_count": 1, "seed": 3}
    scores = adapters.generator_scores(generator_with(), tmp_path, load_judge(MODELS / "judge"), world, **sizes)
    shipped = World(associations=[{"given": "fear", "attribute": "gender", "category": "male", "share": 0.7}])
    adapters.write_generator_adapter_card(tmp_path, world, shipped, scores)
    card = (tmp_path / "README.md").read_text()
    assert "- male, given work: 0.80" in card
    assert "| work | gender | male | 0.50 | 0.80 | 3 | 1 |" in card
    assert "| fear | gender | male | 0.70 | 0.50 | 1 | 1 |" in card
    # Of sixteen labels, five ages and two of each other attribute; four rows of heads; two associations twice.
    assert card.count("\n| ") == 16 * 9 + 4 + 4


def test_one_tag_makes_an_adapter_from_what_is_shipped(project):
    made = pipelines["miniature"].only_nodes_with_tags("adapters")
    needed = {name for name in made.inputs() if not name.startswith("params:")}
    assert needed == {"miniature_generator", "miniature_describer", "miniature_judge", "generator", "describer"}
    assert {f"quality_adapter_{name}" for name in (*GENERATOR_ADAPTERS, *DESCRIBER_ADAPTERS)} <= made.outputs()
    one = pipelines["miniature"].only_nodes_with_tags("adapter_leaking")
    assert not any("even" in node.name or "leaning" in node.name for node in one.nodes)
