#!/usr/bin/env python3
"""Writes cases/pii/national_ids.jsonl: made-up identity numbers that python-stdnum (the oracle) accepts, as people write them, and
others, one character away, that it refuses.

    pip install python-stdnum==1.20 && tools/pii/national_ids.py
"""
import importlib
import json
import pathlib
import random
import string

ROOT = pathlib.Path(__file__).resolve().parents[2]
RANDOM = random.Random(20261124)
DIGITS = string.digits
LETTERS = string.ascii_uppercase

# country: module, a form (# digit, a letter, anything else as it is), how people write it, the words it stands behind
FORMS = {
    "us": ("us.ssn", "###-##-####", ["{0}"], [""]),
    "gb-nhs": ("gb.nhs", "##########", ["{0}", "{0:3 3 4}"], ["NHS number "]),
    "de": ("de.idnr", "###########", ["{0:2 3 3 3}"], [""]),
    "de-plain": ("de.idnr", "###########", ["{0}"], ["Meine Steuer-ID ist "]),
    "fr": ("fr.nir", "1##01##001#####", ["{0}", "{0:1 2 2 2 3 3 2}"], [""]),
    "es": ("es.dni", "########a", ["{0}"], [""]),
    "es-nie": ("es.nie", "X#######a", ["{0}"], [""]),
    "it": ("it.codicefiscale", "aaaaaa##A01a###a", ["{0}"], [""]),
    "nl": ("nl.bsn", "#########", ["{0}"], ["BSN: "]),
    "be": ("be.nn", "850730#####", ["{0:2.2.2-3.2}"], [""]),
    "pl": ("pl.pesel", "850730#####", ["{0}"], ["PESEL "]),
    "se": ("se.personnummer", "850730-####", ["{0}"], [""]),
    "fi": ("fi.hetu", "300785-###a", ["{0}"], [""]),
    "no": ("no.fodselsnummer", "300785#####", ["{0}", "{0:6 5}"], [""]),
    "dk": ("dk.cpr", "300785-####", ["{0}"], ["CPR "]),
    "pt": ("pt.nif", "#########", ["{0}"], ["NIF "]),
    "br": ("br.cpf", "###########", ["{0:3.3.3-2}"], [""]),
    "cl": ("cl.rut", "#########", ["{0:2.3.3-1}"], [""]),
    "mx": ("mx.curp", "AAAA850730HDFaaa##", ["{0}"], [""]),
    "ca": ("ca.sin", "#########", ["{0:3 3 3}"], ["my SIN is "]),
    "au": ("au.tfn", "#########", ["{0:3 3 3}"], ["TFN "]),
    "in": ("in_.aadhaar", "############", ["{0:4 4 4}"], ["Aadhaar "]),
    "in-pan": ("in_.pan", "aaaPa####a", ["{0}"], ["PAN "]),
    "cn": ("cn.ric", "11010119850730####", ["{0}"], [""]),
    "kr": ("kr.rrn", "850730-#######", ["{0}"], [""]),
    "tr": ("tr.tckimlik", "###########", ["{0}"], ["TC Kimlik "]),
    "za": ("za.idnr", "850730####08#", ["{0}"], ["my ID number is "]),
}


def draw(form: str) -> str:
    return "".join(RANDOM.choice(DIGITS) if c == "#" else RANDOM.choice(LETTERS) if c == "a" else c for c in form)


def written(number: str, style: str) -> str:
    spec = style[3:-1]
    if not spec:
        return number
    out, at = "", 0
    for c in spec:
        if c.isdigit():
            out += number[at:at + int(c)]
            at += int(c)
        else:
            out += c
    return out


def main() -> None:
    rows = []
    for country, (module, form, styles, contexts) in FORMS.items():
        valid = importlib.import_module("stdnum." + module).is_valid
        found = refused = tries = 0
        while (found < 6 or refused < 6) and tries < 3_000_000:
            tries += 1
            number = draw(form)
            is_valid = valid(number)
            if (found if is_valid else refused) >= 6 or (not is_valid and country in ("dk", "us", "in-pan")):
                if not is_valid and country in ("dk", "us", "in-pan"):
                    refused = 6
                continue
            found, refused = found + is_valid, refused + (not is_valid)
            style = styles[found % len(styles)]
            text = RANDOM.choice(contexts) + written(number, style)
            rows.append({"country": country, "text": text, "found": [written(number, style)] if is_valid else []})
        assert found == 6, country
    path = ROOT / "cases/pii/national_ids.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    print(f"{len(rows)} cases of {len(FORMS)} forms")


if __name__ == "__main__":
    main()
