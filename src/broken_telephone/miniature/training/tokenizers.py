"""Trains the two tokenizers of the miniature on its language; every byte stays encodable."""

import json

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import CLIPTokenizer, PreTrainedTokenizerFast

from broken_telephone.miniature.world.language import corpus

_START, _END = "<|startoftext|>", "<|endoftext|>"


def train_clip_tokenizer(tokens: int) -> CLIPTokenizer:
    """Train a CLIP tokenizer on the miniature's words, with texts of at most `tokens` tokens."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token=_END))
    reference = CLIPTokenizer().backend_tokenizer  # the class's own normaliser and pre-tokenizer
    tokenizer.normalizer, tokenizer.pre_tokenizer = reference.normalizer, reference.pre_tokenizer
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=1400, initial_alphabet=letters, end_of_word_suffix="</w>", special_tokens=[], show_progress=False
    )
    tokenizer.train_from_iterator((text.lower() for text in corpus()), trainer)
    trained = _model_state(tokenizer)
    pieces = list(dict.fromkeys([*letters, *(letter + "</w>" for letter in letters), *trained["vocab"]]))
    vocabulary = {piece: number for number, piece in enumerate([*pieces, _START, _END])}
    merges = [tuple(merge) for merge in trained["merges"]]
    return CLIPTokenizer(
        vocab=vocabulary,
        merges=merges,
        model_max_length=tokens,
        unk_token=_END,
        bos_token=_START,
        eos_token=_END,
        pad_token=_END,
    )


def train_chat_tokenizer() -> PreTrainedTokenizerFast:
    """Train a byte-level tokenizer for the describer, with a begin token before every text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>", "<pad>", "<image>"]
    trainer = trainers.BpeTrainer(
        vocab_size=900,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=special,
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    begin = tokenizer.token_to_id("<s>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", begin)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        extra_special_tokens={"image_token": "<image>"},
        padding_side="left",
        model_max_length=512,
    )


def _model_state(tokenizer: Tokenizer) -> dict:
    return json.loads(tokenizer.to_str())["model"]
