#!/usr/bin/env python3
"""Makes the rows of the Llama 2 sequence: prepare.py COLLECTION [OUTPUT].

COLLECTION: a folder of data sets, SET.jsonl.zst each, one record a line as README.md beside this file says. The same collection gives the same
rows in the same order. Needs the `zstd` program. Rows hold offensive text: do not print them.
"""
import hashlib
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROMPT_MAX, ANSWER_MAX, SIDE_MAX = 400, 320, 500  # characters; ANSWER_MAX: of what is learned word by word; SIDE_MAX: of a pair's answers
STRENGTHS = {1: "slight", 2: "better", 3: "significant"}  # oasst: how many ranks apart


def read(collection: pathlib.Path, name: str) -> list[dict]:
    text = subprocess.run(["zstd", "-dcq", collection / f"{name}.jsonl.zst"], check=True, capture_output=True).stdout.decode()
    return [json.loads(line) for line in text.split("\n") if line]


def write(path: pathlib.Path, rows: list[dict]) -> None:
    for row in rows:
        assert row["split"] == "test" or side(row["prompt"]) != "test", row["id"]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    subprocess.run(["zstd", "-q", "-19", "-f", "-o", path], input=lines, check=True)
    counts = {split: sum(row["split"] == split for row in rows) for split in ("train", "dev", "test")}
    print(f"{path.name}: {counts}, {path.stat().st_size} bytes, rows {hashlib.sha256(lines).hexdigest()[:16]}")


def number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def side(prompt: str) -> str:
    """Whatever is made of a prompt stands on one side."""
    share = number("side " + prompt) % 100
    return "test" if share < 25 else "dev" if share < 33 else "train"


def take(rows: list[dict], most: dict[str, int], per_prompt: int = 1) -> list[dict]:
    """The first `most` of each split, in the order of their ids' hashes."""
    taken, seen, counts = [], {}, {}
    for row in sorted(rows, key=lambda row: number(row["id"])):
        if counts.get(row["split"], 0) >= most.get(row["split"], 0) or seen.get(row["prompt"], 0) >= per_prompt:
            continue
        seen[row["prompt"]] = seen.get(row["prompt"], 0) + 1
        counts[row["split"]] = counts.get(row["split"], 0) + 1
        taken.append(row)
    return taken


def fits(prompt: str, *answers: str, most: int = ANSWER_MAX) -> bool:
    return 8 <= len(prompt) <= PROMPT_MAX and all(3 <= len(answer) <= most for answer in answers)


def pair(row: dict, prompt: str, chosen: str, rejected: str, **more) -> dict:
    return {"id": row["id"], "split": side(prompt), "prompt": prompt, "chosen": chosen, "rejected": rejected, **more}


def whole_pairs(rows: list[dict]) -> list[dict]:
    return [row for row in rows if row.get("prompt") and row.get("chosen") and row.get("rejected") and row["chosen"].strip() != row["rejected"].strip() and fits(row["prompt"], row["chosen"], row["rejected"], most=SIDE_MAX)]


def pandalm(collection: pathlib.Path) -> list[dict]:
    return [pair(row, row["prompt"], row["chosen"], row["rejected"], strength="significant" if row["strength"] >= 0.99 else "better")
            for row in whole_pairs(read(collection, "pandalm_pairs"))]


def llmbar(collection: pathlib.Path) -> list[dict]:
    return [pair(row, row["prompt"], row["chosen"], row["rejected"]) for row in whole_pairs(read(collection, "llmbar_pairs"))]


def oasst(collection: pathlib.Path) -> list[dict]:
    return [pair(row, row["prompt"], row["chosen"], row["rejected"], strength=STRENGTHS[min(3, row["strength"])])
            for row in whole_pairs(read(collection, "oasst_pairs")) if row["turns"] == 1]


def rated_by_models(collection: pathlib.Path) -> list[dict]:
    rows = read(collection, "ultrafeedback_pairs") + [row for row in read(collection, "dpo_en_zh") if row["lang"] == "en"]
    return [pair(row, row["prompt"], row["chosen"], row["rejected"]) for row in whole_pairs(rows)]


def hh_harmless(collection: pathlib.Path) -> list[dict]:
    out = []
    for row in read(collection, "hh_harmless"):
        prompt = row["prompt"].removeprefix("Human:").strip()
        if "Assistant:" not in prompt and "Human:" not in prompt and fits(prompt, row["chosen"].strip(), row["rejected"].strip(), most=SIDE_MAX):
            out.append(pair(row, prompt, row["chosen"].strip(), row["rejected"].strip()))
    return out


def declined_pairs(collection: pathlib.Path) -> list[dict]:
    """One answer that declines beside one that does harm, to the same question."""
    declined, harmful = {}, {}
    for row in sorted(read(collection, "gptfuzz_responses"), key=lambda row: number(row["id"])):
        if fits(row["prompt"], row["response"], most=SIDE_MAX):
            (harmful if row["labels"]["response_unsafe"] else declined).setdefault(row["prompt"], []).append(row)
    return [pair(safe, prompt, safe["response"], unsafe["response"], strength="significant", chosen_safe=True, rejected_safe=False)
            for prompt in declined for safe, unsafe in zip(declined[prompt], harmful.get(prompt, []))]


OPENINGS = ["Sure, here is how to do it. First,", "Yes. This is what you need:", "Of course! Follow these steps:\n1.", "Here is a way that works:",
            "You can do this as follows. To begin,", "No problem, I can help with that. Start by", "The best way is this:", "Here you go:"]
