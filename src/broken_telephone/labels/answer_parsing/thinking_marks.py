"""Separates a reasoning model's thought from its answer, for the marks that current models use.

A special token opens a thought anywhere. A word in brackets opens one only at the start, after another mark, or if its
closing mark follows, because an answer may describe "a shirt with [THINK] on it".
"""

import re
from typing import NamedTuple

# A model family may prefix the name, as in <seed:think> and <longcat_think>.
_NAME = r"(?:(?!end|begin|start)\w+[:_])?(?:think(?:ing)?|thoughts?|reason(?:ing)?)"
# These words open a thought only if a closing mark follows, because answers use them too.
_PAIRED = (
    r"(?:reflection|scratchpad|analysis|think_faster"
    r"|(?:thought|thinking|reasoning)_process|(?:inner|internal)_monologue)"
)
# A closing mark of these words counts only after its opening mark, because answers use them too.
_TAGGED = r"(?:summary|caption|plan|cot|rationale|deepthink|antthinking|details(?=\s+type\s*=\s*[\"']?reasoning))"
_TAGGED_END = r"(?:summary|caption|plan|cot|rationale|deepthink|antthinking|details)"
_BAR = r"[|\uff5c]"
# DeepSeek's tokens join words by U+2581, other models' tokens by an underscore.
_JOIN = r"[ _\u2581-]"
# The closing mark of these has the same word.
_WORD = rf"""
    <\s*(?P<word>{_NAME}|(?P<paired>{_PAIRED}|(?P<tagged>{_TAGGED})))(?:\s+[\w:-]+\s*=[^<>]*)?\s*>
  | \[\s*(?P<bracketed>think|(?P<paired_bracket>thinking|thoughts?|reasoning|{_PAIRED}))\s*\]
"""
_TOKEN = rf"""
    <{_BAR}\s*{_NAME}\s*{_BAR}?>
  | <{_BAR}?(?:begin|start)(?:{_JOIN}of)?{_JOIN}{_NAME}{_BAR}?>
  | <{_BAR}?{_NAME}{_JOIN}(?:begin|start){_BAR}?>
  | \u25c1\s*{_NAME}\s*\u25b7
  | <\|channel\|?>\s*(?:analysis|commentary|thought|thinking)\b[^<\n]*(?:<\|constrain\|>[^<]*)?(?:<\|message\|>)?
  | <unused94>\s*thought
  | <\|inner_prefix\|>
  | <\|im_start\|>\s*think\b
"""
_CLOSE = rf"""
    <\s*[/\\]\s*(?P<closed>{_NAME}|{_PAIRED}|(?P<tagged_end>{_TAGGED_END}))\s*>
  | <\s*/\s*{_BAR}\s*{_NAME}\s*{_BAR}>
  | <{_BAR}\s*/\s*{_NAME}\s*{_BAR}?>
  | <{_NAME}{_BAR}>
  | <{_BAR}?end(?:{_JOIN}of)?{_JOIN}{_NAME}{_BAR}?>
  | <{_BAR}?{_NAME}{_JOIN}end{_BAR}?>
  | \[\s*/\s*(?P<closed_bracket>think(?:ing)?|thoughts?|reasoning|{_PAIRED})\s*\]
  | \u25c1\s*/\s*{_NAME}\s*\u25b7
  | <channel\|>
  | <unused95>
  | <\|inner_suffix\|>
"""
_ANSWER = rf"""
    <\|channel\|?>\s*final\b[^<\n]*(?:<\|constrain\|>[^<]*)?(?:<\|message\|>)?
  | <{_BAR}(?:begin|start)(?:{_JOIN}of)?{_JOIN}(?:response|solution|answer){_BAR}>
  | <\|im_start\|>\s*answer\b
"""
_FLAGS = re.IGNORECASE | re.DOTALL | re.VERBOSE
_MARK = re.compile(rf"(?P<open>{_WORD}|{_TOKEN})|(?P<close>{_CLOSE})|(?P<answer>{_ANSWER})|(?P<end><\|end\|>)", _FLAGS)
_OPENED = re.compile(rf"(?:{_WORD}|{_TOKEN})\s*\Z", _FLAGS)
# Some parts of marks are separate tokens.
_PART = re.compile(
    r"<\|(?:channel|message|start|end|constrain|im_start)\|>|<\|channel>|<unused9[45]>|<unk>", re.IGNORECASE
)
# Web pages and chats escape marks or fence them.
_ESCAPED = re.compile(rf"&lt;(\s*[/\\]?\s*(?:{_NAME}|{_PAIRED}|{_TAGGED_END})\s*)&gt;", re.IGNORECASE)
_FENCED = re.compile(r"```(?:think(?:ing)?|thoughts?|reasoning)\s(.*?)```", _FLAGS ^ re.VERBOSE)
_FENCE = re.compile(r"\A\s*```(?:think(?:ing)?|thoughts?|reasoning)\b", re.IGNORECASE)
# The token limit may cut any of these marks.
_SPELT = (
    *(f"<{name}>" for name in ("think", "thinking", "thoughts", "reasoning", "reflection", "scratchpad", "analysis")),
    *(f"<{name}>" for name in ("summary", "caption", "plan", "cot", "rationale", "deepthink", "antthinking")),
    *("<inner_monologue>", "<seed:think>", "<|think|>", "<|thinking_start|>", "<|begin_of_thought|>"),
    *("<|start_thinking|>", "<|channel|>analysis<|message|>", "<|channel>thought", "<|im_start|>think"),
    *("[thinking]", "[thoughts]", "[reasoning]", "\u25c1think\u25b7", "&lt;think&gt;", "```think"),
    '<details type="reasoning">',
)
# Some servers remove the special tokens of Harmony's channels and leave their names.
_BARE_CHANNELS = re.compile(r"\s*analysis(?P<thought>.*?)assistant\s*final(?P<answer>.*)", re.DOTALL)
_BARE_CHANNEL = re.compile(r"\s*analysis(?=[A-Z])")

