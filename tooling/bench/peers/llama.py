"""The model of @octavo/llama in PyTorch, as PyTorch's users write it, from the weights and tokens of src/stories.ts.

RMSNorm, rotate-half RoPE, causal attention, SwiGLU, tied head; AdamW and clipping. What an older PyTorch lacks is written
out: rms_norm (2.4), scaled_dot_product_attention (2.0), the fused AdamW on CPUs (2.4).
"""
import json
import math
import shutil
import time

import numpy
import torch
import torch.nn.functional as F


def compiled(function):
    if not hasattr(torch, "compile"):
        raise RuntimeError("torch.compile comes with PyTorch 2")
    if not any(map(shutil.which, ("g++", "clang++", "c++", "cl"))):
        raise RuntimeError("torch.compile needs a C++ compiler, and none was found")
    return torch.compile(function)


def adamw(groups, **options):
    try:
        return torch.optim.AdamW(groups, fused=True, **options)
    except (RuntimeError, TypeError):
        return torch.optim.AdamW(groups, **options)


class Llama:
    """`kind`: fp32 or bf16, and where "compiled" follows, by torch.compile."""

    def __init__(self, folder, kind):
        with open(f"{folder}/model.json") as file:
            c = self.config = json.load(file)
        flat = torch.from_numpy(numpy.fromfile(f"{folder}/weights.f32", dtype=numpy.float32))
        self.weights, at = {}, 0
        for parameter in c["parameters"]:
            length = math.prod(parameter["shape"])
            self.weights[parameter["name"]] = flat[at : at + length].view(parameter["shape"]).clone()
            at += length
        self.dtype = torch.bfloat16 if "bf16" in kind else torch.float32
        self.compiled = "compiled" in kind
        self.folder, self.width = folder, c["hiddenSize"] // c["heads"]
        exponents = torch.arange(0, self.width, 2) / self.width
        angles = torch.arange(max(c["sequence"], c["contextLength"]))[:, None] * c["ropeTheta"] ** -exponents
        self.cos, self.sin = (turn(angles).repeat(1, 2) for turn in (torch.cos, torch.sin))

    def linear(self, name, x):
        return F.linear(x, self.weights[name])

    def norm(self, name, x):
        if hasattr(F, "rms_norm"):
            return F.rms_norm(x, x.shape[-1:], self.weights[name], self.config["normEpsilon"])
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.config["normEpsilon"]) * self.weights[name]

    def heads(self, qkv, batch, first):
        """Queries, keys and values [batch, heads, sequence, width], turned by their places from `first` on."""
        c = self.config
        heads, shared = c["heads"], c["keyValueHeads"]
        rows = qkv.view(batch, -1, heads + 2 * shared, self.width).transpose(1, 2)
        q, k, v = rows.split((heads, shared, shared), 1)
        places = slice(first, first + rows.shape[2])
        return self.turn(q, places), self.turn(k, places), v

    def turn(self, x, places):
        a, b = x.chunk(2, -1)
        return (x * self.cos[places] + torch.cat((-b, a), -1) * self.sin[places]).to(x.dtype)

    def attend(self, q, k, v, causal):
        """Softmax attention; rows of tokens."""
        shared = q.shape[1] // k.shape[1]
        if shared > 1:
            k, v = (t.repeat_interleave(shared, 1) for t in (k, v))
        if hasattr(F, "scaled_dot_product_attention"):
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        else:
            mask = torch.full((q.shape[-2], k.shape[-2]), -math.inf).triu(1) if causal else 0
            mixed = (q @ k.transpose(-1, -2) / math.sqrt(self.width) + mask).softmax(-1) @ v
        return mixed.transpose(1, 2).reshape(-1, q.shape[1] * self.width)

    def logits(self, tokens, mix):
        x = self.weights["embedding"][tokens]
        for i in range(self.config["layers"]):
            layer = f"layers.{i}."
            mixed = mix(i, self.linear(layer + "qkv", self.norm(layer + "attentionNorm", x)))
            x = x + self.linear(layer + "attentionOut", mixed)
            gate, up = self.linear(layer + "gateUp", self.norm(layer + "ffnNorm", x)).chunk(2, -1)
            x = x + self.linear(layer + "down", F.silu(gate) * up)
        return self.linear("embedding" if self.config["tiedHead"] else "head", self.norm("norm", x))


class Training(Llama):
    def __init__(self, folder, kind):
        super().__init__(folder, kind)
        tokens = torch.from_numpy(numpy.fromfile(f"{folder}/tokens.i32", dtype=numpy.int32)).long()
        self.tokens, self.targets = tokens.view(2, -1)
        weights = [w.requires_grad_() for w in self.weights.values()]
        adam = self.config["adam"]
        self.optimizer = adamw(
            [
                {"params": [w for w in weights if w.dim() > 1], "weight_decay": adam["weightDecay"]},
                {"params": [w for w in weights if w.dim() == 1], "weight_decay": 0.0},
            ],
            lr=self.config["learningRate"],
            betas=(adam["beta1"], adam["beta2"]),
            eps=adam["epsilon"],
        )
        self.forward = compiled(self.loss) if self.compiled else self.loss

    def loss(self):
        batch = self.config["batch"]
        mix = lambda _, qkv: self.attend(*self.heads(qkv, batch, 0), True)
        return F.cross_entropy(self.logits(self.tokens, mix), self.targets)

    def step(self):
        start = time.perf_counter()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            loss = self.forward()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.weights.values(), self.config["clip"])
        self.optimizer.step()
        return {"ms": (time.perf_counter() - start) * 1e3, "loss": loss.item()}


class Decoder(Llama):
    """Eager, weights in its type, keys and values of earlier tokens kept."""

    def __init__(self, folder, kind):
        super().__init__(folder, kind)
        self.weights = {name: weight.to(self.dtype) for name, weight in self.weights.items()}
        shape = (1, self.config["keyValueHeads"], self.config["contextLength"], self.width)
        self.kept = [[torch.zeros(shape, dtype=self.dtype) for _ in "kv"] for _ in range(self.config["layers"])]

    @torch.no_grad()
    def decode(self, count):
        start, token, tokens = time.perf_counter(), torch.tensor([1]), []
        for place in range(count):

            def mix(layer, qkv):
                q, *fresh = self.heads(qkv, 1, place)
                for kept, new in zip(self.kept[layer], fresh):
                    kept[:, :, place] = new[:, :, 0]
                return self.attend(q, *(kept[:, :, : place + 1] for kept in self.kept[layer]), False)

            token = self.logits(token, mix)[0].argmax()[None]
            tokens.append(token.item())
        return {"ms": (time.perf_counter() - start) * 1e3, "tokens": tokens}
