"""What makes the generator faster changes its pictures by rounding at most."""

import sys

import numpy as np
import pytest
import torch
from drawing import PROMPTS, SEEDS, pixels, predicted, sd3, threads

from broken_telephone.errors import StudyError
from broken_telephone.models import GeneratorSettings, make_generator
from broken_telephone.models.generators import diffusers_generator
from broken_telephone.models.generators.cpu import cpu_operations, joint_attention
from broken_telephone.models.generators.cpu.joint_block import JointBlock
from broken_telephone.models.generators.cpu.packed_linear import PackedLinear
from broken_telephone.models.generators.cpu.parallel_parts import cut, side_by_side, twins
from broken_telephone.models.generators.denoiser import repeated_blocks
from broken_telephone.models.generators.speed import compilation
from broken_telephone.models.generators.speed.compilation import reason_against


@pytest.mark.parametrize("norm", [None, "rms_norm"])
@pytest.mark.parametrize("longest", [512, 4])
def test_replaced_operations_predict_what_the_library_predicts(norm, longest, monkeypatch):
    """Short sequences by products, long ones by torch's fused attention."""
    monkeypatch.setattr(joint_attention, "_LONGEST", longest)
    transformer = sd3(norm=norm)
    for name, weight in transformer.named_parameters():
        if "norm_" in name:
            weight.data.uniform_(0.5, 1.5)
    expected = predicted(transformer)
    cpu_operations.replace_operations(transformer)
    assert isinstance(transformer.transformer_blocks[0].attn.processor, joint_attention.JointAttention)
    assert isinstance(transformer.transformer_blocks[0].forward, JointBlock)
    assert isinstance(transformer.transformer_blocks[0].ff.net[0].forward, PackedLinear)
    assert isinstance(transformer.proj_out.forward, PackedLinear)
    torch.testing.assert_close(predicted(transformer), expected, rtol=1e-4, atol=1e-5)


def test_weights_that_change_later_count():
    transformer = sd3()
    cpu_operations.replace_operations(transformer)
    before = predicted(transformer)
    with torch.no_grad():
        for block in transformer.transformer_blocks:
            block.attn.to_q.weight.add_(0.3)
    plain = sd3()
    plain.load_state_dict(transformer.state_dict())
    assert float((predicted(transformer) - before).abs().max()) > 1e-3
    torch.testing.assert_close(predicted(transformer), predicted(plain), rtol=1e-4, atol=1e-5)


def test_large_denoisers_keep_one_copy_of_their_weights(monkeypatch):
    monkeypatch.setattr(cpu_operations, "LARGEST", 1000)
    transformer = sd3()
    cpu_operations.replace_operations(transformer)
    assert "forward" not in vars(transformer.proj_out)
    torch.testing.assert_close(predicted(transformer), predicted(sd3()), rtol=1e-4, atol=1e-5)


def test_blocks_that_work_otherwise_are_left_to_the_library(monkeypatch):
    """Feed-forward layers in chunks, and two attentions of a block, as in Stable Diffusion 3.5."""
    transformer, plain = sd3(), sd3()
    cpu_operations.replace_operations(transformer)
    for one in (transformer, plain):
        one.enable_forward_chunking(1, dim=0)
    torch.testing.assert_close(predicted(transformer), predicted(plain), rtol=1e-4, atol=1e-5)
    dual, expected = (sd3(dual_attention_layers=(0,)) for _ in range(2))
    cpu_operations.replace_operations(dual)
    assert "forward" not in vars(dual.transformer_blocks[0])
    assert "forward" in vars(dual.transformer_blocks[1])
    torch.testing.assert_close(predicted(dual), predicted(expected), rtol=1e-4, atol=1e-5)


def test_a_lora_is_not_passed_over():
    peft = pytest.importorskip("peft")
    transformer = sd3()
    transformer.add_adapter(peft.LoraConfig(r=2, target_modules=["to_q", "add_k_proj"], init_lora_weights=False))
    expected = predicted(transformer)
    cpu_operations.replace_operations(transformer)
    torch.testing.assert_close(predicted(transformer), expected, rtol=1e-4, atol=1e-5)


