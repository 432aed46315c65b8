"""Answers that refuse: how they begin, and what they say instead of an answer, in one place."""

import re

from broken_telephone.labels.answer_parsing.word_search import plain

# Lower case, straight apostrophes. Openings only: "I cannot see any anger in her face" is a description.
OPENINGS = (
    "i'm sorry, but i can't",
    "i'm sorry, but i cannot",
    "i'm sorry, but i'm not able",
    "i'm sorry, but i'm unable",
    "i'm sorry, i can't",
    "i'm sorry, i cannot",
    "i am sorry, but i can't",
    "i am sorry, but i cannot",
    "sorry, i can't",
    "sorry, i cannot",
    "sorry, i'm not able",
    "sorry, i am not able",
    "sorry, i'm unable",
    "sorry, i am unable",
    "sorry, but i can't",
    "sorry, but i cannot",
    "i apologize, but i can",
    "i apologise, but i can",
    "i apologize, but i'm",
    "i apologize, but i am",
    "i can't assist",
    "i cannot assist",
    "i can't help with",
    "i cannot help with",
    "i won't be able to",
    "i'm unable to assist",
    "i am unable to assist",
    "i'm not able to assist",
    "i'm not able to identify",
    "as an ai language model, i can",
    "as an ai model, i can",
    "as an ai, i can",
    "sorry, as a base vlm i am not trained to answer this question",  # PaliGemma
    # Spanish, Portuguese, French, Italian, German, Dutch
    "lo siento",
    "lamento, pero no puedo",
    "no puedo ayudar",
    "desculpe",
    "sinto muito",
    "lamento, mas",
    "não posso ajudar",
    "je suis désolé",
    "désolé",
    "je ne peux pas",
    "mi dispiace",
    "non posso aiutar",
    "es tut mir leid",
    "tut mir leid",
    "entschuldigung",
    "ich kann dabei nicht helfen",
    "het spijt me",
    "sorry, maar ik kan",
    # Swedish, Danish and Norwegian, Finnish
    "jag kan tyvärr inte",
    "tyvärr",
    "jag är ledsen",
    "jeg beklager",
    "beklager",
    "desværre",
    "valitettavasti",
    "olen pahoillani",
    # Polish, Czech, Russian, Ukrainian, Turkish, Greek, Romanian, Hungarian
    "przepraszam",
    "przykro mi",
    "omlouvám se",
    "je mi líto",
    "извините",
    "к сожалению",
    "простите",
    "мне жаль",
    "я не могу помочь",
    "вибачте",
    "на жаль",
    "üzgünüm",
    "maalesef",
    "λυπάμαι",
    "îmi pare rău",
    "sajnálom",
    # Chinese, Japanese, Korean, Vietnamese, Indonesian, Thai
    "抱歉",
    "很抱歉",
    "对不起",
    "對不起",
    "我无法",
    "我無法",
    "申し訳",
    "すみません",
    "ごめんなさい",
    "죄송",
    "미안",
    "xin lỗi",
    "tôi xin lỗi",
    "rất tiếc",
    "maaf",
    "ขออภัย",
    "ขอโทษ",
    # Arabic, Hebrew, Persian, Hindi, Bengali
    "آسف",
    "عذر",
    "أعتذر",
    "للأسف",
    "סליחה",
    "מצטער",
    "متأسف",
    "मुझे खेद",
    "क्षमा",
    "माफ़",
    "দুঃখিত",
)

_DECLINES = re.compile(
    r"\b(?:decline|refuse)d?\b|"
    r"\bi(?:'d| would)? (?:won't|will not|rather not|prefer not to)\b|\bi(?:'m| am) not (?:going to|comfortable)\b|"
    r"\b(?:can't|cannot|can not|won't|will not|not able to|unable to) (?:be able to |be )?"
    r"(?:help|assist|comply|fill|filling|complet|provid|answer|do that|guess|identify people|label|classif|"
    r"categori[sz]|speculat|assum|make assumptions|make inferences)|"
    r"\bagainst my (?:policy|guidelines)|\bmy (?:policy|guidelines) (?:do|prohibit|prevent)"
)
# What may stand before an opening: markup, and who speaks.
_LEAD = re.compile(r"(?:\W|(?:assistant|response|answer)\b)+")


def is_refusal(text: str) -> bool:
    """Return whether an answer opens as a refusal, in one of some thirty languages."""
    text = plain(text).lower()
    lead = _LEAD.match(text)
    return text[lead.end() if lead else 0 :].startswith(OPENINGS)


def declines(text: str) -> bool:
    """Return whether an answer refuses anywhere: for answers that hold nothing that was asked for."""
    return is_refusal(text) or _DECLINES.search(plain(text).lower()) is not None


def before_declining(sentence: str) -> str:
    """Return what a sentence says before it declines: "I won't say whether he is Asian" says nothing."""
    found = _DECLINES.search(sentence.lower())
    return "" if is_refusal(sentence) else sentence[: found.start()] if found else sentence
