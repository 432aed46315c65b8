"""A study whose models decide their dtype by the machine seals the decision."""

import json

import pytest

from broken_telephone.datasets import SealedJSONDataset
from broken_telephone.errors import StudyError
from broken_telephone.loop.sealed_dtypes import as_sealed, with_dtypes

WANTED = {"generator": {"weights": "g", "dtype": "auto"}, "describer": {"weights": "d", "dtype": "float32"}}


def sealed(dtype: str) -> dict:
    return {**WANTED, "generator": {**WANTED["generator"], "dtype": dtype}}


def test_what_auto_stands_for_takes_its_place():
    resolved = {"draw": {"dtype": "bfloat16", "commit": None}, "describe": {"dtype": "bfloat16"}}
    assert with_dtypes(WANTED, resolved) == sealed("bfloat16")
    assert with_dtypes(WANTED, {"draw": {"seed": "ignored"}}) == WANTED
    assert with_dtypes({}, resolved) == {}
    assert as_sealed(WANTED, sealed("float32")) == sealed("float32")
    assert as_sealed(WANTED, None) == as_sealed(WANTED, {"generator": {"weights": "g"}}) == WANTED


def test_auto_agrees_with_the_seal_and_another_decision_does_not(tmp_path):
    seal = SealedJSONDataset(filepath=str(tmp_path / "loop_settings.json"), results=["images"])
    seal.save(sealed("bfloat16"))
    seal.save(WANTED)
    seal.refuse_others(WANTED)
    seal.save(sealed("bfloat16"))
    with pytest.raises(StudyError, match=r"generator\.dtype: 'bfloat16' then, 'float32' now"):
        seal.refuse_others(sealed("float32"))
    with pytest.raises(StudyError, match=r"generator\.weights: 'g' then, 'other' now"):
        seal.refuse_others({**WANTED, "generator": {"weights": "other", "dtype": "auto"}})
    assert json.loads((tmp_path / "loop_settings.json").read_text())["generator"]["dtype"] == "bfloat16"
