"""Adapters that check themselves: planted faults are found, and avoided; families whose own code has one, too."""

import logging
import shutil

import more_describers
import more_generators
import numpy as np
import pytest
import tiled_describers
import tiny_kandinsky
import torch
from family_rows import direct, pictures, prompt_of
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.loop.rehearsal import refuse_idle_guidance
from broken_telephone.models import Choices, UnseenError, Word, make_describer, make_generator
from broken_telephone.models.describers.describer_checks import BATCHES, CACHE, CLOSED, WORDS, WRITING
from broken_telephone.models.failures import UnableError

PROMPT = "Describe the emotion only"
OPTIONS = ["happy looks", "sad person"]


def works(model) -> dict[str, bool]:
    return {finding.ability: finding.works for finding in model.check(PROMPT)}


def closed(model) -> list[float]:
    return model.choose(pictures()[:1], [Choices(PROMPT, [OPTIONS])])[0][0][0]


@torch.no_grad()
def directly(model) -> list[float]:
    return [sum(direct(model, prompt_of(model, PROMPT), option)) for option in OPTIONS]


@pytest.fixture
def llava(describers):
    return make_describer({"path": describers["llava"], "max_new_tokens": 5})


def test_a_plain_model_passes_and_is_checked_once(llava, monkeypatch):
    assert all(works(llava).values())
    monkeypatch.setattr(type(llava), "_inputs", None)
    llava.release()
    assert all(works(llava).values())


def test_images_are_read_one_at_a_time_where_a_batch_mixes_them_up(llava, monkeypatch, caplog):
    images = pictures()
    alone = [llava.describe([image], PROMPT)[0] for image in images]
    inputs = llava._inputs

    def mixed_up(images, *rest, **more):
        return inputs([images[0]] * len(images), *rest, **more)

    monkeypatch.setattr(llava, "_inputs", mixed_up)
    llava._findings = {}
    with caplog.at_level(logging.WARNING):
        assert llava.describe(images, PROMPT) == alone
        assert llava.describe(images, PROMPT) == alone
    assert not works(llava)[BATCHES]
    assert [record for record in caplog.messages if "images are read one at a time" in record] == caplog.messages[:1]


def test_a_word_must_not_depend_on_what_follows_it(llava):
    llava.load()
    network = llava._loaded[0]
    forward = network.model.language_model.forward

    def peeking(*args, **kwargs):
        output = forward(*args, **kwargs)
        states = output.last_hidden_state
        if states.shape[1] > 1:
            # Every place sees the last one.
            output.last_hidden_state = states + 0.5 * states[:, -1:]
        return output

    network.model.language_model.forward = peeking
    assert not works(llava)[WORDS]
    text = "a person looks"
    with pytest.raises(UnseenError, match="its words cannot be explained"):
        llava.weigh(pictures()[:1], PROMPT, [Word(text, 2, 8)])


def test_a_cache_that_gives_other_values_is_not_used(tmp_path):
    """GIT counts its positions from the cache, which holds the picture, too."""
    more_describers.save_git(tmp_path)
    model = make_describer({"path": str(tmp_path)})
    assert not works(model)[CACHE]
    assert works(model)[CLOSED]
    assert closed(model) == pytest.approx(directly(model), abs=1e-4)


def test_a_model_that_counts_on_from_its_cache_wrongly_writes_without_it(tmp_path):
    """Kosmos-2 in transformers 5.23 loses its positions after the first token."""
    more_describers.save_kosmos2(tmp_path)
    model = make_describer({"path": str(tmp_path), "max_new_tokens": 5})
    assert works(model)[WRITING] is False
    assert closed(model) == pytest.approx(directly(model), abs=1e-4)
    before = model.describe(pictures(), PROMPT)
    model.release()
    assert model.describe(pictures(), PROMPT) == before


@pytest.mark.parametrize("save", [more_describers.save_gemma3, more_describers.save_qwen3_5])
def test_a_word_of_two_texts_is_equally_likely(save, tmp_path):
    save(tmp_path)
    model = make_describer({"path": str(tmp_path)})
    likely = [
        model.weigh(pictures()[:1], PROMPT, [Word(text, 2, 8)])[0]
        for text in ("a person looks happy", "a person the emotion only sad")
    ]
    assert likely[0] == pytest.approx(likely[1], abs=1e-4)


def test_a_model_that_cannot_be_made_to_write_is_not_read_closed(tmp_path, monkeypatch, caplog):
    """Janus ignores logits processors; without its cache there is no way left."""
    tiled_describers.save_janus(tmp_path)
    model = make_describer({"path": str(tmp_path), "max_new_tokens": 5})
    assert closed(model) == pytest.approx(directly(model), abs=1e-4)
    without = make_describer({"path": str(tmp_path), "max_new_tokens": 5})
    monkeypatch.setattr("broken_telephone.models.describers.closed_form.Prefix.remembers", False)
    with caplog.at_level(logging.WARNING), pytest.raises(UnableError, match="its forms are not read closed"):
        closed(without)
    assert "its generate ignores logits_processor" in caplog.text
    assert without.describe(pictures(), PROMPT) == model.describe(pictures(), PROMPT)


def test_a_processor_gets_the_picture_where_it_wants_it(tmp_path):
    """Chameleon refuses a prompt without a token for the picture, and has no chat template."""
    tiled_describers.save_chameleon(tmp_path)
    images = pictures()
    model = make_describer({"path": str(tmp_path), "max_new_tokens": 5})
    stated = make_describer({"path": str(tmp_path), "max_new_tokens": 5, "template": "<image>{prompt}"})
    assert model.describe(images, PROMPT) == stated.describe(images, PROMPT)
    assert model.identity() != stated.identity()


