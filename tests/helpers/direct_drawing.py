"""Draws with Janus without `generate`: no cache, no logits processor, one pass of the whole sequence for each token."""

import numpy as np
import torch
import transformers as hf


@torch.no_grad()
def drawn_by_janus(folder: str, prompt: str, seed: int, guidance: float) -> np.ndarray:
    """Return the levels of the picture of a prompt at temperature 1."""
    network = hf.JanusForConditionalGeneration.from_pretrained(folder).eval()
    processor = hf.AutoProcessor.from_pretrained(folder)
    turn = {"role": "user", "content": [{"type": "text", "text": prompt}]}
    text = processor.apply_chat_template([turn], add_generation_prompt=True) + processor.image_start_token
    ids = processor.tokenizer(text, return_tensors="pt").input_ids
    blank = ids.clone()
    blank[:, 1:-1] = processor.tokenizer.pad_token_id
    states = network.get_input_embeddings()(torch.cat([ids, blank]))
    noise = torch.Generator().manual_seed(seed)
    tokens: list[int] = []
    for _ in range(processor.num_image_tokens):
        last = network.model.language_model(inputs_embeds=states).last_hidden_state[:, -1]
        asked, without = network.model.generation_head(last)
        likely = (without + guidance * (asked - without)).softmax(-1)
        # The token whose exponential wait ends first: its chance is its probability.
        tokens.append(int((likely / torch.empty(len(likely)).exponential_(generator=noise)).argmax()))
        own = network.model.generation_aligner(network.model.generation_embeddings(torch.tensor([[tokens[-1]]])))
        states = torch.cat([states, own.repeat(2, 1, 1)], dim=1)
    pixels = network.model.vqmodel.decode(torch.tensor([tokens]))[0].permute(1, 2, 0).numpy()
    return np.clip((pixels + 1) * 127.5, 0, 255).astype(int)
