#!/usr/bin/env python3
"""The gateway against its peers, as ratios of one run: interleaved rounds over the same mock upstream, CPU time from the scheduler.

Usage: bench/gateway/run.py [--rounds N] [--seconds S] [SECTION …]
Sections: proxy guarded streams idle litellm (all but litellm when none is named; litellm needs bench/gateway/litellm.sh first).
bench/gateway/run.sh builds and installs what is needed. Exit 0 whatever the figures are: the table says what is met.
"""
import argparse
import os
import pathlib
import resource
import shutil
import socket
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from measure import ROOT, Program, Table, bench, loaded, ratios, rounds  # noqa: E402

STEWARD = ROOT / "build/release/steward"
HERE = pathlib.Path(__file__).resolve().parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Bench:
    """The programs of one run, started when first asked for."""

    def __init__(self, folder, options):
        self.folder, self.options, self.table = folder, options, Table()
        self.mock_port = free_port()
        self.running = {}

    def stop(self):
        for program in reversed(list(self.running.values())):
            program.stop()

    def start(self, name, command, port, ready="/", **options):
        if name not in self.running:
            self.running[name] = Program(name, command, port, log=str(self.folder / f"{name}.log"), **options)
            self.running[name].wait_ready(ready)
        return self.running[name]

    def end(self, name):
        self.running.pop(name).stop()

    def mock(self):
        return self.start("mock", [str(ROOT / "build/release/gateway_bench"), "mock", "--port", str(self.mock_port)], self.mock_port)

    def nginx(self, buffering):
        name, port = f"nginx-{buffering}", free_port()
        if name in self.running:
            return self.running[name]
        text = (HERE / "nginx.conf").read_text()
        for key, value in {"FOLDER": self.folder / name, "MOCK": self.mock_port, "PORT": port, "BUFFERING": buffering}.items():
            text = text.replace(f"@{key}@", str(value))
        (self.folder / name).mkdir()
        (self.folder / name / "nginx.conf").write_text(text)
        return self.start(name, ["/usr/sbin/nginx", "-e", "stderr", "-c", str(self.folder / name / "nginx.conf")], port)

    def steward(self, ledger):
        """ledger: "none" or "kept"."""
        name, port = f"steward-{ledger}", free_port()
        product = self.folder / name
        if name not in self.running:
            product.mkdir(exist_ok=True)
            text = (HERE / "product.yaml").read_text().replace("@MOCK@", str(self.mock_port))
            (product / "product.yaml").write_text(text + ("ledger: {database: none}\n" if ledger == "none" else ""))
        return self.start(name, [str(STEWARD), "serve", "--product", str(product), "--listen", f"127.0.0.1:{port}"], port, "/healthz")

    def litellm(self):
        port = free_port()
        program = pathlib.Path(os.environ.get("STEWARD_CACHE", os.path.expanduser("~/.cache/steward"))) / "bench-litellm-1.106.2/bin/litellm"
        if not program.exists():
            sys.exit("LiteLLM is missing: run bench/gateway/litellm.sh first")
        config = self.folder / "litellm.yaml"
        config.write_text((HERE / "litellm.yaml").read_text().replace("@MOCK@", str(self.mock_port)))
        environment = dict(os.environ, LITELLM_MASTER_KEY="sk-bench", LITELLM_LOCAL_MODEL_COST_MAP="True")
        command = [str(program), "--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
        return self.start("litellm", command, port, "/health/liveliness", env=environment)


def print_rates(results):
    for name, list_of in results.items():
        middle = sorted(list_of, key=lambda one: one["cpu_us"])[len(list_of) // 2]
        print("    {:<16} {:>8.0f} requests/s  {:>9.1f} us CPU  p50 {:>8.0f} us  p99 {:>8.0f} us".format(
            name, middle["rate"], middle["cpu_us"], middle["p50_us"], middle["p99_us"]), flush=True)


def proxy(run):
    """@raw without a ledger, against nginx proxy_pass with its default buffering."""
    run.table.head("Proxying @raw, no ledger, 1.1 KB request and reply, against nginx proxy_pass")
    mock, nginx, steward = run.mock(), run.nginx("on"), run.steward("none")
    for connections in (1, 16, 64):
        def at(program, model="mock"):
            return lambda: loaded(program, connections=connections, seconds=run.options.seconds, model=model)
        results = rounds(run.options.rounds, {"direct": at(mock), "nginx": at(nginx), "steward": at(steward, "mock@raw")})
        print_rates(results)
        if connections > 1:
            run.table.add(f"requests/s at {connections} connections", ">= 0.85x", ratios(results, "steward", "nginx", "rate"))
        else:
            run.table.add("p50 at one connection, added to direct", "<= 1.1x", ratios(results, "steward", "nginx", "p50_us", "direct"))
            run.table.note("p50 at one connection, whole", ratios(results, "steward", "nginx", "p50_us"), unit="x")
            run.table.add("p99 at one connection", "<= 1.5x", ratios(results, "steward", "nginx", "p99_us"))
        run.table.note(f"CPU a request at {connections} connections", ratios(results, "steward", "nginx", "cpu_us"), unit="x")


def guarded(run):
    """Every rule guard of the shipped policy and the durable ledger."""
    run.table.head("Guards of steward/general-assistant and the durable ledger, 64 connections")
    nginx, kept, none = run.nginx("on"), run.steward("kept"), run.steward("none")

    def at(program, model="mock"):
        return lambda: loaded(program, connections=64, seconds=run.options.seconds, model=model)
    run.mock()
    results = rounds(run.options.rounds, {"nginx": at(nginx), "guards, ledger": at(kept), "guards": at(none), "ledger": at(kept, "mock@raw")})
    print_rates(results)
    run.table.add("CPU a request, guards and ledger", "<= 3.5x", ratios(results, "guards, ledger", "nginx", "cpu_us"))
    run.table.note("of it: guards, no ledger", ratios(results, "guards", "nginx", "cpu_us"), unit="x")
    run.table.note("of it: ledger, no guards", ratios(results, "ledger", "nginx", "cpu_us"), unit="x")


def litellm(run):
    """LiteLLM without guards against steward with guards and ledger."""
    run.table.head("LiteLLM 1.106.2, one worker, no guards, against guards and durable ledger, 64 connections")
    run.mock()
    lite, kept = run.litellm(), run.steward("kept")
    loaded(lite, connections=64, seconds=2)  # its first requests import half of it
    results = rounds(max(2, run.options.rounds // 2), {
        "litellm": lambda: loaded(lite, connections=64, seconds=5),
        "steward": lambda: loaded(kept, connections=64, seconds=run.options.seconds)})
    print_rates(results)
    run.table.add("CPU a request, LiteLLM's over steward's", ">= 100x", ratios(results, "litellm", "steward", "cpu_us"))
    run.end("litellm")


def streams(run):
    """Delay of what a delta releases, and what guards cost a delta. The mock of a stream lives in the load program, for its send times."""
    run.table.head("Streams of 100 deltas, 8 side by side, 10 ms between deltas, against nginx unbuffered")
    if "mock" in run.running:
        run.end("mock")
    nginx, kept = run.nginx("off"), run.steward("kept")
    schedules = {}
    for name, program, model in (("nginx", nginx, "mock"), ("guards", kept, "mock"), ("raw", kept, "mock@raw")):
        schedules[name] = str(run.folder / f"{name}.schedule")
        bench("learn", mock_port=run.mock_port, port=program.port, model=model, schedule=schedules[name])

    def at(name, program, model):
        def measure():
            before = program.cpu_ns()
            result = bench("streams", mock_port=run.mock_port, port=program.port, model=model, schedule=schedules[name], lanes=8,
                           gap_us=10_000, seconds=max(3, run.options.seconds))
            if result["failed"] or result["early"]:
                print(f"    {name}: {result['failed']} streams failed, {result['early']} releases before their delta", flush=True)
            result["cpu_us"] = (program.cpu_ns() - before) / 1000 / max(1, result["deltas"])
            return result
        return measure
    results = rounds(run.options.rounds, {
        "nginx": at("nginx", nginx, "mock"), "guards": at("guards", kept, "mock"), "raw": at("raw", kept, "mock@raw")})
    for name, list_of in results.items():
        one = list_of[-1]
        print("    {:<8} p50 {:>6.0f} us  p99 {:>6.0f} us  {:>6.1f} us CPU a delta  held: median {} bytes, at most {}".format(
            name, one["p50_us"], one["p99_us"], one["cpu_us"], one["held_p50"], one["held_max"]), flush=True)
    run.table.add("delay from releasing delta to client, p50", "<= 1.3x", ratios(results, "guards", "nginx", "p50_us"))
    run.table.add("the same, p99", "<= 2x", ratios(results, "guards", "nginx", "p99_us"))
    run.table.add("guard CPU a delta (guards less @raw)", "<= 1 us",
                  [one["cpu_us"] - two["cpu_us"] for one, two in zip(results["guards"], results["raw"])], unit=" us")
    run.table.note("hold, median bytes after a delta", [one["held_p50"] for one in results["guards"]])


def idle(run):
    """Resident memory of connections that have had one answer and keep alive."""
    run.table.head("Idle keep-alive connections: 5,000, after one answer each")
    steward = run.steward("none")
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def hold(count):
        clients = []
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", steward.port))
            client.sendall(request)
            client.recv(4096)
            clients.append(client)
        time.sleep(0.5)
        return clients
    values = []
    for client in hold(100):
        client.close()
    for _ in range(3):
        time.sleep(0.5)
        before = steward.rss_bytes()
        clients = hold(5_000)
        values.append((steward.rss_bytes() - before) / len(clients) / 1024)
        for client in clients:
            client.close()
        run.end("steward-none")  # memory once freed would be used again
        steward = run.steward("none")
    run.table.add("resident KB a connection", "<= 4 KB", values, unit=" KB")


SECTIONS = {"proxy": proxy, "guarded": guarded, "streams": streams, "idle": idle, "litellm": litellm}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("sections", nargs="*", metavar="SECTION")
    options = parser.parse_args()
    unknown = [name for name in options.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"unknown section {unknown[0]}; known: {', '.join(SECTIONS)}")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gateway-", dir=ROOT / "build"))
    run = Bench(folder, options)
    print(f"{os.cpu_count()} cores, {options.rounds} rounds of {options.seconds} s, each program in turn, order reversed every round")
    try:
        for name in options.sections or ["proxy", "guarded", "streams", "idle"]:
            SECTIONS[name](run)
    finally:
        run.stop()
    shutil.rmtree(folder)
    print(f"\n{len(run.table.rows)} figures with a goal, {run.table.missed} missed")


if __name__ == "__main__":
    main()
