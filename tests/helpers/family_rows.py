"""What works with a family of models: each cell compares the project with a direct use of transformers or diffusers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import more_describers
import more_generators
import numpy as np
import tiled_describers
import tiny_describers
import tiny_generators
import tiny_kandinsky
import torch
from direct_drawing import drawn_by_janus
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models import Choices, Description, UnseenError, Word, make_describer, make_generator
from broken_telephone.models.attribution.vision_tower import Tower

PROMPT = "Describe the emotion only"
FORM = "Describe the person"
OPTIONS = ["happy looks", "sad person"]
TEXT = "a person looks"
YES = "yes"

_OWN = (tiny_describers, more_describers, tiled_describers)
DESCRIBERS = {
    name.removeprefix("save_"): getattr(module, name)
    for module in _OWN
    for name in sorted(vars(module))
    if name.startswith("save_") and getattr(module, name).__module__ == module.__name__
}
for _name in ("random", "adapter"):
    DESCRIBERS.pop(_name)
_UNBINNED = {"use_resolution_binning": False, "clean_caption": False}
GENERATORS: dict[str, tuple[Any, dict[str, Any]]] = {
    "sd15": (tiny_generators.save_sd15, {}),
    "sd21": (more_generators.save_sd21, {}),
    "lcm": (more_generators.save_lcm, {}),
    "sdxl": (tiny_generators.save_sdxl, {}),
    "sd3": (
        tiny_generators.save_sd3,
        {"load": {"text_encoder_3": None, "tokenizer_3": None}, "call": {"max_sequence_length": 0}},
    ),
    "flux_dev": (tiny_generators.save_flux, {"call": {"max_sequence_length": 64}}),
    "flux_schnell": (more_generators.save_flux_schnell, {"call": {"max_sequence_length": 64}}),
    "chroma": (more_generators.save_chroma, {"call": {"max_sequence_length": 64}}),
    "pixart_alpha": (more_generators.save_pixart_alpha, {"call": {**_UNBINNED, "max_sequence_length": 30}}),
    "pixart_sigma": (tiny_generators.save_pixart, {"call": {**_UNBINNED, "max_sequence_length": 30}}),
    "sana": (more_generators.save_sana, {"call": {**_UNBINNED, "complex_human_instruction": None}}),
    "sana_sprint": (more_generators.save_sana_sprint, {"call": {**_UNBINNED, "complex_human_instruction": None}}),
    "aura_flow": (more_generators.save_aura_flow, {}),
    "lumina2": (more_generators.save_lumina2, {}),
    "cogview3": (more_generators.save_cogview3, {}),
    "qwen_image": (more_generators.save_qwen_image, {"call": {"max_sequence_length": 1024}}),
    "qwen_image, true_cfg_scale": (
        more_generators.save_qwen_image,
        {"call": {"true_cfg_scale": 3.0, "max_sequence_length": 1024}, "negative_prompt": " "},
    ),
    "kandinsky22 (decoder folder)": (tiny_kandinsky.save_kandinsky22, {}),
    "z_image": (more_generators.save_z_image, {"call": {"max_sequence_length": 64}}),
    "janus (unified)": (tiled_describers.save_janus, {"unified": True}),
}


def pictures() -> list[Image.Image]:
    """Three pictures of noise."""
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)) for _ in range(3)]


def describer_row(name: str, folder: Path) -> dict[str, str]:
    """Build a tiny describer and return its row."""
    DESCRIBERS[name](folder)
    model = make_describer({"path": str(folder), "max_new_tokens": 5, "dtype": "float32"})
    model.load()
    kind = type(model._loaded[0]).__name__.removesuffix("ForConditionalGeneration").removesuffix("ForCausalLM")
    return {
        "family": name,
        "class": kind,
        "loop": _cell(lambda: _written(model, PROMPT)),
        "free": _cell(lambda: _written(model, FORM)),
        "closed": _cell(lambda: _closed(model)),
        "class activation": _cell(lambda: _activation(model)),
        "batch equals single": _cell(lambda: _described_together(model)),
    }


def _cell(compare: Callable[[], str]) -> str:
    try:
        return compare()
    # It is an error of the project, which the page must not hide.
    except Exception as error:
        return f"ERROR {type(error).__name__}: {' '.join(str(error).split())[:120]}"


def prompt_of(model: Any, prompt: str) -> str:
    """Return the text that the model's own chat template makes, or the prompt as its processor wants it."""
    processor = model._loaded[1]
    if getattr(processor, "chat_template", None) is None:
        return f"<image>{prompt}" if "Chameleon" in type(processor).__name__ else prompt
    turn = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}
    return processor.apply_chat_template([turn], add_generation_prompt=True)


