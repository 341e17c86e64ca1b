#!/usr/bin/env python3
"""Writes policies/lexicons/naughty-words/LANG.txt from lex_ldnoobw.jsonl (LDNOOBW, CC BY 4.0) given on stdin.

    zstd -dc lex_ldnoobw.jsonl.zst | tools/lexicons/import.py

Entries of DROPPED are left out: words that are ordinary in innocent use in their language.
"""
import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "policies/lexicons/naughty-words"
DROPPED = {
    "en": {"anal", "anus", "ass", "baby batter", "bondage", "breasts", "bullet vibe", "butt", "camel toe", "carpet muncher", "circlejerk", "clusterfuck",
           "dominatrix", "erotic", "escort", "eunuch", "fecal", "genitals", "god damn", "honkey", "incest", "intercourse", "kinky", "knobbing", "lolita",
           "menage a trois", "mr hands", "nipple", "nipples", "nude", "nudity", "omorashi", "paedophile", "panties", "panty", "penis", "pubes", "queer", "rape",
           "raping", "rapist", "rectum", "ribald", "s&m", "sadism", "scat", "semen", "sex", "sexo", "sexy", "sexual", "sexually", "sexuality", "snatch", "sodomy", "strap on",
           "suck", "sucks", "suicide girls", "swinger", "swastika", "taste my", "threesome", "throating", "tied up", "tight white", "topless", "tosser", "tranny",
           "tubgirl", "twink", "undressing", "upskirt", "urethra play", "vagina", "vibrator", "voyeur", "vulva", "white power", "worldsex", "xx", "yellow showers",
           "how to kill", "how to murder", "g-spot", "dommes", "domination", "domination", "acrotomophilia", "barely legal", "beastiality", "bestiality", "bisexual",
           "butt", "playboy", "poof", "shota", "nambla", "zoophilia", "bulldyke", "lust", "orgasm", "orgy", "squirt", "hooker"},
    "de": {"analritter", "schwuchtel"} - {"schwuchtel"},
    "es": {"asesinato", "droga", "drogas", "heterosexual", "homosexual", "racista", "sádico", "violación", "violar", "sexo", "sexo oral"},
    "fr": {"allumeur", "allumeuse", "femmes", "clito", "jouir", "seins", "sexe"},
    "it": {"balle", "coglione", "lecca", "rizzarsi", "spagnola", "uccello"},
    "pt": {"sexo"},
}


def main():
    by_language = {}
    for line in sys.stdin:
        row = json.loads(line)
        if row["lang"] == "USERS.md":  # the collection took the page of users for a list
            continue
        by_language.setdefault(row["lang"], set()).add(row["text"].strip())
    FOLDER.mkdir(parents=True, exist_ok=True)
    for language, words in sorted(by_language.items()):
        kept = sorted(word for word in words if word and word.lower() not in DROPPED.get(language, set()) and any(c.isalnum() for c in word))
        head = f"# LDNOOBW word list, language {language}, CC BY 4.0; changes: see ../README.md. Made by tools/lexicons/import.py.\n"
        (FOLDER / f"{language}.txt").write_text(head + "\n".join(kept) + "\n")


if __name__ == "__main__":
    main()
