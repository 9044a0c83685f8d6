/** @file The whole training step: tokens per second by recipe, and where its time goes. */
import { createScope, type Device, elements, gemm, matrixShape } from '@octavo/kernels';
import { countParameters, type LlamaConfig, llamaConfigOf } from '@octavo/llama';
import { recipeOf } from '@octavo/nn';
import { createSimdDevice } from '@octavo/simd';
import type { TrainPlan } from '../plan.ts';
import { trainStep } from '../step.ts';
import { createTraining, optimizerBytes, type Training } from '../training.ts';
import type { TokenBatch } from '../upload.ts';
import { F32, gigaflops, prepareGemm, square } from './gemm.ts';
import type { BenchRow, BenchTable } from './table.ts';
import { median } from './timing.ts';

/** How often the trainer samples statistics by default. */
const SAMPLE_EVERY = 20;

export interface StepCase {
  readonly name: string;
  readonly model: LlamaConfig;
  readonly batch: number;
  readonly sequence: number;
}

/** A model in training on a device of its own, whose matrix products are timed while `watching`. */
interface Subject {
  readonly training: Training;
  readonly products: { milliseconds: number; flops: number; watching: boolean };
  readonly plain: number[];
  readonly sampled: number[];
}

/** Steps of each model under every recipe, taking turns. The first recipe is the one that ratios speak of. */
export async function stepTable(
  threads: number,
  cases: readonly StepCase[],
  recipes: readonly string[],
  rounds: number,
): Promise<BenchTable> {
  const rows: BenchRow[] = [];
  for (const one of cases) rows.push(...(await measureCase(threads, one, recipes, rounds)));
  return {
    id: 'step',
    title: 'Training step',
    note: `Forward, backward, clipping and AdamW on ${threads} ${threads === 1 ? 'thread' : 'threads'}; recipes take turns, medians. "products": the share of matrix products in the step's time; "of peak": their speed over that of a float32 product of 1024³; "statistics": what sampling them every 20th step adds; "state": bytes of the optimizer a parameter.`,
    columns: [
      { key: 'tokens_per_second', label: 'tokens/s', digits: 0 },
      { key: 'of_first', label: `of ${recipes[0]}`, digits: 2 },
      { key: 'products', label: 'products', digits: 2 },
      { key: 'of_peak', label: 'of peak', digits: 2 },
      { key: 'statistics', label: 'statistics', digits: 3 },
      { key: 'peak_megabytes', label: 'peak MB', digits: 0 },
      { key: 'state_bytes', label: 'state', digits: 2 },
    ],
    rows,
  };
}

async function measureCase(
  threads: number,
  one: StepCase,
  recipes: readonly string[],
  rounds: number,
): Promise<BenchRow[]> {
  const subjects: Subject[] = [];
  for (const recipe of recipes) subjects.push(await createSubject(threads, one, recipe));
  const peakSpeed = productSpeed(subjects[0]!.training.device);
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      subject.plain.push(await timeStep(subject, one, false));
      subject.sampled.push(await timeStep(subject, one, true));
    }
  }
  const first = median(subjects[0]!.plain);
  const rows = subjects.map(({ training, products, plain, sampled }): BenchRow => {
    const ms = median(plain);
    return {
      name: `${one.name} ${training.plan.recipe.name}`,
      values: {
        tokens_per_second: (one.batch * one.sequence * 1000) / ms,
        of_first: first / ms,
        products: products.milliseconds / plain.reduce((a, b) => a + b, 0),
        of_peak: products.flops / products.milliseconds / 1e6 / peakSpeed,
        statistics: Math.max(0, median(sampled) / ms - 1) / SAMPLE_EVERY,
        peak_megabytes: training.device.memory().peak / 1e6,
        state_bytes: optimizerBytes(training) / countParameters(one.model),
      },
    };
  });
  for (const { training } of subjects) await training.device.destroy();
  return rows;
}

async function createSubject(threads: number, one: StepCase, recipe: string): Promise<Subject> {
  const products = { milliseconds: 0, flops: 0, watching: false };
  const device = watch(await createSimdDevice({ threads }), products);
  const subject = { training: createTraining(device, planOf(one, recipe)), products, plain: [], sampled: [] };
  await timeStep(subject, one, false); // the first step allocates
  Object.assign(products, { milliseconds: 0, flops: 0 });
  return subject;
}

/** The device, with the time of its matrix products noted. */
function watch(device: Device, products: Subject['products']): Device {
  return {
    ...device,
    run(operator, attributes, inputs, out) {
      const start = performance.now();
      device.run(operator, attributes, inputs, out);
      if (!products.watching || operator.name !== gemm.name) return;
      products.milliseconds += performance.now() - start;
      const [rows, columns] = matrixShape(inputs[0]!.shape);
      products.flops += 2 * elements(out.shape) * (attributes.transposeA ? rows : columns);
    },
  };
}

/** Milliseconds of a step; its products are noted on steps without statistics. */
async function timeStep({ training, products }: Subject, one: StepCase, sample: boolean): Promise<number> {
  const plan = { ...training.plan, sampleEvery: sample ? 1 : 0 };
  products.watching = !sample;
  const start = performance.now();
  // A copy, so that the plan may differ; what the step counts is of no interest here.
  await trainStep({ ...training, plan }, [batchOf(one)]);
  products.watching = false;
  return performance.now() - start;
}

function batchOf({ batch, sequence, model }: StepCase): TokenBatch {
  const length = batch * sequence;
  const token = (i: number) => (i * i * 7 + i * 13) % model.vocabularySize;
  return {
    tokens: Array.from({ length }, (_, i) => token(i)),
    targets: Array.from({ length }, (_, i) => token(i + 1)),
  };
}

const planOf = ({ model, batch, sequence }: StepCase, recipe: string): TrainPlan => ({
  model,
  recipe: recipeOf(recipe),
  batch,
  accumulation: 1,
  sequence,
  steps: 1000,
  seed: 1,
  schedule: { kind: 'constant', peak: 1e-4, warmup: 0 },
  adam: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.1 },
  clip: 1,
  nonFinite: 'continue',
  checkpointEvery: 0,
  keepCheckpoints: 0,
  sampleEvery: 0,
  evaluateEvery: 0,
});

/** GFLOP/s of a float32 product of 1024³. */
function productSpeed(device: Device): number {
  const scope = createScope(device);
  const run = prepareGemm(device, scope, square(1024), F32);
  const times = Array.from({ length: 4 }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  scope.release();
  return gigaflops(square(1024), median(times.slice(1)));
}

/** GFLOP/s of a float32 product of 1024³ on so many threads. */
export async function gemmSpeed(threads: number): Promise<number> {
  const device = await createSimdDevice({ threads });
  const speed = productSpeed(device);
  await device.destroy();
  return speed;
}

/** Tokens a second of a stories15m step: the median of three, after one that allocates. */
export async function stepSpeed(
  threads: number,
  recipe: string,
  { batch, sequence }: { batch: number; sequence: number },
): Promise<number> {
  const one: StepCase = { name: 'stories15m', model: llamaConfigOf('stories15m'), batch, sequence };
  const subject = await createSubject(threads, one, recipe);
  const times: number[] = [];
  for (let i = 0; i < 3; i++) times.push(await timeStep(subject, one, false));
  await subject.training.device.destroy();
  return (batch * sequence * 1000) / median(times);
}
