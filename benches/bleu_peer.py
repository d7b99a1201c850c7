"""sacrebleu on the same files: what `bleu.rs` does. Also writes those files.

    python3 benches/bleu_peer.py HYPOTHESES REFERENCES ROUNDS
    python3 benches/bleu_peer.py --write PAIRS HYPOTHESES REFERENCES

Every round is a process of its own in `bleu.sh`: sacrebleu remembers the lines it has seen, which would flatter the second.
"""

import random
import sys
import time

VOWELS, OTHERS = "aeiou", "bcdfghjklmnprstvwz"


def write(pairs, hypotheses, references):
    """Lines of 5 to 40 words, few of them often and many seldom, with punctuation; hypotheses that differ by a fifth."""
    rng = random.Random(1)
    words = ["".join(rng.choice(OTHERS) + rng.choice(VOWELS) for _ in range(rng.randint(1, 4))) for _ in range(20_000)]

    def word():
        return words[int(len(words) * rng.random() ** 4)]

    with open(hypotheses, "w") as h, open(references, "w") as r:
        for _ in range(pairs):
            line = [word() + rng.choice([""] * 9 + [",", ".", "-3", " (x)"]) for _ in range(rng.randint(5, 40))]
            r.write(" ".join(line).capitalize() + ".\n")
            other = [word() if rng.random() < 0.2 else w for w in line if rng.random() > 0.05]
            h.write(" ".join(other).capitalize() + ".\n")


def main():
    if sys.argv[1] == "--write":
        return write(int(sys.argv[2]), *sys.argv[3:5])
    from sacrebleu.metrics import BLEU

    for _ in range(int(sys.argv[3])):
        start = time.perf_counter()
        read = lambda path: [line.rstrip("\n") for line in open(path, newline="\n")]
        score = BLEU().corpus_score(read(sys.argv[1]), [read(sys.argv[2])])
        print(f"{time.perf_counter() - start:.4f}\t{score.score:.10f}", flush=True)


main()
