"""lm-eval against the gateway: a multiple-choice task by log-likelihood, a generation task by completions and by chat.
Its log-likelihoods must equal those computed in process, unbatched and without prefix reuse."""
import json
import os
import pathlib
import subprocess
import sys

import openai
import pytest

HERE = pathlib.Path(__file__).parent
TASKS = HERE / "tasks"


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tasks")
    for path in TASKS.glob("*.yaml"):
        text = path.read_text().replace("CAPITALS_JSONL", str(TASKS / "capitals.jsonl"))
        (folder / path.name).write_text(text)
    return folder


def lm_eval(tasks, output, kind, url, task, *more):
    arguments = f"model=demo@raw,base_url={url},num_concurrent=1,max_retries=1"
    if kind == "local-completions":
        arguments += ",tokenized_requests=True,tokenizer_backend=remote"
    run = subprocess.run(
        [sys.executable, "-m", "lm_eval", "--model", kind, "--model_args", arguments, "--tasks", task, "--include_path",
         str(tasks), "--output_path", str(output), "--log_samples", *more],
        capture_output=True, text=True, timeout=900)
    assert run.returncode == 0, run.stderr[-4000:]
    samples = next(output.rglob(f"samples_{task}_*.jsonl"))
    results = json.loads(next(output.rglob("results_*.json")).read_text())
    return [json.loads(line) for line in samples.read_text().splitlines()], results["results"][task]


def test_log_likelihoods_equal_those_in_process(steward, tasks, tmp_path):
    samples, results = lm_eval(tasks, tmp_path, "local-completions", steward.url + "/completions", "steward_capitals")
    assert results["acc,none"] >= 0.5
    pairs, seen = [], []
    for sample in samples:
        for arguments, response in zip(sample["arguments"].values() if isinstance(sample["arguments"], dict) else sample["arguments"],
                                       sample["resps"]):
            values = list(arguments.values()) if isinstance(arguments, dict) else arguments
            pairs.append({"context": values[0], "continuation": values[1]})
            seen.append((float(response[0][0]), str(response[0][1]) == "True"))
    run = subprocess.run([os.environ["STEWARD_BINARY"], "model", "score", "--product", str(steward.product)],
                         input="\n".join(json.dumps(pair) for pair in pairs) + "\n", capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr
    ours = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(ours) == len(seen) == 48
    for mine, (logprob, greedy) in zip(ours, seen):
        assert mine["logprob"] == pytest.approx(logprob, abs=1e-6)
        assert mine["is_greedy"] == greedy


def test_generation_through_completions(steward, tasks, tmp_path):
    samples, _ = lm_eval(tasks, tmp_path, "local-completions", steward.url + "/completions", "steward_echo")
    assert len(samples) == 12
    assert all(isinstance(sample["resps"][0][0], str) for sample in samples)


def test_generation_through_chat(steward, tasks, tmp_path):
    samples, _ = lm_eval(tasks, tmp_path, "local-chat-completions", steward.url + "/chat/completions", "steward_echo",
                         "--apply_chat_template")
    client = openai.OpenAI(base_url=steward.url, api_key="unused", max_retries=0)
    for sample in samples:
        question = f"Answer with one word. What is the capital of {sample['doc']['country']}?"
        direct = client.chat.completions.create(model="demo@raw", messages=[{"role": "user", "content": question}], temperature=0,
                                                max_tokens=16, stop=["\n\n"])
        assert sample["resps"][0][0] == direct.choices[0].message.content
