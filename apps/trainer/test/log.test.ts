/**
 * @file `octavo train --log`: numbers for other programs, from the first step on and after a resume.
 * @module-tag slow
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { babble, lines, octavo } from './support.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-log-'));
  writeFileSync(join(folder, 'text.txt'), babble(2000));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (...more: string[]) =>
  octavo(
    ['train', '--out', 'run', '--device', 'simd', '--batch', '2', '--sequence', '32', '--json', ...more],
    folder,
  );
const written = (): string[] => {
  const at = join(folder, 'run/tensorboard');
  return readdirSync(at).map((name) => readFileSync(join(at, name), 'latin1'));
};

test('TensorBoard’s files stand in the run’s folder, another one after a resume, and what reads them is said', async () => {
  const { code, stdout, stderr } = await train('--data', 'text.txt', '--steps', '2', '--log', 'tensorboard');
  expect([code, stderr]).toEqual([0, '']);
  expect(lines(stdout).at(-1)).toMatchObject({
    event: 'next',
    command: expect.stringMatching(/^tensorboard --logdir .*run.tensorboard$/),
  });
  expect(written()).toHaveLength(1);
  expect(written()[0]!.match(/train\/loss/g)).toHaveLength(2);
  expect(written()[0]).toContain('held_out/bits_per_byte');
  const resumed = await octavo(
    ['train', '--resume', '--out', 'run', '--steps', '3', '--log', 'trackio', '--json'],
    folder,
  );
  expect(resumed.code).toBe(0);
  expect(written()).toHaveLength(2);
}, 120_000);

test.each([
  ['wandb', 'Got "wandb", which has no living JavaScript client'],
  ['neptune', 'Got "neptune", expected tensorboard, trackio'],
])('%s is refused in one line', async (name, message) => {
  const { code, stderr } = await train('--log', name);
  expect(stderr).toContain(message);
  expect([code, stderr.split('\n').length]).toEqual([2, 2]);
});
