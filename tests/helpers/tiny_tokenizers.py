"""Tokenizers of a few words or letters, of the real classes."""

from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import CLIPTokenizer, PreTrainedTokenizerFast, Qwen2Tokenizer, T5TokenizerFast

TOKENS = 40
WORDS = ["a", "person", "looks", "happy", "sad", "Describe", "the", "emotion", "only"]


def clip_tokenizer() -> CLIPTokenizer:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = letters + [f"{letter}</w>" for letter in letters]
    vocabulary = {piece: index for index, piece in enumerate([*pieces, "<|startoftext|>", "<|endoftext|>"])}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=TOKENS)


def t5_tokenizer() -> T5TokenizerFast:
    letters = "▁abcdefghijklmnopqrstuvwxyz"
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((letter, -2.0) for letter in letters)]
    return T5TokenizerFast(vocab=vocabulary, extra_ids=0, model_max_length=TOKENS)


def word_tokenizer(*special: str, begin: bool = True, end: bool = False, **named: str) -> PreTrainedTokenizerFast:
    """A tokenizer of whole words; `named` tokens become attributes, as in tokenizers of models with pictures."""
    special = (*special, *(token for token in named.values() if token != "<image>"))
    special = tuple(token for token in special if token != "<image>")
    words = ["<unk>", "<s>", "</s>", "<pad>", "<image>", "[INST]", "[/INST]", *WORDS, *special]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if begin:
        marks = [("<s>", 1), ("</s>", 2)]
        tokenizer.post_processor = processors.TemplateProcessing(
            "<s> $A </s>" if end else "<s> $A", special_tokens=marks
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        additional_special_tokens=["<image>", *special],
        **({"extra_special_tokens": named} if named else {}),
    )


def byte_tokenizer(*special: str, kind=Qwen2Tokenizer) -> PreTrainedTokenizerFast:
    """A tokenizer of single bytes, for families whose own class builds the tokenizer anew."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: index for index, piece in enumerate([*letters, "</s>", "<pad>", *special])}
    tokens = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<pad>"}
    return kind(vocab=vocabulary, merges=[], additional_special_tokens=list(special), **tokens)