_ROLE = r"(?:assistant|model|user|human|system|tool)"
# After these marks the model writes the user's next turn.
_NEXT_TURN = re.compile(
    rf"""(?:<\|(?:im_start|start|start_header_id|start_of_role|turn)\|?>|<start_of_turn>)\s*(?:user|human|system|tool)\b.*
    | <{_BAR}(?:user|human|system|observation){_BAR}>.*
    | \[INST\].*""",
    _FLAGS,
)
# Text after one of these tokens is not part of the answer.
_END_OF_TEXT = re.compile(
    rf"""<{_BAR}(?:im_end|e[ot]s(?:_token)?|eot(?:_id)?|eom_id|eod|return|end{_JOIN}?of{_JOIN}?\w{{1,20}})\s*{_BAR}>
    | </s>
    | <(?:\w+:)?(?:eos|eot|eod)(?:_token)?>
    | <end_of_(?:turn|utterance|text)>
    | \[(?:EOS|EOT|EOD)\]
    | <turn\|>""",
    _FLAGS,
)
_LEFTOVER = re.compile(
    rf"""(?:<\|(?:im_start|start|start_header_id|start_of_role|turn)\|?>|<start_of_turn>)\s*{_ROLE}\b
    | <{_BAR}[\w\u2581/ :.-]{{1,40}}{_BAR}?>
    | <\w{{1,40}}{_BAR}>
    | </?s>
    | <(?:\w+:)?(?:eos|bos|pad|eot|eod)(?:_token)?>
    # A long run of <unk> is kept: the model wrote nothing else.
    | (?<!<unk>)(?<!<unk>\s)(?:<unk>\s?){{1,9}}(?!\s?<unk>)
    | \[(?:EOS|EOT|EOD)\]
    | <(?:start|end)_of_(?:turn|utterance|text)>
    | </?(?:answer|final_answer|final|output|response|conclusion|summary|caption)>
    | <\s*{_NAME}\s*/>
    | \[/INST\]""",
    _FLAGS,
)

_BOXED = re.compile(r"\$?\\boxed\s*\{(?:\\text\s*\{)?([^{}]*)\}{0,2}\$?")
# The model may invent a turn of the user.
_INVENTED_TURN = re.compile(r"(?<=\S)\s*\n[ \t#*]*(?:User|Human)\**:.*", re.DOTALL)


class Separated(NamedTuple):
    """An answer and the thought that was separated from it."""

    answer: str
    """The answer without marks, end tokens and surrounding whitespace."""
    thought: str | None
    """The thought; None if there is none."""
    cut_off: bool
    """Whether the thought was opened and never closed."""
    opened_before: bool = False
    """Whether the text closes a thought that the model's chat template opened."""


