/** @file `--device` from outside: what is said, what `run.json` keeps, what a resumed run goes on with. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceChoice } from '@octavo/trainer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { babble, lines, octavo } from './support.ts';

let folder: string;
beforeAll(() => {
  process.env.VK_DRIVER_FILES = join(tmpdir(), 'no-such-driver.json'); // Vulkan finds nothing; other systems may have a GPU
  folder = mkdtempSync(join(tmpdir(), 'octavo-device-'));
  writeFileSync(join(folder, 'text.txt'), babble(2000));
});
afterAll(() => rmSync(folder, { recursive: true }));

const choiceOf = (run: string): DeviceChoice =>
  (JSON.parse(readFileSync(join(folder, run, 'run.json'), 'utf8')) as { facts: { choice: DeviceChoice } })
    .facts.choice;
const start = (stdout: string): Record<string, unknown> =>
  lines(stdout).find(({ event }) => event === 'start')!;

it('gpu where none answers: one line, no driver’s noise, goes on as auto; resumed, it stays where it was', async () => {
  const train = [
    'train',
    '--json',
    '--recipe',
    'bf16',
    '--data',
    'text.txt',
    '--out',
    'run',
    '--threads',
    '1',
  ];
  const first = await octavo([...train, '--steps', '1', '--device', 'gpu'], folder);
  expect(first.code, first.stderr).toBe(0);
  expect(first.stderr).toBe('');
  const choice = choiceOf('run');
  expect(choice.asked).toBe('gpu');
  if (choice.taken === 'gpu:webgpu') return; // a GPU that needs no Vulkan
  expect(choice).toMatchObject({ taken: 'simd', tried: [], dropped: [{ device: 'gpu:webgpu' }] });
  expect(start(first.stdout).deviceChoice).toBe(choice.said);
  expect(choice.said).toMatch(/^--device gpu: .+; goes on as --device auto, on simd$/);

  const second = await octavo(['train', '--json', '--resume', '--out', 'run', '--steps', '2'], folder);
  expect(second.code, second.stderr).toBe(0);
  expect(start(second.stdout)).toMatchObject({ device: start(first.stdout).device, deviceChoice: null });
  expect(choiceOf('run')).toEqual(choice);

  const other = ['train', '--json', '--resume', '--out', 'run', '--steps', '3', '--device', 'reference'];
  const third = await octavo(other, folder);
  expect(third.code, third.stderr).toBe(0);
  expect(choiceOf('run')).toMatchObject({ asked: 'reference', taken: 'reference', said: null });
  expect(lines(third.stdout).some(({ message }) => /its last bits may differ/.test(String(message)))).toBe(
    true,
  );

  // Another recipe than the run's: delayed scales have no history, and it is said.
  const evaluated = await octavo(
    ['eval', 'run', '--recipe', 'fp8', '--tokens', '600', '--device', 'simd'],
    folder,
  );
  expect(evaluated.stdout).toMatch(
    /^note: recipe fp8: 32 of 32 casts have no history .* calibrated on 1 batch of text\n/,
  );
  const generated = await octavo(
    ['generate', 'run', '--recipe', 'fp8', '--prompt', 'a', '--tokens', '2', '--device', 'simd'],
    folder,
  );
  expect(generated.stderr).toMatch(/^octavo: note: recipe fp8: 32 of 32 casts have no history [^\n]+\n$/);

  const webgpu = await octavo(['eval', 'run', '--device', 'gpu:webgpu'], folder);
  expect(webgpu.code).toBe(1);
  expect(webgpu.stderr).toMatch(/^octavo: \[trainer\] device gpu:webgpu: [^\n]+ --device simd, [^\n]+\n$/);
});
