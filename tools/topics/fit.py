#!/usr/bin/env python3
"""Fits the weights of policies/topics/en/TOPIC.txt on the rows of split `train` and writes them behind the phrases.

    tools/topics/fit.py [--datasets ../shared/datasets]

Logistic regression from a fixed bias, with a pull towards the weight of each entry's section, so that an entry that no row shows keeps it. A fair entry
never decides alone, nor do two weak ones; two strong ones always do. Deterministic; prints counts only.
"""
import argparse
import collections
import math
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import sensitive_labels  # noqa: E402  (stands in bench/)

FOLDER = ROOT / "policies/topics/en"
BIAS = -4.0
PRIOR = {"strong": 5.0, "fair": 2.8, "weak": 1.4, "none": 0.0}
BOUNDS = {"strong": (2.1, 7.0), "fair": (0.2, 3.9), "weak": (0.0, 1.9), "none": (0.0, 0.0)}
WORDS_MAX = 48
ROWS_PER_SET = 400.0  # a larger set counts as so many rows
# Everyday questions: some are about the topic that their words say.
SET_WEIGHT = {"commonsenseqa": 0.3}
NOT_FITTED = ("arc", "legal_plain")  # share-alike: what is fitted on them would have to be, too
PULL = 0.15
ROUNDS = 60
WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


def words_of(text: str) -> tuple[str, ...]:
    return tuple(word.replace("\u2019", "'") for word in WORD.findall(text.lower()))


def with_endings(phrase: str) -> list[str]:
    out = [phrase, phrase + "s", phrase + "es", phrase + "'s"]
    return out + [phrase[:-1] + "ies"] if phrase.endswith("y") else out


class Topic:
    def __init__(self, name: str):
        self.path = FOLDER / f"{name}.txt"
        self.lines = self.path.read_text(encoding="utf-8").split("\n")
        self.weights, self.sections, self.phrases = {}, {}, {}
        section = ""
        for number, line in enumerate(self.lines):
            if line.startswith("["):
                section = line[1:-1]
            elif line and not line.startswith("#"):
                phrase = line.split("\t")[0]
                self.sections[number], self.weights[number] = section, PRIOR[section]
                for form in with_endings(phrase):
                    self.phrases.setdefault(words_of(form), number)
        self.longest = max(map(len, self.phrases))

    def features(self, words: tuple[str, ...]) -> list[int]:
        spans = []
        for begin in range(len(words)):
            for end in range(begin + 1, min(len(words), begin + self.longest) + 1):
                if (number := self.phrases.get(words[begin:end])) is not None:
                    spans.append((begin, end, number))
        kept = [s for s in spans if not any(o[0] <= s[0] and s[1] <= o[1] and o[:2] != s[:2] for o in spans)]
        return sorted({number for _, _, number in kept})

    def fit(self, data: list[tuple[list[int], int, float]]) -> None:
        squares = collections.defaultdict(lambda: 1e-6)
        seen = collections.Counter(number for features, _, _ in data for number in features)
        for _ in range(ROUNDS):
            for features, label, weight in data:
                p = 1 / (1 + math.exp(-BIAS - sum(self.weights[n] for n in features)))
                for number in features:
                    # The pull of an entry is shared among the rows that show it.
                    gradient = weight * (p - label) + PULL * (self.weights[number] - PRIOR[self.sections[number]]) / seen[number]
                    squares[number] += gradient * gradient
                    low, high = BOUNDS[self.sections[number]]
                    self.weights[number] = min(high, max(low, self.weights[number] - 0.3 * gradient / math.sqrt(squares[number])))

    def write(self) -> int:
        moved = 0
        for number, section in self.sections.items():
            phrase = self.lines[number].split("\t")[0]
            weight = round(self.weights[number], 2)
            moved += weight != PRIOR[section]
            self.lines[number] = phrase if weight == PRIOR[section] else f"{phrase}\t{weight:g}"
        self.path.write_text("\n".join(self.lines), encoding="utf-8")
        return moved


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=pathlib.Path, default=ROOT / "../shared/datasets")
    options = parser.parse_args()
    rows = []
    for name in sensitive_labels.SETS:
        if name in NOT_FITTED:
            continue
        own = [row for row in sensitive_labels.rows(options.datasets, name, {"train"}) if row[1] == "en"]
        weight = SET_WEIGHT.get(name, 1.0) * min(1.0, ROWS_PER_SET / max(1, len(own)))
        rows += [(words_of(text)[:WORDS_MAX], labels, weight) for text, _, labels in own]
    for name in sensitive_labels.TOPICS:
        topic = Topic(name)
        data = [(features, labels[name], weight) for words, labels, weight in rows if name in labels and (features := topic.features(words))]
        positives = sum(labels.get(name, 0) for _, labels, _ in rows)
        if data:
            topic.fit(data)
        print(f"{name}: {len(topic.sections)} entries, {positives} rows about it, {len(data)} rows with entries; {topic.write()} weights moved")


if __name__ == "__main__":
    main()
