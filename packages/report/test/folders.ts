/** @file Folders of runs and of a study as `octavo train` and `octavo study` leave them, written by hand. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recipeOf } from '@octavo/nn';
import {
  checkpointFileName,
  evaluated,
  evaluationStatistics,
  guardStatistics,
  openStatistics,
  readStatistics,
  type StatisticsRow,
  type StatisticsSchema,
  stepStatistics,
  tensorStatistics,
  writeCheckpoint,
} from '@octavo/store';
import { tableFromArrays, tableToIPC } from 'apache-arrow';

const shape = {
  ...{ layers: 2, hiddenSize: 16, ffnSize: 24, heads: 2, keyValueHeads: 2, vocabularySize: 256 },
};

/** What `run.json` holds; `plan` is what of it is to be otherwise. */
export const recordOf = (recipe: string, plan: object = {}) => ({
  plan: {
    ...{ model: shape, batch: 2, accumulation: 1, sequence: 16, steps: 30, seed: 1, clip: 1 },
    recipe: { ...recipeOf('fp8'), name: recipe, summary: `${recipe} in a sentence` },
    schedule: { kind: 'cosine', peak: 3e-3, warmup: 3, steps: 30, floor: 0.1 },
    adam: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 },
    ...{ sampleEvery: 3, evaluateEvery: 10, guard: { policy: 'warn' } },
    ...plan,
  },
  settings: {
    model: { name: 'tiny' },
    data: { train: ['text.txt'], heldOut: 0.1, tokenizer: 'byte', textField: 'text' },
  },
});

function writeRows<const Schema extends StatisticsSchema>(
  path: string,
  schema: Schema,
  rows: readonly StatisticsRow<Schema>[],
): void {
  const writer = openStatistics(path, schema, { flushMilliseconds: 1e9 });
  const batch = Math.max(1, Math.ceil(rows.length / 4));
  for (let i = 0; i < rows.length; i += batch) {
    writer.append(rows.slice(i, i + batch));
    writer.flush();
  }
  writer.close();
}

const noise = (i: number): number => ((i * 48_271) % 101) / 101;
const SITES = ['qkv', 'attentionOut', 'gateUp', 'down'];

interface Sample {
  readonly amax: number;
  readonly overflows: number;
  readonly underflows: number;
}

/** Rows of `tensors.arrow`: every operand of every linear, and the alignment of every layer. */
function* samples(
  steps: readonly number[],
  layers: number,
  of: (step: number, layer: number, site: string) => Sample,
): Generator<StatisticsRow<typeof tensorStatistics>> {
  for (const step of steps)
    for (let layer = 0; layer < layers; layer++) {
      for (const site of SITES)
        for (const operand of ['input', 'weight', 'grad'])
          yield {
            ...{ step, layer, site, operand, format: 'e4m3fn', scale: 1, rms: 1 },
            ...{ kurtosis: 3 + noise(step + layer), ...of(step, layer, site) },
          };
      const cosines = { abs_cosine_max: 0.3 + noise(step) / 4, abs_cosine_mean: 0.1, abs_cosine_above: 0 };
      yield { step, layer, site: 'gateUp', operand: 'gate-up-alignment', ...cosines };
    }
}

const stepOf = (step: number, loss: number) => ({
  ...{ step, tokens: 32 * step, loss, learning_rate: 3e-3, gradient_norm: 0.2 + noise(step) },
  ...{ tokens_per_second: 1e4, step_time: 1e-2, peak_memory: 1e8 },
});

