"""What the heavy tests share: running a client's own command offline, and the turns that it left in the ledger."""
import contextlib
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
REFUSAL = "I'm sorry, but"


def program(client: str, name: str) -> str:
    """A program in the environment of one client, which run.sh made."""
    return str(pathlib.Path(os.environ[f"STEWARD_{client.upper()}"]) / "bin" / name)


def offline_environment(home: pathlib.Path, **more: str) -> dict[str, str]:
    """Everything that a client writes goes below `home`. Only this machine answers: any other address meets a proxy that is not there."""
    nowhere = "http://127.0.0.1:9"
    folders = {name: str(home) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")}
    proxies = {name: nowhere for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")}
    passed = {name: value for name, value in os.environ.items() if name in ("LANG", "LC_ALL", "TMPDIR", "STEWARD_MODELS_DIR")}
    return {**passed, **folders, **proxies, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost", "PATH": os.defpath,
            "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1",
            "NO_COLOR": "1", **more}


def say(line: str) -> None:
    """One line on the terminal, whatever pytest captures."""
    print("\n  " + line, end="", file=sys.__stderr__, flush=True)


def run_client(name: str, command: list[str], environment: dict[str, str], folder: pathlib.Path) -> subprocess.CompletedProcess:
    """Runs a client's command in `folder`, and says on the terminal which one and for how long; never what it printed."""
    say(f"{name} …")
    begin = time.monotonic()
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=540)
    say(f"{name}: exit {done.returncode} after {time.monotonic() - begin:.0f} s")
    return done


def tail(done: subprocess.CompletedProcess) -> str:
    return (done.stdout[-3000:] + "\n" + done.stderr[-3000:]).strip()


@contextlib.contextmanager
def new_turns(steward):
    """Yields a list that holds, after the block, the closing state of every turn that the block caused; the ledger verifies then."""
    before, states = len(steward.closed_turns()), []
    yield states
    states.extend(steward.closed_turns()[before:])
    verified = steward.command("ledger", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
