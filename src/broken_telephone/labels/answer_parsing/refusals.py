"""Detects refusals, by the opening of an answer and by typical phrases."""

import re

from broken_telephone.labels.answer_parsing.word_search import normalise

# In lower case with straight apostrophes. Only openings count: "I cannot see any anger in her face" is a description.
OPENINGS = (
    *("i'm sorry, but i can't", "i'm sorry, but i cannot", "i'm sorry, but i'm not able"),
    *("i'm sorry, but i'm unable", "i'm sorry, i can't", "i'm sorry, i cannot", "i am sorry, but i can't"),
    "i am sorry, but i cannot",
    *("sorry, i can't", "sorry, i cannot", "sorry, i'm not able", "sorry, i am not able", "sorry, i'm unable"),
    *("sorry, i am unable", "sorry, but i can't", "sorry, but i cannot"),
    *("i apologize, but i can", "i apologise, but i can", "i apologize, but i'm", "i apologize, but i am"),
    *("i can't assist", "i cannot assist", "i can't help with", "i cannot help with", "i won't be able to"),
    *("i'm unable to assist", "i am unable to assist", "i'm not able to assist", "i'm not able to identify"),
    *("as an ai language model, i can", "as an ai model, i can", "as an ai, i can"),
    "sorry, as a base vlm i am not trained to answer this question",  # PaliGemma
    *("lo siento", "lamento, pero no puedo", "no puedo ayudar"),  # Spanish
    *("desculpe", "sinto muito", "lamento, mas", "não posso ajudar"),  # Portuguese
    *("je suis désolé", "désolé", "je ne peux pas"),  # French
    *("mi dispiace", "non posso aiutar"),  # Italian
    *("es tut mir leid", "tut mir leid", "entschuldigung", "ich kann dabei nicht helfen"),  # German
    *("het spijt me", "sorry, maar ik kan"),  # Dutch
    *("jag kan tyvärr inte", "tyvärr", "jag är ledsen"),  # Swedish
    *("jeg beklager", "beklager", "desværre"),  # Danish and Norwegian
    *("valitettavasti", "olen pahoillani"),  # Finnish
    *("przepraszam", "przykro mi"),  # Polish
    *("omlouvám se", "je mi líto"),  # Czech
    *("извините", "к сожалению", "простите", "мне жаль", "я не могу помочь"),  # Russian
    *("вибачте", "на жаль"),  # Ukrainian
    *("üzgünüm", "maalesef"),  # Turkish
    "λυπάμαι",  # Greek
    "îmi pare rău",  # Romanian
    "sajnálom",  # Hungarian
    *("抱歉", "很抱歉", "对不起", "對不起", "我无法", "我無法"),  # Chinese
    *("申し訳", "すみません", "ごめんなさい"),  # Japanese
    *("죄송", "미안"),  # Korean
    *("xin lỗi", "tôi xin lỗi", "rất tiếc"),  # Vietnamese
    "maaf",  # Indonesian
    *("ขออภัย", "ขอโทษ"),  # Thai
    *("آسف", "عذر", "أعتذر", "للأسف"),  # Arabic
    *("סליחה", "מצטער"),  # Hebrew
    "متأسف",  # Persian
    *("मुझे खेद", "क्षमा", "माफ़"),  # Hindi
    "দুঃখিত",  # Bengali
)

_DECLINES = re.compile(
    r"\b(?:decline|refuse)d?\b|"
    r"\bi(?:'d| would)? (?:won't|will not|rather not|prefer not to)\b|\bi(?:'m| am) not (?:going to|comfortable)\b|"
    r"\b(?:can't|cannot|can not|won't|will not|not able to|unable to) (?:be able to |be )?"
    r"(?:help|assist|comply|fill|filling|complet|provid|answer|do that|guess|identify people|label|classif|"
    r"categori[sz]|speculat|assum|make assumptions|make inferences)|"
    r"\bagainst my (?:policy|guidelines)|\bmy (?:policy|guidelines) (?:do|prohibit|prevent)"
)
# Markup or the name of the speaker may precede an opening.
_LEAD = re.compile(r"(?:\W|(?:assistant|response|answer)\b)+")


def is_refusal(text: str) -> bool:
    """Return whether an answer opens as a refusal, in one of some thirty languages."""
    text = normalise(text).lower()
    lead = _LEAD.match(text)
    return text[lead.end() if lead else 0 :].startswith(OPENINGS)


def declines(text: str) -> bool:
    """Return whether an answer refuses anywhere. Use it for answers that contain none of the requested values."""
    return is_refusal(text) or _DECLINES.search(normalise(text).lower()) is not None


def text_before_refusal(sentence: str) -> str:
    """Return the part of a sentence before its refusal; "I won't say whether he is Asian" has no such part."""
    refusal = _DECLINES.search(sentence.lower())
    return "" if is_refusal(sentence) else sentence[: refusal.start()] if refusal else sentence
