/** @file What gpu.js must be told to build one pass: source text, settings, and a key under which the kernel is kept. */

import type { Format } from '@octavo/formats';
import { BF16, FP32, OctavoError } from '@octavo/formats';
import type { Pass } from '../operator.ts';
import { signatureOf, sourceOf, wrapReturns } from './kernel-source.ts';
import type { KernelSettings } from './library.ts';
import { roundBf16 } from './round-bf16.ts';

export interface KernelSpec {
  /** Equal keys, equal kernels. */
  readonly key: string;
  /** For people: `operator/pass`. */
  readonly label: string;
  readonly source: string;
  readonly settings: KernelSettings;
  /** Threads along x, and along y if the pass has columns. */
  readonly threads: readonly number[];
  /** Elements of the tensor arguments. */
  readonly sizes: readonly number[];
  /** Numbers that the kernel writes. */
  readonly length: number;
}

/** The spec of a pass whose tensor arguments have `sizes` elements. */
export function kernelSpec(
  operator: string,
  pass: Pass,
  outFormat: Format,
  sizes: readonly number[],
): KernelSpec {
  const label = `${operator}/${pass.name}`;
  const floats = new Set(pass.floats ?? []);
  const constants: Record<string, number | Float32Array> = {};
  const constantTypes: Record<string, 'Integer' | 'Float' | 'Array'> = {};
  for (const [name, value] of Object.entries(pass.constants)) {
    if (typeof value === 'number') {
      const integer = Number.isInteger(value) && !floats.has(name);
      constants[name] = integer ? value : Math.fround(value);
      constantTypes[name] = integer ? 'Integer' : 'Float';
    } else {
      constants[name] = Float32Array.from(value);
      constantTypes[name] = 'Array';
    }
  }
  const rounds = pass.round === true && outFormat.name !== FP32.name;
  if (rounds && outFormat.name !== BF16.name) {
    throw new OctavoError(
      `[kernels] ${operator} gives ${FP32.name} or ${BF16.name}: got out of ${outFormat.name}; use cast for other formats`,
    );
  }
  if (rounds && pass.components !== undefined) {
    throw new OctavoError(`[kernels] ${label}: a pass with components has to round its result itself`);
  }
  const text = sourceOf(pass.kernel);
  const source = rounds ? wrapReturns(text, 'roundBf16') : text;
  const helpers = new Set([...(pass.functions ?? []), ...(rounds ? [roundBf16] : [])]);
  const functions = [
    ...[...helpers].map((fn) => helper(sourceOf(fn), 'Number')),
    ...(pass.integerFunctions ?? []).map((fn) => helper(sourceOf(fn), 'Integer')),
  ];
  const threads = pass.columns === undefined ? [pass.cells] : [pass.columns, pass.cells / pass.columns];
  if (!threads.every(Number.isInteger)) {
    throw new OctavoError(
      `[kernels] ${label}: cells must be a multiple of columns: got ${pass.cells}, ${pass.columns}`,
    );
  }
  const settings: KernelSettings = {
    output: [...threads],
    precision: 'single',
    constants,
    constantTypes,
    argumentTypes: [
      ...sizes.map(() => 'Array' as const),
      ...Object.keys(pass.numbers ?? {}).map((name) => (floats.has(name) ? 'Float' : 'Integer')),
    ],
    loopMaxIterations: pass.loop ?? 1000,
    functions,
  };
  const key = JSON.stringify([source, settings, sizes, pass.components ?? 1], (_, value: unknown) =>
    value instanceof Float32Array ? Array.from(value) : value,
  );
  return { key, label, source, settings, threads, sizes, length: pass.cells * (pass.components ?? 1) };
}

function helper(source: string, type: 'Number' | 'Integer'): KernelSettings['functions'][number] {
  const { length } = signatureOf(source);
  return { source, settings: { argumentTypes: Array<string>(length).fill(type), returnType: type } };
}
