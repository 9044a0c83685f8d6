// @module-tag slow
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { counterRandom } from '@octavo/formats';
import { writeSafetensors } from '@octavo/store';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectSealed, shows } from '../../../tooling/vitest/sealed-page.ts';
import { lines, octavo } from './support.ts';

let folder: string;
const even = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => counterRandom(1, i) / 2 ** 31 - 1);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-inspect-'));
  mkdirSync(join(folder, 'model'));
  const gate = even(5 * 8);
  await writeSafetensors(join(folder, 'model/model.safetensors'), [
    { name: 'layers.2.mlp.gate_proj.weight', dtype: 'F32', shape: [5, 8], data: gate },
    { name: 'layers.2.mlp.up_proj.weight', dtype: 'F32', shape: [5, 8], data: gate.map((x) => -x) },
    { name: 'layers.2.mlp.down_proj.weight', dtype: 'F32', shape: [8, 5], data: even(40) },
    { name: 'bad\u001b[31m', dtype: 'F32', shape: [3], data: Float32Array.of(1, Number.NaN, 2) },
    { name: 'ids', dtype: 'I64', shape: [1], data: new BigInt64Array(1) },
  ]);
  writeFileSync(join(folder, 'model/config.json'), '{"model_type": "of another kind"}');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a folder of any model: a line a tensor, what cannot be measured named, aligned channels', async () => {
  const { code, stdout, stderr } = await octavo(['inspect', 'model', '--top', '2'], folder);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^model: Hugging Face folder, 5 tensors; cast to e4m3fn-current-tensor\n/);
  expect(stdout).toMatch(/^tensor +type +shape +amax +rms +kurtosis +range +SQNR dB +clipped +to zero$/m);
  expect(stdout).toMatch(/^bad\uFFFD\[31m +F32 +\[3\] +2 .* 1 NaN$/m);
  expect(stdout).toMatch(/^ids +I64 +\[1\] +not measured: I64 is no float type$/m);
  expect(stdout).toMatch(
    /^layers\.2\.mlp: mean \|cos\| 1\.000, largest 1\.000, 5 channels of 5 above 0\.9; most aligned: \d \(-1\.000\), \d \(-1\.000\)$/m,
  );
  expect(stdout).toMatch(
    /smoothing by 2\^-?\d+ to 2\^-?\d+: up [\d.]+ → [\d.]+ dB, down [\d.]+ → [\d.]+ dB\n\n4 tensors measured, 123 elements\n$/,
  );
  expect(stdout).not.toContain('\u001b');
});

test('--json: the same as objects, all channels’ cosines and scales', async () => {
  const { code, stdout } = await octavo(['inspect', 'model', '--granularity', 'mx', '--json'], folder);
  expect(code).toBe(0);
  const said = lines(stdout);
  expect(said.map(({ event }) => event)).toEqual([
    'start',
    ...Array<string>(5).fill('tensor'),
    'swiglu',
    'end',
  ]);
  expect(said[0]).toMatchObject({ tensors: 5, cast: 'e4m3fn-current-p2-mx' });
  const bad = said.find(({ name }) => name === 'bad\u001b[31m');
  expect(bad).toMatchObject({ amax: 2, nans: 1, elements: 3, kurtosis: 1.36, scales: 1, scale: 128 });
  expect(said.find(({ name }) => name === 'ids')).toMatchObject({
    skipped: 'I64 is no float type',
    elements: 1,
  });
  const swiglu = said.find(({ event }) => event === 'swiglu');
  expect(swiglu).toMatchObject({
    layer: 2,
    channels: 5,
    aligned: 5,
    cosines: Array(5).fill(expect.closeTo(-1, 12)),
  });
  expect((swiglu!.smoothing as { scales: number[] }).scales).toHaveLength(5);
  expect(said.at(-1)).toMatchObject({ tensors: 5, measured: 4, elements: 123 });
});

test('--out: Arrow files with the same figures; made anew, but nothing else is replaced', async () => {
  const args = ['inspect', 'model', '--format', 'e5m2', '--out', 'found/here'];
  expect((await octavo(['inspect', 'model', '--out', 'found/here'], folder)).code).toBe(0);
  const { code, stdout } = await octavo([...args, '--json'], folder);
  expect(code).toBe(0);
  const said = lines(stdout);
  const files = ['tensors.arrow', 'swiglus.arrow', 'channels.arrow'];
  expect(said.at(-1)).toMatchObject({ out: 'found/here', written: [...files, 'report.html'] });
  const page = readFileSync(join(folder, 'found/here/report.html'), 'utf8');
  expectSealed(page);
  shows(page, 'octavo inspect model --format e5m2 --out found/here');
  shows(page, '5 SwiGLU channels are aligned beyond 0.9');
  const rowsOf = (file: string): Record<string, unknown>[] =>
    [...tableFromIPC(readFileSync(join(folder, 'found/here', file)))].map((row) => ({ ...row }));
  const [tensors, swiglus, channels] = files.map(rowsOf);
  const spoken = said.filter(({ event }) => event === 'tensor');
  expect(tensors).toHaveLength(5);
  for (const [i, row] of tensors!.entries()) {
    const {
      name,
      amax = null,
      rms = null,
      sqnr = null,
      dynamicRange = null,
      shape,
      nans = null,
    } = spoken[i]!;
    expect(row).toMatchObject({ name, amax, rms, dynamic_range: dynamicRange });
    expect(row.sqnr).toBe(sqnr === 'Infinity' ? Number.POSITIVE_INFINITY : sqnr);
    expect(row.shape).toBe(JSON.stringify(shape));
    expect(row.nans === null ? null : Number(row.nans)).toBe(nans);
  }
  const swiglu = said.find(({ event }) => event === 'swiglu') as {
    cosines: number[];
    smoothing: { scales: number[] };
  };
  expect(swiglus).toMatchObject([{ place: 'layers.2.mlp', layer: 2, abs_cosine_max: expect.closeTo(1, 12) }]);
  expect(channels!.map(({ cosine }) => cosine)).toEqual(swiglu.cosines);
  expect(channels!.map(({ smoothing }) => smoothing)).toEqual(swiglu.smoothing.scales);
  const { metadata, fields } = tableFromIPC(readFileSync(join(folder, 'found/here/tensors.arrow'))).schema;
  expect(Object.fromEntries(metadata)).toMatchObject({ model: 'model', cast: 'e5m2-current-tensor' });
  expect(fields.find(({ name }) => name === 'sqnr')!.metadata.get('unit')).toBe('decibels');
  const other = await octavo([...args.slice(0, -1), 'model'], folder);
  expect([other.code, other.stdout]).toEqual([2, '']);
  expect(other.stderr).toMatch(/^octavo: \[store\] model holds other files[^\n]*\n$/);
});

describe('what is wrong is one line, exit code 2', () => {
  test.each<[args: string[], said: RegExp]>([
    [['nowhere'], /nowhere cannot be read: got no such file or folder, expected a model/],
    [['model/config.json'], /holds no tensors: got a file "\.json"/],
    [['model', '--format', 'fp9'], /format: got "fp9", expected one of e4m3fn/],
    [['model', '--granularity', 'lane'], /granularity: got "lane", expected one of tensor, row/],
    [['model', '--policy', 'guess'], /policy: got "guess", expected one of current/],
    [['model', '--top', '0'], /Got "0", expected an integer/],
  ])('%o', async (args, said) => {
    const { code, stdout, stderr } = await octavo(['inspect', ...args], folder);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(said);
    expect(stderr).toMatch(/^octavo: [^\n]+\n$/);
  });
});
