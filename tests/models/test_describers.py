"""The describer, on tiny models of six families (LLaVA-NeXT, the seventh, is in test_models.py)."""

import builtins
import importlib.util

import pytest
from tiny_describers import FAMILIES

from broken_telephone.errors import StudyError
from broken_telephone.labels import is_refusal
from broken_telephone.models import Description, make_describer

PROMPT = "Describe the emotion only"
TEMPLATES = {"paligemma": "<image>{prompt}"}


def describer(path: str, family: str = "", **changes):
    template = TEMPLATES.get(family)
    return make_describer({"path": path, "max_new_tokens": 6, "template": template, **changes})


@pytest.mark.parametrize("family", FAMILIES)
def test_descriptions_belong_to_their_pictures_not_to_the_batch(family, describers, pictures):
    model = describer(describers[family], family)
    together = model.describe(pictures, PROMPT)
    assert together == [model.describe([picture], PROMPT)[0] for picture in pictures]
    if family == "blip2":  # which may write one token over and over here: that is no description
        together = [answer for answer in together if isinstance(answer, Description)]
    assert together
    assert all(0 <= answer.tokens <= 6 for answer in together)
    assert all(answer.truncated == (answer.tokens == 6) for answer in together)
    assert not any(answer.refused for answer in together)
    # The prompt is not part of the answer, and every word of it is.
    assert all(len(answer.text.split()) <= answer.tokens for answer in together)
    if family not in ("blip2", "instructblip"):  # whose language model alone writes, and may write empty tokens here
        assert all(len(answer.text.split()) == answer.tokens for answer in together)
    if family not in ("blip2", "paligemma"):  # whose picture tokens an untrained model hardly heeds
        assert len({answer.text for answer in together}) > 1


@pytest.mark.parametrize("family", FAMILIES)
def test_the_limit_is_kept_and_told(family, describers, pictures):
    model = describer(describers[family], family, max_new_tokens=2)
    answers = model.describe(pictures, PROMPT)
    assert len(answers) == len(pictures) > 0
    for answer in answers:
        assert answer.tokens <= 2
        assert answer.truncated == (answer.tokens == 2)


def test_a_template_is_the_form_of_the_prompt(describers, pictures):
    """Without one, PaliGemma gets the bare prompt, to which its processor adds the picture itself."""
    bare, formed = (describer(describers["paligemma"], template=form) for form in (None, "<image>{prompt}"))
    assert bare.describe(pictures, PROMPT) == formed.describe(pictures, PROMPT)
    longer = describer(describers["instructblip"], template="the person {prompt} happy")
    assert longer.describe(pictures, PROMPT) != describer(describers["instructblip"]).describe(pictures, PROMPT)
    with pytest.raises(StudyError, match="needs a place for the prompt"):
        describer(describers["paligemma"], template="<image>")


def test_a_system_prompt_is_heeded_or_refused(describers, model_folders, pictures):
    plain = describer(describers["llava"]).describe(pictures, PROMPT)
    assert describer(describers["llava"], system="a sad person").describe(pictures, PROMPT) != plain
    template = "{system} {prompt}"
    assert describer(describers["blip2"], template=template, system="sad").describe(pictures, PROMPT)
    with pytest.raises(StudyError, match=r"describer\.system: this model has no chat template"):
        describer(describers["blip2"], system="sad").describe(pictures, PROMPT)
    folder = str(model_folders / "describer")
    # Its chat template writes whatever it is given, so it is one that drops the words that is refused.
    model = describer(folder, system="sad")
    model.load()
    model._loaded[1].chat_template = "{{ messages[-1]['content'][1]['text'] }}"
    with pytest.raises(StudyError, match="chat template drops system prompts"):
        model.describe(pictures, PROMPT)


def test_an_adapter_changes_descriptions(describers, pictures, tmp_path):
    from tiny_describers import save_adapter

    save_adapter(describers["llava"], tmp_path / "adapter")
    plain = describer(describers["llava"])
    adapted = describer(describers["llava"], adapter={"path": str(tmp_path / "adapter")})
    assert adapted.describe(pictures, PROMPT) != plain.describe(pictures, PROMPT)
    assert set(adapted.identity()["adapter"]) == {"weights"}
    assert "adapter" not in plain.identity()
    with pytest.raises(StudyError, match=r"describer\.adapter.*(does not fit|cannot be loaded)"):
        describer(describers["blip2"], adapter={"path": str(tmp_path / "adapter")}).load()
    (tmp_path / "adapter/adapter_model.safetensors").rename(tmp_path / "adapter/adapter_model.bin")
    with pytest.raises(StudyError, match=r"holds no adapter_model\.safetensors"):
        describer(describers["llava"], adapter={"path": str(tmp_path / "adapter")}).load()


@pytest.mark.parametrize(
    ("package", "changes", "message"),
    [
        ("peft", {"adapter": {"path": "."}}, r"describer\.adapter needs the package peft: pip install peft"),
        ("bitsandbytes", {"quantisation": "4bit"}, "4bit needs the package bitsandbytes: pip install bitsandbytes"),
    ],
)
def test_a_missing_package_is_named_with_its_command(package, changes, message, describers, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "broken_telephone.models.loading.load_errors.find_spec", lambda name: None if name == package else found(name)
    )
    with pytest.raises(StudyError, match=message):
        describer(describers["llava"], **changes).load()


def test_quantised_weights_need_a_gpu(describers, monkeypatch):
    monkeypatch.setattr("broken_telephone.models.loading.load_errors.find_spec", lambda name: builtins.object())
    with pytest.raises(StudyError, match="8bit needs a GPU, and the device is cpu"):
        describer(describers["llava"], quantisation="8bit", device="cpu").load()


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("I'm sorry, but I can't help with identifying people.", True),
        (
            "  I\N{RIGHT SINGLE QUOTATION MARK}m sorry, but I can\N{RIGHT SINGLE QUOTATION MARK}t assist with that.",
            True,
        ),
        ("I cannot assist with this request.", True),
        ("The woman is sorry, but I can't say why.", False),
        ("I cannot see any anger in her face.", False),
        ("", False),
    ],
)
def test_refusals_are_told_by_their_openings(text, refused):
    assert is_refusal(text) is refused