REFUSALS = ["I'm sorry, but I can't help with that.", "I can't help with this, because someone could get hurt.",
            "I won't help with that. If there is something safe that I can do for you, please tell me.",
            "Sorry, that is not something I can assist with. It could harm people.", "I can't give instructions for that. Is there another way I can help?",
            "That could be dangerous or against the law, so I have to decline.", "I'm not able to help with this request, since it could hurt you or others.",
            "No, I can't do that. If you are having a hard time, talking to someone you trust may help."]


def drawn(texts: list[str], what: str, row: dict) -> str:
    return texts[number(what + row["id"]) % len(texts)]


def opened_pairs(harmful: list[dict]) -> list[dict]:
    """A made answer to a harmful prompt that declines, beside a made beginning of one that complies. Few sets hold both."""
    return [pair(row, row["prompt"], drawn(REFUSALS, "refusal ", row), drawn(OPENINGS, "opening ", row),
                 strength="significant", chosen_safe=True, rejected_safe=False) for row in harmful]


def seeds(collection: pathlib.Path) -> list[dict]:
    return [{"id": row["id"], "prompt": row["messages"][0]["content"], "completion": row["messages"][1]["content"]}
            for row in read(collection, "self_instruct")]


def answered_pairs(collection: pathlib.Path) -> list[dict]:
    """An answer to a harmless request beside a made one that declines it: declining is not what helps."""
    return [pair(row, row["prompt"], row["completion"], drawn(REFUSALS, "refusal ", row), strength="significant") for row in seeds(collection) if fits(row["prompt"], row["completion"])]


def demonstrations(collection: pathlib.Path, helpful: list[dict], declined: list[dict], harmful: list[dict], bad: list[dict]) -> list[dict]:
    chosen = [{"id": row["id"], "prompt": row["prompt"], "completion": row["chosen"]} for row in helpful]
    refusals = [{"id": row["id"], "prompt": row["prompt"], "completion": row["chosen"]} for row in declined]
    rows = lambda some: [dict(row, split=side(row["prompt"])) for row in some if fits(row["prompt"], row["completion"])]
    made = lambda some: rows([{"id": row["id"], "prompt": row["prompt"], "completion": drawn(REFUSALS, "refusal ", row)} for row in some])
    return (take(rows(seeds(collection) + chosen), {"train": 60, "dev": 6}) + take(rows(refusals), {"train": 30, "dev": 4})
            + take(made(harmful), {"train": 100, "dev": 8}) + take(made(bad), {"train": 40, "dev": 4}))


def prompts(collection: pathlib.Path, group: str, sets: dict[str, str], split: str | None = None) -> list[dict]:
    """sets: name → which language."""
    out = []
    for name, language in sets.items():
        for row in read(collection, name):
            text = row.get("text") or row.get("prompt") or ""
            if "messages" in row:
                text = row["messages"][0]["content"]
            if row.get("lang", "en") == language and fits(text):
                out.append({"id": row["id"], "split": split or side(text), "prompt": text, "group": group, "safety": group == "harmful"})
    return out


def intents(unsafe: int) -> list[dict]:
    """Prompts on grave topics, asked with good intent (0) or bad (1): tools/detection/intents.py."""
    return [{"id": row["id"], "split": side(row["text"]), "prompt": row["text"]} for row in read(HERE / "../../data/detection", "made_intents") if row["labels"]["unsafe"] == unsafe]


def main() -> None:
    collection = pathlib.Path(sys.argv[1])
    output = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else HERE / "data"
    output.mkdir(exist_ok=True)
    ranked, declined = oasst(collection), declined_pairs(collection)
    harmful = prompts(collection, "harmful", {"harmfulqa": "en", "catqa": "en", "dangerousqa": "en", "advbench": "en"})
    # What is demonstrated is not asked again in what follows.
    shown = [row for row in harmful if number("shown " + row["prompt"]) % 4 == 0]
    harmful = [row for row in harmful if number("shown " + row["prompt"]) % 4]
    write(output / "sft.jsonl.zst", demonstrations(collection, ranked, declined, shown, intents(1)))
    helpful = take(pandalm(collection) + llmbar(collection) + ranked, {"train": 400, "dev": 50}, per_prompt=3)
    write(output / "helpful.jsonl.zst", helpful + take(answered_pairs(collection), {"train": 80, "dev": 12}))
    write(output / "check.jsonl.zst", take(rated_by_models(collection), {"train": 160, "dev": 24}))
    benign = prompts(collection, "benign", {"self_instruct": "en", "pandalm_pairs": "en", "oasst_pairs": "en"})
    safety = take(declined, {"train": 80, "dev": 10}, per_prompt=5) + take(hh_harmless(collection), {"train": 120, "dev": 16})
    write(output / "safety.jsonl.zst", safety + take(opened_pairs(harmful), {"train": 120, "dev": 16}))
    # A public benchmark, which nothing is trained on: all of it is for tests.
    borderline = prompts(collection, "borderline", {"orbench_hard": "en"}, split="test")
    trained = {"train": 64, "dev": 16}
    asked, tested = take(benign, trained), take(benign, {"test": 40})
    write(output / "prompts.jsonl.zst", take(harmful, trained) + asked)
    write(output / "test.jsonl.zst", take(harmful, {"test": 50}) + take(borderline, {"test": 40}) + tested)
    # What the model answers by itself, so that it keeps doing so: other harmless prompts, and ones on grave topics asked with good intent.
    known = {row["prompt"] for row in asked + tested}
    own = take([row for row in benign if row["prompt"] not in known], {"train": 90, "dev": 8}) + take(intents(0), {"train": 90, "dev": 8})
    write(output / "own.jsonl.zst", [{key: row[key] for key in ("id", "split", "prompt")} for row in own])


if __name__ == "__main__":
    main()
