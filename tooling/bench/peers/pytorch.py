"""PyTorch as a contender: products, training steps and decoding. Requests and replies are JSON lines (src/protocol.ts)."""
import json
import sys
import time


def say(message):
    print(json.dumps(message), file=answers, flush=True)


# what libraries print must not end up between the answers
answers, sys.stdout = sys.stdout, sys.stderr
try:
    import numpy
    import torch

    from llama import Decoder, Training
except ImportError as error:
    say({"ready": False, "name": "PyTorch", "missing": str(error)})
    sys.exit(0)

threads = int(sys.argv[1])
torch.set_num_threads(threads)


def operand(size, first):
    i = numpy.arange(first, first + size * size, dtype=numpy.int64)
    values = (i * 1103515245 + 12345) % 2**31 / 2**31 - 0.5
    return torch.from_numpy(values.astype(numpy.float32)).view(size, size)


def time_for(least_ms, call):
    """Milliseconds a call: once to warm up, then for at least so long."""
    call()
    start, calls = time.perf_counter(), 0
    while calls == 0 or (time.perf_counter() - start) * 1e3 < least_ms:
        call()
        calls += 1
    return (time.perf_counter() - start) * 1e3 / calls


kept = {}


def remember(key, make):
    if key not in kept:
        kept[key] = make()
    return kept[key]


def gemm(size, least_ms):
    a, b, out = remember(("gemm", size), lambda: (operand(size, 0), operand(size, size * size), torch.empty(size, size)))
    ms = time_for(least_ms, lambda: torch.mm(a, b, out=out))
    flat = out.view(-1)
    return {"ms": ms, "check": [flat[i].item() for i in (0, size * size // 2 + 1, size * size - 1)]}


def product(m, n, k, kind, least_ms):
    """BF16 operands and result, which oneDNN computes: x W^T, dy W or dy^T x, as the operands lie in memory."""

    def matrices():
        a = torch.rand((k, m) if kind == "gradWeight" else (m, k)).bfloat16()
        b = torch.rand((n, k) if kind == "forward" else (k, n)).bfloat16()
        a, b = a.t() if kind == "gradWeight" else a, b.t() if kind == "forward" else b
        return a, b, torch.empty(m, n, dtype=torch.bfloat16)

    a, b, out = remember((kind, m, n, k), matrices)
    return {"ms": time_for(least_ms, lambda: torch.mm(a, b, out=out))}


def answer(request):
    task = request["task"]
    if task == "gemm":
        return gemm(request["size"], request["leastMs"])
    if task == "product":
        return product(*(request[key] for key in ("m", "n", "k", "kind", "leastMs")))
    kind, folder = request["kind"], request["model"]
    if task == "step":
        return remember((task, kind), lambda: Training(folder, kind)).step()
    return remember((task, kind), lambda: Decoder(folder, kind)).decode(request["tokens"])


say({"ready": True, "name": "PyTorch", "version": torch.__version__, "threads": threads})
for line in sys.stdin:
    try:
        say(answer(json.loads(line)))
    except Exception as error:
        say({"error": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"})
