#!/usr/bin/env python3
"""Writes steward/filters/pii/given_names.inc: common given names that hardly mean anything else.

    pip install --require-hashes -r tools/pii/given_names_requirements.txt
    tools/pii/given_names.py --datasets ../shared/datasets

Names are Faker's (MIT) for locales in Latin and Cyrillic letters, and those of tools/pii/given_names.txt, our own. A name goes out if it stands in
small letters in the training splits of ordinary English text, or in tools/pii/not_given_names.txt: words, places, products.
"""
import argparse
import importlib
import json
import pathlib
import re
import subprocess
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCALES = ("cs_CZ da_DK de_AT de_CH de_DE en_GB en_IE en_IN en_KE en_NG en_NZ en_US es_AR es_CL es_CO es_ES es_MX et_EE fi_FI fr_BE fr_CA fr_CH fr_FR "
           "ga_IE hr_HR hu_HU id_ID it_IT lt_LT lv_LV nl_BE nl_NL no_NO pl_PL pt_BR pt_PT ro_RO ru_RU sk_SK sl_SI sv_SE tr_TR uk_UA vi_VN yo_NG zu_ZA")
TEXTS = ("dolly_1k", "banking77", "clinc150", "gsm8k", "legal_plain", "covidqa", "self_instruct", "nlu_eval")
LETTERS_MIN = 3
BYTES_MAX = 120


def faker_names() -> set[str]:
    names = set()
    for locale in LOCALES.split():
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for key in dir(provider):
            if key.startswith("first_names") and not isinstance(getattr(provider, key), property):
                names.update(getattr(provider, key))
    return names


def small_words(datasets: pathlib.Path) -> set[str]:
    words = set()
    for name in TEXTS:
        lines = subprocess.run(["zstd", "-dc", datasets / f"{name}.jsonl.zst"], check=True, stdout=subprocess.PIPE).stdout.decode().split("\n")
        for line in filter(None, lines):
            row = json.loads(line)
            if row.get("split") == "train":
                for key in ("text", "context", "question", "rationale"):
                    words.update(re.findall(r"\b[a-z]+\b", row.get(key) or ""))
    return words


def lines_of(name: str) -> set[str]:
    return set((ROOT / "tools/pii" / name).read_text().split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=pathlib.Path, default=ROOT / "../shared/datasets")
    options = parser.parse_args()
    out_of = small_words(options.datasets) | lines_of("not_given_names.txt")
    own = lines_of("given_names.txt")
    names = {unicodedata.normalize("NFKC", name).casefold() for name in faker_names()} - out_of
    names = {name for name in names if name.isalpha() and len(name) >= LETTERS_MIN and len(name.encode()) <= 32} | own
    lines, line = [], ""
    for name in sorted(names):
        if len((line + name).encode()) > BYTES_MAX:
            lines.append(line)
            line = ""
        line += name + " "
    lines.append(line.rstrip())
    head = "// Made by tools/pii/given_names.py: given names, folded, that are hardly anything else (THIRD_PARTY.md: Faker).\n"
    (ROOT / "steward/filters/pii/given_names.inc").write_text(head + "\n".join(f'"{text}"' for text in lines) + "\n")
    print(f"{len(names)} names")


if __name__ == "__main__":
    main()
