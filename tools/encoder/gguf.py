"""Writes GGUF files: metadata, then tensors as bytes that are already in their number format."""
import struct

F32, F16, Q4_0, BF16 = 0, 1, 2, 30  # number formats of tensors, by ggml's numbers
BLOCK_BYTES = {F32: (1, 4), F16: (1, 2), Q4_0: (32, 18), BF16: (1, 2)}
ALIGNMENT = 32


def text(value) -> bytes:
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def _array(kind: int, code: str, values) -> bytes:
    return struct.pack("<IIQ", 9, kind, len(values)) + struct.pack(f"<{len(values)}{code}", *values)


def u32(value: int) -> bytes:
    return struct.pack("<II", 4, value)


def f32(value: float) -> bytes:
    return struct.pack("<If", 6, value)


def boolean(value: bool) -> bytes:
    return struct.pack("<IB", 7, value)


def string(value: str) -> bytes:
    return struct.pack("<I", 8) + text(value)


def u32_array(values) -> bytes:
    return _array(4, "I", values)


def i32_array(values) -> bytes:
    return _array(5, "i", values)


def f32_array(values) -> bytes:
    return _array(6, "f", values)


def string_array(values) -> bytes:
    return struct.pack("<IIQ", 9, 8, len(values)) + b"".join(map(text, values))


def write(path, keys: dict, tensors: list) -> None:
    """keys: name → a value made above. tensors: (name, shape with the row length first, number format, bytes)."""
    head = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(keys))]
    head += [text(name) + value for name, value in keys.items()]
    offset = 0
    for name, shape, kind, data in tensors:
        per_block, block_bytes = BLOCK_BYTES[kind]
        count = 1
        for size in shape:
            count *= size
        if shape[0] % per_block or len(data) != count // per_block * block_bytes:
            raise SystemExit(f"convert: {name} has {len(data)} bytes, which does not fit its shape {shape}")
        head.append(text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset))
        offset += (len(data) + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
    header = b"".join(head)
    with open(path, "wb") as out:
        out.write(header + b"\0" * (-len(header) % ALIGNMENT))
        for _, _, _, data in tensors:
            out.write(data)
            out.write(b"\0" * (-len(data) % ALIGNMENT))
