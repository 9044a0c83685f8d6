"""PyTorch as a contender: float32 products, and the training step of Octavo's model, in float32 and with FP8 emulated.

Requests and replies are JSON lines (src/protocol.ts). The model is that of @octavo/llama, from the same weights:
RMSNorm, rotate-half RoPE, causal attention, SwiGLU, tied head. Emulated FP8 is fake quantisation of the blocks' linear
layers: input and weight on the grid of E4M3, gradient on that of E5M2, delayed scales of 16 maxima per tensor.
"""
import json
import math
import sys
import time


def say(message):
    print(json.dumps(message), flush=True)


try:
    import numpy
    import torch
    import torch.nn.functional as F
except ImportError as error:
    say({"ready": False, "name": "PyTorch", "missing": str(error)})
    sys.exit(0)

threads = int(sys.argv[1])
torch.set_num_threads(threads)


class Grid:
    """Values of a small float format: rounds to nearest even, saturates. Exact, also for subnormals."""

    def __init__(self, mantissa, least, largest):
        self.least, self.largest = 2.0**least, largest
        # x + m - m with m = 1.5 * 2^(23 - mantissa) * 2^exponent(x) leaves the wanted bits
        self.magic = 1.5 * 2.0 ** (23 - mantissa)

    def __call__(self, x):
        x = x.clamp(-self.largest, self.largest)
        power = x.view(torch.int32).bitwise_and(0x7F800000).view(torch.float32)
        magic = power.clamp_(min=self.least).mul_(self.magic)
        return x.add_(magic).sub_(magic)


E4M3, E5M2 = Grid(3, -6, 448.0), Grid(2, -14, 57344.0)


class Site:
    """A cast with a delayed scale: the largest of the last 16 maxima; at first the tensor's own."""

    def __init__(self, grid):
        self.grid, self.history = grid, []

    def __call__(self, x):
        low, high = torch.aminmax(x)
        amax = max(-low.item(), high.item())
        scale = self.grid.largest / (max(self.history, default=amax) or 1.0)
        self.history = (self.history + [amax])[-16:]
        return self.grid(x * scale), scale


class Fp8Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, sites):
        (x, ctx.x_scale), (w, ctx.w_scale) = sites[0](x), sites[1](w)
        ctx.save_for_backward(x, w)
        ctx.site = sites[2]
        return (x @ w.t()).mul_(1 / (ctx.x_scale * ctx.w_scale))

    @staticmethod
    def backward(ctx, dy):
        x, w = ctx.saved_tensors
        dy, scale = ctx.site(dy)
        return (dy @ w).mul_(1 / (scale * ctx.w_scale)), (dy.t() @ x).mul_(1 / (scale * ctx.x_scale)), None


