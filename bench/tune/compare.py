#!/usr/bin/env python3
"""compare.py TUNE_BENCH BASE.gguf: tune_bench and peer.py, one process after another, round after round, so that all meet the same load.
Prints the median of each figure and the ratios.
"""
import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
FIGURES = ["tokens_per_second", "tokens_per_cpu_second", "peak_gib"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("base")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--sequences", type=int, default=2)
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--vocabulary", type=int, default=49152)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tokens = pathlib.Path(folder) / "tokens"
        chance = random.Random(1)
        tokens.write_text("".join(" ".join(str(chance.randrange(arguments.vocabulary)) for _ in range(arguments.length)) + "\n"
                                  for _ in range(arguments.sequences)))
        model = folder + "/hub"
        subprocess.run([arguments.bench, arguments.base, "--export", model], check=True)
        compare(arguments, str(tokens), model)


def compare(arguments, tokens: str, model: str) -> None:
    common = ["--tokens", tokens, "--steps", str(arguments.steps), "--threads", str(arguments.threads)]
    ours = [arguments.bench, arguments.base, *common]
    peer = [sys.executable, str(HERE / "peer.py")]
    programs = {
        "steward, layers run again": ours,
        "PEFT, layers run again": [*peer, "loop", model, *common, "--recompute"],
        "TRL, layers run again": [*peer, "trl", model, *common, "--recompute"],
        "TRL as it comes (autocast, layers run again)": [*peer, "trl", model, *common, "--recompute", "--autocast"],
        "steward, all kept": [*ours, "--keep"],
        "PEFT, all kept": [*peer, "loop", model, *common],
        "TRL, all kept": [*peer, "trl", model, *common],
    }
    seen = {name: [] for name in programs}
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    for round_ in range(arguments.rounds):
        for name, words in programs.items():
            done = subprocess.run(words, env=environment, capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"{name}:\n{done.stderr[-4000:]}")
            seen[name].append(json.loads(done.stdout.strip().splitlines()[-1]))
            print(f"round {round_ + 1}  {name:45} {seen[name][-1]}", file=sys.stderr, flush=True)
    print(f"{arguments.sequences} sequences of {arguments.length} tokens a step, {arguments.threads} threads, medians of {arguments.rounds} rounds of {arguments.steps} steps\n")
    median = {name: [statistics.median(run[figure] for run in runs) for figure in FIGURES] for name, runs in seen.items()}
    print(f"{'':45} {'tokens/s':>9} {'a CPU-s':>9} {'peak GiB':>9} {'first loss':>11}")
    for name, (wall, cpu, memory) in median.items():
        print(f"{name:45} {wall:9.1f} {cpu:9.1f} {memory:9.2f} {seen[name][0]['loss']:11.4f}")
    print()
    for name in programs:
        if name.startswith("steward"):
            continue
        mine = median["steward, all kept" if name.endswith("all kept") else "steward, layers run again"]
        speed, per_cpu, memory = (a / b for a, b in zip(mine, median[name]))
        print(f"steward / {name:45} {speed:5.2f} x tokens/s, {per_cpu:5.2f} x a CPU-second, {memory:5.2f} x memory")


if __name__ == "__main__":
    main()
