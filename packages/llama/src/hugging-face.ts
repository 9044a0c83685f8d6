/** @file Hugging Face's names and matrices for ours: q, k, v and gate, up are rows of one matrix here, matrices there. */
import { headDimOf, type LlamaConfig } from './config.ts';

/** Rows `[from, to)` of one of our parameters. */
export interface HuggingFaceTensor {
  readonly name: string;
  readonly parameter: string;
  readonly from: number;
  readonly to: number;
}

/** Every Hugging Face tensor of the model, and where it lies in ours. Gains are one "row" each. */
export function huggingFaceTensors(config: LlamaConfig): readonly HuggingFaceTensor[] {
  const { hiddenSize: d, ffnSize: f, heads, keyValueHeads, vocabularySize: v } = config;
  const q = heads * headDimOf(config);
  const kv = keyValueHeads * headDimOf(config);
  const tensors: HuggingFaceTensor[] = [
    { name: 'model.embed_tokens.weight', parameter: 'embedding', from: 0, to: v },
  ];
  for (let i = 0; i < config.layers; i++) {
    const part = (name: string, parameter: string, from: number, to: number) =>
      tensors.push({
        name: `model.layers.${i}.${name}.weight`,
        parameter: `layers.${i}.${parameter}`,
        from,
        to,
      });
    part('input_layernorm', 'attentionNorm', 0, 1);
    part('self_attn.q_proj', 'qkv', 0, q);
    part('self_attn.k_proj', 'qkv', q, q + kv);
    part('self_attn.v_proj', 'qkv', q + kv, q + 2 * kv);
    part('self_attn.o_proj', 'attentionOut', 0, d);
    part('post_attention_layernorm', 'ffnNorm', 0, 1);
    part('mlp.gate_proj', 'gateUp', 0, f);
    part('mlp.up_proj', 'gateUp', f, 2 * f);
    part('mlp.down_proj', 'down', 0, d);
  }
  tensors.push({ name: 'model.norm.weight', parameter: 'norm', from: 0, to: 1 });
  if (!config.tiedHead) tensors.push({ name: 'lm_head.weight', parameter: 'head', from: 0, to: v });
  return tensors;
}

/** One of our parameters, assembled from Hugging Face tensors (row-major float32); undefined where one is missing. */
export function fromHuggingFace(config: LlamaConfig, tensor: (name: string) => Float32Array | undefined) {
  const tensors = huggingFaceTensors(config);
  return (parameter: string): Float32Array | undefined => {
    const parts = tensors.filter((t) => t.parameter === parameter).map((t) => tensor(t.name));
    if (parts.length === 0 || parts.some((p) => p === undefined)) return undefined;
    const whole = new Float32Array(parts.reduce((n, p) => n + p!.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part!, at);
      at += part!.length;
    }
    return whole;
  };
}

/** The Hugging Face tensors cut out of our parameters. */
export function toHuggingFace(
  config: LlamaConfig,
  parameter: (name: string) => Float32Array,
): Map<string, Float32Array> {
  const rowsOf = new Map<string, number>();
  const tensors = huggingFaceTensors(config);
  for (const t of tensors) rowsOf.set(t.parameter, Math.max(rowsOf.get(t.parameter) ?? 0, t.to));
  return new Map(
    tensors.map((t) => {
      const values = parameter(t.parameter);
      const width = values.length / rowsOf.get(t.parameter)!;
      return [t.name, values.slice(t.from * width, t.to * width)];
    }),
  );
}

/** A Hugging Face `config.json` as ours. */
export function configFromHuggingFace(json: Readonly<Record<string, unknown>>): LlamaConfig {
  const number = (key: string, fallback?: number) => {
    const value = json[key] ?? fallback;
    return typeof value === 'number' ? value : Number.NaN;
  };
  const heads = number('num_attention_heads');
  return {
    vocabularySize: number('vocab_size'),
    hiddenSize: number('hidden_size'),
    layers: number('num_hidden_layers'),
    heads,
    keyValueHeads: number('num_key_value_heads', heads),
    ffnSize: number('intermediate_size'),
    contextLength: number('max_position_embeddings', 4096),
    ropeTheta: number('rope_theta', 10_000),
    normEpsilon: number('rms_norm_eps', 1e-5),
    tiedHead: json.tie_word_embeddings === true,
  };
}
