/** @file What this machine makes of products, casts, operators and whole steps. */
import { llamaConfigOf } from '@octavo/llama';
import { castsTable } from './casts.ts';
import { costSeries, smallSeries } from './cost-series.ts';
import { costTables } from './cost-tables.ts';
import {
  createBestDevice,
  createDevices,
  createLibraryDevice,
  createPlainDevice,
  destroyDevices,
  type ProductLibrary,
  productLibraries,
} from './devices.ts';
import { gemmTable, square } from './gemm.ts';
import { operatorsTable } from './operators.ts';
import { recomputeTable } from './recompute-table.ts';
import { measureSteps } from './step.ts';
import type { StepCase } from './step-case.ts';
import { stepProducts } from './step-products.ts';
import { breakdownTable, type MeasuredCase, stepTable } from './step-tables.ts';
import type { BenchTable } from './table.ts';
import { FULL, QUICK } from './timing.ts';

export {
  createBestDevice,
  createLibraryDevice,
  createPlainDevice,
  type ProductLibrary,
  productLibraries,
} from './devices.ts';
export { prepareProduct } from './gemm.ts';
export { describeMachine, type Machine, machine } from './machine.ts';
export { createProfile, type Profile, profiled } from './profile.ts';
export { type StepCase, stepBatch, stepPlan } from './step-case.ts';
export { type StepProduct, stepProducts } from './step-products.ts';
export { type BenchRow, type BenchTable, type Column, jsonRows, toMarkdown, toText } from './table.ts';
export { median, timed } from './timing.ts';

/** What is measured where nothing else is asked for. */
export const usualBenches = ['gemm', 'casts', 'operators', 'step'] as const;
export const benches = [...usualBenches, 'cost'] as const;
export type BenchName = (typeof benches)[number];

export interface BenchOptions {
  readonly only: readonly BenchName[];
  readonly threads: number;
  /** Small sizes once: shows that everything runs, its figures mean little. */
  readonly quick: boolean;
  /** Told what is measured next, where a table takes minutes. */
  readonly onNext?: (what: string) => void;
}

/** Runs benches one after another; a table as soon as it is there. */
export async function* runBenches({
  only,
  threads,
  quick,
  onNext = () => {},
}: BenchOptions): AsyncGenerator<BenchTable> {
  const effort = quick ? QUICK : FULL;
  const devices = await createDevices(threads);
  const plain = devices.filter((device) => device.plain);
  try {
    if (only.includes('gemm')) yield await gemmTable(devices, quick ? [square(64)] : products(), effort);
    if (only.includes('casts')) yield await castsTable(plain, quick ? SMALL : CACHED_AND_NOT, effort);
    if (only.includes('operators')) {
      const sizes = quick
        ? { model: { ...llamaConfigOf('nano'), vocabularySize: 64 }, batch: 1, sequence: 16 }
        : { model: { ...llamaConfigOf('stories15m'), vocabularySize: 4096 }, batch: 8, sequence: 256 };
      yield await operatorsTable(plain, sizes, effort);
    }
  } finally {
    await destroyDevices(devices);
  }
  if (only.includes('step')) yield* stepTables(threads, quick, onNext);
  if (only.includes('cost')) {
    const [recipes, rounds] = [['fp32', 'bf16', 'fp8-full'], quick ? 1 : 3];
    const create = () => createBestDevice(threads);
    yield* costTables(create, quick ? [smallSeries] : costSeries, recipes, rounds, onNext);
    yield await recomputeTable(create, quick ? tiny : stories15m(), recipes, rounds, onNext);
  }
}

async function* stepTables(
  threads: number,
  quick: boolean,
  onNext: (what: string) => void,
): AsyncGenerator<BenchTable> {
  const recipes = quick ? ['bf16', 'fp8-full'] : ['fp32', 'bf16', 'fp8', 'fp8-full'];
  const ways = [{ how: '', create: () => createPlainDevice(threads) }];
  for (const library of Object.keys(productLibraries) as ProductLibrary[]) {
    const device = await createLibraryDevice(threads, library);
    if (!device) continue;
    await device.destroy();
    const how = ` + ${productLibraries[library]}`;
    ways.push({ how, create: async () => (await createLibraryDevice(threads, library))! });
  }
  const cases: MeasuredCase[] = [];
  for (const one of quick ? [tiny] : steps()) {
    for (const { how, create } of ways) {
      onNext(`${one.name}${how}`);
      cases.push({ one, how, measures: await measureSteps(create, one, recipes, quick ? 1 : 5) });
    }
  }
  yield stepTable(threads === 1 ? '1 thread' : `${threads} threads`, cases);
  for (const measured of cases) yield breakdownTable(measured);
}

const SMALL = [[64, 64]];
const CACHED_AND_NOT = [
  [512, 512],
  [4096, 4096],
];

/** Squares, and the products of a step. */
const products = () => [...[256, 512, 1024, 2048].map(square), ...stepProducts(stories15m())];

const stories15m = (): StepCase => ({
  name: 'stories15m',
  model: llamaConfigOf('stories15m'),
  batch: 8,
  sequence: 256,
});

const steps = (): StepCase[] => [
  { name: 'nano', model: llamaConfigOf('nano'), batch: 16, sequence: 128 },
  { name: 'stories260k', model: llamaConfigOf('stories260k'), batch: 8, sequence: 256 },
  stories15m(),
];

const tiny: StepCase = {
  name: 'nano, one layer',
  model: { ...llamaConfigOf('nano'), layers: 1 },
  batch: 2,
  sequence: 32,
};
