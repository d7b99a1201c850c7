#!/usr/bin/env python3
"""What benches/engine.rs does, in PyTorch: the same weights, token ids and lengths, f32, two threads.

    python benches/torch_peer.py WORK [--rounds N] [--warm N] [--threads N] [--no-generate]

WORK is written by `cargo bench --bench engine -- --work WORK`. Needs torch, safetensors and, for `generate`,
transformers. The model is written by hand with what is fastest in eager PyTorch: scaled_dot_product_attention, fused
weights for q, k, v and for gate, up while sampling, the adapter as a side branch while training, AdamW in its fused
form. Prints name, median milliseconds, smallest, mean milliseconds of CPU time,
check value.
"""

import argparse
import copy
import json
import os
import statistics
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAD = 0


class Llama:
    """A bundled model; adapters, where there are any, are a side branch as in PEFT."""

    NAMES = {"q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj", "o": "self_attn.o_proj",
             "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj"}

    def __init__(self, folder):
        self.config = json.load(open(os.path.join(folder, "config.json")))
        t = {k: v.float() for k, v in load_file(os.path.join(folder, "model.safetensors")).items()}
        self.embed, self.norm, self.score = t["model.embed_tokens.weight"], t["model.norm.weight"], t.get("score.weight")
        self.layers = []
        for i in range(self.config["num_hidden_layers"]):
            at = f"model.layers.{i}."
            layer = {short: t[f"{at}{name}.weight"] for short, name in self.NAMES.items()}
            layer["n1"], layer["n2"] = t[at + "input_layernorm.weight"], t[at + "post_attention_layernorm.weight"]
            self.layers.append(layer)
        self.heads = self.config["num_attention_heads"]
        self.dim = self.config["hidden_size"] // self.heads
        self.eps = self.config["rms_norm_eps"]
        inverse = self.config["rope_theta"] ** (-torch.arange(0, self.dim, 2).double() / self.dim)
        angle = torch.outer(torch.arange(self.config["max_position_embeddings"]).double(), inverse)
        self.cos, self.sin = (torch.cat([f(angle)] * 2, -1).float() for f in (torch.cos, torch.sin))
        self.adapters, self.scale = {}, 0.0

    def add_adapter(self, rank, alpha):
        torch.manual_seed(0)
        self.scale = alpha / rank
        self.adapters = {}
        for i, layer in enumerate(self.layers):
            for part in self.NAMES:
                out, inputs = layer[part].shape
                a = (torch.randn(rank, inputs) / inputs**0.5).requires_grad_()
                self.adapters[i, part] = a, torch.zeros(out, rank, requires_grad=True)

    def parameters(self):
        return [p for pair in self.adapters.values() for p in pair]

    def merged(self):
        """For sampling: adapters folded in, q, k, v and gate, up side by side."""
        model = copy.copy(self)
        model.layers, model.adapters = [], {}
        with torch.no_grad():
            for i, layer in enumerate(self.layers):
                w = {p: layer[p] + self.scale * self.adapters[i, p][1] @ self.adapters[i, p][0] for p in self.NAMES}
                model.layers.append({"n1": layer["n1"], "n2": layer["n2"], "o": w["o"], "down": w["down"],
                                     "qkv": torch.cat([w["q"], w["k"], w["v"]]), "gu": torch.cat([w["gate"], w["up"]])})
        return model

    def rotate(self, x, cos, sin):
        half = self.dim // 2
        return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin

    def rms(self, x, weight):
        return F.rms_norm(x, (x.shape[-1],), weight, self.eps)

    def linear(self, i, part, x):
        y = F.linear(x, self.layers[i][part])
        if (i, part) in self.adapters:
            a, b = self.adapters[i, part]
            y = y + F.linear(F.linear(x, a), b) * self.scale
        return y

    def hidden(self, ids):
        """Right-padded ids; nothing is merged."""
        b, t = ids.shape
        x = F.embedding(ids, self.embed)
        cos, sin = self.cos[:t], self.sin[:t]
        for i, layer in enumerate(self.layers):
            y = self.rms(x, layer["n1"])
            q, k, v = (self.linear(i, p, y).view(b, t, self.heads, self.dim).transpose(1, 2) for p in "qkv")
            q, k = self.rotate(q, cos, sin), self.rotate(k, cos, sin)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, -1)
            x = x + self.linear(i, "o", y)
            y = self.rms(x, layer["n2"])
            x = x + self.linear(i, "down", F.silu(self.linear(i, "gate", y)) * self.linear(i, "up", y))
        return self.rms(x, self.norm)

    @torch.inference_mode()
    def sample(self, prompts, new, cache_kind):
        """Of a merged model: left-padded prompts, a KV cache, temperature 1, so many new tokens, no end."""
        b, width = len(prompts), max(map(len, prompts))
        ids = torch.tensor([[PAD] * (width - len(p)) + p for p in prompts])
        pad = torch.tensor([width - len(p) for p in prompts])
        places = (torch.arange(width)[None] - pad[:, None]).clamp(min=0)
        full = width + new
        seen = torch.arange(full)[None] >= pad[:, None]
        mask = seen[:, None, None, :width] & torch.ones(width, width, dtype=torch.bool).tril()
        mask = mask | torch.eye(width, dtype=torch.bool)
        ragged = bool(pad.any())
        cache = [None] * len(self.layers)
        if cache_kind == "preallocated":
            cache = [tuple(torch.zeros(b, self.heads, full, self.dim) for _ in "kv") for _ in self.layers]
        out, at = [], 0
        for n in range(new):
            t = ids.shape[1]
            x = F.embedding(ids, self.embed)
            cos, sin = self.cos[places][:, None], self.sin[places][:, None]
            for i, layer in enumerate(self.layers):
                qkv = F.linear(self.rms(x, layer["n1"]), layer["qkv"]).view(b, t, 3, self.heads, self.dim)
                q, k, v = qkv.permute(2, 0, 3, 1, 4)
                q, k = self.rotate(q, cos, sin), self.rotate(k, cos, sin)
                if cache_kind == "preallocated":
                    keys, values = cache[i]
                    keys[:, :, at:at + t], values[:, :, at:at + t] = k, v
                    k, v = keys[:, :, :at + t], values[:, :, :at + t]
                elif cache[i] is not None:
                    k, v = torch.cat([cache[i][0], k], 2), torch.cat([cache[i][1], v], 2)
                if cache_kind == "cat":
                    cache[i] = k, v
                y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(b, t, -1)
                x = x + F.linear(y, layer["o"])
                gate, up = F.linear(self.rms(x, layer["n2"]), layer["gu"]).chunk(2, -1)
                x = x + F.linear(F.silu(gate) * up, layer["down"])
            at += t
            logits = F.linear(self.rms(x[:, -1], self.norm), self.embed)
            ids = torch.multinomial(torch.softmax(logits, -1), 1)
            out.append(ids)
            places = (at - pad)[:, None]
            mask = seen[:, None, None, :at + 1] if ragged else None
        return torch.cat(out, 1)