def test_an_operation_that_torch_lacks_is_left_as_it_is(monkeypatch):
    class Without:
        mkldnn = object()

    monkeypatch.setattr(torch, "ops", Without())
    transformer = sd3()
    cpu_operations.replace_operations(transformer)
    assert "forward" not in vars(transformer.transformer_blocks[0].ff.net[0])
    assert "forward" not in vars(transformer.proj_out)
    torch.testing.assert_close(predicted(transformer), predicted(sd3()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", ["sd15", "sdxl", "sd3", "flux", "pixart"])
def test_parts_of_a_batch_drawn_side_by_side_are_the_batch(family, pipelines, monkeypatch):
    generator = make_generator(pipelines[family])
    with threads(2):
        parallel = generator.draw(PROMPTS, SEEDS)
        assert torch.get_num_threads() == 2
        assert len(generator._parts(5)) == 2
        monkeypatch.setattr(generator, "_parts", lambda pictures: generator._loaded[:1])
        whole = generator.draw(PROMPTS, SEEDS)
    assert int(np.abs(pixels(parallel) - pixels(whole)).max()) <= 2
    assert int(np.abs(pixels(whole)[0] - pixels(whole)[2]).max()) > 2


def test_threads_that_use_new_operations_for_the_first_time_do_not_disturb_each_other():
    """Both join the same weights at the same moment."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    expected = sd3()
    inputs = {"hidden_states": torch.ones(2, 4, 8, 8), "encoder_hidden_states": torch.ones(2, 7, 32)}
    inputs |= {"pooled_projections": torch.ones(2, 32), "timestep": torch.tensor([900.0, 20.0])}
    barrier = Barrier(4)

    def predict(transformer) -> torch.Tensor:
        barrier.wait()
        with torch.no_grad():
            return transformer(**inputs, return_dict=False)[0]

    with torch.no_grad():
        right = expected(**inputs, return_dict=False)[0]
    for _ in range(20):
        transformer = sd3()
        cpu_operations.replace_operations(transformer)
        with ThreadPoolExecutor(4) as pool:
            for one in pool.map(predict, [transformer] * 4):
                torch.testing.assert_close(one, right, rtol=1e-4, atol=1e-5)


def test_pipelines_whose_calls_change_shared_layers_draw_one_after_the_other(pipelines):
    generator = make_generator(pipelines["sd3"])
    generator.load()
    pipeline, arguments = generator._loaded
    one, other = twins(pipeline, arguments, 2)
    assert one.scheduler is not other.scheduler
    assert one.transformer is other.transformer
    # One that pads for a thread while another thread asks it not to gives texts of different lengths.
    assert one.tokenizer is not other.tokenizer
    assert one.tokenizer_2 is not other.tokenizer_2
    assert one.tokenizer(PROMPTS).input_ids == other.tokenizer(PROMPTS).input_ids
    assert twins(pipeline, {"joint_attention_kwargs": {"scale": 0.5}}, 2) == [pipeline]


def test_an_error_in_one_part_ends_the_batch():
    def fail() -> int:
        raise MemoryError("full")

    with threads(2), pytest.raises(MemoryError, match="full"):
        side_by_side([lambda: 1, fail])
    assert side_by_side([lambda: 1, lambda: 2, lambda: 3]) == [1, 2, 3]
    assert cut([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4, 5]]
    assert cut([1], 4) == [[1]]


@pytest.mark.parametrize(
    ("settings", "device", "pictures", "batch", "reason"),
    [
        ({"compile": True}, "cpu", None, None, None),
        ({"compile": "off"}, "cuda", 5000, 8, "is off"),
        ({}, "cpu", 5000, 8, "on a CPU"),
        ({}, "cuda", 5000, None, "draw_batch"),
        ({}, "cuda", 10, 8, "from 1000 pictures"),
        ({}, "cuda", None, 8, "from 1000 pictures"),
        ({"offload": "sequential"}, "cuda", 5000, 8, "sequential"),
        ({}, "cuda", 5000, 8, None),
    ],
)
def test_compiling_is_decided_by_the_whole_study(settings, device, pictures, batch, reason, monkeypatch):
    monkeypatch.setattr(compilation, "missing_compiler", lambda device: None)
    against = reason_against(GeneratorSettings(path="x", **settings), device, pictures, batch)
    assert (against is None) if reason is None else reason in str(against)


def test_without_a_compiler_auto_does_without_and_on_says_so(pipelines, monkeypatch):
    monkeypatch.setattr(compilation.shutil, "which", lambda name: None)
    monkeypatch.setattr(compilation.importlib.util, "find_spec", lambda name: object())
    assert "no compiler was found" in str(reason_against(GeneratorSettings(path="x"), "cuda", 5000, 8))
    with pytest.raises(StudyError, match=r"generator\.compile: no compiler was found .*set it to off"):
        make_generator({**pipelines["sd3"], "compile": "on"}).load()


def test_a_compiled_denoiser_draws_one_batch_size(pipelines, monkeypatch):
    """The compiler itself, which takes half a minute to start, is left out."""
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    monkeypatch.setattr(compilation, "missing_compiler", lambda device: None)
    plain = make_generator(pipelines["sd3"]).draw(PROMPTS, SEEDS)
    generator = make_generator({**pipelines["sd3"], "compile": "on"})
    generator.expect(pictures=70, batch=4)
    assert generator.resolved()["compiled"] == "blocks"
    generator.load()
    sizes, result_of = [], generator._result_of
    monkeypatch.setattr(
        generator, "_result_of", lambda *asked: sizes.append(len(asked[1])) or result_of(*asked), raising=True
    )
    drawn = [*generator.draw(PROMPTS[:4], SEEDS[:4]), *generator.draw(PROMPTS[4:], SEEDS[4:])]
    assert sizes[-2:] == [4, 4]
    assert len(drawn) == 5
    assert int(np.abs(pixels(drawn) - pixels(plain)).max()) <= 2


def test_a_compiler_that_fails_is_done_without(pipelines, monkeypatch, caplog):
    def broken(function, **options):
        def raises(*args, **kwargs):
            raise RuntimeError("no Python.h")

        return raises

    monkeypatch.setattr(torch, "compile", broken)
    monkeypatch.setattr(diffusers_generator, "reason_against", lambda *_: None)
    monkeypatch.setattr(compilation, "missing_compiler", lambda device: None)
    generator = make_generator(pipelines["sd3"])
    generator._findings = []
    drawn = generator.draw(PROMPTS, SEEDS)
    assert "compiling failed, and pictures are drawn without" in caplog.text
    assert "compiled" not in generator.resolved()
    assert (
        int(
            np.abs(
                pixels(drawn) - pixels(make_generator(pipelines["sd15"] | pipelines["sd3"]).draw(PROMPTS, SEEDS))
            ).max()
        )
        <= 2
    )


def test_blocks_are_found_where_the_library_names_none():
    assert len(repeated_blocks(sd3())) == 3
    assert repeated_blocks(torch.nn.Linear(2, 2)) == []


def test_auto_is_bfloat16_for_generators_on_processors_that_have_it(pipelines, model_folders, monkeypatch):
    from broken_telephone.models import make_describer

    generator = make_generator({**pipelines["sd3"], "dtype": "auto", "device": "cpu"})
    describer = make_describer({"path": str(model_folders / "describer"), "device": "cpu"})
    for capabilities, dtype in (({"avx512_bf16": True}, "bfloat16"), ({"avx2": True}, "float32")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=capabilities: found)
        assert generator.resolved()["dtype"] == dtype
        assert describer.resolved()["dtype"] == "float32"
    assert "torch" in sys.modules
