/** @file Small runs and a small study for the report's tests, made as a user makes them. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStudyFolder, type StudyResult } from '@octavo/lab';
import { openStatistics, stepStatistics, tensorStatistics } from '@octavo/store';
import { tableFromArrays } from 'apache-arrow';
import { babble, octavo } from './support.ts';

/** Writes text and a configuration into `folder`; the runs there take seconds. */
export function prepare(folder: string): void {
  writeFileSync(join(folder, 'text.txt'), babble(4000));
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({
      model: {
        ...{ vocabularySize: 256, hiddenSize: 16, layers: 2, heads: 2, keyValueHeads: 2, ffnSize: 24 },
        contextLength: 16,
      },
      data: { train: 'text.txt', heldOut: 0.1 },
      ...{ batch: 2, sequence: 16, steps: 30, sampleEvery: 3, evaluateEvery: 10, evaluateTokens: 64 },
      ...{ checkpointEvery: 10, keepCheckpoints: 0, device: 'simd', threads: 1, library: 'off' },
    }),
  );
}

export async function train(folder: string, out: string, recipe: string, more: string[] = []): Promise<void> {
  const args = ['train', '--config', 'config.json', '--recipe', recipe, '--out', out, '--json', ...more];
  const { code, stderr } = await octavo(args, folder);
  if (code !== 0) throw new Error(stderr);
}

/** A run of 30,000 steps and 12 layers with the settings of `like`: one layer overflows, late. */
export function writeLongRun(folder: string, like: string): void {
  mkdirSync(folder);
  cpSync(join(like, 'run.json'), join(folder, 'run.json'));
  const steps = openStatistics(join(folder, 'steps.arrow'), stepStatistics, { flushMilliseconds: 1e9 });
  const tensors = openStatistics(join(folder, 'tensors.arrow'), tensorStatistics, { flushMilliseconds: 1e9 });
  const noise = (i: number): number => ((i * 48_271) % 101) / 101;
  steps.append(
    Array.from({ length: 30_000 }, (_, i) => ({
      ...{ step: i + 1, loss: 2 + 4 * Math.exp(-i / 2000) + noise(i) / 10 + (i === 21_000 ? 3 : 0) },
      ...{ learning_rate: 3e-3, gradient_norm: 0.2 + noise(i), tokens_per_second: 1e4, peak_memory: 1e8 },
    })),
  );
  for (let step = 1; step <= 30_000; step += 50)
    for (let layer = 0; layer < 12; layer++) {
      const hot = layer === 7 && step > 20_000;
      for (const site of ['qkv', 'attentionOut', 'gateUp', 'down'])
        for (const operand of ['input', 'weight', 'grad'])
          tensors.append([
            {
              ...{ step, layer, site, operand, format: 'e4m3fn', scale: 1, rms: 1 },
              ...{ amax: (1 + noise(step)) * (hot ? 400 : 4), kurtosis: 3 + noise(step + layer) },
              ...{
                overflows: hot && site === 'down' ? 0.003 * noise(step) : 0,
                underflows: 1e-4 * noise(step),
              },
            },
          ]);
      const cosine = { abs_cosine_max: 0.3 + step / 50_000, abs_cosine_mean: 0.1, abs_cosine_above: 0 };
      tensors.append([{ step, layer, site: 'gateUp', operand: 'gate-up-alignment', ...cosine }]);
    }
  steps.close();
  tensors.close();
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

/** A study's folder with this result, as `octavo study` leaves it. */
export async function writeStudy(folder: string, result: Partial<StudyResult>): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { writeResult } = await openStudyFolder(folder, {
    study: 'instability',
    settings: { steps: 96, lr: 2e-5 },
  });
  await writeResult({
    tables: {
      losses: tableFromArrays({
        step: Int32Array.from({ length: 25 }, (_, i) => i),
        loss: new Float64Array(25).fill(1.5),
      }),
    },
    charts: { losses: chart('It falls') },
    summary: {
      claims: [
        {
          text: 'a gap of at least 0.1',
          paper: 'diverges',
          values: [0.25, Number.POSITIVE_INFINITY],
          holds: true,
        },
        { text: 'no gap', values: [0.2], holds: false },
      ],
      markdown: '# All\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n',
    },
    ...result,
  });
}