def right_padded(rows):
    width = max(map(len, rows))
    return torch.tensor([r + [PAD] * (width - len(r)) for r in rows])


class Peer:
    def __init__(self, work):
        self.work = work
        self.policy = Llama(os.path.join(ROOT, "assets", "tiny"))
        self.reward = Llama(os.path.join(ROOT, "assets", "imdb-sentiment"))
        self.pairs = work["pairs"]
        # As in engine.rs, an end of sequence that is never probable: responses of one length.
        self.policy.embed[work["eos"]] = self.policy.embed[PAD]
        self.fresh()

    def fresh(self):
        self.policy.add_adapter(self.work["rank"], self.work["alpha"])
        self.adamw = torch.optim.AdamW(self.policy.parameters(), lr=self.work["learning_rate"], eps=1e-8,
                                       weight_decay=0.0, fused=True)

    def sample(self, kind, together=False):
        policy = self.policy.merged()
        y, guided = self.work["prompts"]
        if together:
            out = policy.sample(y + guided, self.work["new_tokens"], kind)
            return out[:len(y)], out[len(y):]
        return tuple(policy.sample(p, self.work["new_tokens"], kind) for p in (y, guided))

    @torch.inference_mode()
    def score(self, pairs=None):
        rows = [p["x"] + p[y] for p in pairs or self.pairs for y in ("y", "guided")]
        hidden = self.reward.hidden(right_padded(rows))
        last = torch.tensor([len(r) - 1 for r in rows])
        return (hidden[torch.arange(len(rows)), last] @ self.reward.score.T)[:, 0].double()

    def update(self, pairs=None, apply=True):
        pairs = pairs or self.pairs
        n = len(pairs)
        rows = [(p["x"], p[y]) for y in ("y", "guided") for p in pairs]
        ids = right_padded([x + y[:-1] for x, y in rows])
        owners = torch.tensor([i for i, (_, y) in enumerate(rows) for _ in y])
        places = torch.tensor([i * ids.shape[1] + len(x) - 1 + j for i, (x, y) in enumerate(rows) for j in range(len(y))])
        targets = torch.tensor([t for _, y in rows for t in y])
        lengths = torch.tensor([float(len(y)) for _, y in rows])
        hidden = self.policy.hidden(ids).flatten(0, 1)[places]
        token = -F.cross_entropy(F.linear(hidden, self.policy.embed), targets, reduction="none")
        mean = torch.zeros(2 * n).index_add(0, owners, token) / lengths
        y, guided = mean[:n], mean[n:]
        s, s_guided = (torch.tensor([p[k] for p in pairs], dtype=torch.float64) for k in ("s", "s_guided"))
        ranked = (s_guided - s > self.work["tau"]).float()
        w = torch.tanh((s - s_guided) / 2).float()
        loss = -(ranked * (guided - y)).sum() - ((1 - ranked) * (w * y - w * guided)).sum()
        loss = loss / n
        for p in self.policy.parameters():
            p.grad = None
        loss.backward()
        if apply:
            torch.nn.utils.clip_grad_norm_(self.policy.parameters(), self.work["max_norm"])
            self.adamw.step()
        return loss.item()

    def step(self, kind, together):
        y, guided = self.sample(kind, together)
        xs = [p["x"] for p in self.pairs]
        pairs = [{"x": x, "y": a, "guided": b} for x, a, b in zip(xs, y.tolist(), guided.tolist())]
        rewards = self.score(pairs).tolist()
        for i, p in enumerate(pairs):
            p["s"], p["s_guided"] = rewards[2 * i], rewards[2 * i + 1]
        return self.update(pairs)


