#!/usr/bin/env python3
"""alt-profanity-check on the English sets of toxicity in data/detection, as a Markdown table: AUPRC over all rows but test rows, as
docs/detection.md has for sets left out. Needs the packages of bench/peers/requirements.txt. Its own training data were Davidson et al. and
Jigsaw's Wikipedia comments, so that it has seen the rows of `davidson`, and may have seen those of the Wikipedia sets.
"""
import json
import re
import subprocess
import time
from pathlib import Path

from profanity_check import predict_prob

DATA = Path(__file__).resolve().parents[2] / "data/detection"


def average_precision(scored):
    """Sum over distinct scores of the rise in recall times precision."""
    positives = sum(positive for _, positive in scored)
    scored = sorted(scored, key=lambda row: -row[0])
    area = hits = recall = 0.0
    for i, (score, positive) in enumerate(scored):
        hits += positive
        if i + 1 == len(scored) or scored[i + 1][0] != score:
            area += (hits / positives - recall) * hits / (i + 1)
            recall = hits / positives
    return area


def rows_of(name, label):
    lines = subprocess.run(["zstd", "-dcq", DATA / f"{name}.jsonl.zst"], capture_output=True, check=True).stdout.split(b"\n")
    for line in filter(None, lines):
        row = json.loads(line)
        value = row.get("labels", {}).get(label)
        if value is not None and row["split"] != "test" and row["lang"].startswith("en"):
            yield row["text"], value >= 0.5


def main():
    print("| set | rows | AUPRC of alt-profanity-check |\n|---|---|---|")
    spent = texts = 0
    for line in (DATA / "sets.yaml").read_text().splitlines():
        match = re.match(r"- \{set: (\w+),.* task: toxic, label: (\w+)", line)
        if not match:
            continue
        rows = list(rows_of(*match.groups()))
        if not rows:
            continue
        began = time.process_time()
        scores = predict_prob([text for text, _ in rows])
        spent += time.process_time() - began
        texts += len(rows)
        print(f"| {match[1]} | {len(rows)} | {average_precision(list(zip(scores, (positive for _, positive in rows)))):.3f} |")
    print(f"\n{1e6 * spent / texts:.0f} µs of CPU a text, in one call for each set.")


if __name__ == "__main__":
    main()
