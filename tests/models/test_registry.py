"""The table of adapters."""

import subprocess
import sys
from pkgutil import resolve_name
from typing import get_args

import pytest

from broken_telephone.models import Kind, make_model
from broken_telephone.models.registry import ADAPTERS


def test_every_kind_has_an_adapter():
    assert {key.split(" with ")[0] for key in ADAPTERS} == set(get_args(Kind))


@pytest.mark.parametrize(
    ("kind", "settings", "adapter"),
    [
        ("generator", {"hub": "a/b"}, "generator"),
        ("describer", {"hub": "a/b"}, "describer"),
        ("describer", {"endpoint": "http://localhost:1/v1", "model": "a"}, "describer with endpoint"),
        ("generator", {"endpoint": "http://localhost:1/v1", "model": "a"}, "generator with endpoint"),
        ("embedder", {"hub": "a/b"}, "embedder"),
        ("detector", {"facexlib": "retinaface_resnet50"}, "detector"),
        ("parser", {"facexlib": "bisenet"}, "parser"),
    ],
)
def test_settings_choose_the_adapter(kind, settings, adapter):
    model = make_model(kind, settings, "some")
    assert type(model) is resolve_name(f"broken_telephone.models.{ADAPTERS[adapter].path}")
    assert type(model.settings) is ADAPTERS[adapter].settings
    assert model.setting == "some"


def test_adapters_and_model_libraries_load_when_they_are_needed():
    modules = "torch diffusers transformers facexlib openai broken_telephone.models.describers.transformers_describer"
    code = f"import broken_telephone.models, sys; print([name for name in {modules.split()} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
