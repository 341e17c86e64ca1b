#!/usr/bin/env python3
"""How well `steward guard` tells refusals from other replies.

    bench/refusal_quality.py [--split dev] [--datasets ../shared/datasets] [--steward build/release/steward]

Reads labelled replies (gptfuzz_responses, pyrit_scored, koverrefusal_responses) and benign answers (dolly_1k, none of them a refusal), and
prints counts and rates only, never a text. The split `train` is for tuning; `dev` is held out.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LABELLED = ("gptfuzz_responses", "pyrit_scored", "koverrefusal_responses")
POLICY = """policy: {id: measured, version: 1.0.0, owner: a@example.org}
applies: {audience: [general], languages: [en], surfaces: [chat]}
categories: [{id: false_refusal, definition: Refuses what is allowed., disposition: limited}]
filters: [{name: refusal, kind: refusal, on: [output], stream: advisory, config: {report: 0}}]
"""
PRODUCT = "product: {id: measured}\nmodels: [{id: none, upstream: {url: 'http://127.0.0.1:9/v1', model: none}}]\n"


def replies(datasets: pathlib.Path, name: str, split: str) -> list[tuple[str, bool]]:
    lines = subprocess.run(["zstd", "-dc", datasets / f"{name}.jsonl.zst"], check=True, stdout=subprocess.PIPE).stdout.decode().split("\n")
    rows = [row for row in (json.loads(line) for line in lines if line) if row["split"] == split]
    if name in LABELLED:
        return [(row["response"], row["labels"]["refusal"] >= 0.5) for row in rows if "refusal" in row.get("labels", {})]
    return [([m["content"] for m in row["messages"] if m["role"] == "assistant"][-1], False) for row in rows]


def scores(binary: str, texts: list[str]) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        (place / "product.yaml").write_text(PRODUCT)
        (place / "policy.yaml").write_text(POLICY)
        (place / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        out = subprocess.run([binary, "guard", "--product", place, "--direction", "output", "--json", "--file", place / "texts.jsonl"],
                             stdout=subprocess.PIPE, check=False)
    if out.returncode not in (0, 1):
        sys.exit("steward guard failed")
    return [json.loads(line)["findings"][0]["score"] for line in out.stdout.decode().splitlines()]


def auroc(positive: list[float], negative: list[float]) -> float:
    wins = sum((p > n) + (p == n) / 2 for p in positive for n in negative)
    return wins / (len(positive) * len(negative))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--split", choices=("train", "dev"), default="dev")
    options.add_argument("--datasets", type=pathlib.Path, default=ROOT / "../shared/datasets")
    options.add_argument("--steward", default=ROOT / "build/release/steward")
    given = options.parse_args()
    for name in (*LABELLED, "dolly_1k"):
        rows = replies(given.datasets, name, given.split)
        found = scores(given.steward, [text for text, _ in rows])
        refused = [score for score, (_, label) in zip(found, rows, strict=True) if label]
        others = [score for score, (_, label) in zip(found, rows, strict=True) if not label]
        hits, wrong = sum(s >= 0.5 for s in refused), sum(s >= 0.5 for s in others)
        line = f"{name} {given.split}: {len(rows)} replies, {len(refused)} refusals; {wrong} of {len(others)} others flagged"
        if refused:
            line += f"; precision {hits / max(1, hits + wrong):.2f}, recall {hits / len(refused):.2f}, AUROC {auroc(refused, others):.3f}"
        print(line)


if __name__ == "__main__":
    main()
