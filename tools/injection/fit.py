#!/usr/bin/env python3
"""Fits the weights of the filter `injection` and writes steward/filters/injection/weights.inc.

    tools/injection/fit.py [--datasets ../shared/datasets] [--bench build/release/injection_bench] [--check]

Reads train rows only. A row is its set of evidence; both voices are fitted apart, by logistic regression with gradient descent. Sets count, not
rows: each set of attacks weighs as much as another (up to the weight of 200 rows), and so does each benign one. Weights are held at 0 or above, so
that nothing an attacker adds speaks for the text. Evidence adds up within a window: which one counts is decided anew by the weights of the round before. The intercepts are then moved so that a score of 0.5 is
reached by at most --rate of the train rows of every benign set. With --check the file is compared, not written.
"""
import argparse
import collections
import math
import pathlib
import sys

import rows as data

OUT = data.ROOT / "steward/filters/injection/weights.inc"
WINDOW, SHORT = 600, 400  # kWindowBytes, kShortBytes of rules.h
STEPS, RATE, DECAY, ROUNDS = 600, 0.3, 0.001, 4
ATTACK_RATE = 0.05  # share of attacks that the fit works with: what matters is where nearly nothing is flagged
# Words that attacks are about, and others, too: no more than this each.
MENTIONS = ("refusal.forbidden", "refusal.maker", "persona.fiction", "persona.become", "persona.become-opens", "extraction.mention", "cipher.mention",
            "authority.mode", "data.addressee", "data.user", "data.act-opens", "data.say-opens", "many-shot.few", "split.join", "grant", "persona.stay", "prefix.start-with", "override.from-now-on",
            "refusal.no-sorry", "override.new-orders", "trophy")
MENTION_MAX, WEIGHT_MAX = 1.0, 2.4  # no evidence is enough alone
# What the sets hardly have, at least so much, by hand.
AT_LEAST = {"many-shot.many": 2.4, "split.variables": 1.5, "template.policy-block": 1.5}
EVIDENCE_MIN = 3.0  # nothing is an attack on less


def best_window(weights: dict[str, float], evidence: list[list]) -> tuple[float, frozenset]:
    """The highest sum of weights within a window, and what is in it."""
    items = sorted(evidence, key=lambda item: item[1])
    best, first = (0.0, frozenset()), 0
    for last, (_, at) in enumerate(items):
        while items[first][1] + WINDOW < at:
            first += 1
        inside = frozenset(name for name, _ in items[first:last + 1])
        total = sum(weights.get(name, 0.0) for name in inside)
        if total > best[0]:
            best = (total, inside)
    return best


def speaks(row: dict, voice: str) -> bool:
    """A user's message speaks as the user; the data in it, and a tool's, as data."""
    return (row["role"] == "user") == (voice == "user") or bool(row[voice])


def voice_rows(rows: list[dict], voice: str, weights: dict[str, float]) -> list[tuple[frozenset, bool, str, int]]:
    """Distinct (evidence, attack, set) with counts."""
    counts = collections.Counter()
    for row in rows:
        # Where in a user's message with data the attack stands is not known.
        if speaks(row, voice) and not (row["role"] == "user" and voice == "data" and row["attack"]):
            counts[best_window(weights, row[voice])[1], row["attack"], row["set"]] += 1
    return sorted(((*key, n) for key, n in counts.items()), key=lambda item: (sorted(item[0]), *item[1:]))


def fit(rows: list[dict], voice: str) -> dict[str, float]:
    weights = collections.defaultdict(lambda: 1.0)
    for _ in range(ROUNDS):
        known = dict.fromkeys((name for row in rows for name, _ in row[voice]), 1.0) | weights
        weights = fit_once(voice_rows(rows, voice, known))
    return weights


