#!/usr/bin/env python3
"""Embedded generation with guards on against llama-server: the same llama.cpp, the same GGUF, one thread, greedy, 1 and 8 streams.

Usage: bench/gateway/generation.py [--rounds N]. Needs bench/gateway/llama_server.sh first. Prints tokens a CPU second as ratios.
"""
import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from measure import ROOT, Program, Table, ratios, rounds  # noqa: E402
from run import STEWARD, free_port  # noqa: E402

TOKENS = 96
PRODUCT = """product: {id: bench, audience: [general], languages: [en], jurisdictions: [US]}
models:
  - {id: demo, file: MODEL, context_tokens: 1024, sequences: 8, threads: 1, queued_requests_max: 64}
policies: {default: steward/general-assistant}
"""


def settings():
    lines = (ROOT / "build/deps.env").read_text().split()
    return dict(line.split("=", 1) for line in lines)


def generate(port, number):
    """One streamed answer; returns its count of tokens."""
    body = {"model": "demo", "stream": True, "temperature": 0, "max_tokens": TOKENS, "stream_options": {"include_usage": True},
            "messages": [{"role": "user", "content": f"Tell a long story about garden number {number} and its gardener."}]}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    tokens = 0
    with urllib.request.urlopen(request, timeout=300) as answer:
        for line in answer:
            if line.startswith(b"data: {"):
                usage = json.loads(line[6:]).get("usage")
                tokens = usage["completion_tokens"] if usage else tokens
    return tokens


def measured(program, streams):
    numbers = iter(range(1_000_000))

    def measure():
        counts, before = [], program.cpu_ns()
        threads = [threading.Thread(target=lambda n=next(numbers): counts.append(generate(program.port, n))) for _ in range(streams)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(counts) != streams or not all(counts):
            sys.exit(f"{program.name}: a stream failed: see {program.log.name}")
        return {"tokens_a_cpu_second": sum(counts) * 1e9 / (program.cpu_ns() - before), "tokens": sum(counts)}
    return measure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    env = settings()
    model = next(pathlib.Path(env["STEWARD_MODELS_DIR"]).glob("*.Q8_0.gguf"))
    server = pathlib.Path(env["STEWARD_CACHE"]) / f"bench-server-{pathlib.Path(env['STEWARD_LLAMA_PREFIX']).name}" / "llama-server"
    if not server.exists():
        sys.exit("llama-server is missing: run bench/gateway/llama_server.sh first")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="generation-", dir=ROOT / "build"))
    (folder / "product.yaml").write_text(PRODUCT.replace("MODEL", str(model)))
    ports = free_port(), free_port()
    steward = Program("steward", [str(STEWARD), "serve", "--product", str(folder), "--listen", f"127.0.0.1:{ports[0]}"], ports[0],
                      log=str(folder / "steward.log"), env=dict(os.environ, **env))
    llama = Program("llama-server", [str(server), "-m", str(model), "--host", "127.0.0.1", "--port", str(ports[1]), "-t", "1", "-tb", "1",
                                     "-c", "8192", "-np", "8", "--no-webui"], ports[1], log=str(folder / "llama.log"))
    table = Table()
    try:
        steward.wait_ready("/readyz")
        llama.wait_ready("/health")
        table.head("Embedded generation, guards and ledger on, against llama-server: tokens a CPU second")
        for streams in (1, 8):
            subjects = {"llama-server": measured(llama, streams), "steward": measured(steward, streams)}
            for measure in subjects.values():
                measure()  # warm
            results = rounds(options.rounds, subjects)
            for name, list_of in results.items():
                print(f"    {name:<14} {list_of[-1]['tokens_a_cpu_second']:.1f} tokens a CPU second ({list_of[-1]['tokens']} tokens)", flush=True)
            table.add(f"tokens a CPU second, {streams} streams", ">= 0.97x", ratios(results, "steward", "llama-server", "tokens_a_cpu_second"))
    finally:
        llama.stop()
        steward.stop()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
