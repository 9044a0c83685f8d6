"""Small random Llamas that transformers computes: what `packages/llama/test/rope-scaling.test.ts` is held to.

    python3 -m venv /tmp/judge && /tmp/judge/bin/pip install torch==2.15.0 transformers==5.24.0
    /tmp/judge/bin/python tooling/exchange-judge/llamas.py packages/llama/test/fixtures/rope-scaling.json

Odd sizes, a prime vocabulary, one head of keys and values for three of queries; positions reach beyond the original context.
"""
import base64
import json
import sys

try:
    import torch
    import transformers
except ImportError as missing:
    sys.exit(f"{missing.name} is not installed in this Python: pip install torch transformers")

SHAPE = dict(
    vocab_size=53, hidden_size=24, intermediate_size=37, num_hidden_layers=1, num_attention_heads=3,
    num_key_value_heads=1, max_position_embeddings=96, rms_norm_eps=1e-5, attn_implementation="eager",
)
CASES = {
    "linear": dict(
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.5},
    ),
    "llama3": dict(
        tie_word_embeddings=False,
        rope_parameters={
            "rope_type": "llama3", "rope_theta": 7000.0, "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
        },
    ),
}
TOKENS = [(i * i * 31 + i * 17) % 53 for i in range(91)]


def packed(tensor):
    data = tensor.detach().to(torch.float32).contiguous().numpy().tobytes()
    return {"shape": list(tensor.shape), "data": base64.b64encode(data).decode()}


def case(options):
    torch.manual_seed(5)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**SHAPE, **options)).float()
    for weight in model.parameters():
        weight.data = torch.randn_like(weight) * 0.4 + (1.0 if weight.dim() == 1 else 0.0)
    tokens = torch.tensor([TOKENS])
    logits = model(tokens[:, :-1]).logits[0]
    loss = torch.nn.functional.cross_entropy(logits, tokens[0, 1:])
    loss.backward()
    config = json.loads(model.config.to_json_string(use_diff=False))
    config = {key: value for key, value in config.items() if value is not None and key != "_name_or_path"}
    parameters = dict(model.named_parameters())
    return {
        "config": config,
        "weights": {name: packed(weight) for name, weight in parameters.items()},
        "logits": packed(logits[-8:]),
        "loss": loss.item(),
        "gradients": {name: packed(weight.grad) for name, weight in parameters.items()},
    }


result = {
    "by": f"transformers {transformers.__version__}",
    "tokens": TOKENS,
    "cases": {name: case(options) for name, options in CASES.items()},
}
with open(sys.argv[1], "w") as file:
    json.dump(result, file, indent=1)
    file.write("\n")
