/** @file Small runs and a small study for the report's tests, made as a user makes them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStudyFolder } from '@octavo/lab';
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

const chart = {
  title: 'It falls',
  data: { values: [{ step: 1, loss: 2 }] },
  mark: 'point',
  encoding: { x: { field: 'step', type: 'quantitative' }, y: { field: 'loss', type: 'quantitative' } },
};

/** A study's folder as `octavo study` leaves it. */
export async function writeStudy(folder: string): Promise<void> {
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
    charts: { losses: chart },
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
  });
}
