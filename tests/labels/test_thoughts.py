"""Thoughts are told from answers in the spellings of many models, and ordinary text stays as it is."""

import pytest

from broken_telephone.labels import FORMS, parse_form
from broken_telephone.labels.answer_parsing.thinking_marks import closing, is_mark, opens_thought, separate

ANSWER = "The person smiles broadly."
THOUGHT = "An old Black man?"

# Where %T is a thought and %A an answer.
CLOSED = [
    "<think>%T</think>%A",
    "<think>\n%T\n</think>\n\n%A",
    "<THINK>%T</Think> %A",
    "< think >%T</ think >%A",
    "<think budget='5'>%T</think>%A",
    "<thinking>%T</thinking>%A",
    "<thought>%T</thought>%A",
    "<thoughts>%T</thoughts>%A",
    "<reasoning>%T</reasoning>%A",
    "<|think|>%T<|/think|>%A",
    "<|begin_of_thought|>%T<|end_of_thought|><|begin_of_solution|>%A<|end_of_solution|>",
    "<|thinking_start|>%T<|thinking_end|>%A",
    "<\uff5cbegin\u2581of\u2581thinking\uff5c>%T<\uff5cend\u2581of\u2581thinking\uff5c>%A<\uff5cend\u2581of\u2581sentence\uff5c>",
    "[THINK]%T[/THINK]%A</s>",
    "[THINKING]%T[/THINKING]%A",
    "\u25c1think\u25b7%T\u25c1/think\u25b7%A",
    "<seed:think>%T</seed:think>%A<seed:eos>",
    "<longcat_think>%T</longcat_think>%A",
    "<|START_THINKING|>%T<|END_THINKING|><|START_RESPONSE|>%A<|END_RESPONSE|>",
    "<think>%T</think><|begin_of_box|>%A<|end_of_box|>",
    "<think>%T</think><answer>%A</answer>",
    "<|channel|>analysis<|message|>%T<|end|><|start|>assistant<|channel|>final<|message|>%A<|return|>",
    "<|channel|>analysis<|message|>%T<|end|><|start|>assistant<|channel|>final <|constrain|>text<|message|>%A",
    "analysis%T assistantfinal%A",
    "<|channel>thought\n%T<channel|>%A<turn|>",
    "<unused94>thought\n%T<unused95>%A",
    "<think>%T</think>%A</think>",
    "<reflection>%T</reflection>%A",
    "<scratchpad>\n%T\n</scratchpad>\n%A",
    "<thought_process>%T</thought_process>%A",
    "<thinking_process>%T</thinking_process>%A",
    "<analysis>%T</analysis>%A",
    "<think_faster>%T</think_faster>%A",
    "<internal_monologue>%T</internal_monologue>%A",
    "<inner_monologue>%T</inner_monologue>%A",
    "<SUMMARY>%T</SUMMARY>%A",
    "<REASONING>%T</REASONING><CONCLUSION>%A</CONCLUSION>",
    "<|im_start|>think\n%T\n<|im_start|>answer\n%A",
    "<antThinking>%T</antThinking>%A",
    "<plan>%T</plan>%A",
    "<cot>%T</cot>\n%A",
    "<rationale>%T</rationale>%A",
    "<deepthink>%T</deepthink>%A",
    '<details type="reasoning">%T</details>%A',
    "&lt;think&gt;%T&lt;/think&gt;%A",
    "```think\n%T\n```\n%A",
    "<think>%T<\\think>%A",
    "<|think|>%T</|think|>%A",
    "<think>%T</think><Output>%A</Output>",
    "<think>%T</think><final>%A</final>",
    "<think>%T</think>%A[EOS]",
    "<think>%T</think>\\boxed{%A}",
    "<think>%T</think>$\\boxed{\\text{%A}}$",
    "<think>%T</think>%A\n\nUser: And now?",
    "<think>%T</think>%A\nHuman: And now?",
]


@pytest.mark.parametrize("text", CLOSED)
def test_a_thought_is_set_apart_in_every_spelling(text):
    assert separate(text.replace("%T", THOUGHT).replace("%A", ANSWER)) == (ANSWER, THOUGHT, False, False)


@pytest.mark.parametrize(
    "opening",
    [
        *("<think>\n", "<THINKING>", "[THINK]", "\u25c1think\u25b7", "<|begin_of_thought|>", "<|START_THINKING|>"),
        *("<|channel|>analysis<|message|>", "<|channel>thought\n", "<seed:think>", "<|think|>", "<reasoning>\n"),
        "<unused94>thought\n",
    ],
)
def test_a_thought_that_is_never_closed_is_cut_off(opening):
    assert separate(opening + THOUGHT) == ("", THOUGHT, True, False)
    assert opens_thought(f"<|im_start|>assistant\n{opening}")
    assert separate(THOUGHT, opened=True) == ("", THOUGHT, True, False)
    # What closes it is a mark that ends it.
    assert separate(closing(opening) + ANSWER, opened=True)[:3] == (ANSWER, None, False)
    assert is_mark(opening.strip())


@pytest.mark.parametrize("mark", ["</think>", "[/THINK]", "\u25c1/think\u25b7", "<|end_of_thought|>", "<channel|>"])
def test_a_closing_mark_alone_makes_a_thought_of_all_before_it(mark):
    assert separate(f"{THOUGHT}\n{mark}\n\n{ANSWER}") == (ANSWER, THOUGHT, False, True)
    assert separate(f"{THOUGHT}\n{mark}\n\n{ANSWER}", opened=True) == (ANSWER, THOUGHT, False, False)


