/** @file `@octavo/trainer/bench`: what this machine makes of products, casts, operators and whole steps. */
import { llamaConfigOf } from '@octavo/llama';
import { castsTable } from './casts.ts';
import { createDevices, destroyDevices } from './devices.ts';
import { gemmTable, linearProducts, square } from './gemm.ts';
import { operatorsTable } from './operators.ts';
import { type StepCase, stepTable } from './step.ts';
import type { BenchTable } from './table.ts';
import { FULL, QUICK } from './timing.ts';

export { describeMachine, type Machine, machine } from './machine.ts';
export { gemmSpeed, stepSpeed } from './step.ts';
export { type BenchTable, jsonRows, toMarkdown, toText } from './table.ts';
export { median } from './timing.ts';

export const benches = ['gemm', 'casts', 'operators', 'step'] as const;
export type BenchName = (typeof benches)[number];

export interface BenchOptions {
  readonly only: readonly BenchName[];
  readonly threads: number;
  /** Small sizes once: shows that everything runs, its figures mean little. */
  readonly quick: boolean;
}

/** Runs benches one after another; a table as soon as it is there. */
export async function* runBenches({ only, threads, quick }: BenchOptions): AsyncGenerator<BenchTable> {
  const effort = quick ? QUICK : FULL;
  const devices = await createDevices(threads);
  const stories = llamaConfigOf('stories15m');
  try {
    if (only.includes('gemm')) yield await gemmTable(devices, quick ? [square(64)] : products(), effort);
    if (only.includes('casts'))
      yield await castsTable(
        devices,
        quick
          ? [[64, 64]]
          : [
              [512, 512],
              [4096, 4096],
            ],
        effort,
      );
    if (only.includes('operators')) {
      const sizes = quick
        ? { model: { ...llamaConfigOf('nano'), vocabularySize: 64 }, batch: 1, sequence: 16 }
        : { model: { ...stories, vocabularySize: 4096 }, batch: 8, sequence: 256 };
      yield await operatorsTable(devices, sizes, effort);
    }
  } finally {
    await destroyDevices(devices);
  }
  if (only.includes('step')) {
    const recipes = quick ? ['bf16', 'fp8-full'] : ['fp32', 'bf16', 'fp8', 'fp8-full'];
    yield await stepTable(threads, quick ? [tiny] : steps(), recipes, quick ? 1 : 5);
  }
}

/** Squares, and the products of stories15m at 8 × 256 tokens. */
const products = () => [
  ...[256, 512, 1024, 2048].map(square),
  ...linearProducts('qkv', 2048, 864, 288),
  ...linearProducts('gateUp', 2048, 1536, 288),
  ...linearProducts('down', 2048, 288, 768),
  ...linearProducts('head', 2048, 32_000, 288),
];

const steps = (): StepCase[] => [
  { name: 'nano', model: llamaConfigOf('nano'), batch: 16, sequence: 128 },
  { name: 'stories260k', model: llamaConfigOf('stories260k'), batch: 8, sequence: 256 },
  { name: 'stories15m', model: llamaConfigOf('stories15m'), batch: 8, sequence: 256 },
];

const tiny: StepCase = {
  name: 'nano, one layer',
  model: { ...llamaConfigOf('nano'), layers: 1 },
  batch: 2,
  sequence: 32,
};
