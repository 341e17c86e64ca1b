#!/usr/bin/env python3
"""How well the filter `injection` tells attacks from other texts.

    bench/injection_quality.py [--split dev] [--leave-out] [--datasets ../shared/datasets] [--bench build/release/injection_bench]

Prints, for each set, the share of rows that score 0.5 or more: recall for attacks, false positives for others. Counts and rates only, never
a text. With --leave-out each group of attack sets is left out of a fit in turn, and its recall given where 1 % of all benign rows of the split
score as high. The split `train` is what the weights are fitted to; `dev` is held out.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools/injection"))
import fit  # noqa: E402
import rows as data  # noqa: E402


def share(part: list[bool]) -> str:
    return f"{100 * sum(part) / len(part):5.1f} %  ({sum(part)}/{len(part)})" if part else "    -"


def print_rates(rows: list[dict]) -> None:
    for attack, title in ((True, "recall"), (False, "false positives")):
        print(f"{title}, at a score of 0.5")
        for name in (*data.ATTACKS, *data.BENIGN):
            part = [max(row["score"]) >= 0.5 for row in rows if row["set"] == name and row["attack"] == attack]
            if part:
                print(f"    {name:26} {share(part)}")


def print_left_out(train: list[dict], held: list[dict]) -> None:
    print("recall of sets left out of the fit, where 1 % of benign rows score as high")
    for group in sorted({data.GROUPS.get(name, name) for name in data.ATTACKS}):
        inside = [name for name in data.ATTACKS if data.GROUPS.get(name, name) == group]
        model = fit.train([row for row in train if data.GROUPS.get(row["set"], row["set"]) != group], 0.002)
        for name in inside:
            # All splits of the attacks: none of them was fitted to.
            attacks = [row for row in train + held if row["set"] == name and row["attack"]]
            roles = {row["role"] for row in attacks}
            benign = sorted((fit.log_odds(model, row) for row in held if not row["attack"] and row["set"] in data.BENIGN and row["role"] in roles), reverse=True)
            border = benign[int(0.01 * len(benign))]
            print(f"    {name:26} {share([fit.log_odds(model, row) > border for row in attacks])}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=pathlib.Path, default=data.ROOT / "../shared/datasets")
    parser.add_argument("--bench", type=pathlib.Path, default=data.ROOT / "build/release/injection_bench")
    parser.add_argument("--split", choices=("train", "dev"), default="dev")
    parser.add_argument("--leave-out", action="store_true")
    options = parser.parse_args()
    rows = [row for name in (*data.ATTACKS, *data.BENIGN) for row in data.load(options.datasets, name)]
    rows = data.with_evidence(options.bench, rows)
    print_rates([row for row in rows if row["split"] == options.split])
    if options.leave_out:
        fitted = [row for row in rows if row["split"] == "train" and row["set"] not in data.MEASURED_ONLY]
        print_left_out(fitted, [row for row in rows if row["split"] == "dev"])


if __name__ == "__main__":
    main()
