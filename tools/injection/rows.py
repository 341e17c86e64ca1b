"""The data sets that the filter `injection` is fitted to and measured on, and its evidence in each row. Never prints a text."""
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
ATTACKS = ("deepset_pi_train", "bastioncorpus", "neuralchemy_pi", "injecagent", "agentdojo_injections", "piarena_rag", "bipia_train",
           "inthewild_jailbreak", "inthewild_jailbreak_2312", "aisafetylab_templates", "pyrit_templates", "giskard_pi", "fuzzyai_persuasion",
           "latent_jailbreak", "hinglish_pi")
BENIGN = ("benign_system_prompts", "writingbench", "tau2_benign", "jackhhao_benign", "neuralchemy_benign", "tool_results_benign", "dolly_1k",
          "banking77", "clinc150", "mitre_frr", "xquad", "self_instruct", "orbench_hard")
# A known benchmark of over-refusal: measured, never fitted to.
MEASURED_ONLY = ("orbench_hard",)
DATA = ("injecagent", "agentdojo_injections", "piarena_rag", "bipia_train", "tool_results_benign")
# Left out together: sets of one origin.
GROUPS = {"inthewild_jailbreak": "inthewild", "inthewild_jailbreak_2312": "inthewild", "aisafetylab_templates": "templates",
          "pyrit_templates": "templates", "neuralchemy_pi": "neuralchemy", "neuralchemy_benign": "neuralchemy"}


def text_of(row: dict) -> str:
    return row.get("text") or "\n".join(row[key] for key in ("context", "question") if row.get(key))


def role_of(name: str, row: dict) -> str:
    if name == "bastioncorpus":
        return "user" if row.get("channel", "").startswith(("user", "multi")) else "tool"
    # What is handed to a model to work on, and documents.
    return "tool" if name in DATA or row.get("kind") == "document" else "user"


def is_attack(name: str, row: dict) -> bool:
    if name in BENIGN:
        return False
    return any((row["labels"].get(key) or 0) >= 0.5 for key in ("jailbreak", "injection", "prompt_leak"))


def load(datasets: pathlib.Path, name: str) -> list[dict]:
    lines = subprocess.run(["zstd", "-dc", datasets / f"{name}.jsonl.zst"], check=True, stdout=subprocess.PIPE).stdout.decode().split("\n")
    rows = [json.loads(line) for line in lines if line]
    return [{"set": name, "split": row["split"], "role": role_of(name, row), "attack": is_attack(name, row), "text": text_of(row), "bytes": len(text_of(row).encode())}
            for row in rows if row["split"] in ("train", "dev")]


def with_evidence(binary: pathlib.Path, rows: list[dict]) -> list[dict]:
    """Adds to each row what the filter sees: names of evidence by voice, and both scores."""
    given = "".join(json.dumps({"role": row["role"], "text": row["text"]}) + "\n" for row in rows)
    out = subprocess.run([binary, "features"], input=given.encode(), check=True, stdout=subprocess.PIPE).stdout.decode().split("\n")
    for row, line in zip(rows, out, strict=False):
        row.update(json.loads(line))
    return rows
