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
# Scheme, dialect, and whether activations have static scales, from calibration on this text.
CASES = [
    ("fp8", "compressed-tensors", False), ("fp8", "compressed-tensors", True),
    ("fp8", "fp8", False), ("fp8", "fp8", True),
    ("fp8-channel", "compressed-tensors", False), ("fp8-channel", "compressed-tensors", True),
    ("fp8-block", "fp8", False), ("fp8-block", "compressed-tensors", False), ("mxfp8", "compressed-tensors", False),
]
TEXT = os.path.join(ROOT, "README.md")


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
        if scheme.input_activations.dynamic is False:
            state["input_scale"] = stored[f"{module}.input_scale"]
        decoded[name] = compressor.decompress(state, scheme)["weight"]
    return decoded


def by_transformers(folder, dialect):
    """The weights that a loaded model computes with."""
    options = dict(run_compressed=False) if dialect == "compressed-tensors" else dict(
        dequantize=True, modules_to_not_convert=["lm_head"])
    kind = transformers.CompressedTensorsConfig if dialect == "compressed-tensors" else transformers.FineGrainedFP8Config
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, quantization_config=kind(**options))
    return dict(model.named_parameters())


def compare(scheme, dialect, static, model, work):
    folder = os.path.join(work, f"{scheme}-{dialect}{'-static' if static else ''}")
    plain = f"{folder}-fp32"
    more = ["--calibrate", TEXT, "--tokenizer", "byte"] if static else []
    subprocess.run([*OCTAVO, "convert", model, folder, "--quantize", scheme, "--dialect", dialect, *more], check=True)
    subprocess.run([*OCTAVO, "convert", folder, plain, "--dtype", "fp32"], check=True)
    stored, ours = tensors(folder), tensors(plain)
    coded = [name for name, weight in stored.items() if weight.dtype == torch.float8_e4m3fn]
    judges = {}
    if dialect == "compressed-tensors":
        judges["compressed-tensors"] = by_compressed_tensors(folder, stored)
    if dialect == "compressed-tensors" or scheme == "fp8-block":
        judges["transformers"] = by_transformers(folder, dialect)
    else:
        judges["torch"] = {
            n: stored[n].float() * stored[n.removesuffix("weight") + "weight_scale"] for n in coded}
    worst = {
        judge: max((theirs[n].detach().float() - ours[n]).abs().max().item() for n in coded)
        for judge, theirs in judges.items()
    }
    missing = [n for n in coded if static and n.removesuffix("weight") + "input_scale" not in stored]
    said = ", ".join(f"{judge} {difference}" for judge, difference in worst.items())
    print(f"{scheme}, {dialect}, {'static' if static else 'dynamic'}: {len(coded)} matrices, largest difference by {said}", flush=True)
    return all(difference == 0 for difference in worst.values()) and not missing


def random_model(folder):
    torch.manual_seed(3)
    config = transformers.LlamaConfig(
        vocab_size=256, hidden_size=256, intermediate_size=384, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64,
    )
    transformers.LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    return folder


with tempfile.TemporaryDirectory() as work:
    model = sys.argv[1] if len(sys.argv) > 1 else random_model(os.path.join(work, "random"))
    same = [compare(*case, model, work) for case in CASES]
sys.exit(0 if all(same) else 1)
