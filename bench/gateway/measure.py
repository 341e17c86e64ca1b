"""What the gateway benches share: programs under test with their CPU time and memory, interleaved rounds, and the table of figures."""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / "build/release/gateway_bench"


class Program:
    """A server that is measured. CPU time is that of all its threads and child processes, from the scheduler, in nanoseconds."""

    def __init__(self, name, command, port, **options):
        self.name, self.port = name, port
        self.log = open(options.pop("log"), "w")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=self.log, stderr=self.log, **options)

    def wait_ready(self, path="/", seconds=60):
        for _ in range(int(seconds * 20)):
            if self.process.poll() is not None:
                sys.exit(f"{self.name} ended with {self.process.returncode}: see {self.log.name}")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=1)
                return self
            except urllib.error.HTTPError:
                return self
            except OSError:
                time.sleep(0.05)
        sys.exit(f"{self.name} does not answer: see {self.log.name}")

    def pids(self):
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                queue += [int(child) for child in task.read_text().split()]
        return found

    def cpu_ns(self):
        total = 0
        for pid in self.pids():
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                try:
                    total += int(task.read_text().split()[0])
                except OSError:
                    continue  # a thread that has just ended
        return total

    def rss_bytes(self):
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
        return total

    def stop(self):
        self.process.stdin.close()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def bench(command, **options):
    words = [str(BENCH), command]
    for key, value in options.items():
        words += ["--" + key.replace("_", "-"), str(value)]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def loaded(program, **options):
    """One run of load, with the program's CPU microseconds for each answer."""
    before = program.cpu_ns()
    result = bench("load", port=program.port, **options)
    if result["failed"] or not result["answered"]:
        sys.exit(f"{program.name}: {result['failed']} requests failed: see {program.log.name}")
    result["rate"] = result["answered"] / result["seconds"]
    result["cpu_us"] = (program.cpu_ns() - before) / result["answered"] / 1000
    return result


def rounds(count, subjects):
    """subjects: name -> function that measures once. A B A B …, the order turned round each time; returns name -> list of results."""
    results = {name: [] for name in subjects}
    for number in range(count):
        names = list(subjects) if number % 2 == 0 else list(subjects)[::-1]
        for name in names:
            results[name].append(subjects[name]())
    return results


def ratios(results, name, base, key, minus=None):
    """Ratio of each round, after taking away the round's value of `minus` from both."""
    out = []
    for i, (one, two) in enumerate(zip(results[name], results[base])):
        less = results[minus][i][key] if minus else 0
        out.append((one[key] - less) / max(two[key] - less, 1e-9))
    return out


class Table:
    """Figure, goal, median ratio, its interval over the rounds, verdict. Figures that must be at least the goal, or at most."""

    def __init__(self):
        self.rows, self.missed = [], 0

    def add(self, figure, goal, values, detail="", unit="x"):
        at_least = goal.startswith(">=")
        bound = float(goal.split()[1].rstrip("x"))
        middle = statistics.median(values)
        met = middle >= bound if at_least else middle <= bound
        self.missed += not met
        self.rows.append((figure, goal, f"{middle:.2f}{unit}", f"{min(values):.2f} … {max(values):.2f}", "met" if met else "MISSED", detail))
        self.show(self.rows[-1])

    def note(self, figure, values, detail="", unit=""):
        self.show((figure, "", f"{statistics.median(values):.2f}{unit}", f"{min(values):.2f} … {max(values):.2f}", "", detail))

    @staticmethod
    def show(row):
        print("{:<62} {:<9} {:>9}  {:<19} {:<7} {}".format(*row), flush=True)

    @staticmethod
    def head(title):
        print(f"\n{title}\n" + "{:<62} {:<9} {:>9}  {:<19} {:<7} {}".format("figure", "goal", "median", "min … max", "verdict", ""), flush=True)


def cores():
    return os.cpu_count()