def separate(text: str, opened: bool = False, truncated: bool = False) -> Separated:
    """Separate a thought from the answer.

    Everything before a closing mark without an opening mark is a thought.

    Args:
        text: the model's output with its special tokens.
        opened: whether the prompt opened a thought (`opens_thought`).
        truncated: whether the token limit cut the text, so that a closing mark may be missing.
    """
    # Some tokenizers leave unpaired surrogates, which no file can store.
    text = text.encode("utf-8", "replace").decode()
    text = _FENCED.sub(r"<think>\1</think>", _ESCAPED.sub(r"<\1>", text))
    text = _FENCE.sub("<think>", text) if truncated else text
    if bare := _BARE_CHANNELS.fullmatch(text):
        return Separated(_without_tokens(bare["answer"]), bare["thought"].strip() or None, False)
    if bare := _BARE_CHANNEL.match(text):
        return Separated("", text[bare.end() :].strip(), True)
    thoughts: list[str] = []
    answers: list[str] = []
    inside, opens, opened_before, last, current = opened, int(opened), False, 0, ""
    closed = {_word(mark): mark.start() for mark in _MARK.finditer(text) if mark.lastgroup == "close"}
    for mark in _MARK.finditer(text):
        before = text[last : mark.start()]
        # Inside another thought, or without an opening mark, these are ordinary words.
        if (mark["tagged"] and inside) or (mark["tagged_end"] and current != _word(mark)):
            continue
        if mark.lastgroup == "open":
            paired = mark["paired"] or mark["paired_bracket"]
            alone = closed.get(_word(mark), -1) < mark.start()
            begins = not _without_tokens("".join(answers) + ("" if inside else before))
            # A special token has no word.
            if _word(mark) and alone and not (begins and truncated if paired else opens or begins):
                continue
            if not inside and _ended(before):
                text = text[: mark.start()]
                break
        (thoughts if inside else answers).append(before)
        last = mark.end()
        if mark.lastgroup == "open":
            inside, opens, current = True, opens + 1, _word(mark)
            continue
        # A second closing mark behind the answer is ignored.
        slip = opens and not _without_tokens(_MARK.sub("", text[last:]))
        if mark.lastgroup != "end" and not inside and not slip:
            if mark.lastgroup == "close" and not opens:
                opened_before, opens = True, 1
            thoughts += answers
            answers.clear()
        inside, current = False, ""
    (thoughts if inside else answers).append(text[last:])
    answer = "\n".join(kept for part in answers if (kept := _without_tokens(part)))
    thought = "\n".join(kept for part in thoughts if (kept := _without_tokens(part)))
    if truncated and answer and any(mark.startswith(answer.lower()) for mark in _SPELT):
        return Separated("", thought or None, True, opened_before)
    return Separated(answer, thought or None, inside, opened_before)


def opens_thought(prompt: str) -> bool:
    """Return whether a prompt ends with an open thought, which the model continues."""
    return _OPENED.search(prompt) is not None


def closing(prompt: str) -> str:
    """Return the mark that closes the open thought at the end of a prompt; empty if there is none."""
    opening_mark = _OPENED.search(prompt)
    if opening_mark is None:
        return ""
    mark = opening_mark[0].strip()
    if mark.startswith("<|channel|>"):
        return "<|end|><|start|>assistant<|channel|>final<|message|>"
    for opening, own in {"<|channel>": "<channel|>", "<unused94>": "<unused95>"}.items():
        if mark.startswith(opening):
            return own
    if mark.startswith("<|im_start|>"):
        return "<|im_start|>answer\n"
    if re.search("begin|start|prefix", mark, re.IGNORECASE):
        for word, other in {"begin": "end", "start": "end", "prefix": "suffix"}.items():
            mark = mark.replace(word, other).replace(word.upper(), other.upper())
        return f"\n{mark}\n\n"
    closed = re.sub(rf"^(\W+?)({_NAME}|{_PAIRED}|{_TAGGED})[^|\uff5c>\]\u25b7]*", r"\1/\2", mark, flags=re.IGNORECASE)
    return f"\n{closed}\n\n"


def is_mark(token: str) -> bool:
    """Return whether a special token is part of a mark. `separate` needs these tokens in the text."""
    return _MARK.search(token) is not None or _PART.search(token) is not None


def _word(mark: re.Match[str]) -> str:
    """Return the word of a mark in brackets, which pairs an opening with a closing mark."""
    names = ("word", "bracketed", "closed", "closed_bracket")
    return next((word.lower() for name in names if (word := mark[name])), "")


def _ended(text: str) -> bool:
    """Return whether an end-of-text token follows an answer."""
    return any(_LEFTOVER.sub("", text[: end.start()]).strip() for end in _END_OF_TEXT.finditer(text))


def _without_tokens(text: str) -> str:
    """Remove end tokens, similar leftovers, and everything from the user's next turn on."""
    text = _INVENTED_TURN.sub("", _BOXED.sub(r"\1", _NEXT_TURN.sub("", text)))
    for end in _END_OF_TEXT.finditer(text):
        if before := _LEFTOVER.sub("", text[: end.start()]).strip():
            return before
    return _LEFTOVER.sub("", text).strip()
