"""PyRIT's OpenAIChatTarget under its own attacks: one prompt, one prompt hidden in base64, and a conversation of two turns (pyrit_attack.py)."""
import json

import pytest
from client_runs import HERE, REFUSAL, new_turns, offline_environment, program, run_client, tail


@pytest.fixture(scope="module", params=["demo", "demo@raw"])
def run(request, steward, tmp_path_factory):
    """(model id, PyRIT's memory of each attack, the closing states of its turns)."""
    model, folder = request.param, tmp_path_factory.mktemp("pyrit")
    command = [program("pyrit", "python"), str(HERE / "pyrit_attack.py"), steward.url, model, str(folder / "pyrit.db")]
    with new_turns(steward) as states:
        done = run_client(f"PyRIT, {model}", command, offline_environment(folder), folder)
    assert done.returncode == 0, tail(done)
    assert (folder / "pyrit.db").stat().st_size > 0
    return model, json.loads(done.stdout.splitlines()[-1]), states


def test_every_request_is_a_turn_in_the_ledger(run):
    model, seen, states = run
    answers = [turn for attack in seen.values() for turn in attack["turns"] if turn["role"] == "assistant"]
    assert len(answers) == len(states) == 5
    assert states.count("blocked_input") == (2 if model == "demo" else 0)


def test_a_plain_objective_is_reached(run):
    _, seen, _ = run
    assert seen["plain"]["outcome"] == "success"
    assert seen["plain"]["turns"][-1]["error"] == "none"


@pytest.mark.parametrize("attack", ["blocked", "hidden"])
def test_a_blocked_prompt_is_an_error_that_keeps_its_text(run, attack):
    model, seen, _ = run
    answer = seen[attack]["turns"][-1]
    if model == "demo":
        assert (answer["error"], answer["type"]) == ("blocked", "error")
        assert answer["partial"].startswith(REFUSAL)
        assert seen[attack]["outcome"] != "success"
    else:
        assert (answer["error"], answer["type"]) == ("none", "text")


def test_a_conversation_of_two_turns(run):
    _, seen, _ = run
    assert [turn["role"] for turn in seen["chat"]["turns"]] == ["user", "assistant", "user", "assistant"]
    assert "Paris" in seen["chat"]["turns"][-1]["text"]
