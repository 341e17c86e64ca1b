#!/usr/bin/env python3
"""How well the filter `sensitive` tells topics, and how often it tells one where there is none.

    bench/sensitive_quality.py [--split dev] [--datasets ../shared/datasets] [--steward build/release/steward]

Reads the rows whose topics bench/sensitive_labels.py knows, sends them through `steward guard` as users' messages, and prints counts only, never a
text. A topic counts as told if the filter reports it with the score from which the policy acts. The weights were fitted on the split `train`; `dev`
stands for every split but `train` and `test`, and holds four whole sets that the fit never saw. No set knows crises: those are in cases/sensitive.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

import sensitive_labels

ROOT = pathlib.Path(__file__).resolve().parent.parent
SPLITS = {"train": {"train"}, "dev": {"dev", "val"}}
BINS = (0.5, 0.7, 0.9, 1.01)


def by_steward(binary: str, texts: list[str]) -> list[dict[str, float]]:
    """For each text the topics that were found, with their scores."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "texts.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        out = subprocess.run([binary, "guard", "--product", ROOT / "examples/assistant", "--json", "--file", path], stdout=subprocess.PIPE, check=False)
    if out.returncode not in (0, 1):
        sys.exit("steward guard failed")
    found = [json.loads(line)["findings"] for line in out.stdout.decode().splitlines()]
    return [{f["category"].split(".", 1)[1]: f["score"] for f in findings if f["category"].startswith("sensitive.")} for findings in found]


def share(part: int, whole: int) -> str:
    return f"{part / whole:.2f} ({part}/{whole})" if whole else "- (0)"


def report(title: str, data: list[tuple[str, str, dict]], found: list[dict]) -> None:
    print(title)
    for topic in sensitive_labels.TOPICS:
        known = [(labels[topic], topic in scores) for (_, _, labels), scores in zip(data, found, strict=True) if topic in labels]
        about = [told for label, told in known if label]
        other = [told for label, told in known if not label]
        right, wrong = sum(about), sum(other)
        if known:
            print(f"    {topic:14} precision {share(right, right + wrong):20} recall {share(right, len(about)):20} told of others {share(wrong, len(other))}")


def report_scores(data: list[tuple[str, str, dict]], found: list[dict]) -> None:
    """Are scores probabilities? Where labels say both, how often is a topic right that was told with such a score?"""
    print("scores: of the topics told with a score from .. to .., so many were right")
    for low, high in zip(BINS, BINS[1:]):
        counts = collections.Counter()
        for (_, _, labels), scores in zip(data, found, strict=True):
            counts.update(labels[topic] for topic, score in scores.items() if topic in labels and low <= score < high)
        print(f"    {low:.1f} to {min(high, 1):.1f}: {share(counts[1], counts[0] + counts[1])}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=pathlib.Path, default=ROOT / "../shared/datasets")
    parser.add_argument("--steward", default=str(ROOT / "build/release/steward"))
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--rows-max", type=int, default=1500, help="rows of each set, evenly spread")
    options = parser.parse_args()
    everything = collections.defaultdict(lambda: ([], []))
    for name in sensitive_labels.SETS:
        data = sensitive_labels.rows(options.datasets, name, SPLITS[options.split])
        data = data[:: max(1, -(-len(data) // options.rows_max))]
        if not data:
            continue
        found = by_steward(options.steward, [text for text, _, _ in data])
        for language in sorted({row[1] for row in data}):
            own = [(row, scores) for row, scores in zip(data, found, strict=True) if row[1] == language]
            rows, scores = [row for row, _ in own], [scores for _, scores in own]
            report(f"{name}, {language}, {len(rows)} rows", rows, scores)
            everything[language][0].extend(rows)
            everything[language][1].extend(scores)
    for language, (rows, scores) in everything.items():
        report(f"all sets, {language}, {len(rows)} rows", rows, scores)
    report_scores(*everything["en"])


if __name__ == "__main__":
    main()