def generate(work):
    """Sampling by transformers, with its own Llama; the adapter would be merged, so there is none."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(os.path.join(ROOT, "assets", "tiny"), dtype=torch.float32).eval()
    model.generation_config.eos_token_id = None
    inputs = []
    for prompts in work["prompts"]:
        width = max(map(len, prompts))
        ids = torch.tensor([[PAD] * (width - len(p)) + p for p in prompts])
        inputs.append((ids, torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])))

    def run():
        new = work["new_tokens"]
        made = 0
        for ids, mask in inputs:
            out = model.generate(input_ids=ids, attention_mask=mask, do_sample=True, temperature=1.0, top_k=0,
                                 max_new_tokens=new, pad_token_id=PAD)
            made += (out.shape[1] - ids.shape[1]) * out.shape[0]
        return float(made)

    return run


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warm", type=int, default=2)
    parser.add_argument("--no-generate", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    peer = Peer(json.load(open(args.work)))
    made = lambda kind, together: float(sum(x.numel() for x in peer.sample(kind, together)))
    all = {
        "sample (cat)": lambda: made("cat", False),
        "sample (preallocated)": lambda: made("preallocated", False),
        "sample (one batch of 48)": lambda: made("cat", True),
        "score": lambda: peer.score().sum().item(),
        "update": lambda: peer.update(),
        "step": lambda: peer.step("cat", False),
        "gradients": lambda: peer.update(apply=False),
    }
    if not args.no_generate:
        all["sample (generate)"] = generate(peer.work)
    times, used, checks = {name: [] for name in all}, dict.fromkeys(all, 0.0), {}
    for round in range(args.rounds + args.warm):
        for name, run in all.items():
            if name == "update":
                peer.fresh()
            start, before = time.perf_counter(), time.process_time()
            check = run()
            if round == 0:
                checks[name] = check
            if round >= args.warm:
                times[name].append((time.perf_counter() - start) * 1e3)
                used[name] += (time.process_time() - before) * 1e3 / args.rounds
    for name, t in times.items():
        print(f"{name}\t{statistics.median(t):.2f}\t{min(t):.2f}\t{used[name]:.1f}\t{checks[name]:.7f}")


if __name__ == "__main__":
    main()
