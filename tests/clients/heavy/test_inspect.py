"""Inspect's own command, `inspect eval`, on inspect_capitals.py: what its log file says."""
import json
import shutil

import pytest
from client_runs import HERE, REFUSAL, new_turns, offline_environment, program, run_client, tail


@pytest.fixture(scope="module", params=["demo", "demo@raw"])
def run(request, steward, tmp_path_factory):
    """(model id, samples by id, the log, the closing states of its turns)."""
    model, folder = request.param, tmp_path_factory.mktemp("inspect")
    shutil.copy(HERE / "inspect_capitals.py", folder)
    environment = offline_environment(folder, STEWARD_BASE_URL=steward.url, STEWARD_API_KEY="unused", INSPECT_DISPLAY="plain")
    command = [program("inspect", "inspect"), "eval", "inspect_capitals.py", "--model", f"openai-api/steward/{model}",
               "--log-dir", str(folder / "logs"), "--log-format", "json", "--temperature", "0", "--seed", "1", "--max-tokens", "60",
               "--max-retries", "0"]
    if model == "demo@raw":
        command += ["--logprobs", "--top-logprobs", "2"]
    with new_turns(steward) as states:
        done = run_client(f"inspect eval, {model}", command, environment, folder)
    assert done.returncode == 0, tail(done)
    log = json.loads(next((folder / "logs").glob("*.json")).read_text(encoding="utf-8"))
    return model, {sample["id"]: sample for sample in log["samples"]}, log, states


def test_the_run_succeeds_and_is_scored(run):
    model, samples, log, states = run
    assert log["status"] == "success"
    assert len(samples) == len(states) == 5
    right = [sample for name, sample in samples.items() if name != "blocked" and sample["scores"]["includes"]["value"] == "C"]
    assert len(right) >= 3
    spent = {name: sample["output"]["usage"]["total_tokens"] for name, sample in samples.items()}
    assert all((tokens == 0) == (name == "blocked" and model == "demo") for name, tokens in spent.items())


def test_a_blocked_sample_stops_with_content_filter(run):
    model, samples, _, states = run
    choice = samples["blocked"]["output"]["choices"][0]
    if model == "demo":
        assert choice["stop_reason"] == "content_filter"
        assert choice["message"]["content"].startswith(REFUSAL)
        assert states.count("blocked_input") == 1
    else:
        assert choice["stop_reason"] in ("stop", "max_tokens")
        assert set(states) == {"completed"}


def test_log_probabilities_of_the_unguarded_model(run):
    model, samples, _, _ = run
    if model == "demo":
        assert all(not sample["output"]["choices"][0].get("logprobs") for sample in samples.values())
        return
    for sample in samples.values():
        tokens = sample["output"]["choices"][0]["logprobs"]["content"]
        assert 0 < len(tokens) <= 60
        for token in tokens:
            assert token["logprob"] <= 0 and len(token["top_logprobs"]) == 2
            best = max(other["logprob"] for other in token["top_logprobs"])
            assert token["logprob"] == best, "at temperature 0 the likeliest token is taken"
