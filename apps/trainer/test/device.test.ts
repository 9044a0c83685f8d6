/**
 * @file `--device` from outside: what is said, what `run.json` keeps, what a resumed run goes on with.
 * @module-tag slow
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceChoice } from '@octavo/trainer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { babble, lines, type Outcome, octavo } from './support.ts';

const model = { vocabularySize: 256, hiddenSize: 16, layers: 1, heads: 2, keyValueHeads: 1, ffnSize: 24 };
const config = {
  model: { ...model, contextLength: 32 },
  recipe: 'bf16',
  data: { train: 'text.txt', heldOut: 0.1 },
  batch: 2,
  sequence: 16,
  threads: 1,
  out: 'run',
  evaluateTokens: 64,
};
/** An input and a weight of each of the block's four products. */
const CASTS = 8;

let folder: string;
let first: Outcome;
beforeAll(async () => {
  process.env.VK_DRIVER_FILES = join(tmpdir(), 'no-such-driver.json'); // Vulkan finds nothing; other systems may have a GPU
  folder = mkdtempSync(join(tmpdir(), 'octavo-device-'));
  writeFileSync(join(folder, 'text.txt'), babble(2000));
  writeFileSync(join(folder, 'tiny.json'), JSON.stringify(config));
  first = await train('--steps', '1', '--device', 'gpu');
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

const train = (...options: readonly string[]): Promise<Outcome> =>
  octavo(['train', '--json', '--config', 'tiny.json', ...options], folder);
const choice = (): DeviceChoice =>
  (JSON.parse(readFileSync(join(folder, 'run', 'run.json'), 'utf8')) as { facts: { choice: DeviceChoice } })
    .facts.choice;
const start = ({ stdout }: Outcome): Record<string, unknown> =>
  lines(stdout).find(({ event }) => event === 'start')!;

it('gpu where none answers: one line, no driver’s noise, goes on as auto', () => {
  expect(first.code, first.stderr).toBe(0);
  expect(first.stderr).toBe('');
  expect(choice().asked).toBe('gpu');
  if (choice().taken === 'gpu:webgpu') return; // a GPU that needs no Vulkan
  expect(choice()).toMatchObject({ taken: 'simd', tried: [], dropped: [{ device: 'gpu:webgpu' }] });
  expect(start(first).deviceChoice).toBe(choice().said);
  expect(choice().said).toMatch(/^--device gpu: .+; goes on as --device auto, on simd$/);
});

it('gpu:webgpu where none answers: an error of one line', async () => {
  const { code, stderr } = await octavo(['eval', 'run', '--device', 'gpu:webgpu'], folder);
  if (choice().taken === 'gpu:webgpu') return;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^octavo: \[trainer\] device gpu:webgpu: [^\n]+ --device simd, [^\n]+\n$/);
});

it('a resumed run stays where it was, unless it is told otherwise', async () => {
  const before = choice();
  const resumed = await train('--resume', '--steps', '2');
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(start(resumed)).toMatchObject({ device: start(first).device, deviceChoice: null });
  expect(choice()).toEqual(before);

  const other = await train('--resume', '--steps', '3', '--device', 'reference');
  expect(other.code, other.stderr).toBe(0);
  expect(choice()).toMatchObject({ asked: 'reference', taken: 'reference', said: null });
  expect(lines(other.stdout).some(({ message }) => /its last bits may differ/.test(String(message)))).toBe(
    true,
  );
});

it('another recipe than the run’s: eval and generate say in one line which scales have no history', async () => {
  const recipe = ['--recipe', 'fp8', '--device', 'simd'];
  const said = new RegExp(`note: recipe fp8: ${CASTS} of ${CASTS} casts have no history [^\\n]+\\n`);
  const evaluated = await octavo(['eval', 'run', ...recipe], folder);
  expect(evaluated.stdout).toMatch(said);
  expect(evaluated.stdout).toMatch(/calibrated on \d batch/);
  const generated = await octavo(['generate', 'run', ...recipe, '--prompt', 'a', '--tokens', '2'], folder);
  expect(generated.stderr).toMatch(new RegExp(`^octavo: ${said.source}$`));
  const own = await octavo(['generate', 'run', '--device', 'simd', '--prompt', 'a', '--tokens', '2'], folder);
  expect(own.stderr).toBe('');
});
