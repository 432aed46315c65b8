"""Presets, and what a study states beside them."""

import pytest
import yaml

from broken_telephone.errors import StudyError
from broken_telephone.models import make_describer, make_generator
from broken_telephone.models.endpoints.settings import EndpointSettings
from broken_telephone.models.presets import presets
from broken_telephone.models.settings import (
    DescriberSettings,
    DetectorSettings,
    EmbedderSettings,
    GeneratorSettings,
)
from broken_telephone.study_config.loader import StudyConfigLoader

MAKE = {"generator": make_generator, "describer": make_describer}
ALL = [(kind, name) for kind in MAKE for name in presets(kind)]


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_preset_is_valid_and_sealed_with_its_values(kind, name):
    identity = MAKE[kind]({"preset": name}).identity()
    assert "preset" not in identity
    assert presets(kind)[name].items() <= identity.items()


def test_what_is_stated_goes_before():
    settings = make_generator({"preset": "sd35_large", "steps": 20, "revision": "abc"}).settings
    assert (settings.hub, settings.revision) == ("stabilityai/stable-diffusion-3.5-large", "abc")
    assert (settings.steps, settings.guidance) == (20, 3.5)
    flux = make_generator({"preset": "flux_dev", "call": {"true_cfg_scale": 2.0}}).settings
    assert flux.call == {"max_sequence_length": 512, "true_cfg_scale": 2.0}
    here = make_generator({"preset": "sdxl", "path": "models/sdxl"}).settings
    assert (here.path, here.hub, here.steps) == ("models/sdxl", None, 50)


@pytest.mark.parametrize("kind", MAKE)
def test_an_unknown_preset_is_refused_with_the_list(kind):
    with pytest.raises(StudyError, match=f"no {kind} preset 'best' .*{next(iter(presets(kind)))}"):
        MAKE[kind]({"preset": "best"})


@pytest.mark.parametrize(
    ("model", "stated"),
    [
        ("generator", {"preset": "sd15", "steps": 20}),
        ("describer", {"preset": "qwen25_vl_7b"}),
        ("describer", {"endpoint": "http://localhost:8000/v1", "model": "some-vlm"}),
    ],
)
def test_a_study_that_names_another_model_starts_from_nothing(model, stated, tmp_path):
    """The base study's own path and arguments are not merged into it."""
    base = {"generator": {"path": "a", "load": {"x": None}}, "describer": {"path": "b", "max_new_tokens": 60}}
    for study, parameters in {"base": base, "mine": {model: stated}}.items():
        (tmp_path / study).mkdir()
        (tmp_path / study / "globals.yml").write_text(f"study: {study}\nresults: data\nworld: w\nmodels: m\n")
        (tmp_path / study / "parameters.yml").write_text(yaml.safe_dump(parameters))
    found = StudyConfigLoader(tmp_path, "mine", base_env="base", merge_strategy={"parameters": "soft"})
    assert found["parameters"][model] == stated
    MAKE[model](found["parameters"][model])


SECRET = "https://u:SECRET@hf.co/a/b"


@pytest.mark.parametrize(
    ("settings", "stated"),
    [
        (DescriberSettings, {"hub": SECRET}),
        (DescriberSettings, {"path": SECRET}),
        (DescriberSettings, {"preset": SECRET}),
        (DescriberSettings, {"hub": "a/b", "revision": "hf_SECRETSECRETSECRET1234"}),
        (DescriberSettings, {"hub": "a/b", "load": {"cache_dir": SECRET}}),
        (DescriberSettings, {"hub": "a/b", "adapter": {"hub": SECRET}}),
        (GeneratorSettings, {"hub": "a/b", "lora": {"hub": SECRET}}),
        (GeneratorSettings, {"hub": "a/b", "scheduler": SECRET}),
        (EmbedderSettings, {"hub": "a/b", "texts": {"hub": SECRET}}),
        (DetectorSettings, {"path": SECRET}),
        (DetectorSettings, {"facexlib": SECRET}),
        (EndpointSettings, {"endpoint": "http://localhost:8000/v1", "model": SECRET}),
    ],
)
def test_a_secret_in_any_text_is_refused_and_not_repeated(settings, stated):
    with pytest.raises(StudyError, match=r"write a secret|a key or a password|https://…@hf") as raised:
        settings.model_validate(stated)
    assert "SECRET" not in str(raised.value)
