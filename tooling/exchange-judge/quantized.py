"""Every scheme of `octavo convert --quantize`, decoded by compressed-tensors (and by transformers, where it can) to the values that Octavo decodes.

    python3 -m venv /tmp/judge && /tmp/judge/bin/pip install torch transformers accelerate compressed-tensors
    npm run build
    /tmp/judge/bin/python tooling/exchange-judge/quantized.py [MODEL]

MODEL is a Hugging Face folder, a run or a checkpoint whose sizes are multiples of 128; without it a random Llama is made.

Exits with 1 where a value differs.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

try:
    import torch
    import transformers
    from compressed_tensors.compressors import BaseCompressor
    from compressed_tensors.quantization import QuantizationConfig
    from safetensors import safe_open
except ImportError as missing:
    sys.exit(f"{missing.name} is not installed in this Python: pip install torch transformers compressed-tensors")

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OCTAVO = ["node", os.path.join(ROOT, "apps", "trainer", "bin", "octavo.js")]
CASES = [
    ("fp8", "compressed-tensors"), ("fp8", "fp8"), ("fp8-channel", "compressed-tensors"),
    ("fp8-block", "fp8"), ("fp8-block", "compressed-tensors"), ("mxfp8", "compressed-tensors"),
]


def tensors(folder):
    found = {}
    for path in sorted(glob.glob(f"{folder}/*.safetensors")):
        with safe_open(path, "pt") as file:
            found.update({name: file.get_tensor(name) for name in file.keys()})
    return found


def by_compressed_tensors(folder, stored):
    with open(f"{folder}/config.json") as file:
        config = QuantizationConfig.model_validate(json.load(file)["quantization_config"])
    [scheme] = config.config_groups.values()
    compressor = BaseCompressor.get_value_from_registry(config.format)
    decoded = {}
    for name, weight in stored.items():
        if weight.dtype != torch.float8_e4m3fn:
            continue
        module = name.removesuffix(".weight")
        state = {"weight": weight, "weight_scale": stored[f"{module}.weight_scale"]}
        decoded[name] = compressor.decompress(state, scheme)["weight"]
    return decoded


def by_transformers(folder):
    config = transformers.FineGrainedFP8Config(dequantize=True, modules_to_not_convert=["lm_head"])
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, quantization_config=config)
    return {name: weight.data for name, weight in model.named_parameters()}


def compare(scheme, dialect, model, work):
    folder = os.path.join(work, f"{scheme}-{dialect}")
    plain = f"{folder}-fp32"
    subprocess.run([*OCTAVO, "convert", model, folder, "--quantize", scheme, "--dialect", dialect], check=True)
    subprocess.run([*OCTAVO, "convert", folder, plain, "--dtype", "fp32"], check=True)
    stored, ours = tensors(folder), tensors(plain)
    coded = [name for name, weight in stored.items() if weight.dtype == torch.float8_e4m3fn]
    if dialect == "compressed-tensors":
        judge, theirs = "compressed-tensors", by_compressed_tensors(folder, stored)
    elif scheme == "fp8-block":
        judge, theirs = "transformers", by_transformers(folder)
    else:
        judge = "torch"
        theirs = {n: stored[n].float() * stored[n.removesuffix("weight") + "weight_scale"] for n in coded}
    worst = max((theirs[n].float() - ours[n]).abs().max().item() for n in coded)
    print(f"{scheme}, {dialect}: {len(coded)} matrices, decoded by {judge}: largest difference {worst}")
    return worst == 0


def random_model(folder):
    torch.manual_seed(3)
    config = transformers.LlamaConfig(
        vocab_size=211, hidden_size=256, intermediate_size=384, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64,
    )
    transformers.LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    return folder


with tempfile.TemporaryDirectory() as work:
    model = sys.argv[1] if len(sys.argv) > 1 else random_model(os.path.join(work, "random"))
    same = [compare(scheme, dialect, model, work) for scheme, dialect in CASES]
sys.exit(0 if all(same) else 1)
