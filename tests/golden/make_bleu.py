"""Writes bleu.json: what sacrebleu says of its own published examples and of texts made here.

    pip install sacrebleu==2.6.0 && python tests/golden/make_bleu.py

The texts are random: words, punctuation, numbers and odd Unicode, empty lines and lines of one word, hypotheses that are
edits of their references, and references that are missing.
"""

import json
import logging
import pathlib
import random

from sacrebleu.metrics import BLEU
from sacrebleu.version import __version__

logging.getLogger("sacrebleu").setLevel(logging.ERROR)
TOKENIZERS = ["13a", "intl", "char", "none"]
SMOOTHINGS = [("exp", None), ("floor", None), ("floor", 0.01), ("add-k", None), ("add-k", 0.5), ("none", None)]
WORDS = """the a of to and film was is not it's don't I you he she 3.5 1,000 1990s 42 -7 99.9% U.S. e.g. co-op
well-known x-ray $5 #1 a/b (so) [sic] {x} <b> &amp; &quot;hi&quot; &lt;p&gt; <skipped> Mr. ... ! ? , . ; : -- – — “so” ‘no’
«non» naïve café Straße STRASSE ǅ İstanbul ΣΊΣΥΦΟΣ ΟΔΟΣ Привет мир 你好 世界。 こんにちは 한국어 שלום مرحبا ٣٫١٤ १२३ Ⅷ ½ €9 £1.50
½.5 x² ™ ©2020 😀 👩‍💻 🇩🇪 é e\u0301 a\u0300\u0323 \u200bzero\u200b soft\u00adhyphen ﬁsh ０１２ 1。5 7，000 ․ … ‽ ¿qué? ¡no! §4 ¶ † ‰ ′ ″ №5
user@host.com http://a.b/c?d=e&f=g 10:30 3-4 2-day a.b .5 5. ,5 5, .. ,, .,. 1.,2 a-,b x.1 1.x -- -1- 9-9 '' `` ^ ~ | \\ _ = + * "
""".split() + ['"', "'"]
SPACES = [" "] * 12 + ["  ", "\t", "\u00a0", "\u3000", "\u2009", "\u0085", "\u001f", "\u2028", ""]


def line(rng, most=18):
    kind = rng.random()
    if kind < 0.05:
        return rng.choice(["", " ", "\t", "\u3000"])
    n = 1 if kind < 0.15 else rng.randint(1, most)
    text = "".join(rng.choice(WORDS) + rng.choice(SPACES) for _ in range(n))
    return text if rng.random() < 0.2 else text.strip()


def edited(rng, text):
    kind = rng.random()
    if kind < 0.08:
        return text
    if kind < 0.14:
        return ""
    if kind < 0.22:
        return line(rng)
    words = text.split(" ")
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(words))
        what = rng.random()
        if what < 0.4:
            words[at] = rng.choice(WORDS)
        elif what < 0.7:
            words.insert(at, rng.choice(words + WORDS[:9]))
        elif len(words) > 1:
            del words[at]
    text = " ".join(words)
    return text.upper() if rng.random() < 0.1 else text


def number(x):
    return float(f"{x:.12g}")


def case(name, hyps, refs, sentences=False, **how):
    metric = BLEU(**how)
    score = metric.corpus_score(hyps, refs)
    found = {
        "corpus": name,
        "how": how,
        "signature": str(metric.get_signature()),
        "bleu": number(score.score),
        "precisions": [number(p) for p in score.precisions],
        "bp": number(score.bp),
        "hyp_len": score.sys_len,
        "ref_len": score.ref_len,
    }
    if sentences:
        metric = BLEU(effective_order=True, **how)
        of = [[r[i] for r in refs if r[i] is not None] for i in range(len(hyps))]
        found["sentences"] = [number(metric.sentence_score(h, r).score) for h, r in zip(hyps, of)]
        found["sentence_signature"] = str(metric.get_signature())
    return found


def main():
    rng = random.Random(2018)
    corpora = {
        # test/test_bleu.py and the README of sacrebleu.
        "published": {
            "hyps": ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."],
            "refs": [
                ["The dog bit the man.", "It was not unexpected.", "The man bit him first."],
                ["The dog had bit the man.", "No one was surprised.", "The man had bitten the dog."],
            ],
        },
        "empty": {"hyps": ["", "", ""], "refs": [["The dog bit the man.", "So.", ""]]},
    }
    first = [line(rng) for _ in range(240)]
    others = [[edited(rng, text) for text in first] for _ in range(2)]
    missing = [[None if rng.random() < 0.4 else text for text in texts] for texts in others]
    hyps = [edited(rng, text) for text in first]
    corpora["one"] = {"hyps": hyps, "refs": [first]}
    corpora["three"] = {"hyps": hyps, "refs": [first, *others]}
    corpora["missing"] = {"hyps": hyps, "refs": [first, *missing]}
    # So short that nothing of four tokens is there.
    short = [rng.choice(WORDS) for _ in range(40)]
    corpora["short"] = {"hyps": [rng.choice([t, "the", ""]) for t in short], "refs": [short]}
    cases = []
    for name, c in corpora.items():
        for tokenize in TOKENIZERS:
            for smooth, value in SMOOTHINGS:
                how = {"tokenize": tokenize, "smooth_method": smooth, "smooth_value": value}
                # The sentences of every tokenizer and smoothing, but not of every list of references.
                with_sentences = name == "missing" or (name in ("one", "published") and value is None)
                cases.append(case(name, c["hyps"], c["refs"], with_sentences, **how))
            cases.append(case(name, c["hyps"], c["refs"], name == "three", tokenize=tokenize, lowercase=True))
            for order in (1, 2, 3, 5, 6):
                cases.append(case(name, c["hyps"], c["refs"], order == 2 and name == "one", tokenize=tokenize, max_ngram_order=order))
    out = pathlib.Path(__file__).with_name("bleu.json")
    golden = {"sacrebleu": __version__, "corpora": corpora, "cases": cases}
    out.write_text(json.dumps(golden, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(f"{out}: {len(cases)} cases, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