def _written(model: Any, prompt: str) -> str:
    """Compare a description with what a plain call of `generate` writes."""
    (found,) = model.describe(pictures()[:1], prompt)
    network, processor = model._loaded
    inputs = _processed(processor, prompt_of(model, prompt))
    if "Git" in type(network).__name__:  # whose processor closes the prompt
        inputs = {key: value[:, :-1] if value.ndim == 2 else value for key, value in inputs.items()}
    cache = {} if _works(model)["writing with a cache"] else {"use_cache": False}
    with torch.no_grad():
        row = network.generate(**inputs, do_sample=False, max_new_tokens=5, **cache)[0]
    text = processor.tokenizer.decode(row, skip_special_tokens=True).strip()
    answer = found.text if isinstance(found, Description) else found.text or ""
    if cache and text.endswith(answer.strip()):
        return "yes, without a cache"
    return YES if text.endswith(answer.strip()) else f"wrote {answer!r}, and generate {text!r}"


def _processed(processor: Any, text: str, **more: Any) -> dict[str, Any]:
    inputs = processor(images=[pictures()[:1]], text=[text], return_tensors="pt", **more)
    inputs.pop("labels", None)
    return dict(inputs)


def _works(model: Any) -> dict[str, bool]:
    return {finding.ability: finding.works for finding in model.check(PROMPT)}


def direct(model: Any, prompt: str, answer: str) -> list[float]:
    """Return the log-probabilities of an answer's tokens: one forward pass of the text as a whole, nothing kept."""
    network, processor = model._loaded
    ids = processor.tokenizer(f" {answer}", add_special_tokens=False).input_ids
    if network.config.get_text_config().is_encoder_decoder:
        inputs = _processed(processor, prompt)
        text = network.config.get_text_config()
        forced = network.generation_config.forced_bos_token_id
        begin = [text.decoder_start_token_id, *([] if forced is None else [forced])]
        logits = network(**inputs, decoder_input_ids=torch.tensor([[*begin, *ids[:-1]]])).logits[:, len(begin) - 1 :]
    else:
        kind = type(processor).__name__
        if kind == "ChameleonProcessor":  # which closes prompts of turns with its separator
            prompt += processor.tokenizer.sep_token
        if kind == "PaliGemmaProcessor":
            inputs = _processed(processor, prompt, suffix=[answer])
        else:
            inputs = _processed(processor, f"{prompt} {answer}")
        # InstructBLIP's queries read the prompt, and not the answer.
        asked = _processed(processor, prompt)
        inputs |= {name: value for name, value in asked.items() if name.startswith("qformer")}
        row = inputs["input_ids"][0].tolist()
        behind = len(row) - max(k for k in range(len(row) + 1) if row[k - len(ids) : k] == ids)
        logits = network(**inputs).logits
        logits = logits[:, logits.shape[1] - behind - len(ids) - 1 : logits.shape[1] - behind - 1]
    return logits.log_softmax(-1)[0].gather(1, torch.tensor(ids)[:, None])[:, 0].tolist()


def _closed(model: Any) -> str:
    try:
        ((line,),) = model.choose(pictures()[:1], [Choices(PROMPT, [OPTIONS])])[0]
    except StudyError as error:
        return f"no: {error}"
    with torch.no_grad():
        wanted = [sum(direct(model, prompt_of(model, PROMPT), option)) for option in OPTIONS]
    worst = max(abs(a - b) for a, b in zip(line, wanted, strict=True))
    if worst > 1e-3:
        return f"differs from the direct pass by {worst:.2g}"
    return YES if _works(model)["options from one reading of the image"] else "yes, slowly"


def _activation(model: Any) -> str:
    """Compare the word's probability with the direct pass, and a patch's support with a finite difference."""
    word = Word(TEXT, TEXT.rindex(" ") + 1, len(TEXT))
    image = pictures()[0]
    try:
        (found,) = model.explain([image], PROMPT, [word], [1])
    except UnseenError as error:
        return f"no: {error.args[0].partition(': ')[2] or error}"
    with torch.no_grad():
        prompt = prompt_of(model, PROMPT)
        first = len(model._loaded[1].tokenizer(f" {TEXT[: word.start]}", add_special_tokens=False).input_ids)
        wanted = sum(direct(model, prompt, TEXT)[first:])
    if abs(found.log_probability - wanted) > 1e-3:
        return f"differs from the direct pass by {abs(found.log_probability - wanted):.2g}"
    support = found.activations["HiResCAM"]
    patch = int(support.argmax())
    change = _finite_difference(model, image, word, patch, found.patches)
    if abs(support[patch] - max(change, 0)) > 0.02 * abs(change) + 1e-4:
        return f"the support of a patch is {support[patch]:.3g}, by finite differences {change:.3g}"
    return YES


