#!/usr/bin/env python3
"""Writes fuzz/corpus/gguf_header_fuzz: tiny GGUF files, whole ones and ones with one fault each, named after it. Always the same bytes."""
import pathlib
import struct

U32, F32, TEXT, ARRAY, BOOL, U64 = 4, 6, 8, 9, 7, 10


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def key(name, kind, value):
    return text(name) + struct.pack("<I", kind) + value


def texts(*values):
    return struct.pack("<IQ", TEXT, len(values)) + b"".join(map(text, values))


def tensor(name, shape, kind, offset):
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def file(keys, tensors, data=b"\0" * 64, version=3, counts=None):
    n_tensors, n_keys = counts or (len(tensors), len(keys))
    head = b"GGUF" + struct.pack("<IQQ", version, n_tensors, n_keys) + b"".join(keys) + b"".join(tensors)
    return head + b"\0" * (-len(head) % 32) + data


ARCH = key("general.architecture", TEXT, text("llama"))
KEYS = [ARCH, key("llama.block_count", U32, struct.pack("<I", 2)), key("llama.rope", F32, struct.pack("<f", 1.5)),
        key("flag", BOOL, b"\1"), key("tokenizer.ggml.tokens", ARRAY, texts("a", "b", "")),
        key("tokenizer.ggml.token_type", ARRAY, struct.pack("<IQ3I", U32, 3, 1, 1, 3))]
TENSORS = [tensor("a.weight", (4, 2), 0, 0), tensor("b.weight", (32,), 8, 32)]
FILES = {
    "whole": file(KEYS, TENSORS, b"\0" * 80),
    "no_tensors": file([ARCH], []),
    "version_1": file(KEYS, TENSORS, version=1),
    "endless_keys": file(KEYS, TENSORS, counts=(2, 1 << 62)),
    "endless_tensors": file(KEYS, TENSORS, counts=(1 << 40, len(KEYS))),
    "long_text": file([text("general.architecture") + struct.pack("<IQ", TEXT, 1 << 60)], []),
    "long_array": file([ARCH, key("x", ARRAY, struct.pack("<IQ", U64, (1 << 61) + 1))], []),
    "array_of_arrays": file([ARCH, key("x", ARRAY, struct.pack("<IQ", ARRAY, 1))], []),
    "unknown_type": file([ARCH, key("x", 13, b"")], []),
    "same_key_twice": file([ARCH, ARCH], []),
    "architecture_is_a_number": file([key("general.architecture", U32, struct.pack("<I", 1))], []),
    "no_blocks": file([ARCH, key("llama.block_count", U32, struct.pack("<I", 0))], []),
    "odd_alignment": file([ARCH, key("general.alignment", U32, struct.pack("<I", 24))], []),
    "types_without_tokens": file([ARCH, KEYS[4], key("tokenizer.ggml.token_type", ARRAY, struct.pack("<IQI", U32, 1, 1))], []),
    "same_tensor_twice": file(KEYS, [TENSORS[0], TENSORS[0]], b"\0" * 80),
    "tensor_beyond_the_end": file(KEYS, [tensor("a", (4, 1 << 20), 0, 0)]),
    "tensor_offset_beyond_the_end": file(KEYS, [tensor("a", (4,), 0, 1 << 63)]),
    "tensor_overflows": file(KEYS, [tensor("a", (1 << 30, 1 << 30, 1 << 30, 1 << 30), 0, 0)]),
    "tensor_of_five_dimensions": file(KEYS, [tensor("a", (1, 1, 1, 1, 1), 0, 0)]),
    "tensor_with_half_a_block": file(KEYS, [tensor("a", (33,), 8, 0)]),
    "tensor_of_no_format": file(KEYS, [tensor("a", (32,), 4, 0)]),
}

if __name__ == "__main__":
    folder = pathlib.Path(__file__).resolve().parent / "corpus/gguf_header_fuzz"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in FILES.items():
        (folder / f"{name}.gguf").write_bytes(data)