def test_a_missing_chat_template_leaves_no_picture_out(describers, tmp_path):
    """LLaVA's processor takes a prompt without a token for the picture, and the model would not see it."""
    shutil.copytree(describers["llava"], tmp_path / "llava")
    (tmp_path / "llava/chat_template.jinja").unlink()
    images = pictures()
    model = make_describer({"path": str(tmp_path / "llava"), "max_new_tokens": 5})
    stated = make_describer({"path": str(tmp_path / "llava"), "max_new_tokens": 5, "template": "<image>{prompt}"})
    assert model.describe(images, PROMPT) == stated.describe(images, PROMPT)


def test_a_device_map_places_the_model(describers):
    plain = make_describer({"path": describers["llava"], "max_new_tokens": 5})
    placed = make_describer({"path": describers["llava"], "max_new_tokens": 5, "load": {"device_map": {"": "cpu"}}})
    assert placed.describe(pictures(), PROMPT) == plain.describe(pictures(), PROMPT)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=int)


def test_prompts_are_drawn_one_at_a_time_where_a_batch_mixes_them_up(pipelines, monkeypatch, caplog):
    generator = make_generator(pipelines["sd15"])
    alone = [pixels(generator.draw([prompt], [seed])[0]) for prompt, seed in (("sad", 1), ("a person", 2))]
    result = generator._result

    def one_noise(prompts, seeds, changes):
        return result(prompts, [seeds[0]] * len(seeds), changes)

    monkeypatch.setattr(generator, "_result", one_noise)
    with caplog.at_level(logging.WARNING):
        together = generator.draw(["sad", "a person"], [1, 2])
        generator.draw(["sad", "a person"], [1, 2])
    assert all(np.array_equal(pixels(image), one) for image, one in zip(together, alone, strict=True))
    assert sum("prompts are drawn one at a time" in message for message in caplog.messages) == 1


def test_guidance_that_does_nothing_is_refused_with_the_name_that_does(tmp_path, pipelines):
    more_generators.save_flux_schnell(tmp_path)
    settings = {"path": str(tmp_path), "steps": 2, "width": 16, "height": 16, "call": {"max_sequence_length": 64}}
    with pytest.raises(StudyError, match=r"generator\.guidance: 9 does not change.*true_cfg_scale.*negative_prompt"):
        refuse_idle_guidance(make_generator({**settings, "guidance": 9.0}).check())
    # FLUX.1-schnell's preset says 0, which is none.
    refuse_idle_guidance(make_generator({**settings, "guidance": 0.0}).check())
    call = {**settings["call"], "true_cfg_scale": 4.0}
    refuse_idle_guidance(make_generator({**settings, "call": call, "negative_prompt": " "}).check())
    with pytest.raises(
        StudyError, match=r"call\.true_cfg_scale: 4 does not change .* needs a generator\.negative_prompt"
    ):
        refuse_idle_guidance(make_generator({**settings, "call": call}).check())
    refuse_idle_guidance(make_generator(pipelines["flux"]).check())


def test_guidance_of_the_first_steps_only_is_checked_with_all_steps(tmp_path):
    """Lumina2 with this ratio guides the first two of eight steps, and none of two."""
    more_generators.save_lumina2(tmp_path)
    call = {"cfg_trunc_ratio": 0.25, "max_sequence_length": 32}
    settings = {"path": str(tmp_path), "steps": 8, "guidance": 4.0, "width": 16, "height": 16}
    findings = {one.ability: one.works for one in make_generator({**settings, "call": call}).check()}
    assert findings["guidance"] is True
    idle = make_generator({**settings, "call": {**call, "cfg_trunc_ratio": 0.0}})
    with pytest.raises(StudyError, match="guidance: 4 does not change the picture"):
        refuse_idle_guidance(idle.check())


def test_a_scale_of_guidance_that_a_pipeline_refuses_ends_no_study(pipelines, monkeypatch, caplog):
    generator = make_generator(pipelines["sd15"])
    result = generator._result

    def up_to_five(prompts, seeds, changes):
        if changes.get("guidance_scale", 0) > 5:
            raise StudyError("guidance_scale must be at most 5")
        return result(prompts, seeds, changes)

    monkeypatch.setattr(generator, "_result", up_to_five)
    findings = generator.check()
    refuse_idle_guidance(findings)
    assert [one.ability for one in findings] == ["several prompts at once", "check of guidance"]
    assert "generator.guidance: 3 could not be checked: guidance_scale must be at most 5" in caplog.text


def test_a_decoder_is_loaded_with_the_prior_that_its_card_names(tmp_path):
    tiny_kandinsky.save_kandinsky22(tmp_path)
    generator = make_generator({"path": str(tmp_path), "steps": 2, "width": 16, "height": 16})
    one, other = (pixels(generator.draw([prompt], [1])[0]) for prompt in ("a happy person", "sad"))
    assert np.abs(one - other).max() > 0
    assert generator.truncates(["sad", "a " * 60]) == [False, True]
    (tmp_path / "README.md").unlink()
    with pytest.raises(StudyError):
        make_generator({"path": str(tmp_path), "steps": 2, "width": 16, "height": 16}).draw(["sad"], [1])
