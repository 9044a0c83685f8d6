/** @file Hugging Face's names and matrices for ours: q, k, v and gate, up are rows of one matrix here, matrices there. */
import { OctavoError, quoted } from '@octavo/formats';
import { headDimOf, type LlamaConfig } from './config.ts';
import { dataOf, type HuggingFaceValues, matchHuggingFace, PREFIX } from './hugging-face-match.ts';

/** Rows `[from, to)` of one of our parameters. */
export interface HuggingFaceTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parameter: string;
  readonly from: number;
  readonly to: number;
}

/** Every Hugging Face tensor of the model, and where it lies in ours. Gains are one "row" each. */
export function huggingFaceTensors(config: LlamaConfig): readonly HuggingFaceTensor[] {
  const { hiddenSize: d, ffnSize: f, heads, keyValueHeads, vocabularySize: v } = config;
  const q = heads * headDimOf(config);
  const kv = keyValueHeads * headDimOf(config);
  const tensors: HuggingFaceTensor[] = [];
  const part = (name: string, parameter: string, from: number, to: number, columns: number) =>
    tensors.push({ name: `${name}.weight`, shape: [to - from, columns], parameter, from, to });
  const gain = (name: string, parameter: string) =>
    tensors.push({ name: `${name}.weight`, shape: [d], parameter, from: 0, to: 1 });

  part('model.embed_tokens', 'embedding', 0, v, d);
  for (let i = 0; i < config.layers; i++) {
    const [theirs, ours] = [`model.layers.${i}`, `layers.${i}`];
    gain(`${theirs}.input_layernorm`, `${ours}.attentionNorm`);
    part(`${theirs}.self_attn.q_proj`, `${ours}.qkv`, 0, q, d);
    part(`${theirs}.self_attn.k_proj`, `${ours}.qkv`, q, q + kv, d);
    part(`${theirs}.self_attn.v_proj`, `${ours}.qkv`, q + kv, q + 2 * kv, d);
    part(`${theirs}.self_attn.o_proj`, `${ours}.attentionOut`, 0, d, q);
    gain(`${theirs}.post_attention_layernorm`, `${ours}.ffnNorm`);
    part(`${theirs}.mlp.gate_proj`, `${ours}.gateUp`, 0, f, d);
    part(`${theirs}.mlp.up_proj`, `${ours}.gateUp`, f, 2 * f, d);
    part(`${theirs}.mlp.down_proj`, `${ours}.down`, 0, d, f);
  }
  gain('model.norm', 'norm');
  if (!config.tiedHead) part('lm_head', 'head', 0, v, d);
  return tensors;
}

/**
 * Our parameters by name, assembled from Hugging Face tensors: all those of a checkpoint by name, or a function that
 * finds one. Throws an `OctavoError` (exit code 2) that names all tensors that are missing, of another shape, or (of a
 * checkpoint) not the model's: see `matchHuggingFace`. The result throws for a name that is no parameter.
 */
export function fromHuggingFace(
  config: LlamaConfig,
  source: ReadonlyMap<string, HuggingFaceValues> | ((name: string) => HuggingFaceValues | undefined),
): (parameter: string) => Float32Array {
  const tensors = huggingFaceTensors(config);
  const given = typeof source === 'function' ? found(tensors, source) : source;
  const names = matchHuggingFace(config, tensors, given);
  return (parameter) => {
    const parts = tensors.filter((t) => t.parameter === parameter);
    if (parts.length === 0) throw new OctavoError(`[llama] no parameter ${quoted(parameter)}`);
    const values = parts.map((t) => dataOf(given.get(names.get(t.name)!)!));
    const whole = new Float32Array(values.reduce((n, { length }) => n + length, 0));
    let at = 0;
    for (const part of values) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  };
}

/** What a function finds, under the names a checkpoint may have for the model's tensors. */
function found(
  tensors: readonly HuggingFaceTensor[],
  find: (name: string) => HuggingFaceValues | undefined,
): ReadonlyMap<string, HuggingFaceValues> {
  const all = new Map<string, HuggingFaceValues>();
  for (const { name } of tensors) {
    for (const candidate of [name, name.replace(PREFIX, '')]) {
      const values = all.has(name) ? undefined : find(candidate);
      if (values !== undefined) all.set(candidate, values);
    }
  }
  return all;
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
