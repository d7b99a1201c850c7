"""Writes long.json: what `transformers` computes at places far down a row, for the checkpoints of models/.

    pip install torch transformers && python tests/golden/make_long.py

Rows are longer than any table of rotary positions that is there from the beginning. Token i of a row is
(7 i + i^2 / 3) mod the vocabulary, whole numbers; logits are of torch on one CPU in f32 with eager attention. The folders
say that they read fewer tokens; rotary positions do not end there.
"""

import json
import os
import pathlib

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
HERE = pathlib.Path(__file__).resolve().parent
TOKENS = 1300
PLACES = [511, 512, 1024, 1299]


@torch.no_grad()
def golden(name):
    folder = HERE / "models" / name
    config = AutoConfig.from_pretrained(folder)
    config.max_position_embeddings = 131072
    model = AutoModelForCausalLM.from_pretrained(
        folder, config=config, dtype=torch.float32, attn_implementation="eager").eval()
    row = torch.tensor([[(7 * i + i * i // 3) % config.vocab_size for i in range(TOKENS)]])
    logits = model(row).logits[0]
    return [[round(x, 6) for x in logits[place].tolist()] for place in PLACES]


if __name__ == "__main__":
    out = {"torch": torch.__version__, "transformers": transformers.__version__, "tokens": TOKENS, "places": PLACES}
    out["logits"] = {name: golden(name) for name in ("llama", "llama-rope", "qwen2", "mistral", "gemma")}
    (HERE / "long.json").write_text(json.dumps(out) + "\n")
