"""The openai Node SDK, run once by openai_node.mjs."""
import json
import os
import pathlib
import subprocess


def test_node_sdk(steward):
    script = pathlib.Path(__file__).with_name("openai_node.mjs")
    run = subprocess.run([os.environ["STEWARD_NODE"], str(script), steward.url], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    assert "demo" in seen["models"]
    assert seen["whole"] and seen["streamed"] == seen["whole"]
    assert seen["blocked"]["reason"] == "content_filter"
    assert seen["blocked"]["text"].startswith("I'm sorry, but")
    assert seen["error"] == {"status": 404, "code": "model_not_found"}