def fit_once(items: list[tuple[frozenset, bool, str, int]]) -> dict[str, float]:
    names = sorted({name for evidence, *_ in items for name in evidence})
    index = {name: i for i, name in enumerate(names)}
    sizes = collections.Counter()
    for _, attack, name, n in items:
        sizes[attack, name] += n
    weight_of = {key: min(n, 200 if key[0] else 600) / n for key, n in sizes.items()}
    total = {side: sum(sizes[key] * w for key, w in weight_of.items() if key[0] == side) for side in (True, False)}
    prepared = [([index[e] for e in evidence], 1.0 if attack else 0.0, n * weight_of[attack, name] / total[attack] * (ATTACK_RATE if attack else 1 - ATTACK_RATE))
                for evidence, attack, name, n in items]
    weights, bias = [0.5] * len(names), -2.0
    # Adam, over all rows at once.
    first, second = [0.0] * (len(names) + 1), [0.0] * (len(names) + 1)
    for step in range(1, STEPS + 1):
        slopes = [DECAY * w / 10 for w in weights] + [0.0]
        for evidence, target, share in prepared:
            z = bias + sum(weights[i] for i in evidence)
            error = (1 / (1 + math.exp(-max(-30.0, min(30.0, z)))) - target) * share
            for i in evidence:
                slopes[i] += error
            slopes[-1] += error
        for i, slope in enumerate(slopes):
            first[i] = 0.9 * first[i] + 0.1 * slope
            second[i] = 0.999 * second[i] + 0.001 * slope * slope
            move = RATE / (1 + step / 200) * first[i] / (1 - 0.9**step) / (math.sqrt(second[i] / (1 - 0.999**step)) + 1e-8)
            if i == len(names):
                bias -= move
            else:
                weights[i] = min(max(0.0, weights[i] - move), MENTION_MAX if names[i] in MENTIONS else WEIGHT_MAX)
    return dict(zip(names, weights, strict=True))


def threshold(rows: list[dict], voice: str, weights: dict[str, float], options: tuple[float, bool]) -> float:
    """Sum of evidence that at most `rate` of the rows of every benign set exceed, by texts that are short, or long."""
    rate, short = options
    by_set = collections.defaultdict(list)
    for row in rows:
        if not row["attack"]:
            by_set[row["set"]].append(best_window(weights, row[voice])[0] if is_short(row) == short else 0.0)
    highest = 0.0
    for sums in by_set.values():
        sums.sort(reverse=True)
        highest = max(highest, sums[min(len(sums) - 1, int(rate * len(sums)))])
    return max(highest + 0.01, EVIDENCE_MIN)


def is_short(row: dict) -> bool:
    return row["bytes"] <= SHORT


def train(rows: list[dict], rate: float) -> dict[str, tuple[dict[bool, float], dict[str, float]]]:
    """By voice: the intercepts of long and of short texts, and the weights."""
    out = {}
    for voice in ("user", "data"):
        weights = fit(rows, voice)
        weights |= {name: max(least, weights.get(name, 0.0)) for name, least in AT_LEAST.items()}
        out[voice] = ({short: -threshold(rows, voice, weights, (rate, short)) for short in (False, True)}, weights)
    return out


def log_odds(model: dict, row: dict) -> float:
    return max(model[voice][0][is_short(row)] + best_window(model[voice][1], row[voice])[0] for voice in ("user", "data"))


def written(model: dict) -> str:
    names = sorted(set(model["user"][1]) | set(model["data"][1]))
    lines = ["// Made by tools/injection/fit.py; do not edit."]
    for voice, (intercepts, _) in model.items():
        for short, intercept in intercepts.items():
            lines.append(f"constexpr double k{voice.title()}{'Short' if short else ''}Intercept = {intercept:.2f};")
    lines += ["// Log-odds by evidence: in a user's own words, in data.", "constexpr Weight kWeights[] = {"]
    for name in names:
        lines.append(f'    {{"{name}", {model["user"][1].get(name, 0.0):.2f}, {model["data"][1].get(name, 0.0):.2f}}},')
    return "\n".join(lines) + "\n};\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=pathlib.Path, default=data.ROOT / "../shared/datasets")
    parser.add_argument("--bench", type=pathlib.Path, default=data.ROOT / "build/release/injection_bench")
    parser.add_argument("--rate", type=float, default=0.002, help="share of each benign set that may score 0.5")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    rows = []
    for name in (*data.ATTACKS, *data.BENIGN):
        if name not in data.MEASURED_ONLY:
            rows += [row for row in data.load(options.datasets, name) if row["split"] == "train"]
    text = written(train(data.with_evidence(options.bench, rows), options.rate))
    if not options.check:
        OUT.write_text(text)
    elif text != OUT.read_text():
        sys.exit(f"{OUT} is not what this makes")


if __name__ == "__main__":
    main()
