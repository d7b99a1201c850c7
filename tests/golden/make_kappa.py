"""Fleiss' kappa of random tables by statsmodels: writes kappa.json beside this file. Run with statsmodels 0.14."""

import json
import pathlib
import random

import numpy as np
from statsmodels.stats.inter_rater import fleiss_kappa

random.seed(7)
rows = []
for _ in range(120):
    raters, categories, subjects = random.randint(2, 7), random.randint(2, 5), random.randint(1, 40)
    lean = [random.random() for _ in range(categories)]
    table = []
    for _ in range(subjects):
        counts = [0] * categories
        for _ in range(raters):
            counts[random.choices(range(categories), lean)[0]] += 1
        table.append(counts)
    with np.errstate(all="ignore"):
        kappa = float(fleiss_kappa(np.array(table), method="fleiss"))
    rows.append({"table": table, "kappa": kappa if np.isfinite(kappa) else None})
# Nobody can agree beyond chance where there is one thing to say.
with np.errstate(all="ignore"):
    assert not np.isfinite(fleiss_kappa(np.array([[3, 0], [3, 0]]), method="fleiss"))
rows.append({"table": [[3, 0], [3, 0]], "kappa": None})
path = pathlib.Path(__file__).with_name("kappa.json")
path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
print(len(rows), sum(row["kappa"] is None for row in rows))
