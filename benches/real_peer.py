#!/usr/bin/env python3
"""What benches/real.rs does, by transformers and PEFT: the same folders, token ids, lengths and settings, in f32.

    python benches/real_peer.py prepare OUT [--tiny]       folders and work files of every model
    python benches/real_peer.py run WORK --reps N --warm N --threads N
    python benches/real_peer.py report OUT                 ratios of what is in OUT

Needs torch, transformers, peft, safetensors, numpy. `run` prints JSON: for each measurement the milliseconds of every
repetition, those of CPU time, the tokens made, and a check value that real.rs must find too.

The peer is what transformers and PEFT do at their best: sdpa attention, the adapter merged while sampling, rewards and
log-probabilities with the head at the places alone that need it, fused AdamW. Sampling y and y' as one batch is measured
beside two.
"""

import argparse
import glob
import json
import os
import pathlib
import random
import shutil
import statistics
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
ROOT = pathlib.Path(__file__).resolve().parent.parent
# The paper's adapter and threshold; 8 queries a step, whose pairs are learnt from 4 at a time.
SETTINGS = {"new_tokens": 64, "rank": 8, "alpha": 16, "tau": 0.2, "learning_rate": 1e-4, "max_grad_norm": 1.0,
            "minibatch": 4, "seed": 7}
LENGTHS = [41, 88, 64, 57, 73, 49, 79, 66]
PRINCIPLES = 30


