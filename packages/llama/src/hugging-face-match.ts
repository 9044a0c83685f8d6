/** @file The tensors of a checkpoint against those of its model: each one is there, none is left over, all have their shapes. */
import { OctavoError, quoted } from '@octavo/formats';
import type { LlamaConfig } from './config.ts';

/** Values of a tensor, row-major float32; with their shape, where it is known. */
export type HuggingFaceValues =
  | Float32Array
  | { readonly shape: readonly number[]; readonly data: Float32Array };

/** What is known of a tensor that is not read. */
export type HuggingFaceShape = HuggingFaceValues | { readonly shape: readonly number[] };

export const dataOf = (values: HuggingFaceValues): Float32Array =>
  values instanceof Float32Array ? values : values.data;

/** The prefix of tensor names that is missing where the base model was saved without its language-model head. */
export const PREFIX = /^model\./;

/** Buffers that old files keep and no model reads: the frequencies follow from the configuration. */
const BUFFER = /^(model\.)?(layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq$/;

const HEAD = 'lm_head.weight';
const EMBEDDING = 'model.embed_tokens.weight';

/**
 * The name in `given` of each of the model's `tensors`; `model.` may be missing in front. Throws one `OctavoError`
 * (exit code 2) that names every tensor that is missing, has another shape, or belongs to no part of the model.
 * A tied model may bring a head of its own if it equals its embedding: `sameHead` says whether, where values are not given.
 */
export function matchHuggingFace(
  { tiedHead }: LlamaConfig,
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
  given: ReadonlyMap<string, HuggingFaceShape>,
  sameHead: () => boolean = () => sameValues(given),
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const used = new Set<string>();
  const missing: string[] = [];
  const misshapen: string[] = [];
  for (const { name, shape } of tensors) {
    const there = [name, name.replace(PREFIX, '')].find((candidate) => given.has(candidate));
    if (there === undefined) {
      missing.push(name);
      continue;
    }
    names.set(name, there);
    used.add(there);
    const fault = shapeFault(given.get(there)!, shape);
    if (fault !== null) misshapen.push(`${name} (${fault})`);
  }
  const surplus: string[] = [];
  for (const name of given.keys()) {
    if (used.has(name) || BUFFER.test(name)) continue;
    if (tiedHead && name === HEAD && sameHead()) continue;
    surplus.push(name === HEAD ? `${HEAD} (another than the embedding it is tied to)` : quoted(name));
  }
  const faults = [
    ['missing', missing],
    ['of another shape', misshapen],
    ['not the model’s', surplus],
  ] as const;
  const said = faults.filter(([, list]) => list.length > 0).map(([what, list]) => `${what}: ${some(list)}`);
  if (said.length === 0) return names;
  throw new OctavoError(`[llama] the weights do not fit their configuration: ${said.join('; ')}`, {
    exitCode: 2,
  });
}

function shapeFault(values: HuggingFaceShape, expected: readonly number[]): string | null {
  const wanted = expected.reduce((a, b) => a * b, 1);
  const shape = values instanceof Float32Array ? null : values.shape;
  if (shape !== null && shape.join() !== expected.join())
    return `got [${shape.slice(0, 8).join(', ')}], expected [${expected.join(', ')}]`;
  if (!isRead(values)) return null;
  const count = dataOf(values).length;
  return count === wanted ? null : `got ${count} values, expected ${wanted}`;
}

/** Whether the head has the embedding's values. */
function sameValues(given: ReadonlyMap<string, HuggingFaceShape>): boolean {
  const [head, embedding] = [[HEAD], [EMBEDDING, EMBEDDING.replace(PREFIX, '')]].map((names) =>
    names.map((name) => given.get(name)).find((found) => found !== undefined),
  );
  if (!head || !embedding || !isRead(head) || !isRead(embedding)) return false;
  const [a, b] = [dataOf(head), dataOf(embedding)];
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

const isRead = (values: HuggingFaceShape): values is HuggingFaceValues =>
  values instanceof Float32Array || 'data' in values;

/** Names in one line; a hostile file may have a million. */
const some = (names: readonly string[]): string =>
  names.length > 1000
    ? `${names.slice(0, 1000).join(', ')} and ${names.length - 1000} more`
    : names.join(', ');
