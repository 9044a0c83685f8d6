/** @file The rotary part of a Hugging Face `config.json`: θ and the scaling of positions, in the spellings of transformers 4 and 5. */
import { quoted } from '@octavo/formats';
import type { LlamaConfig } from './config.ts';
import type { RopeScaling } from './rope-scaling.ts';

type Json = Readonly<Record<string, unknown>>;

/** Kinds that are computed, and what their numbers are called there and here; others are refused by name. */
export const ROPE_KINDS = {
  default: {},
  linear: { factor: 'factor' },
  llama3: {
    factor: 'factor',
    low_freq_factor: 'lowFrequencyFactor',
    high_freq_factor: 'highFrequencyFactor',
    original_max_position_embeddings: 'originalContext',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Reads θ and scaling; what is wrong is added to `faults`, with the field's name in front. */
export function readRope(json: Json, faults: string[]): Pick<LlamaConfig, 'ropeTheta' | 'ropeScaling'> {
  const thetas: number[] = [];
  const scalings: (RopeScaling | null)[] = [];
  const take = (where: string, value: unknown): number | null => {
    if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
    faults.push(`${where}: got ${quoted(value)}, expected a positive number`);
    return null;
  };
  const theta = (where: string, value: unknown): void => {
    const found = value === undefined ? null : take(where, value);
    if (found !== null) thetas.push(found);
  };
  theta('rope_theta', json.rope_theta);
  for (const field of ['rope_scaling', 'rope_parameters']) {
    const rope = json[field] ?? {};
    if (!isObject(rope)) {
      faults.push(`${field}: got ${quoted(rope)}, expected an object`);
      continue;
    }
    theta(`${field}.rope_theta`, rope.rope_theta);
    const kind = rope.rope_type ?? rope.type ?? 'default';
    if (typeof kind !== 'string' || !Object.hasOwn(ROPE_KINDS, kind)) {
      const key = rope.rope_type === undefined ? 'type' : 'rope_type';
      faults.push(`${field}.${key}: got ${quoted(kind)}, expected ${Object.keys(ROPE_KINDS).join(', ')}`);
      continue;
    }
    const numbers: Readonly<Record<string, string>> = ROPE_KINDS[kind as keyof typeof ROPE_KINDS];
    for (const [key, value] of Object.entries(rope)) {
      const expected = { rope_type: kind, type: kind, partial_rotary_factor: 1 }[key];
      if (key !== 'rope_theta' && value !== null && !Object.hasOwn(numbers, key) && !same(expected, value))
        faults.push(
          `${field}.${quoted(key).slice(1, -1)}: got ${quoted(value)}, expected ${expected === undefined ? `no such part of kind ${quoted(kind)}` : quoted(expected)}`,
        );
    }
    const values = Object.entries(numbers).map(
      ([theirs, ours]) => [ours, take(`${field}.${theirs}`, rope[theirs])] as const,
    );
    if (json[field] != null)
      scalings.push(
        values.length === 0 ? null : ({ kind, ...Object.fromEntries(values) } as unknown as RopeScaling),
      );
  }
  if (new Set(thetas).size > 1) faults.push(`rope_theta: got ${thetas.join(' and ')}, expected one value`);
  const [scaling = null] = scalings;
  if (scalings.some((other) => !same(other, scaling)))
    faults.push('rope_scaling: got another than in rope_parameters, expected the same');
  return { ropeTheta: thetas[0] ?? 10_000, ...(scaling && { ropeScaling: scaling }) };
}

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
