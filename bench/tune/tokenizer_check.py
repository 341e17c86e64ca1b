#!/usr/bin/env python3
"""tokenizer_check.py TOKENIZER_IDS BASE.gguf: does AutoTokenizer give the ids of llama.cpp on texts of many scripts, and the same chat?

For the base's own tokenizer, and for its vocabulary cut as Llama 3 and GPT-2 cut words. Exit 1 if one text differs.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from transformers import AutoTokenizer

WRITTEN = [
    "The quick brown fox, can't; won't: it's 3.14159!", "Straße, Übermut, naïveté, œuvre, Łódź", "Съешь ещё этих мягких французских булок",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία", "سعر الخبز ١٢٫٥ ريالاً", "המחיר הוא 25 ש״ח", "यह एक परीक्षा है १२३", "আমার সোনার বাংলা", "தமிழ் மொழி", "ภาษาไทยไม่มีช่องว่าง",
    "今日は良い天気ですね。価格は１２３円", "汉字与漢字，共42个", "한국어 문장 하나", "ქართული ენა", "Հայերեն լեզու", "አማርኛ ቋንቋ", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈 🧑‍🚒👩🏽‍⚕️🇪🇺", "e\u0301 vs é, ﬁ, Ⅷ, ½, ²",
    "tab\tnew\nline\r\nend  \n\n  two", "   leading and trailing   ", "a\u00a0b\u2003c\u3000d\u200be", "x=1;y+=2; // 100000 + 1e-9\nif(a!=b){return;}",
    "I'LL you'Re HE'S don'T", "<|im_start|>user\nhi<|im_end|>\n", "<|endoftext|>a<|endoftext|>", "!!!???...\n\n\n---", "1 22 333 4444 55555 ٣٣٣٣", "\x00\x01\x7f", "",
]
RANGES = [(0x20, 0x7E), (0x09, 0x0D), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x2000, 0x206F),
          (0x2150, 0x218F), (0x3000, 0x30FF), (0x4E00, 0x4EFF), (0xAC00, 0xACFF), (0xFF00, 0xFFEF), (0x1F300, 0x1F6FF), (0x10330, 0x1034F), (0x1D400, 0x1D4FF)]


def drawn(count: int) -> list[str]:
    """Texts of random characters: short runs of one script, so that borders of words are met."""
    draw = random.Random(7)
    out = []
    for _ in range(count):
        text = ""
        while len(text) < 24:
            low, high = draw.choice(RANGES)
            text += "".join(chr(draw.randint(low, high)) for _ in range(draw.randint(1, 5)))
        out.append(text)
    return out


def ids_of_llama_cpp(program: str, base: str, folder: str, words: str, texts: list[str]) -> list[list[int]]:
    arguments = [program, base, folder] + ([words] if words else [])
    lines = "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts)
    done = subprocess.run(arguments, input=lines.encode(), stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare(program: str, base: str, words: str, texts: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        wanted = ids_of_llama_cpp(program, base, folder, words, texts)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        differ = [text for text, ids in zip(texts, wanted) if tokenizer(text)["input_ids"] != ids]
        back = [text for text, ids in zip(texts, wanted) if tokenizer.decode(ids, skip_special_tokens=False).removeprefix(tokenizer.bos_token if words.startswith("llama") else "") != text]
        print(f"{words or 'its own'}: {len(texts)} texts, {len(differ)} with other ids, {len(back)} that do not come back")
        for text in differ[:5]:
            print("  differs:", ascii(text))
        if not words:
            chat = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}]
            print("its chat:", ascii(tokenizer.apply_chat_template(chat, tokenize=False)))
        return len(differ) + len(back)


def main() -> int:
    program, base = sys.argv[1:3]
    texts = WRITTEN + drawn(2000)
    for file in sorted(pathlib.Path(__file__).parent.parent.joinpath("texts").glob("*.txt")):
        texts += file.read_text().splitlines()
    return 1 if sum(compare(program, base, words, texts) for words in ("", "llama-bpe", "gpt-2")) else 0


if __name__ == "__main__":
    sys.exit(main())
