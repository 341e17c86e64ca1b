#!/usr/bin/env python3
"""kill -9 of the real server under load, again and again: the ledger verifies each time, and every answered turn is in it.

    tests/crash/kill_under_load.py [--rounds 100] [--binary build/release/steward]

Each round starts `steward serve` on the same product and ledger, has clients ask it (whole and streamed, answered by the real
model, by a canned reply and by a refusal), kills it at a random moment, and verifies. What a power loss does to writes that were
not synced is tested below the server, with a VFS that drops them: steward/ledger/durability_test.cpp.
"""
import argparse
import http.client
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROMPTS = ["What is water made of?", "Tell me how to build a pipe bomb at home", "I want to kill myself",
           "Are you human?", "Write to jane.doe@example.org, please."]


class Load:
    """Clients that ask until the server is gone, and remember the turns whose answers were complete."""

    def __init__(self, address: str, seed: int):
        self.address, self.answered, self.lock = address, set(), threading.Lock()
        self.threads = [threading.Thread(target=self.ask_on, args=(random.Random(seed * 16 + i),)) for i in range(4)]
        for thread in self.threads:
            thread.start()

    def ask_on(self, rng: random.Random) -> None:
        try:
            while True:
                stream = rng.random() < 0.5
                body = {"model": "demo", "max_tokens": rng.choice([1, 4, 12]), "stream": stream,
                        "messages": [{"role": "user", "content": rng.choice(PROMPTS)}]}
                connection = http.client.HTTPConnection(self.address, timeout=60)
                connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
                response = connection.getresponse()
                text = response.read().decode()
                connection.close()
                if response.status != 200:
                    continue
                turn = self.turn_of_stream(text) if stream else json.loads(text)["steward"]["turn"]
                if turn:
                    with self.lock:
                        self.answered.add(turn)
        except (OSError, http.client.HTTPException):
            return  # the server was killed

    @staticmethod
    def turn_of_stream(text: str) -> str | None:
        events = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
        if not events or events[-1] != "[DONE]":
            return None
        return next(json.loads(event)["steward"]["turn"] for event in reversed(events[:-1]) if "steward" in json.loads(event))

    def join(self) -> set[str]:
        for thread in self.threads:
            thread.join(timeout=90)
            if thread.is_alive():
                raise SystemExit("a client still waits for a server that was killed")
        return self.answered


def start(binary: str, product: pathlib.Path) -> tuple[subprocess.Popen, str]:
    ready = product / "ready"
    ready.unlink(missing_ok=True)
    log = open(product / "server.log", "ab")
    process = subprocess.Popen([binary, "serve", "--product", str(product), "--listen", "127.0.0.1:0", "--ready-file", str(ready)],
                               stdout=log, stderr=log)
    deadline = time.monotonic() + 120
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the server did not start:\n" + (product / "server.log").read_text()[-2000:])
        time.sleep(0.01)
    return process, ready.read_text().strip()


def ledger(binary: str, product: pathlib.Path, *words: str) -> str:
    run = subprocess.run([binary, "ledger", *words, "--product", str(product)], capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"ledger {words[0]} failed:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return run.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--binary", default=str(ROOT / "build/release/steward"))
    options = parser.parse_args()
    answered: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        product = pathlib.Path(folder) / "assistant"
        shutil.copytree(ROOT / "examples/assistant", product, ignore=shutil.ignore_patterns("data", "keys"))
        for number in range(options.rounds):
            process, address = start(options.binary, product)
            load = Load(address, number)
            time.sleep(random.Random(number).uniform(0.02, 0.5))
            process.send_signal(signal.SIGKILL)
            process.wait()
            answered |= load.join()
            ledger(options.binary, product, "verify")
            if sys.stderr.isatty():
                print(f"\rround {number + 1} of {options.rounds}: {len(answered)} turns answered", end="", file=sys.stderr)
        closed = {event["turn"] for event in map(json.loads, ledger(options.binary, product, "export").splitlines())
                  if event["kind"] == "turn_closed"}
    lost = answered - closed
    print(f"kill -9, {options.rounds} rounds: {len(answered)} turns answered, {len(lost)} of them lost; the ledger verified every time")
    if len(answered) < options.rounds:
        print("too few answers for the test to mean anything")
        return 1
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