class Llama:
    def __init__(self, folder, fp8):
        with open(f"{folder}/model.json") as file:
            c = self.config = json.load(file)
        flat = torch.from_numpy(numpy.fromfile(f"{folder}/weights.f32", dtype=numpy.float32))
        self.weights, at = {}, 0
        for parameter in c["parameters"]:
            length = math.prod(parameter["shape"])
            value = flat[at : at + length].view(parameter["shape"]).clone()
            self.weights[parameter["name"]] = value.requires_grad_()
            at += length
        tokens = torch.from_numpy(numpy.fromfile(f"{folder}/tokens.i32", dtype=numpy.int32)).long()
        self.tokens, self.targets = tokens.view(2, -1)
        self.sites = {
            name: [Site(E4M3), Site(E4M3), Site(E5M2)]
            for name, value in self.weights.items()
            if fp8 and name.startswith("layers.") and value.dim() == 2
        }
        self.width = c["hiddenSize"] // c["heads"]
        exponents = torch.arange(0, self.width, 2) / self.width
        angles = torch.arange(c["sequence"])[:, None] * c["ropeTheta"] ** -exponents
        self.cos, self.sin = (turn(angles).repeat(1, 2) for turn in (torch.cos, torch.sin))
        self.mask = torch.full((c["sequence"], c["sequence"]), -math.inf).triu(1)
        decayed = [w for w in self.weights.values() if w.dim() > 1]
        others = [w for w in self.weights.values() if w.dim() == 1]
        adam = c["adam"]
        self.optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": adam["weightDecay"]}, {"params": others, "weight_decay": 0.0}],
            lr=c["learningRate"],
            betas=(adam["beta1"], adam["beta2"]),
            eps=adam["epsilon"],
        )

    def linear(self, name, x):
        sites = self.sites.get(name)
        return Fp8Linear.apply(x, self.weights[name], sites) if sites else x @ self.weights[name].t()

    def norm(self, name, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.config["normEpsilon"]) * self.weights[name]

    def turn(self, x):
        a, b = x.chunk(2, -1)
        return x * self.cos + torch.cat((-b, a), -1) * self.sin

    def attention(self, qkv):
        c = self.config
        batch, sequence, heads, shared = c["batch"], c["sequence"], c["heads"], c["keyValueHeads"]
        rows = qkv.view(batch, sequence, heads + 2 * shared, self.width).transpose(1, 2)
        q, k, v = rows.split((heads, shared, shared), 1)
        if shared < heads:
            k, v = (t.repeat_interleave(heads // shared, 1) for t in (k, v))
        scores = self.turn(q) @ self.turn(k).transpose(-1, -2) / math.sqrt(self.width) + self.mask
        return (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch * sequence, heads * self.width)

    def loss(self):
        x = self.weights["embedding"][self.tokens]
        for i in range(self.config["layers"]):
            layer = f"layers.{i}."
            mixed = self.attention(self.linear(layer + "qkv", self.norm(layer + "attentionNorm", x)))
            x = x + self.linear(layer + "attentionOut", mixed)
            gate, up = self.linear(layer + "gateUp", self.norm(layer + "ffnNorm", x)).chunk(2, -1)
            x = x + self.linear(layer + "down", F.silu(gate) * up)
        head = self.weights["embedding" if self.config["tiedHead"] else "head"]
        return F.cross_entropy(self.norm("norm", x) @ head.t(), self.targets)

    def step(self):
        start = time.perf_counter()
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.weights.values(), self.config["clip"])
        self.optimizer.step()
        return {"ms": (time.perf_counter() - start) * 1e3, "loss": loss.item()}


def operand(size, first):
    i = numpy.arange(first, first + size * size, dtype=numpy.int64)
    values = (i * 1103515245 + 12345) % 2**31 / 2**31 - 0.5
    return torch.from_numpy(values.astype(numpy.float32)).view(size, size)


products, models = {}, {}


def gemm(size, least_ms):
    if size not in products:
        products[size] = operand(size, 0), operand(size, size * size), torch.empty(size, size)
    a, b, out = products[size]
    torch.mm(a, b, out=out)
    start, calls = time.perf_counter(), 0
    while calls == 0 or (time.perf_counter() - start) * 1e3 < least_ms:
        torch.mm(a, b, out=out)
        calls += 1
    ms = (time.perf_counter() - start) * 1e3 / calls
    flat = out.view(-1)
    return {"ms": ms, "check": [flat[i].item() for i in (0, size * size // 2 + 1, size * size - 1)]}


def step(kind, folder):
    if kind not in models:
        models[kind] = Llama(folder, kind == "fp8")
    return models[kind].step()


say({"ready": True, "name": "PyTorch", "version": torch.__version__, "threads": threads})
for line in sys.stdin:
    request = json.loads(line)
    try:
        if request["task"] == "gemm":
            say(gemm(request["size"], request["leastMs"]))
        else:
            say(step(request["kind"], request["model"]))
    except Exception as error:
        say({"error": f"{type(error).__name__}: {error}"})
