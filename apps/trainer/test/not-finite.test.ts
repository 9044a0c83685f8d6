/**
 * @file What is left of a run after a value that is not finite, and how it goes on: policies stop, skip-step and continue.
 * @module-tag slow
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listCheckpoints, openCheckpoint } from '@octavo/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { babble, lines, octavo } from './support.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-not-finite-'));
  writeFileSync(join(folder, 'text.txt'), babble(3000));
  const config = {
    model: {
      vocabularySize: 256,
      hiddenSize: 32,
      layers: 2,
      heads: 2,
      keyValueHeads: 1,
      ffnSize: 48,
      contextLength: 32,
    },
    recipe: 'fp8-full',
    data: { train: 'text.txt', heldOut: 0.1 },
    ...{ batch: 2, accumulation: 2, sequence: 32, steps: 12, warmup: 0, learningRate: 1e30 },
    ...{ checkpointEvery: 1, keepCheckpoints: 2, sampleEvery: 4, evaluateEvery: 0, evaluateTokens: 256 },
    ...{ device: 'simd', threads: 1, library: 'off' },
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  for (const nonFinite of ['skip-step', 'continue'])
    writeFileSync(join(folder, `${nonFinite}.json`), JSON.stringify({ ...config, nonFinite }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (out: string, ...more: string[]) => octavo(['train', '--out', out, '--json', ...more], folder);
const stepsSaved = async (out: string): Promise<number[]> =>
  (await listCheckpoints(join(folder, out, 'checkpoints'))).map(({ step }) => step);

async function metadataOf(out: string): Promise<Record<string, string>[]> {
  const all: Record<string, string>[] = [];
  for (const { path } of await listCheckpoints(join(folder, out, 'checkpoints'))) {
    const checkpoint = await openCheckpoint(path);
    all.push({ ...checkpoint.metadata });
    await checkpoint.close();
  }
  return all;
}

const losses = (stdout: string): number[] =>
  lines(stdout)
    .filter((line) => line.event === 'step')
    .map((line) => line.loss as number);

describe.each(['stop', 'skip-step'])('a learning rate of 1e30 under %s', (policy) => {
  const config = policy === 'stop' ? 'config.json' : `${policy}.json`;

  test('ends with exit code 1; the state before the update that broke the weights is saved, and said', async () => {
    const { code, stdout, stderr } = await train(policy, '--config', config);
    expect(code).toBe(1);
    const said = lines(stdout).filter((line) => line.event === 'non-finite');
    expect(said).toHaveLength(policy === 'stop' ? 1 : 8);
    expect(said[0]).toMatchObject({ step: 2, site: expect.any(String), operand: expect.any(String) });
    expect(stderr).toMatch(
      policy === 'stop'
        ? /step 2: .*first non-finite in .*; step 0, the last good state, is saved; resume it with another recipe, a lower learning rate, or nonFinite: skip-step/
        : /step 9, the last of 8 in a row that had to be skipped: .*step 0, the last good state, is saved; resume it with another recipe, a lower learning rate/,
    );
    expect(await stepsSaved(policy)).toEqual([0]);
    expect(await metadataOf(policy)).toMatchObject([{ finite: 'true', step: '0' }]);
  });

  test.each([
    ['a lower learning rate', ['--learning-rate', '1e-3']],
    ['another recipe too', ['--learning-rate', '1e-3', '--recipe', 'bf16']],
    ['skip-step and a lower learning rate', ['--learning-rate', '1e-3', '--config', 'skip-resume.json']],
  ])('goes on with %s', async (title, options) => {
    writeFileSync(join(folder, 'skip-resume.json'), JSON.stringify({ nonFinite: 'skip-step' }));
    const out = `${policy}-${title.replaceAll(' ', '-')}`;
    cpSync(join(folder, policy), join(folder, out), { recursive: true });
    const { code, stdout, stderr } = await train(out, '--resume', ...options);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(lines(stdout)[0]).toMatchObject({ event: 'start', resumedFrom: 0 });
    expect(losses(stdout)).toHaveLength(12);
    expect(losses(stdout).every(Number.isFinite)).toBe(true);
    expect(await stepsSaved(out)).toEqual([11, 12]);
    // what was free because of the failure no longer is
    const again = await train(out, '--resume', '--recipe', 'fp8');
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/began with another recipe/);
  });

  test('but not with another seed', async () => {
    const { code, stderr } = await train(policy, '--resume', '--seed', '77');
    expect(code).toBe(2);
    expect(stderr).toMatch(/began with another seed/);
  });
});

describe('a learning rate of 1e30 under continue', () => {
  test('ends as told; the last finite checkpoint stays, the others say that they are not', async () => {
    const { code } = await train('continue', '--config', 'continue.json');
    expect(code).toBe(0);
    const [finite, ...rest] = await metadataOf('continue');
    expect(finite!.finite).toBe('true');
    expect(rest).toHaveLength(2);
    for (const { finite, notFinite } of rest) {
      expect(finite).toBe('false');
      expect(JSON.parse(notFinite!)).toMatch(/, (weight|master|moment1|moment2)$/);
    }
    expect((await stepsSaved('continue')).slice(1)).toEqual([11, 12]);
  });

  test('and is what the run is read from', async () => {
    const { stdout } = await octavo(['train', '--resume', '--out', 'continue', '--json'], folder);
    const [last] = await stepsSaved('continue');
    expect(lines(stdout)[0]).toMatchObject({
      event: 'warning',
      message: expect.stringMatching(/step-00000012\.arrow is not finite \(first in .*\); .*is used/),
    });
    expect(lines(stdout)[1]).toMatchObject({ event: 'start', resumedFrom: last });
  });
});
