#!/usr/bin/env python3
"""Writes fuzz/corpus/encoder_file_fuzz: tiny encoders, one of each tokeniser, and ones with one fault each, named after it."""
import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools/encoder"))
import convert  # noqa: E402
import gguf  # noqa: E402

WIDTH, INNER, POSITIONS = 32, 32, 16
SIZE = {"layers": 1, "positions": POSITIONS, "width": WIDTH, "inner": INNER, "heads": 1, "epsilon": 1e-6}
TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "\u2581a", "\u2581b", "b", "a", "\u2581", ","]
KINDS = [3, 2, 3, 3] + [1] * 6


def keys(model: str) -> dict:
    out = convert.bert_keys("tiny", "MIT", SIZE) | convert.special_keys(2, 3, 1, 0)
    out |= {"tokenizer.ggml.model": gguf.string(model), "tokenizer.ggml.tokens": gguf.string_array(TOKENS),
            "tokenizer.ggml.token_type": gguf.i32_array(KINDS)}
    if model == "t5":
        out |= {"tokenizer.ggml.scores": gguf.f32_array([-float(i) for i in range(len(TOKENS))]), "steward.tokenizer.prefix": gguf.string("a"),
                "steward.tokenizer.map.points": gguf.u32_array([9, 233]), "steward.tokenizer.map.starts": gguf.u32_array([0, 1, 3]),
                "steward.tokenizer.map.targets": gguf.u32_array([32, 97, 98])}
    return out


def ramp(count: int) -> bytes:
    return struct.pack(f"<{count}f", *(((i * 37) % 64 - 31.5) / 32 for i in range(count)))


def tensors() -> list:
    def matrix(name, rows, width=WIDTH):
        return name, [width, rows], gguf.F32, ramp(rows * width)

    def pair(name, count, rows=0):
        return [matrix(name + ".weight", rows or count, WIDTH) if rows else (name + ".weight", [count], gguf.F32, ramp(count)),
                (name + ".bias", [count], gguf.F32, ramp(count))]

    out = [matrix("token_embd.weight", len(TOKENS)), matrix("token_types.weight", 2), matrix("position_embd.weight", POSITIONS)]
    out += pair("token_embd_norm", WIDTH)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"):
        out += pair(f"blk.0.{name}", WIDTH, WIDTH)
    return out + pair("blk.0.attn_output_norm", WIDTH) + pair("blk.0.layer_output_norm", WIDTH)


def changed(name, shape=None, data=None, kind=None):
    return [(n, shape or s, k if kind is None else kind, data or d) if n == name else (n, s, k, d) for n, s, k, d in tensors()]


NAN = struct.pack("<f", float("nan"))
FILES = {
    "whole_word_piece": (keys("bert"), tensors()),
    "whole_unigram": (keys("t5"), tensors()),
    "another_architecture": (keys("bert") | {"general.architecture": gguf.string("llama")}, tensors()),
    "another_tokenizer": (keys("gpt2"), tensors()),
    "no_tensor": (keys("bert"), tensors()[:-1]),
    "no_layers": (keys("bert") | {"bert.block_count": gguf.u32(0)}, tensors()),
    "more_layers_than_weights": (keys("bert") | {"bert.block_count": gguf.u32(2)}, tensors()),
    "wide_heads": (keys("bert") | {"bert.attention.head_count": gguf.u32(2)}, tensors()),
    "another_shape": (keys("bert"), changed("blk.0.attn_q.weight", [16, 64])),
    "another_number_format": (keys("bert"), changed("token_embd.weight", data=b"\0" * 2 * 320, kind=gguf.BF16)),
    "weights_not_finite": (keys("bert"), changed("blk.0.ffn_up.weight", data=NAN * 1024)),
    "bias_not_finite": (keys("bert"), changed("blk.0.ffn_up.bias", data=NAN * 32)),
    "fewer_embeddings_than_tokens": (keys("bert"), changed("token_embd.weight", [WIDTH, 4], ramp(4 * WIDTH))),
    "kinds_too_few": (keys("bert") | {"tokenizer.ggml.token_type": gguf.i32_array(KINDS[:3])}, tensors()),
    "no_scores": ({k: v for k, v in keys("t5").items() if "scores" not in k}, tensors()),
    "scores_not_finite": (keys("t5") | {"tokenizer.ggml.scores": gguf.f32_array([float("nan")] * 10)}, tensors()),
    "map_beyond_its_targets": (keys("t5") | {"steward.tokenizer.map.starts": gguf.u32_array([0, 1, 9])}, tensors()),
    "map_falls_back": (keys("t5") | {"steward.tokenizer.map.starts": gguf.u32_array([0, 7, 3])}, tensors()),
    "begin_beyond_the_vocabulary": (keys("bert") | {"tokenizer.ggml.bos_token_id": gguf.u32(10)}, tensors()),
    "unknown_beyond_the_vocabulary": (keys("t5") | {"tokenizer.ggml.unknown_token_id": gguf.u32(10)}, tensors()),
    "too_few_positions": (keys("bert") | {"bert.context_length": gguf.u32(8)}, changed("position_embd.weight", [WIDTH, 8], ramp(8 * WIDTH))),
}

if __name__ == "__main__":
    folder = pathlib.Path(__file__).resolve().parent / "corpus/encoder_file_fuzz"
    folder.mkdir(parents=True, exist_ok=True)
    for name, (metadata, parts) in FILES.items():
        gguf.write(folder / f"{name}.gguf", metadata, parts)