def prepare(out, tiny):
    sys.path.insert(0, str(ROOT / "tests" / "golden"))
    import make_gpt2_124m as gpt2

    settings, lengths = dict(SETTINGS), LENGTHS
    if tiny:
        gpt2.SHAPE.update(vocab_size=600, n_embd=64, n_layer=2, n_head=4)
        settings["new_tokens"], lengths = 8, [n // 4 for n in LENGTHS]
    name = "gpt2-tiny" if tiny else "gpt2-124m"
    gpt2.write_folder(out / name / "policy")
    gpt2.write_folder(out / name / "reward", score=True)
    write_work(out, name, gpt2.SHAPE["vocab_size"], 0, gpt2.SHAPE["vocab_size"] - 1, settings, lengths)

    assets = ROOT / "assets"
    for part, source in (("policy", "tiny"), ("reward", "imdb-sentiment")):
        folder = out / "bundled" / part
        shutil.copytree(assets / source, folder)
        shutil.copy(assets / "tiny" / "tokenizer.json", folder)
    config = json.loads((assets / "tiny" / "config.json").read_text())
    write_work(out, "bundled", config["vocab_size"], 3, config["vocab_size"], settings, lengths)


def write_work(out, name, vocabulary, low, high, settings, lengths):
    """Prompts without and with principles in front, and pairs to score and to learn from."""
    rng = random.Random(settings["seed"])
    draw = lambda n: [rng.randrange(low, high) for _ in range(n)]
    principles, prompts = draw(PRINCIPLES), [draw(n) for n in lengths]
    new = settings["new_tokens"]
    pairs = [{"x": x, "y": draw(new - i), "guided": draw(new // 2 + i), "s": rng.uniform(-1, 1),
              "s_guided": rng.uniform(-1, 1)} for i, x in enumerate(prompts)]
    work = settings | {"name": name, "policy": str(out / name / "policy"), "reward": str(out / name / "reward"),
                       "vocabulary": vocabulary, "pad": low,
                       "prompts": [prompts, [principles + x for x in prompts]], "pairs": pairs}
    (out / f"{name}.work.json").write_text(json.dumps(work) + "\n")


class Peer:
    def __init__(self, work):
        import torch
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

        self.torch, self.work, self.pad = torch, work, work["pad"]
        load = lambda kind, part: kind.from_pretrained(work[part], dtype=torch.float32, attn_implementation="sdpa").eval()
        self.policy, self.reward = load(AutoModelForCausalLM, "policy"), load(AutoModelForSequenceClassification, "reward")
        self.policy.generation_config.eos_token_id = None
        # The body of either model without its head: `transformer` of GPT-2, `model` of Llama.
        self.body = self.policy.base_model
        torch.manual_seed(work["seed"])
        lora = LoraConfig(r=work["rank"], lora_alpha=work["alpha"], target_modules="all-linear", lora_dropout=0.0,
                          task_type="CAUSAL_LM")
        self.peft = get_peft_model(self.policy, lora)
        self.trained = [p for p in self.peft.parameters() if p.requires_grad]
        self.adamw = torch.optim.AdamW(self.trained, lr=work["learning_rate"], eps=1e-8, weight_decay=0.0, fused=True)

    def merged(self):
        """The policy for sampling, as long as a `with` lasts."""
        peer = self

        class Merged:
            def __enter__(self):
                peer.peft.merge_adapter()

            def __exit__(self, *_):
                peer.peft.unmerge_adapter()

        return Merged()

    def generate(self, prompts):
        """`new_tokens` more tokens of every prompt."""
        torch, width = self.torch, max(map(len, prompts))
        ids = torch.tensor([[self.pad] * (width - len(p)) + p for p in prompts])
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
        with torch.inference_mode():
            out = self.policy.generate(input_ids=ids, attention_mask=mask, do_sample=True, temperature=1.0, top_k=0,
                                       top_p=1.0, max_new_tokens=self.work["new_tokens"], pad_token_id=self.pad)
        return out[:, width:].tolist()

    def sample(self):
        with self.merged():
            return self.generate(self.work["prompts"][0])

    def sample_pair(self, together):
        y, guided = self.work["prompts"]
        with self.merged():
            if together:
                out = self.generate(y + guided)
                return out[:len(y)], out[len(y):]
            return self.generate(y), self.generate(guided)

    def right_padded(self, rows):
        width = max(map(len, rows))
        return self.torch.tensor([r + [self.pad] * (width - len(r)) for r in rows])

    def score(self, pairs):
        """s and s' of every pair, in turn. Causal attention makes padding on the right invisible."""
        torch = self.torch
        rows = [p["x"] + p[y] for p in pairs for y in ("y", "guided")]
        with torch.inference_mode():
            hidden = self.reward.base_model(self.right_padded(rows), use_cache=False)[0]
            last = torch.tensor([len(r) - 1 for r in rows])
            return self.reward.score(hidden[torch.arange(len(rows)), last])[:, 0].double().tolist()

    def loss(self, pairs):
        torch, n = self.torch, len(pairs)
        rows = [(p["x"], p[y]) for y in ("y", "guided") for p in pairs]
        ids = self.right_padded([x + y[:-1] for x, y in rows])
        owners = torch.tensor([i for i, (_, y) in enumerate(rows) for _ in y])
        places = torch.tensor([i * ids.shape[1] + len(x) - 1 + j for i, (x, y) in enumerate(rows) for j in range(len(y))])
        targets = torch.tensor([t for _, y in rows for t in y])
        lengths = torch.tensor([float(len(y)) for _, y in rows])
        hidden = self.body(ids, use_cache=False)[0].flatten(0, 1)[places]
        logits = self.policy.get_output_embeddings()(hidden)
        token = -torch.nn.functional.cross_entropy(logits, targets, reduction="none")
        total = torch.zeros(2 * n).index_add(0, owners, token)
        mean = total / lengths
        s, s2 = (torch.tensor([p[k] for p in pairs], dtype=torch.float64) for k in ("s", "s_guided"))
        ranked = (s2 - s > self.work["tau"]).float()
        w = torch.tanh((s - s2) / 2).float()
        loss = -(ranked * (mean[n:] - mean[:n])).sum() - ((1 - ranked) * (w * total[:n] - w * total[n:])).sum()
        return loss / n

    def update(self, pairs):
        """Every minibatch once; the loss of the first."""
        first = None
        for at in range(0, len(pairs), self.work["minibatch"]):
            loss = self.loss(pairs[at:at + self.work["minibatch"]])
            self.adamw.zero_grad(set_to_none=True)
            loss.backward()
            self.torch.nn.utils.clip_grad_norm_(self.trained, self.work["max_grad_norm"])
            self.adamw.step()
            first = loss.item() if first is None else first
        return first

    def step(self, together):
        y, guided = self.sample_pair(together)
        pairs = [{"x": x, "y": a, "guided": b} for x, a, b in zip(self.work["prompts"][0], y, guided)]
        rewards = self.score(pairs)
        for i, p in enumerate(pairs):
            p["s"], p["s_guided"] = rewards[2 * i], rewards[2 * i + 1]
        return self.update(pairs)


def run(path, reps, warm, threads):
    import torch
    import transformers

    torch.set_num_threads(threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    work = json.loads(path.read_text())
    peer = Peer(work)
    count = lambda rows: sum(map(len, rows))
    all = {
        "update": lambda: (0, peer.update(work["pairs"])),
        "score": lambda: (0, sum(peer.score(work["pairs"]))),
        "sample": lambda: (count(peer.sample()), None),
        "sample pair": lambda: (sum(map(count, peer.sample_pair(False))), None),
        "sample pair (one batch)": lambda: (sum(map(count, peer.sample_pair(True))), None),
        "step": lambda: (0, (peer.step(False), None)[1]),
        "step (one batch)": lambda: (0, (peer.step(True), None)[1]),
    }
    out = {name: {"ms": [], "cpu_ms": [], "tokens": 0, "check": None} for name in all}
    for rep in range(warm + reps):
        for name, measured in all.items():
            start, before = time.perf_counter(), time.process_time()
            tokens, check = measured()
            ms, cpu = (time.perf_counter() - start) * 1e3, (time.process_time() - before) * 1e3
            if rep == 0:
                out[name]["check"] = check
            if rep >= warm:
                out[name]["ms"].append(ms)
                out[name]["cpu_ms"].append(cpu)
                out[name]["tokens"] += tokens
    print(json.dumps(out))


def report(out):
    good = True
    for work in sorted(glob.glob(f"{out}/*.work.json")):
        name = os.path.basename(work).removesuffix(".work.json")
        read = lambda side: [json.load(open(p)) for p in sorted(glob.glob(f"{out}/{name}.{side}.*.json"))]
        ours, theirs = read("ple"), read("peer")
        if not ours:
            continue
        print(f"\n{name}: {len(ours)} rounds; a ratio above 1: this program is faster")
        head = f"{'work':13} {'peer':24} {'ple ms':>9} {'peer ms':>9} {'ple tok/s':>9} {'peer tok/s':>10}"
        print(f"{head} {'ratio':>6} {'(least - most)':16} {'cpu ratio':>9}")
        for measured in ours[0]:
            for peer in (p for p in theirs[0] if p == measured or p.startswith(measured + " (")):
                middle = lambda rounds, key, what: [statistics.median(r[key][what]) for r in rounds]
                a, b = middle(ours, measured, "ms"), middle(theirs, peer, "ms")
                ca, cb = middle(ours, measured, "cpu_ms"), middle(theirs, peer, "cpu_ms")
                # By the token, where tokens are made.
                made = lambda rounds, key: [r[key]["tokens"] / len(r[key]["ms"]) for r in rounds]
                ta, tb = made(ours, measured), made(theirs, peer)
                per = lambda x, y: x / y if y else 1.0
                ratios = [(y / per(v, u)) / x for x, y, u, v in zip(a, b, ta, tb)]
                cpu = statistics.median(per(y, x) for x, y in zip(ca, cb))
                speed = lambda t, ms: f"{statistics.median(n / m * 1e3 for n, m in zip(t, ms)):.0f}" if t[0] else ""
                spread = f"({min(ratios):.2f} - {max(ratios):.2f})"
                print(f"{measured:13} {peer:24} {statistics.median(a):9.1f} {statistics.median(b):9.1f} "
                      f"{speed(ta, a):>9} {speed(tb, b):>10} {statistics.median(ratios):6.2f} {spread:16} {cpu:9.2f}")
        for measured in ("score", "update"):
            x, y = ours[0][measured]["check"], theirs[0][measured]["check"]
            same = abs(x - y) <= 1e-3 * max(1.0, abs(y))
            good &= same
            print(f"check of '{measured}': ple {x:.6f}, peer {y:.6f}{'' if same else ': THEY DO NOT DO THE SAME WORK'}")
    sys.exit(not good)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["prepare", "run", "report"])
    parser.add_argument("path", type=pathlib.Path)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--reps", type=int, default=2)
    parser.add_argument("--warm", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    if args.what == "prepare":
        prepare(args.path, args.tiny)
    elif args.what == "run":
        run(args.path, args.reps, args.warm, args.threads)
    else:
        report(args.path)


if __name__ == "__main__":
    main()
