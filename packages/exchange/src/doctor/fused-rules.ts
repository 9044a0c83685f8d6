/** @file Matrices that another program keeps as one, `qkv_proj` and `gate_up_proj`: a Llama's loader looks for their parts. */
import { OctavoError } from '@octavo/formats';
import { configFromHuggingFace, huggingFaceTensors } from '@octavo/llama';
import type { ListedEntry } from '@octavo/store';
import { BLOCK } from '../quantize/schemes.ts';
import { type Finding, ofTensor } from './finding.ts';
import type { Patient, Rule } from './folder.ts';
import { cut, type Mend, type Part } from './mends.ts';

const FUSED = /^(.*\.)(qkv_proj|gate_up_proj)\.(.+)$/;

const PARTS = { qkv_proj: ['q_proj', 'k_proj', 'v_proj'], gate_up_proj: ['gate_proj', 'up_proj'] } as const;

/** Weights and scales of fused matrices. */
export const fused: Rule = (patient) => {
  const shapes = modelShapes(patient);
  return [...patient.tensors.values()].flatMap((tensor): Finding[] => {
    const [, prefix, whole, rest] = FUSED.exec(tensor.name) ?? [];
    if (prefix === undefined || whole === undefined || rest === undefined) return [];
    const modules = PARTS[whole as keyof typeof PARTS].map((part) => `${prefix}${part}`);
    const rows = modules.map((module) => shapes?.get(`${module}.weight`)?.[0] ?? 0);
    const names = modules.map((module) => `${module}.${rest}`);
    const taken = names.some((name) => patient.tensors.has(name));
    return [
      ofTensor(
        'fused',
        tensor.name,
        `it is of ${modules.length} matrices at once, expected ${names.join(', ')}`,
        'cut it into theirs',
        taken || rows.includes(0) ? null : mendOf(tensor, names, rows),
      ),
    ];
  });
};

/** The shapes of the model's tensors; null where its configuration is no Llama's. */
function modelShapes({ json }: Patient): ReadonlyMap<string, readonly number[]> | null {
  try {
    const { quantization_config: _, compression_config: __, ...plain } = json;
    return new Map(huggingFaceTensors(configFromHuggingFace(plain)).map(({ name, shape }) => [name, shape]));
  } catch (error) {
    if (OctavoError.is(error)) return null;
    throw error;
  }
}

/** By rows, by blocks of rows where they end with the parts, one number each, or one for all. Null where it is none of these. */
function mendOf({ shape }: ListedEntry, names: readonly string[], rows: readonly number[]): Mend | null {
  const [first = 1, ...others] = shape;
  const sum = (of: readonly number[]): number => of.reduce((a, b) => a + b, 0);
  const inParts = (lengths: readonly number[]): readonly Part[] => {
    let at = 0;
    return lengths.map((length, i) => {
      const from = at;
      at += length;
      return { name: names[i]!, shape: [length, ...others], from, to: at };
    });
  };
  if (shape.every((axis) => axis === 1))
    return cut(
      1,
      names.map((name) => ({ name, shape, from: 0, to: 1 })),
    );
  if (first === sum(rows)) return cut(first, inParts(rows));
  if (first === names.length && others.every((axis) => axis === 1))
    return cut(
      first,
      names.map((name, i) => ({ name, shape: [1], from: i, to: i + 1 })),
    );
  const blocks = rows.map((length) => length / BLOCK);
  return blocks.every(Number.isInteger) && first === sum(blocks) ? cut(first, inParts(blocks)) : null;
}