def _finite_difference(model: Any, image: Image.Image, word: Word, patch: int, patches: Any) -> float:
    """Return the change of the word's log-probability when the activation of a patch grows by its own size."""
    layer = Tower(model._loaded[0], "").layer(1)
    by_view = len(patches.boxes) // patches.views
    values = []
    for sign in (1, -1):

        def scale(_module: Any, _inputs: Any, output: Any, sign: int = sign) -> Any:
            states = output[0] if isinstance(output, tuple) else output
            states = states.clone()
            if states.ndim == 3:
                states[patch // by_view, patch % by_view - by_view] *= 1 + sign * 0.02
            else:
                states[patch] *= 1 + sign * 0.02
            return (states, *output[1:]) if isinstance(output, tuple) else states

        with layer.register_forward_hook(scale):
            values.append(model.weigh([image], PROMPT, [word])[0])
    return (values[0] - values[1]) / 0.04


def _described_together(model: Any) -> str:
    images = pictures()
    together = model.describe(images, PROMPT)
    if together != [model.describe([image], PROMPT)[0] for image in images]:
        return "no"
    return YES if _works(model)["several images at once"] else "one at a time"


def generator_row(name: str, folder: Path) -> dict[str, str]:
    """Build a tiny pipeline and return its row."""
    save, own = GENERATORS[name]
    save(folder)
    side = 32 if "sana" in name else 16
    size = {"width": side, "height": side}
    steps = {} if "unified" in own else {"steps": 2, **size}
    settings = {"path": str(folder), "dtype": "float32", "guidance": 3.0, **steps, **own}
    if "true_cfg_scale" in name:
        settings.pop("guidance")
    generator = make_generator(settings)
    alone = [_pixels(generator.draw([text], [seed])[0]) for text, seed in (("a happy person", 1), ("sad", 2))]
    together = [_pixels(image) for image in generator.draw(["a happy person", "sad"], [1, 2])]
    worst = max(np.abs(one - other).max() for one, other in zip(alone, together, strict=True))
    # One level: processors with matrix units round otherwise.
    worst_directly = np.abs(alone[0] - _drawn_directly(generator, settings)).max()
    works = {finding.ability: finding.works for finding in generator.check()}
    batches = YES if works.get("several prompts at once") else "one at a time"
    return {
        "family": name,
        "class": type(generator._loaded[0]).__name__.removesuffix("Pipeline"),
        "loop": YES if worst_directly <= 1 else f"differs from the pipeline by {worst_directly} of 255",
        "batch equals single": batches if worst <= 2 else f"differs by {worst} of 255",
        "guidance acts": _guidance(settings, generator),
        # A tokenizer of whole words knows no single letters.
        "truncation": _truncation(generator, ("sad", "happy") if "unified" in own else "zy"),
    }


def _pixels(image: Any) -> np.ndarray:
    return np.asarray(image, dtype=int)


def _drawn_directly(generator: Any, settings: dict[str, Any]) -> np.ndarray:
    """Call the pipeline itself, loaded anew by diffusers; for a model of transformers, sample token by token."""
    if "unified" in settings:
        return drawn_by_janus(settings["path"], "a happy person", 1, settings["guidance"])
    pipeline = type(generator._loaded[0])
    from diffusers import AutoPipelineForText2Image, DiffusionPipeline

    loader = AutoPipelineForText2Image if "Combined" in pipeline.__name__ else DiffusionPipeline
    fresh = loader.from_pretrained(settings["path"], **settings.get("load", {}))
    fresh.set_progress_bar_config(disable=True)
    names = {"steps": "num_inference_steps", "guidance": "guidance_scale", "negative_prompt": "negative_prompt"}
    arguments = {name: settings[key] for key, name in names.items() if key in settings}
    size = {"width": settings["width"], "height": settings["height"]}
    noise = torch.Generator("cpu").manual_seed(1)
    result = fresh(prompt="a happy person", generator=noise, **arguments, **size, **settings.get("call", {}))
    return _pixels(result.images[0].convert("RGB"))


def _guidance(settings: dict[str, Any], generator: Any) -> str:
    """Draw with two scales; where the picture stays, the check must have refused the setting."""

    def drawn(scale: float) -> np.ndarray:
        call = settings.get("call", {})
        changed = {"call": {**call, "true_cfg_scale": scale}} if "true_cfg_scale" in call else {"guidance": scale}
        return _pixels(make_generator({**settings, **changed}).draw(["a happy person"], [1])[0])

    acts = not np.array_equal(drawn(1.5), drawn(9.0))
    found = [finding for finding in generator.check() if finding.ability.startswith("guidance")]
    if acts != all(finding.works for finding in found):
        return f"it is {acts}, and the check says otherwise"
    return YES if acts else "refused: true_cfg_scale acts" if "true_cfg_scale" in found[0].note else "refused"


def _truncation(generator: Any, words: Sequence[str]) -> str:
    """Compare what is said of a long prompt with whether its last words change the picture."""
    longs = [" ".join(["a"] * 150 + [more] * 50) for more in words]
    one, other = (_pixels(generator.draw([text], [1])[0]) for text in longs)
    changes = not np.array_equal(one, other)
    return YES if generator.truncates(longs[:1])[0] != changes else "told wrongly"