def test_a_closing_mark_that_is_repeated_behind_the_answer_takes_nothing_away():
    assert separate(f"{THOUGHT}</think>{ANSWER}</think>") == (ANSWER, THOUGHT, False, True)
    assert separate("She is white.\n</think>\n1. white</think>").answer == "1. white"
    assert separate(f"{THOUGHT}[/THINK]{ANSWER}\n[/THINK]</s>").answer == ANSWER


def test_nested_and_repeated_thoughts_are_set_apart():
    assert separate("<think>a<think>b</think>c</think>A").answer == "A"
    assert separate("<think>a<think>b</think>A").answer == "A"
    assert separate("<think>a</think>A <think>b</think> B")[:2] == ("A\nB", "a\nb")
    assert separate("<think>a</think>A<think>b") == ("A", "a\nb", True, False)
    assert separate("<think>\n\n</think>\n\nA") == ("A", None, False, False)


@pytest.mark.parametrize(
    "token",
    [
        *("<|im_end|>", "<|eot_id|>", "</s>", "<end_of_turn>", "<|endoftext|>", "<|end|>", "<eos>", "<|return|>"),
        *("<|END_OF_TURN_TOKEN|>", "<end_of_utterance>", "<\uff5cend\u2581of\u2581sentence\uff5c>", "<turn|>"),
        *("<|im_end|>\n<|im_start|>user\nDescribe it.", "<end_of_turn>\n<start_of_turn>user\nNext", "</s>[INST] Next"),
    ],
)
def test_end_tokens_and_what_follows_them_are_removed(token):
    assert separate(ANSWER + token) == (ANSWER, None, False, False)


@pytest.mark.parametrize(
    "end", ["<|endoftext|>", "<|im_end|>", "</s>", "<eos>", "<|eot_id|>", "<end_of_turn>", "<|return|>"]
)
def test_text_behind_an_end_token_is_cut_off_if_an_answer_stands_before(end):
    assert separate(f"{ANSWER}{end}Human: next") == (ANSWER, None, False, False)
    assert separate(f"{ANSWER}\n{end}\nWho? <think>{THOUGHT}</think> He.") == (ANSWER, None, False, False)
    assert separate(f"<think>{THOUGHT}</think>{ANSWER}{end}{end}\nNext.")[:2] == (ANSWER, THOUGHT)
    assert separate(f"{end}{ANSWER}").answer == ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "A woman looks at her <reflection> in the window.",
        "<reflection> of a woman in the window",
        "a shirt with the word [THINK] on it.",
        "The sign says <think> and <b>.",
        "The <analysis> of [thoughts], and more",
        "I <3 her smile; 5 < 6 and 7 > 6.",
        "I think the person is thinking. My thought: a <b>bold</b> man.",
        "The sign says [thinking] and (think).",
        "The final channel, an analysis of the end.",
        "He wears a t-shirt with <- and -> and <--> on it, a|b, <|>, {x}.",
        "if a<b and c>d",
        "analysis of the picture: a woman",
        "a plan, <3, [blurred], the final picture",
        "Answer: happy",
        "The <plan> of a house, and <details>",
        "The User: a man; a human: smiling",
        "if a < b &lt; c",
        "",
    ],
)
def test_ordinary_text_stays_as_it_is(text):
    assert separate(text) == (text, None, False, False)
    assert not opens_thought(text)
    assert closing(text) == ""


def test_a_form_is_read_without_the_thought():
    """Also of a record that was made before the adapters set thoughts apart."""
    for thought in ("<think>A Black woman.</think>", "She is a Black woman.\n</think>\n\n"):
        found = parse_form(f"{thought}1. white 2. male 3. old", FORMS["free"])
        assert [reading.category for reading in found.values()] == ["white", "male", "old"]


def test_the_stages_of_a_thought_are_set_apart():
    stages = "<SUMMARY>a Black woman</SUMMARY><CAPTION>x</CAPTION><REASONING>y</REASONING>"
    assert separate(f"{stages}<CONCLUSION>{ANSWER}</CONCLUSION>")[:3] == (ANSWER, "a Black woman\nx\ny", False)
    assert separate(f"{stages}\n{ANSWER}").answer == ANSWER
    assert separate("<SUMMARY>a Black woman</SUMMARY><CAPTION>x", truncated=True)[:3] == ("", "a Black woman\nx", True)
    assert separate("<think>a <plan>b</plan> c", truncated=True).answer == ""
    assert separate(f"{ANSWER}</caption>").answer == ANSWER


@pytest.mark.parametrize("opening", ["[thinking]", "[REASONING]", "<plan>", "<SUMMARY>", "```think\n", "&lt;think&gt;"])
def test_a_thought_that_the_limit_cut_off_at_the_start_is_no_answer(opening):
    assert separate(f"{opening}{THOUGHT}", truncated=True) == ("", THOUGHT, True, False)


@pytest.mark.parametrize("text", ["<think", "<thi", "[reason", "<|begin_of", "<SUMM", "&lt;think", "```thi"])
def test_what_the_limit_left_of_a_mark_is_no_answer(text):
    assert separate(text, truncated=True) == ("", None, True, False)


@pytest.mark.parametrize("text", ["<3", "[blurred]", "a plan", "The sign says [thinking]", ANSWER])
def test_an_answer_that_the_limit_cut_off_stays(text):
    assert separate(text, truncated=True) == (text, None, False, False)


def test_unknown_tokens_are_removed_unless_there_is_nothing_else():
    assert separate(f"<unk>{ANSWER}<unk> <unk>").answer == ANSWER
    assert separate("<unk>" * 50).answer == "<unk>" * 50
    assert is_mark("<unk>")
    assert is_mark("<|im_start|>")
