"""Settings for faster or smaller models: what can be checked on a CPU, on tiny pipelines of the real classes."""

from importlib.metadata import PackageNotFoundError
from pkgutil import resolve_name

import numpy as np
import pytest
import torch
from drawing import PROMPTS, SEEDS, pixels, predicted, sd3, threads
from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.loop.rehearsal import announce
from broken_telephone.models import GeneratorSettings, make_describer, make_editor, make_generator
from broken_telephone.models.generators.speed import attention, compilation, quantisation, step_cache
from broken_telephone.models.generators.speed.attention import set_backend
from broken_telephone.models.generators.speed.cuda_graphs import replay_as_graph
from broken_telephone.planning.frozen_plan import settings_that_matter


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"compile": "graphs", "offload": "model"}, "needs all parts on the GPU"),
        ({"compile": "on", "step_cache": {"interval": 2}}, "compile and step_cache exclude each other"),
        ({"compile": "graphs", "quantisation": "fp8_stored"}, "compile and quantisation: fp8_stored exclude"),
        ({"quantisation": "fp8", "offload": "sequential"}, "offload: model goes with it"),
        ({"quantisation": "fp8", "lora": {"path": "x"}}, "quantisation and lora exclude each other"),
        ({"steps": 3, "step_cache": {"interval": 2}}, "would change nothing: steps is 3"),
        ({"step_cache": {"interval": 1}}, "greater than or equal to 2"),
        ({"attention": "sage"}, "'cudnn', 'flash' or 'flash_3'"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        GeneratorSettings(path="x", **settings)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"compile": "graphs"}, r"compile: graphs is for CUDA GPUs, and the device is cpu: set it to auto"),
        ({"attention": "cudnn"}, r"attention: cudnn is for CUDA GPUs, and the device is cpu: set it to null"),
        ({"quantisation": "fp8"}, r"quantisation: fp8 needs a CUDA GPU, and the device is cpu: set it to fp8_stored"),
    ],
)
def test_what_needs_a_gpu_is_refused_without_one(settings, sentence, pipelines, monkeypatch):
    monkeypatch.setattr(quantisation, "require", lambda package, setting: None)
    with pytest.raises(StudyError, match=sentence):
        make_generator({**pipelines["sd3"], "device": "cpu", **settings}).load()


