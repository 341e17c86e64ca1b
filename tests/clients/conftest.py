"""Starts one real steward (release binary, real model, example product) for all client tests, and stops it."""
import os
import pathlib
import shutil
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ["STEWARD_BINARY"]


class Steward:
    def __init__(self, product: pathlib.Path, ready: pathlib.Path):
        self.product = product
        self.log = open(product / "server.log", "wb")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--product", str(product), "--listen", "127.0.0.1:0", "--ready-file", str(ready)],
            stdout=self.log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 120
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("steward did not start:\n" + (product / "server.log").read_text())
            time.sleep(0.05)
        self.root = "http://" + ready.read_text().strip()
        self.url = self.root + "/v1"

    def command(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([BINARY, *words, "--product", str(self.product)], capture_output=True, text=True, timeout=300)

    def closed_turns(self) -> list[str]:
        """The state in which each turn closed, the oldest first."""
        listed = self.command("ledger", "list", "--kind", "turn_closed", "--limit", "1000000")
        assert listed.returncode == 0, listed.stderr
        return [line.split()[-1] for line in listed.stdout.splitlines() if line.strip()]

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=60)


def copy_product(folder: pathlib.Path) -> pathlib.Path:
    product = folder / "assistant"
    shutil.copytree(ROOT / "examples" / "assistant", product, ignore=shutil.ignore_patterns("data", "keys"))
    return product


@pytest.fixture(scope="session")
def steward(tmp_path_factory):
    folder = tmp_path_factory.mktemp("steward")
    server = Steward(copy_product(folder), folder / "ready")
    yield server
    assert server.stop() == 0, "steward must stop cleanly on SIGTERM"
    verified = server.command("ledger", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
