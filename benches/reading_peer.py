"""Hugging Face `datasets` and `tokenizers` on the same file: what `reading.rs` does, with as little Python as will do.

    python3 benches/reading_peer.py FILE TASK TOKENIZER ROUNDS arrow|stream

arrow: load_dataset builds its Arrow table (into a new folder each round: the file is new to it), then batches of it are
encoded. stream: load_dataset(streaming=True), without a table. Both encode with encode_batch, in Rust and on
RAYON_NUM_THREADS threads, and keep only the number of tokens. Rows that cannot be split are skipped without an account.
"""

import os
import sys
import tempfile
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["TOKENIZERS_PARALLELISM"] = "true"
import datasets
from tokenizers import Tokenizer

path, task, tokenizer, rounds, how = sys.argv[1:6]
datasets.disable_progress_bars()
encoder = Tokenizer.from_file(tokenizer)
MARK = "\n\nAssistant:"


def texts(batch):
    if task == "imdb":
        return batch["text"]
    if task == "tldr":
        return batch["prompt"] + batch["chosen"] + batch["rejected"]
    found = []
    for chosen, rejected in zip(batch["chosen"], batch["rejected"]):
        history, mark, answer = chosen.rpartition(MARK)
        other, _, worse = rejected.rpartition(MARK)
        if mark and other == history and answer.strip() and worse.strip() and answer != worse:
            found += [history, answer, worse]
    return found


encode = getattr(encoder, "encode_batch_fast", encoder.encode_batch)
for _ in range(int(rounds)):
    with tempfile.TemporaryDirectory() as cache:
        start = time.perf_counter()
        rows = datasets.load_dataset("json", data_files=path, split="train", cache_dir=cache, streaming=how == "stream")
        count = tokens = 0
        for batch in rows.iter(batch_size=1000):
            count += len(next(iter(batch.values())))
            tokens += sum(len(e.ids) for e in encode(texts(batch), add_special_tokens=False))
        print(f"{time.perf_counter() - start:.3f}\t{count}\t{tokens}", flush=True)
with open("/proc/self/status") as status:
    print("peak\t" + next(str(int(line.split()[1]) // 1024) for line in status if line.startswith("VmHWM:")))
