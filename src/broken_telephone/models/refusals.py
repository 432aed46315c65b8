"""Answers that refuse: how they begin, in one place."""

# Lower case, straight apostrophes. Openings only: "I cannot see any anger in her face" is a description.
OPENINGS = (
    "i'm sorry, but i can't",
    "i'm sorry, but i cannot",
    "i'm sorry, i can't",
    "i'm sorry, i cannot",
    "i am sorry, but i can't",
    "i am sorry, but i cannot",
    "sorry, i can't",
    "sorry, but i can't",
    "i apologize, but i can",
    "i can't assist",
    "i cannot assist",
    "i can't help with",
    "i cannot help with",
    "i'm unable to assist",
    "i am unable to assist",
    "i'm not able to assist",
    "i'm not able to identify",
    "as an ai language model, i can",
    "sorry, as a base vlm i am not trained to answer this question",  # PaliGemma
)


def is_refusal(text: str) -> bool:
    """Return whether an answer opens as a refusal."""
    return text.strip().lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").startswith(OPENINGS)