@pytest.mark.parametrize(
    ("capability", "dtype", "sentence"),
    [
        ((8, 0), torch.bfloat16, r"compute capability 8\.9, and this one has 8\.0"),
        ((9, 0), torch.float16, r"needs generator\.dtype: bfloat16, and it is float16"),
        ((9, 0), torch.bfloat16, None),
    ],
)
def test_a_gpu_without_products_of_8_bits_is_refused(capability, dtype, sentence, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    if sentence is None:
        quantisation._check_products("cuda:0", dtype, "generator")
        return
    with pytest.raises(StudyError, match=sentence):
        quantisation._check_products("cuda:0", dtype, "generator")


def test_fp8_without_its_package_says_how_to_install_it(pipelines, monkeypatch):
    monkeypatch.setattr("broken_telephone.models.loading.load_errors.find_spec", lambda package: None)
    with pytest.raises(StudyError, match=r"quantisation: fp8 needs the package torchao: pip install torchao"):
        make_generator({**pipelines["sd3"], "quantisation": "fp8"}).load()


def test_products_of_8_bits_change_a_prediction_little_and_do_not_depend_on_the_batch(monkeypatch):
    # The package is in no extra of the tests, because diffusers loads it for every pipeline, with warnings.
    pytest.importorskip("torchao")
    # A CPU multiplies these numbers, too, though slowly.
    monkeypatch.setattr("torchao.quantization.quant_api._check_hardware_support", lambda granularity: None)
    transformer = sd3().to(torch.bfloat16)
    inputs = {"hidden_states": torch.randn(3, 4, 8, 8), "encoder_hidden_states": torch.randn(3, 7, 32)}
    inputs |= {"pooled_projections": torch.randn(3, 32), "timestep": torch.tensor([900.0, 500.0, 20.0])}
    inputs = {name: value.to(torch.bfloat16) for name, value in inputs.items()}
    with torch.no_grad():
        before = transformer(**inputs, return_dict=False)[0].float()
        quantisation.multiply(transformer, "cpu", "generator")
        together = transformer(**inputs, return_dict=False)[0].float()
        alone = transformer(**{name: value[:1] for name, value in inputs.items()}, return_dict=False)[0].float()
    error = float((together - before).square().mean().sqrt() / before.square().mean().sqrt())
    assert 0.001 < error < 0.1
    assert float((alone[0] - together[0]).abs().max()) <= 0.01 * float(together.abs().max())
    kinds = {
        name: type(layer.weight).__name__ for name, layer in transformer.named_modules() if hasattr(layer, "weight")
    }
    assert kinds["transformer_blocks.0.attn.to_q"] == kinds["transformer_blocks.2.ff.net.2"] == "Float8Tensor"
    assert kinds["proj_out"] == kinds["transformer_blocks.0.norm1.linear"] == "Parameter"


def test_weights_stored_at_8_bits_draw_nearly_the_same(pipelines):
    plain, stored = (make_generator({**pipelines["sd3"], "quantisation": kind}) for kind in (None, "fp8_stored"))
    with threads(2):
        expected, drawn = (pixels(one.draw(PROMPTS, SEEDS)) for one in (plain, stored))
        # Threads would cast the same weights at the same time.
        assert len(stored._parts(5)) == 1
    assert 0 < np.abs(drawn - expected).mean() < 3
    layer = stored._loaded[0].transformer.transformer_blocks[0].attn.to_q
    assert layer.weight.dtype == torch.float8_e4m3fn
    assert layer.weight.nbytes * 4 == plain._loaded[0].transformer.transformer_blocks[0].attn.to_q.weight.nbytes


@pytest.mark.parametrize("family", ["sd3", "flux", "pixart"])
def test_a_step_cache_computes_layers_at_its_steps_only(family, pipelines):
    """Steps 1 to 3 of 9, then every second one: 6 in all."""
    settings = {**pipelines[family], "steps": 9}
    generator = make_generator({**settings, "step_cache": {"interval": 2}})
    generator.load()
    generator._findings = []
    transformer = generator._loaded[0].transformer
    runs = {"transformer": 0, "layer": 0}
    layer = transformer.transformer_blocks[0].ff.net[-1]
    for name, part in (("transformer", transformer), ("layer", layer)):
        part.register_forward_hook(lambda *_, name=name: runs.update({name: runs[name] + 1}))
    with threads(2):
        together = pixels(generator.draw(PROMPTS, SEEDS))
    assert runs == {"transformer": 9, "layer": 6}
    again = np.concatenate(
        [pixels(generator.draw([prompt], [seed])) for prompt, seed in zip(PROMPTS, SEEDS, strict=True)]
    )
    assert np.abs(again - together).max() <= 2, "a picture does not depend on its batch, nor on earlier ones"
    exact = pixels(make_generator(settings).draw(PROMPTS, SEEDS))
    assert np.abs(together - exact).mean() < 0.25 * np.abs(exact[0] - exact[1]).mean()


def test_a_step_cache_that_would_mix_passes_up_or_find_no_layers_is_refused(pipelines, monkeypatch):
    with pytest.raises(StudyError, match=r"StableDiffusionPipeline has no transformer whose layers are known"):
        make_generator({**pipelines["sd15"], "steps": 5, "step_cache": {"interval": 2}}).load()
    # Guidance by a prediction without some layers, which Stable Diffusion 3 adds at the steps 1 and 2 here.
    skipping = {"skip_guidance_layers": [0], "skip_layer_guidance_stop": 0.6}
    settings = {**pipelines["sd3"], "steps": 5, "step_cache": {"interval": 2}}
    generator = make_generator({**settings, "call": settings.get("call", {}) | skipping})
    generator.load()
    with pytest.raises(
        StudyError, match=r"^generator\.step_cache: StableDiffusion3Pipeline runs its transformer 7 times in 5 steps"
    ):
        generator._draw(PROMPTS[:1], SEEDS[:1])


def test_a_step_cache_that_predicts_no_step_is_refused(pipelines):
    """The pipeline's own number of steps counts where the study states none."""
    settings = {**pipelines["sd3"], "steps": None, "step_cache": {"interval": 2, "first": 30}}
    generator = make_generator(settings)
    generator.load()
    with pytest.raises(StudyError, match=r"^generator\.step_cache changes nothing: .* 28 steps, and the first 30 are"):
        generator._draw(PROMPTS[:1], SEEDS[:1])


def test_checks_of_batches_reach_a_predicted_step(pipelines, monkeypatch):
    from diffusers.hooks.taylorseer_cache import TaylorSeerState

    predict, sizes = TaylorSeerState.predict, set()

    def recorded(state: TaylorSeerState) -> list[torch.Tensor]:
        outputs = predict(state)
        sizes.add(len(outputs[0]))
        return outputs

    monkeypatch.setattr(TaylorSeerState, "predict", recorded)
    generator = make_generator({**pipelines["sd3"], "steps": 9, "step_cache": {"interval": 2, "first": 4}})
    assert all(finding.works for finding in generator.check())
    # A single item and two, doubled by guidance.
    assert sizes == {2, 4}


@pytest.mark.parametrize("family", ["sd3", "flux"])
def test_an_editor_refuses_what_is_for_generators_only(family, pipelines):
    settings = {**pipelines[family], "steps": 9, "step_cache": {"interval": 2}}
    images = [Image.new("RGB", (16, 16))] * 2
    with pytest.raises(StudyError, match=r"^counterfactuals\.model\.step_cache is for generators only"):
        make_editor(settings, "counterfactuals.model").edit(images, PROMPTS[:2], SEEDS[:2], 0.5)
    graphs = {**pipelines[family], "compile": "graphs"}
    with pytest.raises(StudyError, match=r"^counterfactuals\.model\.compile: graphs is for generators only"):
        make_editor(graphs, "counterfactuals.model").load()


def test_an_image_to_image_pipeline_hides_that_its_steps_have_two_passes(pipelines):
    """The reason why an editor refuses a step cache: there are not more passes than timesteps."""
    guided = {"call": {"max_sequence_length": 64, "true_cfg_scale": 2.0}, "negative_prompt": "a tree"}
    editor = make_editor({**pipelines["flux"], "steps": 8, **guided})
    editor.load()
    transformer, passes = editor._loaded[0].transformer, []
    transformer.register_forward_hook(lambda *_: passes.append(1))
    editor.edit([Image.new("RGB", (16, 16))], PROMPTS[:1], SEEDS[:1], 0.5)
    assert len(passes) == len(editor._loaded[0].scheduler.timesteps) == 8


def test_a_step_cache_is_told_once(pipelines, caplog):
    step_cache._tell_once.cache_clear()
    for _ in range(2):
        make_generator({**pipelines["sd3"], "steps": 5, "step_cache": {"interval": 2}}).load()
    assert caplog.text.count("images are approximations") == 1


def test_what_changes_pictures_is_sealed_and_planned_and_the_rest_is_not(pipelines):
    plain = make_generator(pipelines["sd3"]).identity()
    assert make_generator({**pipelines["sd3"], "attention": "cudnn", "compile": "graphs"}).identity() == plain
    for change in ({"quantisation": "fp8"}, {"step_cache": {"interval": 2}}):
        changed = make_generator({**pipelines["sd3"], "steps": 5, **change}).identity()
        assert changed.keys() - plain.keys() == set(change)
    groups = ("dataset", "chains", "loop", "describer", "annotator", "annotation", "report")
    settings = {name: {} for name in groups} | {"generator": GeneratorSettings(path="x", attention="flash")}
    planned = settings_that_matter(settings)["generator"]
    assert planned.keys() & {"attention", "compile", "quantisation", "step_cache"} == set()
    settings["generator"] = GeneratorSettings(path="x", quantisation="fp8")
    assert settings_that_matter(settings)["generator"]["quantisation"] == "fp8"


def test_records_name_the_library_of_the_attention(pipelines):
    assert make_generator({**pipelines["flux"], "attention": "flash_3"}).resolved()["attention"] == "flash_3"
    assert "attention" not in make_generator(pipelines["flux"]).resolved()


def test_attention_is_chosen_for_one_pipeline(pipelines):
    from diffusers.models.attention_dispatch import _AttentionBackendRegistry

    before = _AttentionBackendRegistry.get_active_backend()[0]
    flux, stable = (make_generator(pipelines[family]) for family in ("flux", "sd3"))
    flux.load()
    stable.load()
    set_backend(flux._loaded[0], "cudnn", "generator")
    processors = {
        part.processor._attention_backend
        for part in flux._loaded[0].transformer.modules()
        if hasattr(part, "processor")
    }
    assert {str(backend.value) for backend in processors} == {"_native_cudnn"}
    assert _AttentionBackendRegistry.get_active_backend()[0] == before
    with pytest.raises(StudyError, match="StableDiffusion3Pipeline has no attention that diffusers lets choose"):
        set_backend(stable._loaded[0], "cudnn", "generator")


def test_attention_of_a_missing_package_is_refused(pipelines, monkeypatch):
    def version(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(attention, "version", version)
    monkeypatch.setattr("diffusers.models.attention_dispatch._CAN_USE_FLASH_ATTN", False)
    editor = make_editor(pipelines["flux"], "counterfactuals.model")
    editor.load()
    sentence = (
        r"^counterfactuals\.model\.attention: flash cannot be used here \(the package flash-attn is not installed\)"
    )
    with pytest.raises(StudyError, match=sentence):
        set_backend(editor._loaded[0], "flash", editor.setting)


def test_a_replayed_graph_keeps_the_predictions_of_earlier_steps(monkeypatch):
    """A replay writes into the memory of the one before. The fake compiler does so, too."""
    asked, begun = {}, []

    def compile_like_graphs(function, **options):
        asked.update(options)
        memory = {}

        def replay(*args, **kwargs):
            (output,) = function(*args, **kwargs)
            return (memory.setdefault("output", torch.empty_like(output)).copy_(output),)

        return replay

    monkeypatch.setattr(torch, "compile", compile_like_graphs)
    monkeypatch.setattr(torch.compiler, "cudagraph_mark_step_begin", lambda: begun.append(1))
    transformer, expected = sd3(), predicted(sd3())
    replay_as_graph(transformer)
    first = predicted(transformer)
    with torch.no_grad():
        noise = torch.ones(3, 4, 8, 8), torch.ones(3, 7, 32), torch.ones(3, 32), torch.ones(3)
        transformer(*noise, return_dict=False)
    torch.testing.assert_close(first, expected)
    assert asked == {"mode": "reduce-overhead", "dynamic": False}
    assert len(begun) == 2


def test_graphs_need_a_stated_batch_size(pipelines):
    generator = make_generator({**pipelines["sd3"], "compile": "graphs"})
    with pytest.raises(StudyError, match=r"^generator\.compile: graphs .* state loop\.draw_batch as a number"):
        announce(generator, 100, "auto")
    announce(generator, 100, 8)


def test_graphs_compile_the_whole_denoiser(pipelines, monkeypatch):
    """The device is only claimed, so that nothing is placed on it."""
    monkeypatch.setattr(compilation, "missing_compiler", lambda device: None)
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    generator = make_generator({**pipelines["sd3"], "device": "cpu"})
    generator.load()
    pipeline = generator._loaded[0]
    compilation.compile_denoiser(pipeline, "cuda", True, "generator")
    assert "forward" in vars(pipeline.transformer)
    assert all(block._compiled_call_impl is None for block in pipeline.transformer.transformer_blocks)


def test_auto_does_not_compile_blocks_that_change_at_every_step(monkeypatch):
    monkeypatch.setattr(compilation, "missing_compiler", lambda device: None)
    for change in ({"step_cache": {"interval": 2}}, {"quantisation": "fp8_stored"}):
        settings = GeneratorSettings(path="x", **change)
        assert "at every step" in str(compilation.reason_against(settings, "cuda", 5000, 8))
    assert compilation.reason_against(GeneratorSettings(path="x", quantisation="fp8"), "cuda", 5000, 8) is None
    assert compilation.reason_against(GeneratorSettings(path="x", compile="graphs"), "cuda", 1, None) is None


class TestPassedThrough:
    """The libraries' own settings of describers, stated as `load` and `call`."""

    def texts(self, folder, pictures, **settings) -> list[str]:
        describer = make_describer({"path": str(folder), "max_new_tokens": 6, "dtype": "float32", **settings})
        return [answer.text for answer in describer.describe(pictures, "Describe the person.")]

    def test_attention_and_a_static_cache_write_the_same(self, model_folders, pictures):
        folder = model_folders / "describer"
        expected = self.texts(folder, pictures)
        assert len(set(expected)) > 1
        assert self.texts(folder, pictures, load={"attn_implementation": "eager"}) == expected
        assert self.texts(folder, pictures, call={"cache_implementation": "static"}) == expected

    def test_a_missing_package_is_named(self, model_folders, pictures, monkeypatch):
        known = "transformers.modeling_flash_attention_utils.FLASH_ATTENTION_COMPATIBILITY_MATRIX"
        for check in ("general_availability_check", "pkg_availability_check"):
            monkeypatch.setitem(resolve_name(known)[2], check, lambda *args, **kwargs: False)
        folder = model_folders / "describer"
        with pytest.raises(StudyError, match=r"cannot be loaded: .*FlashAttention2"):
            self.texts(folder, pictures[:1], load={"attn_implementation": "flash_attention_2"})

    def test_an_unknown_value_is_named(self, model_folders, pictures):
        with pytest.raises(StudyError, match=r"cannot write with describer\.call\.cache_implementation"):
            self.texts(model_folders / "describer", pictures[:1], call={"cache_implementation": "statik"})

    def test_they_are_sealed(self, model_folders):
        stated = {"load": {"attn_implementation": "eager"}, "call": {"cache_implementation": "static"}}
        record = make_describer({"path": str(model_folders / "describer"), **stated}).identity()
        assert {name: record[name] for name in stated} == stated
