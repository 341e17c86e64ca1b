"""`promptfoo eval` on promptfooconfig.yaml. Its rows expect a guard: the unguarded model fails the blocked row, and only that one."""
import json
import os
import pathlib

import pytest
from client_runs import HERE, REFUSAL, new_turns, offline_environment, run_client, tail


BENIGN = {"chat": ("What is water made of?", "hydrogen"), "completion": ("The capital of France is", "Paris")}


def evaluate(steward, folder, kind, model):
    """Exit status, rows by description, and the closing states of their turns."""
    config = (HERE / "promptfooconfig.yaml").read_text()
    question, answer = BENIGN[kind]
    for name, value in {"KIND": kind, "MODEL": model, "URL": steward.url, "QUESTION": question, "ANSWER": answer}.items():
        config = config.replace(name, value)
    (folder / "promptfooconfig.yaml").write_text(config)
    environment = offline_environment(
        folder, PROMPTFOO_CONFIG_DIR=str(folder / "state"), PROMPTFOO_DISABLE_TELEMETRY="1", PROMPTFOO_DISABLE_UPDATE="1",
        PROMPTFOO_DISABLE_REMOTE_GENERATION="1", PROMPTFOO_DISABLE_SHARING="1", PROMPTFOO_SELF_HOSTED="1", PROMPTFOO_CACHE_ENABLED="false")
    entry = pathlib.Path(os.environ["STEWARD_PROMPTFOO"]) / "node_modules" / "promptfoo" / "dist" / "src" / "main.js"
    command = [os.environ["STEWARD_NODE"], str(entry), "eval", "-c", "promptfooconfig.yaml", "-o", "results.json", "--no-cache", "--no-table",
               "--no-progress-bar", "-j", "1"]
    with new_turns(steward) as states:
        done = run_client(f"promptfoo eval, openai:{kind}:{model}", command, environment, folder)
    assert (folder / "results.json").exists(), tail(done)
    rows = json.loads((folder / "results.json").read_text(encoding="utf-8"))["results"]["results"]
    return done.returncode, {row["testCase"]["description"]: row for row in rows}, states


@pytest.fixture(scope="module", params=["demo", "demo@raw"])
def chat(request, steward, tmp_path_factory):
    return request.param, *evaluate(steward, tmp_path_factory.mktemp("promptfoo"), "chat", request.param)


def test_exit_status_and_rows(chat):
    model, status, rows, states = chat
    assert len(rows) == len(states) == 2
    assert rows["benign"]["success"], rows["benign"].get("error")
    assert rows["blocked"]["success"] == (model == "demo")
    assert status == (0 if model == "demo" else 100), "promptfoo exits with 100 where a row fails"


def test_a_blocked_row_is_a_refusal_and_flagged(chat):
    model, _, rows, states = chat
    reply = rows["blocked"]["response"]
    assert reply["guardrails"]["flagged"] == reply.get("isRefusal", False) == (model == "demo")
    assert not rows["benign"]["response"]["guardrails"]["flagged"]
    if model == "demo":
        assert reply["output"].startswith(REFUSAL)
        assert sorted(states) == ["blocked_input", "completed"]


def test_completions(steward, tmp_path):
    """This provider knows no refusals: it gives the text."""
    status, rows, states = evaluate(steward, tmp_path, "completion", "demo")
    assert status == 100 and sorted(states) == ["blocked_input", "completed"]
    assert rows["benign"]["success"], rows["benign"].get("error")
    assert rows["blocked"]["response"]["output"].startswith(REFUSAL)
