// @module-tag slow
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listCheckpoints, readStatistics } from '@octavo/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lines, octavo } from './support.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-guard-'));
  const text = Array.from({ length: 9000 }, (_, i) => 'etaoin shrdlu'[(i * i + (i >> 4)) % 13]).join('');
  writeFileSync(join(folder, 'text.txt'), text);
  const model = { hiddenSize: 32, layers: 2, heads: 2, keyValueHeads: 1, ffnSize: 48, contextLength: 32 };
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({
      model: { vocabularySize: 256, ...model },
      // Scales 2^6 too large: every input is clipped, which the guard sees on the first sample that it judges.
      recipe: { extends: 'fp8', linear: { output: { input: { policy: { kind: 'delayed', margin: -6 } } } } },
      data: { train: 'text.txt', heldOut: 0.1 },
      ...{ batch: 2, sequence: 32, steps: 30, checkpointEvery: 0, sampleEvery: 10, evaluateTokens: 64 },
      ...{ device: 'simd', threads: 1 },
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (...more: string[]) => octavo(['train', '--config', 'config.json', ...more], folder);

test('stop: a checkpoint, exit code 1, one line that says why and how to go on; switch goes on and smooths', async () => {
  const first = await train('--guard', 'stop', '--out', 'run', '--json');
  expect(first.code).toBe(1);
  expect(first.stderr).toMatch(
    /^octavo: \[run\] the guard stopped the run after step 21, which is saved: layer 0, down, input \(SwiGLU's output\): [\d.]+ % of its elements clipped \(limit 1 %\) \(and \d+ more\); go on with Smooth-SwiGLU for what was named by octavo train --resume --out run --guard switch, or [^\n]+\n$/,
  );
  const events = lines(first.stdout);
  expect(events.find((e) => e.event === 'guard' && e.site === 'down')).toMatchObject({
    ...{ step: 21, layer: 0, operand: 'input', rule: 'overflow', limit: 0.01, recipe: 'fp8-smooth' },
    advice: 'what holds: Smooth-SwiGLU for layer 0, or recipe fp8-smooth',
  });
  expect(events.at(-1)).toMatchObject({ event: 'end', reason: 'stopped', step: 21 });
  expect((await listCheckpoints(join(folder, 'run', 'checkpoints'))).map(({ step }) => step)).toEqual([21]);

  const second = await octavo(['train', '--resume', '--out', 'run', '--guard', 'switch', '--json'], folder);
  expect(second.code).toBe(0);
  const switched = lines(second.stdout).filter((e) => e.event === 'guard' && e.switched);
  expect(switched.map(({ step, layer, site, advice }) => [step, layer, site, advice])).toEqual(
    [0, 1].map((l) => [22, l, 'down', `Smooth-SwiGLU is on for layer ${l} from this step on`]),
  );
  const table = await readStatistics(join(folder, 'run', 'guard.arrow'));
  const rows = table.toArray().map((row) => row.toJSON());
  expect(rows.filter(({ switched }) => switched).map(({ step, layer }) => [step, layer])).toEqual([
    [22, 0],
    [22, 1],
  ]);
  const third = await octavo(['train', '--resume', '--out', 'run'], folder);
  expect(third.stdout).toMatch(/^recipe .*; Smooth-SwiGLU switched on for layer 0, 1$/m);
  // A checkpoint of the run is evaluated with the layers smoothed that the run has smoothed.
  const last = lines(second.stdout).filter((e) => e.event === 'evaluation');
  const evaluated = await octavo(['eval', 'run', '--device', 'simd', '--json'], folder);
  expect(lines(evaluated.stdout)[0]!.loss).toBe(last.at(-1)!.loss);
});

test('warn is the default, off says nothing, another word is refused', async () => {
  const warned = await train('--out', 'warned');
  expect(warned.code).toBe(0);
  expect(warned.stdout).toMatch(
    /\nguard: step 21, layer 0, down, input [^\n]*; what holds: Smooth-SwiGLU for layer 0, or recipe fp8-smooth\n/,
  );
  const off = await train('--out', 'off', '--guard', 'off');
  expect(off.stdout).not.toMatch(/guard/);
  const refused = await train('--out', 'refused', '--guard', 'maybe');
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringMatching(/--guard.*maybe.*one of off, warn, stop, switch/),
  ]);
});
