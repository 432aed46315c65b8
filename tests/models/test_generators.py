"""The generator, on tiny pipelines of five families."""

import numpy as np
import pytest
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models import Failure, GeneratorSettings, make_generator
from broken_telephone.models.failures import outcome

FAMILIES = ["sd15", "sdxl", "sd3", "flux", "pixart"]
PROMPTS = ["a person looks happy", "sad", "a person"]


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=int)


def difference(one: Image.Image, other: Image.Image) -> int:
    return int(np.abs(pixels(one) - pixels(other)).max())


def draw(settings: dict, prompt: str = PROMPTS[0], **changes) -> Image.Image:
    return make_generator({**settings, **changes}).draw([prompt], [1])[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_pictures_belong_to_their_seeds_and_prompts_not_to_the_batch(family, pipelines):
    generator = make_generator(pipelines[family])
    together = generator.draw(PROMPTS, [1, 2, 3])
    assert [(image.mode, image.size) for image in together] == [("RGB", (16, 16))] * 3
    assert difference(generator.draw(PROMPTS[2:], [3])[0], together[2]) <= 2
    assert difference(generator.draw(PROMPTS[2:], [4])[0], together[2]) > 10
    assert difference(generator.draw(PROMPTS[:1], [3])[0], together[2]) > 0


@pytest.mark.parametrize("family", ["sd15", "sdxl", "sd3", "pixart"])
def test_a_size_that_does_not_fit_is_found_when_it_is_loaded(family, pipelines):
    with pytest.raises(StudyError, match=r"Pipeline cannot draw with these settings of the generator: .*divisible"):
        make_generator({**pipelines[family], "width": 17}).load()


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_not_stated_is_left_to_the_pipeline(family, pipelines):
    """A size, of which the pipelines' own is none for toys, is the least that is stated."""
    stated = {name: value for name, value in pipelines[family].items() if name not in ("steps", "guidance")}
    generator = make_generator(stated)
    generator.load()
    _, arguments = generator._loaded
    assert arguments == {"width": 16, "height": 16, **stated.get("call", {})}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_prompt_is_cut_off_where_more_text_changes_nothing(family, pipelines):
    generator = make_generator({**pipelines[family], "steps": 1})
    # CLIP reads 38 words of one letter here, and PixArt's T5 14, of two tokens each.
    words = {"pixart": 14}.get(family, 38)
    fits, long, longer = (" ".join(["a"] * words + more) for more in ([], ["z"], ["z", "y", "x"]))
    one, two = generator.draw([long, longer], [1, 1])
    assert generator.truncates(["sad", fits, long, longer]) == [False, False, True, True]
    assert difference(one, two) == 0


def test_a_prompt_that_one_text_encoder_reads_on_is_not_cut_off(pipelines):
    generator = make_generator({**pipelines["flux"], "steps": 1, "call": {"max_sequence_length": 128}})
    long, longer = (" ".join(["a"] * 40 + more) for more in ([], ["z", "y", "x"]))
    assert generator.truncates([long, longer]) == [False, False]
    assert difference(*generator.draw([long, longer], [1, 1])) > 0


def test_a_scheduler_changes_the_picture(pipelines):
    own = draw(pipelines["sd15"])
    trailing = {"name": "EulerDiscreteScheduler", "arguments": {"timestep_spacing": "trailing"}}
    other = draw(pipelines["sd15"], scheduler=trailing)
    assert difference(own, other) > 10
    assert difference(other, draw(pipelines["sd15"], scheduler="EulerDiscreteScheduler")) > 10
    # One that adds noise takes it from the pictures' seeds.
    generator = make_generator({**pipelines["sd15"], "scheduler": "EulerAncestralDiscreteScheduler"})
    together = generator.draw(PROMPTS, [1, 2, 3])
    assert difference(together[2], generator.draw(PROMPTS[2:], [3])[0]) <= 2


def test_a_lora_changes_the_picture_as_far_as_it_is_scaled(pipelines, tmp_path):
    from tiny_generators import save_lora

    save_lora(tmp_path)
    own = draw(pipelines["sd15"])
    assert difference(own, draw(pipelines["sd15"], lora={"path": str(tmp_path), "scale": 0.0})) <= 1
    full = draw(pipelines["sd15"], lora={"path": str(tmp_path)})
    assert difference(own, full) > 10
    file = tmp_path / "pytorch_lora_weights.safetensors"
    assert difference(full, draw(pipelines["sd15"], lora={"path": str(file)})) == 0
    with pytest.raises(StudyError, match="no LoRA for PixArtSigmaPipeline"):
        draw(pipelines["pixart"], lora={"path": str(tmp_path)})
    with pytest.raises(StudyError, match=r"generator\.lora"):
        draw(pipelines["flux"], lora={"path": str(tmp_path)})
    with pytest.raises(StudyError, match=r"nowhere does not exist.*generator\.lora\.path"):
        draw(pipelines["sd15"], lora={"path": str(tmp_path / "nowhere")})


def test_a_negative_prompt_changes_the_picture_where_it_is_heeded(pipelines):
    # 1 of 255 levels is much for these untrained text encoders.
    assert difference(draw(pipelines["sdxl"]), draw(pipelines["sdxl"], negative_prompt="sad person")) > 0
    assert len(make_generator({**pipelines["sd15"], "negative_prompt": "sad"}).draw(PROMPTS, [1, 2, 3])) == 3
    with pytest.raises(StudyError, match=r"heeds generator\.negative_prompt only where generator\.guidance is above 1"):
        draw(pipelines["sdxl"], negative_prompt="sad", guidance=0.0)
    with pytest.raises(StudyError, match=r"FluxPipeline heeds .* generator\.call\.true_cfg_scale is above 1"):
        draw(pipelines["flux"], negative_prompt="sad")


@pytest.mark.parametrize(
    ("family", "changes", "message"),
    [
        (
            "sd15",
            {"call": {"max_sequence_length": 8}},
            r"StableDiffusionPipeline does not take generator\.call\.max_seq",
        ),
        (
            "flux",
            {"call": {"clean_caption": False}},
            r"FluxPipeline does not take generator\.call\.clean_caption.*takes",
        ),
        ("sdxl", {"call": {"num_images_per_prompt": 2}}, r"generator\.call\.num_images_per_prompt"),
        ("sd15", {"width": 17}, "cannot draw with these settings"),
        ("sd15", {"scheduler": "BestScheduler"}, "diffusers has no 'BestScheduler'.*DDIMScheduler"),
        ("sd15", {"scheduler": "AutoencoderKL"}, "diffusers has no 'AutoencoderKL'"),
        (
            "sd15",
            {"scheduler": {"name": "DDIMScheduler", "arguments": {"karras": True}}},
            "does not take karras.*beta_start",
        ),
        ("sd15", {"scheduler": "FlowMatchEulerDiscreteScheduler"}, "models of another training"),
        ("sd15", {"offload": "model", "device": "cpu"}, r"generator\.offload: model is for GPUs"),
        ("sd15", {"compile": True, "offload": "sequential"}, "compile and offload: sequential exclude each other"),
        ("sd15", {"lora": {"path": "x", "weight_name": "x.bin"}}, "safetensors files only"),
    ],
)
def test_a_setting_that_a_pipeline_does_not_take_is_refused(family, changes, message, pipelines):
    with pytest.raises(StudyError, match=message):
        draw(pipelines[family], **changes)


@pytest.mark.parametrize("error", [RuntimeError("mat1 and mat2 cannot be multiplied"), IndexError("out of range")])
def test_parts_that_do_not_fit_together_are_told_in_words(error, pipelines, monkeypatch):
    generator = make_generator(pipelines["sd15"])
    generator.load()
    pipeline = generator._loaded[0]
    monkeypatch.setattr(pipeline.unet, "forward", lambda *_, **__: (_ for _ in ()).throw(error))
    with pytest.raises(StudyError, match=rf"cannot draw with these settings of the generator: {error}"):
        generator.draw(["a"], [1])


@pytest.mark.parametrize(
    "words", ["CUDA out of memory. Tried to allocate", "HIP out of memory", "CUDA error: out of memory"]
)
def test_memory_that_runs_out_is_passed_on_as_it_is(words, pipelines, monkeypatch):
    from diffusers import DiffusionPipeline

    def full(*_, **__):
        raise RuntimeError(words)

    generator = make_generator(pipelines["sd15"])
    generator.load()
    monkeypatch.setattr(generator._loaded[0].unet, "forward", full)
    with pytest.raises(RuntimeError, match=words) as raised:
        generator.draw(["a"], [1])
    assert not isinstance(raised.value, StudyError)
    monkeypatch.setattr(DiffusionPipeline, "from_pretrained", full)
    with pytest.raises(RuntimeError, match=words) as raised:
        make_generator(pipelines["sd15"]).load()
    assert not isinstance(raised.value, StudyError)


def test_blocks_are_compiled_when_asked_to(pipelines, monkeypatch):
    """The compiler itself, which takes half a minute to start, is left out."""
    import torch

    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    monkeypatch.setattr("broken_telephone.models.generators.speed.compilation.missing_compiler", lambda device: None)
    generator = make_generator({**pipelines["sd15"], "compile": True})
    generator.load()
    pipeline, _ = generator._loaded
    compiled = {type(part).__name__ for part in pipeline.unet.modules() if part._compiled_call_impl is not None}
    assert compiled == {"BasicTransformerBlock"}


def test_a_flagged_picture_is_reported(pipelines, tmp_path):
    from tiny_generators import save_sd15

    save_sd15(tmp_path, flags_everything=True)
    drawn = make_generator({**pipelines["sd15"], "path": str(tmp_path)}).draw(PROMPTS, [1, 2, 3])
    assert [type(one) for one in drawn] == [Failure] * 3
    assert {one.kind for one in drawn} == {"safety filter"}


def test_a_black_picture_is_reported_for_itself(pipelines):
    generator = make_generator(pipelines["sd15"])
    generator.load()
    pipeline, _ = generator._loaded
    # Numbers that overflow, as some models' do in float16.
    pipeline.vae.decoder.conv_out.bias.data.fill_(float("nan"))
    assert generator.draw(PROMPTS[:1], [1])[0].kind == "black picture"
    dark = Image.new("RGB", (4, 4))
    assert outcome(dark, False, "float16").reason.endswith("use dtype: bfloat16 or float32")
    dark.putpixel((0, 0), (1, 0, 0))
    assert outcome(dark, False, "float16").getpixel((0, 0)) == (1, 0, 0)


def test_identity_holds_what_was_asked_for_and_nothing_of_the_machine(pipelines, tmp_path):
    from tiny_generators import save_lora

    save_lora(tmp_path)

    def identity(**changes) -> dict:
        return make_generator({**pipelines["sd15"], **changes}).identity()

    plain = identity(dtype="auto")
    assert set(plain) == {"weights", "dtype", "load", "call", "steps", "guidance", "width", "height"}
    assert plain["dtype"] == "auto"
    assert plain == identity(dtype="auto", device="cuda", compile=True, offload="model", negative_prompt=None)
    with_lora = identity(lora={"path": str(tmp_path)}, scheduler="DDIMScheduler")
    assert set(with_lora["lora"]) == {"weights", "scale"}
    assert with_lora["scheduler"] == {"name": "DDIMScheduler", "arguments": {}}
    assert GeneratorSettings.model_validate({"hub": "some/model"}).steps is None
