/** @file Which weights are gate, up and down of one SwiGLU, by their names: Hugging Face's, Meta's, and ours. */
import { type ListedTensor, rowsOf, type Values } from './tensors.ts';

/** The matrices of one SwiGLU: gate and up `[F, D]`, down `[D, F]`. */
export interface SwiGlu {
  /** What their names share: `model.layers.0.mlp`. */
  readonly place: string;
  /** The transformer layer, as the name has it; null where it has none. */
  readonly layer: number | null;
  readonly gate: Values;
  readonly up: Values;
  readonly down: Values | null;
}

/** Names of the three; one that is both is gate above up in one matrix. */
const CONVENTIONS: readonly { readonly gate: string; readonly up: string; readonly down: string }[] = [
  { gate: 'gate_proj', up: 'up_proj', down: 'down_proj' }, // transformers
  { gate: 'gate_up_proj', up: 'gate_up_proj', down: 'down_proj' }, // transformers, Phi-3
  { gate: 'w1', up: 'w3', down: 'w2' }, // Meta, and Mixtral's experts
  { gate: 'gateUp', up: 'gateUp', down: 'down' }, // a checkpoint of Octavo
];

/** All there are, in the order of their gates; and in sentences which gates have no partner. */
export function swiGlusOf(tensors: readonly ListedTensor[]): {
  readonly found: readonly SwiGlu[];
  readonly notes: readonly string[];
} {
  const weights = tensors.filter(({ role }) => role === null || role === 'weight');
  const all = new Map(weights.map((tensor) => [tensor.name, tensor]));
  const found: SwiGlu[] = [];
  const notes: string[] = [];
  for (const { name, shape, values } of weights)
    for (const convention of CONVENTIONS) {
      const at = name.split('.').lastIndexOf(convention.gate);
      if (at < 0 || values === null || shape.length !== 2) continue;
      const partner = (part: 'up' | 'down') => {
        const other = name.split('.').with(at, convention[part]).join('.');
        return { other, values: all.get(other)?.values ?? null };
      };
      const { rows, columns } = values;
      const fused = convention.up === convention.gate;
      const channels = fused ? rows / 2 : rows;
      const up = partner('up');
      const down = partner('down');
      if (!Number.isInteger(channels) || channels === 0) continue;
      if (!fused && (up.values?.rows !== rows || up.values.columns !== columns)) {
        // w1 may be the first of two plain layers
        if (up.values !== null || convention.gate !== 'w1')
          notes.push(`${name}: no ${up.other} of its shape, so their cosines are not known`);
        continue;
      }
      const fits = down.values?.rows === columns && down.values.columns === channels;
      found.push({
        ...{ place: name.split('.').slice(0, at).join('.'), layer: layerOf(name) },
        gate: fused ? rowsOf(values, 0, channels) : values,
        up: fused ? rowsOf(values, channels, rows) : up.values!,
        down: fits ? down.values : null,
      });
    }
  return { found, notes };
}

function layerOf(name: string): number | null {
  const [, layer] = /(?:^|\.)(?:layers|blocks|h)\.(\d+)\./.exec(name) ?? [];
  return layer === undefined ? null : Number(layer);
}