/** A run of 30 steps, unless `plan` says otherwise, with checkpoints at step 10 and at its end. */
export async function writeRun(
  folder: string,
  recipe: string,
  plan: { readonly steps?: number; readonly [key: string]: unknown } = {},
): Promise<void> {
  const { steps: end = 30 } = plan;
  mkdirSync(join(folder, 'checkpoints'), { recursive: true });
  writeFileSync(join(folder, 'run.json'), JSON.stringify(recordOf(recipe, plan), null, 2));
  const steps = Array.from({ length: end }, (_, i) => i + 1);
  const lossAt = (step: number): number => 2 + 3 * Math.exp(-step / 9) + noise(step + recipe.length) / 10;
  writeRows(
    join(folder, 'steps.arrow'),
    stepStatistics,
    steps.map((step) => stepOf(step, lossAt(step))),
  );
  const sampled = steps.filter((step) => step % 3 === 1);
  writeRows(join(folder, 'tensors.arrow'), tensorStatistics, [
    ...samples(sampled, 2, (step) => ({ amax: step, overflows: 0, underflows: 4e-4 * noise(step) })),
  ]);
  writeRows(join(folder, 'guard.arrow'), guardStatistics, []);
  const evaluation = (step: number, of: string, loss: number) => ({ step, of, loss, bits_per_byte: loss });
  writeRows(join(folder, 'evaluations.arrow'), evaluationStatistics, [
    ...[0, 10, 20, end].map((step) => evaluation(step, evaluated.model, lossAt(step))),
    evaluation(end, evaluated.baseline, 2.75),
  ]);
  for (const step of [10, end])
    await writeCheckpoint(
      join(folder, 'checkpoints', checkpointFileName(step)),
      {},
      [0, 1].map((layer) => ({
        ...{ name: `layers.${layer}.gateUp`, role: 'weight', format: 'fp32', shape: [48, 16] },
        data: Float32Array.from({ length: 768 }, (_, i) => noise(i * (layer + 2) + step) - 0.5),
      })),
    );
}

/** A run of 30,000 steps and 12 layers: one layer overflows, late. It has no checkpoints. */
export function writeLongRun(folder: string): void {
  mkdirSync(folder);
  writeFileSync(join(folder, 'run.json'), JSON.stringify(recordOf('fp8', { steps: 30_000 }), null, 2));
  const lossAt = (i: number): number => 2 + 4 * Math.exp(-i / 2000) + noise(i) / 10 + (i === 21_000 ? 3 : 0);
  writeRows(
    join(folder, 'steps.arrow'),
    stepStatistics,
    Array.from({ length: 30_000 }, (_, i) => stepOf(i + 1, lossAt(i))),
  );
  const sampled = Array.from({ length: 600 }, (_, i) => 1 + 50 * i);
  writeRows(join(folder, 'tensors.arrow'), tensorStatistics, [
    ...samples(sampled, 12, (step, layer, site) => {
      const hot = layer === 7 && step > 20_000;
      return {
        amax: (1 + noise(step)) * (hot ? 400 : 4),
        overflows: hot && site === 'down' ? 0.003 * noise(step) : 0,
        underflows: 1e-4 * noise(step),
      };
    }),
  ]);
}

export const chart = (title: string, data: object = { values: [{ step: 1, loss: 2 }] }): object => ({
  title,
  data,
  mark: 'point',
  encoding: {
    x: { field: 'step', type: 'quantitative' },
    y: { field: 'loss', type: 'quantitative' },
  },
});

/** A study that has come to its end: `charts` by name, `claims` and Markdown as its files hold them. */
export function writeStudy(
  folder: string,
  {
    charts = { losses: chart('It falls') },
    claims = [
      { text: 'a gap of at least 0.1', paper: 'diverges', values: [0.25, 'Infinity'], holds: true },
      { text: 'no gap', values: [0.2], holds: false },
    ],
    markdown = '# All\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n',
  }: {
    readonly charts?: Readonly<Record<string, object>>;
    readonly claims?: readonly object[];
    readonly markdown?: string;
  } = {},
): void {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);
  write('study.json', JSON.stringify({ study: 'instability', settings: { steps: 96, lr: 2e-5 } }));
  write('summary.json', JSON.stringify(claims));
  write('summary.md', markdown);
  for (const [name, spec] of Object.entries(charts)) write(`${name}.vl.json`, JSON.stringify(spec));
  const step = Int32Array.from({ length: 25 }, (_, i) => i);
  write('losses.arrow', tableToIPC(tableFromArrays({ step, loss: new Float64Array(25).fill(1.5) }), 'file'));
}

/** A column of one of a run's statistics files, as numbers. */
export const columnOf = async (run: string, file: string, name: string): Promise<number[]> =>
  Array.from((await readStatistics(join(run, file))).getChild(name)!, Number);

/** A copy of the run in `root`, beside it. */
export function copyRun(root: string, run: string, name: string): string {
  cpSync(join(root, run), join(root, name), { recursive: true });
  return join(root, name);
}
