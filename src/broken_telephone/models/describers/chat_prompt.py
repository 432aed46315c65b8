"""Builds the text for a describer: its chat template around the prompt, or a plain template."""

import re
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.labels.answer_parsing.thinking_marks import closing
from broken_telephone.models.settings import DescriberSettings

_RESERVED = ("add_generation_prompt", "chat_template", "continue_final_message", "conversation", "messages", "tokenize")


def prompt_text(processor: Any, settings: DescriberSettings, prompt: str) -> str:
    """Return the text for one picture.

    A `template` of the study takes precedence over the model's own chat template.

    Raises:
        StudyError: if there is no place for the system prompt, or no chat template reads `chat_template_kwargs`.
    """
    _check_switches(processor, settings)
    if settings.template is not None or getattr(processor, "chat_template", None) is None:
        template = settings.template or "{prompt}"
        if settings.system is not None and "{system}" not in template:
            raise StudyError(
                "describer.system: this model has no chat template, and describer.template no place for a system "
                'prompt: write "{system}" into the template, or take the system prompt away'
            )
        return template.replace("{system}", settings.system or "").replace("{prompt}", prompt)
    turns = _turns(settings, prompt)
    text: str = processor.apply_chat_template(
        turns, add_generation_prompt=True, **(settings.chat_template_kwargs or {})
    )
    if settings.system is not None and settings.system.strip() not in text:
        raise StudyError(
            "describer.system: this model's chat template drops system prompts: put it into loop.describe_prompt"
        )
    return text


def prompt_before_answer(processor: Any, settings: DescriberSettings, prompt: str) -> str:
    """Return `prompt_text` and close a thought that it opens, so that what follows is an answer."""
    text = prompt_text(processor, settings, prompt)
    return text + closing(text)


def gap(processor: Any, settings: DescriberSettings, prompt: str) -> str:
    """Return the text between a prompt and its answer: that of the chat template, else a space."""
    text = prompt_before_answer(processor, settings, prompt)
    if settings.template is None and getattr(processor, "chat_template", None) is not None:
        mark = "(answer)"
        answer = {"role": "assistant", "content": [{"type": "text", "text": mark}]}
        switches = settings.chat_template_kwargs or {}
        whole: str = processor.apply_chat_template([*_turns(settings, prompt), answer], **switches)
        between = whole[len(text) : whole.find(mark)] if whole.startswith(text) else None
        if between is not None and not between.strip():
            return between
    return "" if text[-1:].isspace() else " "


def _check_switches(processor: Any, settings: DescriberSettings) -> None:
    """Refuse a switch without effect, because a template ignores names that it does not know."""
    if not settings.chat_template_kwargs:
        return
    if settings.template is not None:
        raise StudyError(
            "describer.chat_template_kwargs: describer.template takes the chat template's place: state one"
        )
    if reserved := [name for name in settings.chat_template_kwargs if name in _RESERVED]:
        raise StudyError(f"describer.chat_template_kwargs: {reserved[0]} is set by the project: take it away")
    template = getattr(processor, "chat_template", None)
    # Some models have several templates by name.
    unread = [name for name in settings.chat_template_kwargs if not re.search(rf"\b{re.escape(name)}\b", str(template))]
    if unread:
        raise StudyError(
            f"describer.chat_template_kwargs: this model's chat template does not read {', '.join(unread)}: correct "
            "the name, or take it away"
        )


def _turns(settings: DescriberSettings, prompt: str) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}]
    if settings.system is not None:
        turns.insert(0, {"role": "system", "content": [{"type": "text", "text": settings.system}]})
    return turns
