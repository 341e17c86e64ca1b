#!/usr/bin/env python3
"""Makes the rows of the three tuning examples: prepare.py COLLECTION [OUTPUT].

COLLECTION: a folder with scitldr.jsonl.zst, xquad.jsonl.zst and goemotions.jsonl.zst, each one record a line as README.md beside this file
says. The same collection gives the same rows in the same order. Needs the `zstd` program.
"""
import hashlib
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROFANITY = HERE.parents[1] / "policies/lexicons/naughty-words/en.txt"

# GoEmotions' own grouping of its emotions [Demszky et al. 2020, arXiv:2005.00547]; those it calls ambiguous, and neutral, are left out.
POSITIVE = {"admiration", "amusement", "approval", "caring", "desire", "excitement", "gratitude", "joy", "love", "optimism", "pride", "relief"}
NEGATIVE = {"anger", "annoyance", "disappointment", "disapproval", "disgust", "embarrassment", "fear", "grief", "nervousness", "remorse", "sadness"}


def read(collection: pathlib.Path, name: str) -> list[dict]:
    text = subprocess.run(["zstd", "-dcq", collection / f"{name}.jsonl.zst"], check=True, capture_output=True).stdout.decode()
    return [json.loads(line) for line in text.split("\n") if line]


def write(path: pathlib.Path, rows: list[dict]) -> None:
    prompts = {}
    for row in rows:  # no prompt on two sides
        assert prompts.setdefault(row["prompt"], row["split"]) == row["split"], row["id"]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    subprocess.run(["zstd", "-q", "-19", "-f", "-o", path], input=lines, check=True)
    counts = {split: sum(row["split"] == split for row in rows) for split in ("train", "dev", "test")}
    print(f"{path.name}: {counts}, {path.stat().st_size} bytes, rows {hashlib.sha256(lines).hexdigest()[:16]}")


def number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def take(rows: list[dict], most: dict[str, int], group=lambda row: "") -> list[dict]:
    """The first `most` of each split and group, in the order of their ids' hashes; a prompt once."""
    taken, seen, counts = [], set(), {}
    for row in sorted(rows, key=lambda row: number(row["id"])):
        place = (row["split"], group(row))
        if row["prompt"] in seen or counts.get(place, 0) >= most[row["split"]]:
            continue
        seen.add(row["prompt"])
        counts[place] = counts.get(place, 0) + 1
        taken.append(row)
    return taken


def summaries(collection: pathlib.Path) -> list[dict]:
    rows = [{"id": row["id"], "split": row["split"], "prompt": f"Summarize this abstract in one sentence.\n\n{row['text']}", "completion": row["summary"]}
            for row in read(collection, "scitldr") if 400 <= len(row["text"]) <= 1000]
    return take(rows, {"train": 600, "dev": 60, "test": 200})


def side_of(paragraph: str) -> str:
    """All questions on one paragraph stand on one side."""
    share = number(paragraph) % 100
    return "test" if share < 25 else "dev" if share < 33 else "train"


def answers(collection: pathlib.Path) -> list[dict]:
    rows = [{"id": row["id"], "split": side_of(row["context"]),
             "prompt": f"{row['context']}\n\nQuestion: {row['question']}\nAnswer with a few words from the text.",
             "completion": row["answers"][0], "answers": row["answers"]}
            for row in read(collection, "xquad") if row["lang"] == "en" and len(row["context"]) <= 900]
    return take(rows, {"train": 700, "dev": 60, "test": 250})


def sentiment(collection: pathlib.Path) -> list[dict]:
    words = [word for word in PROFANITY.read_text().split("\n") if word and not word.startswith("#")]
    profane = re.compile(r"\b(" + "|".join(map(re.escape, words)) + r")", re.I)
    rows = []
    for row in read(collection, "goemotions"):
        emotions = set(row["emotions"])
        label = "positive" if emotions <= POSITIVE else "negative" if emotions <= NEGATIVE else None
        if label is None or len(row["text"]) < 20 or profane.search(row["text"]):
            continue
        rows.append({"id": row["id"], "split": row["split"],
                     "prompt": f"Is the sentiment of this comment positive or negative? Answer with one word.\n\n{row['text']}",
                     "completion": label, "text": row["text"], "label": label})
    return take(rows, {"train": 500, "dev": 50, "test": 200}, group=lambda row: row["label"])


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    collection = pathlib.Path(sys.argv[1])
    output = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else HERE / "data"
    output.mkdir(parents=True, exist_ok=True)
    write(output / "summaries.jsonl.zst", summaries(collection))
    write(output / "answers.jsonl.zst", answers(collection))
    write(output / "sentiment.jsonl.zst", sentiment(collection))
    return 0


if __name__ == "__main__":
    sys.exit(main())
