"""Writes gpt2_124m.json: GPT-2 at its published shape (124M parameters) as `transformers` runs it.

    pip install torch transformers safetensors && python tests/golden/make_gpt2_124m.py [--folder FOLDER]

The weights are too large for a repository, so they follow a formula that another language can repeat bit for bit
(see `parameter`). `--folder` writes them as a model folder, without the golden file.
"""

import argparse
import json
import pathlib

import numpy as np

SHAPE = dict(vocab_size=50257, n_positions=1024, n_embd=768, n_layer=12, n_head=12)
END = 50256
MASK = (1 << 64) - 1


def mixed(z):
    """The output function of splitmix64, of an array of u64."""
    with np.errstate(over="ignore"):
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def fnv1a(name):
    """The 64-bit FNV-1a hash of a name."""
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def parameter(name, shape):
    """A parameter by its published name (without "transformer."), in its published layout, f32.

    Word k of it is mixed(fnv1a(name) + (k + 1) * 0x9E3779B97F4A7C15) and holds four numbers of 16 bits, lowest first.
    A number n becomes (n - 32767.5) * 2^-15 * scale, which f32 holds exactly: 1/16 for weights, 1/4 for what norms
    multiply by (after which 1 is added, exactly too), 1/32 for biases, 1/64 for the positions.
    """
    count = int(np.prod(shape))
    words = np.arange(1, (count + 3) // 4 + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        words = mixed(np.uint64(fnv1a(name)) + words * np.uint64(0x9E3779B97F4A7C15))
    numbers = words.view("<u2")[:count].astype(np.float32) - np.float32(32767.5)
    norm = "ln_" in name and name.endswith("weight")
    scale = 1 / 4 if norm else 1 / 32 if name.endswith("bias") else 1 / 64 if name == "wpe.weight" else 1 / 16
    numbers *= np.float32(scale * 2.0**-15)
    return (numbers + np.float32(1.0) if norm else numbers).reshape(shape)


def shapes():
    d = SHAPE["n_embd"]
    out = {"wte.weight": (SHAPE["vocab_size"], d), "wpe.weight": (SHAPE["n_positions"], d)}
    for i in range(SHAPE["n_layer"]):
        for part, shape in (("ln_1", (d,)), ("attn.c_attn", (d, 3 * d)), ("attn.c_proj", (d, d)), ("ln_2", (d,)),
                            ("mlp.c_fc", (d, 4 * d)), ("mlp.c_proj", (4 * d, d))):
            out[f"h.{i}.{part}.weight"] = shape
            out[f"h.{i}.{part}.bias"] = shape[-1:]
    return out | {"ln_f.weight": (d,), "ln_f.bias": (d,)}


def config():
    return SHAPE | {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "activation_function": "gelu_new",
                    "layer_norm_epsilon": 1e-5, "n_ctx": SHAPE["n_positions"], "bos_token_id": SHAPE["vocab_size"] - 1,
                    "eos_token_id": SHAPE["vocab_size"] - 1}


def write_folder(folder, score=False):
    """The weights as a model folder, as a reward model if `score`, with a small tokenizer in place of GPT-2's."""
    from make_models import write_tokenizer
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    prefix, settings = ("transformer." if score else ""), config()
    weights = {prefix + n: parameter(n, s) for n, s in shapes().items()}
    if score:
        weights["score.weight"] = parameter("score.weight", (1, SHAPE["n_embd"]))
        settings |= {"architectures": ["GPT2ForSequenceClassification"], "id2label": {"0": "LABEL_0"},
                     "label2id": {"LABEL_0": 0}, "pad_token_id": settings["eos_token_id"]}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(settings, indent=1) + "\n")
    write_tokenizer(folder, "gpt2", settings, score)


def ids(row, n):
    """Token ids of a row of the batch."""
    return [(row * 7919 + 104729 * (i + 1)) % END for i in range(n)]


def model():
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    with torch.device("meta"):
        gpt2 = GPT2LMHeadModel(GPT2Config(**config()))
    gpt2.to_empty(device="cpu")
    state = {f"transformer.{name}": torch.from_numpy(parameter(name, shape)) for name, shape in shapes().items()}
    state["lm_head.weight"] = state["transformer.wte.weight"]
    gpt2.load_state_dict(state, assign=True)
    gpt2.tie_weights()
    return gpt2.eval()


def golden():
    import torch
    import transformers

    gpt2 = model()
    gpt2.config._attn_implementation = "eager"
    rows = [ids(0, 24), ids(1, 11)]
    columns = [int(c) for c in np.linspace(0, END, 32)]
    out = {"torch": torch.__version__, "transformers": transformers.__version__, "rows": rows, "columns": columns,
           "logits": [], "argmax": [], "greedy": []}
    out["first_numbers"] = {n: parameter(n, s).reshape(-1)[:5].tolist() for n, s in list(shapes().items())[:4]}
    with torch.no_grad():
        for row in rows:
            logits = gpt2(torch.tensor([row])).logits[0]
            best = logits.topk(2).values
            print("deviation", logits.std().item(), "least margin", (best[:, 0] - best[:, 1]).min().item())
            out["logits"].append([logits[-1, c].item() for c in columns])
            out["argmax"].append(logits.argmax(-1).tolist())
            made = gpt2.generate(torch.tensor([row]), do_sample=False, max_new_tokens=3, pad_token_id=END,
                                 eos_token_id=None)
            out["greedy"].append(made[0, len(row):].tolist())
    path = pathlib.Path(__file__).with_name("gpt2_124m.json")
    path.write_text("{\n" + ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in out.items()) + "\n}\n")
    print("wrote", path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    if folder is None:
        golden()
    else:
        write_folder(folder)
