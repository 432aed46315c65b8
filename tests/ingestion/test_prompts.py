from itertools import pairwise

import pytest
from raw_data import write_text

from broken_telephone.errors import StudyError
from broken_telephone.ingestion import read_prompts
from broken_telephone.labels import RAF

EMOTION = RAF.concepts["emotion"]


def prompts(tmp_path, text):
    write_text(tmp_path / "prompts.yml", text)
    return [(p.label, p.text, p.repeats) for p in read_prompts(tmp_path / "prompts.yml", EMOTION)]


def test_a_prompt_has_a_name_a_text_or_an_override(tmp_path):
    text = """
    prompt_template: A person who feels {}.
    repeats: 2
    prompts:
      - name: happiness
      - {name: joy, label: Happy, text: overjoyed}
      - {name: grief, label: sadness, override: "Somebody {weeps}.", repeats: 5}
    """
    assert prompts(tmp_path, "\ufeff" + text) == [
        ("happiness", "A person who feels happiness.", 2),
        ("happiness", "A person who feels overjoyed.", 2),
        ("sadness", "Somebody {weeps}.", 5),
    ]


def test_without_a_template_the_text_stands_for_itself(tmp_path):
    assert prompts(tmp_path, "prompts: [{name: fear, text: Afraid.}]") == [("fear", "Afraid.", None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prompts: [{name: joy}]", r"prompts\.yml, prompt 0 \(joy\): label 'joy' is not one of the values"),
        ("prompts: [{name: fear, text: a, override: b}]", "'prompts.0': state text .* or override"),
        ("prompts: []", "'prompts': list should have at least 1 item"),
        ("prompt_template: no place\nprompts: [{name: fear}]", "needs {} once"),
        (
            "prompts: [{name: fear, weight: 2}]",
            r"'prompts\.0\.weight' is not a setting here \(there are: name, label, text",
        ),
        ("prompts: [fear]", r"'prompts\.0'"),
        ("prompts: [{name: 2001-13-45}]", "cannot be read as YAML"),
        ("prompts: [{name: fear, text: ''}]", "'prompts.0.text'"),
        ("- a", "holds a list, not prompt_template and prompts"),
        ("prompts: [", "cannot be read as YAML"),
        ("prompts: [{name: fear}]\nprompts: [{name: anger}]", "'prompts' occurs twice .*, the second time in line 2"),
        ("prompts: [{name: fear, text: a, text: b}]", "'text' occurs twice"),
        ("prompts: [{name: hapiness}]", "did you mean 'happiness'"),
    ],
)
def test_a_wrong_file_is_named_with_the_prompt(tmp_path, text, message):
    with pytest.raises(StudyError, match=message) as raised:
        prompts(tmp_path, text)
    assert "prompts.yml" in str(raised.value)


def test_a_missing_file_names_the_setting(tmp_path):
    with pytest.raises(StudyError, match=r"chains\.prompt_file: .*gone\.yml does not exist"):
        read_prompts(tmp_path / "gone.yml", EMOTION)


def test_a_prompt_file_may_be_utf_16_and_says_what_else_it_is(tmp_path):
    (tmp_path / "prompts.yml").write_bytes("prompts: [{name: fear, text: Angst}]".encode("utf-16"))
    assert [prompt.text for prompt in read_prompts(tmp_path / "prompts.yml", EMOTION)] == ["Angst"]
    (tmp_path / "prompts.yml").write_bytes("prompts: [{name: fear, text: Müde}]".encode("cp1252"))
    with pytest.raises(StudyError, match="Windows-1252"):
        read_prompts(tmp_path / "prompts.yml", EMOTION)


def test_aliases_are_bounded_and_signs_of_a_reference_are_text(tmp_path):
    text = "prompts:\n- {name: happiness, override: 'costs ${x} and ${y'}\n"
    assert prompts(tmp_path, text)[0][1] == "costs ${x} and ${y"
    lists = [f"{name}: &{name} [{', '.join(['*' + last] * 30)}]\n" for last, name in pairwise("abcdef")]
    with pytest.raises(StudyError, match=r"prompts\.yml: its aliases \(\*name\) stand for .* values"):
        prompts(tmp_path, "a: &a [1, 2, 3]\n" + "".join(lists))


PUBLISHED = """
prompt_template: "A portrait photo of a {} person"
prompts:
  - {name: angry_closeup, text: angry}
  - {name: surprise}
  - {name: crowd, override: Many people at a funeral.}
"""


def test_prompt_files_of_the_published_study_are_read_as_they_are(tmp_path):
    write_text(tmp_path / "prompts.yml", PUBLISHED)
    with pytest.raises(StudyError, match=r"prompt 2 \(crowd\).*chains\.prompt_labels: \{crowd: …\} states it"):
        read_prompts(tmp_path / "prompts.yml", EMOTION)
    read = read_prompts(tmp_path / "prompts.yml", EMOTION, {"crowd": "sad"})
    assert [(prompt.label, prompt.text) for prompt in read] == [
        ("anger", "A portrait photo of a angry person"),
        ("surprise", "A portrait photo of a surprise person"),
        ("sadness", "Many people at a funeral."),
    ]
    with pytest.raises(StudyError, match=r"chains\.prompt_labels: .* has no prompt 'other'"):
        read_prompts(tmp_path / "prompts.yml", EMOTION, {"crowd": "sad", "other": "sad"})


def test_a_name_and_a_text_with_different_labels_are_not_guessed(tmp_path):
    with pytest.raises(StudyError, match=r"happiness or anger: state it in chains\.prompt_labels"):
        prompts(tmp_path, "prompts: [{name: happiness, text: angry}]")
