"""The training step of the stories15m shape in PyTorch, float32 and with FP8 emulated, and a product; one JSON line.

The model is the one of @octavo/llama: RMSNorm, rotate-half RoPE, causal attention, SwiGLU, tied head. Emulated FP8 is
fake quantisation of the blocks' linear layers: E4M3 input and weight, E5M2 gradient, delayed scale of 16 maxima.
"""
import json
import math
import sys
import time

import torch
import torch.nn.functional as F

threads, batch, sequence = (int(a) for a in sys.argv[1:4])
torch.set_num_threads(threads)
torch.manual_seed(0)
V, D, L, H, FFN, EPS = 32000, 288, 6, 6, 768, 1e-5


def to_grid(x, mantissa, least, largest):
    """Nearest value of a small float format, saturating: the exponent from frexp, ties to even by torch.round."""
    _, exponent = torch.frexp(x)
    step = torch.ldexp(torch.ones_like(x), torch.clamp(exponent - 1, min=least) - mantissa)
    return torch.clamp(torch.round(x / step) * step, -largest, largest)


class Site:
    def __init__(self, mantissa, least, largest):
        self.format, self.history = (mantissa, least, largest), []

    def __call__(self, x):
        amax = float(x.abs().max())
        scale = self.format[2] / (max(self.history) if self.history else amax or 1.0)
        self.history = (self.history + [amax])[-16:]
        return to_grid(x * scale, *self.format) / scale


class Fp8Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, sites):
        x, w = sites[0](x), sites[1](w)
        ctx.save_for_backward(x, w)
        ctx.site = sites[2]
        return x @ w.t()

    @staticmethod
    def backward(ctx, dy):
        x, w = ctx.saved_tensors
        dy = ctx.site(dy)
        return dy @ w, dy.t() @ x, None


class Linear(torch.nn.Module):
    def __init__(self, inputs, outputs, fp8):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(outputs, inputs) / math.sqrt(inputs))
        self.sites = [Site(3, -6, 448.0), Site(3, -6, 448.0), Site(2, -14, 57344.0)] if fp8 else None

    def forward(self, x):
        return Fp8Linear.apply(x, self.weight, self.sites) if self.sites else x @ self.weight.t()


def norm(x, gain):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS) * gain


class Block(torch.nn.Module):
    def __init__(self, fp8):
        super().__init__()
        self.gains = torch.nn.ParameterList([torch.nn.Parameter(torch.ones(D)) for _ in range(2)])
        self.qkv, self.out = Linear(D, 3 * D, fp8), Linear(D, D, fp8)
        self.gate_up, self.down = Linear(D, 2 * FFN, fp8), Linear(FFN, D, fp8)

    def forward(self, x, cos, sin, mask):
        q, k, v = self.qkv(norm(x, self.gains[0])).view(batch, sequence, 3, H, D // H).permute(2, 0, 3, 1, 4)

        def turn(t):
            a, b = t.chunk(2, -1)
            return t * cos + torch.cat((-b, a), -1) * sin

        scores = turn(q) @ turn(k).transpose(-1, -2) / math.sqrt(D // H) + mask
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch * sequence, D)
        x = x + self.out(mixed)
        gate, up = self.gate_up(norm(x, self.gains[1])).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Llama(torch.nn.Module):
    def __init__(self, fp8):
        super().__init__()
        self.table = torch.nn.Parameter(torch.randn(V, D) / math.sqrt(D))
        self.blocks = torch.nn.ModuleList(Block(fp8) for _ in range(L))
        self.gain = torch.nn.Parameter(torch.ones(D))
        angle = torch.arange(sequence)[:, None] * 10000.0 ** (-torch.arange(0, D // H, 2) / (D // H))
        self.cos, self.sin = (f(angle).repeat(1, 2) for f in (torch.cos, torch.sin))
        self.mask = torch.full((sequence, sequence), float("-inf")).triu(1)

    def forward(self, tokens):
        x = self.table[tokens]
        for block in self.blocks:
            x = block(x, self.cos, self.sin, self.mask)
        return norm(x, self.gain) @ self.table.t()


def median(values):
    return sorted(values)[len(values) // 2]


def tokens_per_second(fp8, steps=4):
    model = Llama(fp8)
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.95), eps=1e-8)
    tokens = torch.randint(V, (batch * sequence + 1,))
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        loss = F.cross_entropy(model(tokens[:-1]), tokens[1:])
        adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        times.append(time.perf_counter() - start)
    return batch * sequence / median(times[1:])


def gigaflops(n=1024):
    a, b = torch.randn(n, n), torch.randn(n, n)
    times = []
    for _ in range(8):
        start = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - start)
    return 2 * n**3 / median(times[2:]) / 1e9


print(json.dumps({"version": torch.__version__, "gemm": gigaflops(), "fp32": tokens_per_second(False), "fp8": tokens_per_second(True)}))
