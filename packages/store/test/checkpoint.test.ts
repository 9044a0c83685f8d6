import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { tableFromIPC } from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import {
  checkpointFileName,
  listCheckpoints,
  newestWholeCheckpoint,
  openCheckpoint,
  type StoredTensor,
  type TensorRecord,
  verifyCheckpoint,
  writeCheckpoint,
} from '../src/index.ts';
import { randomFrom } from './random.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const bytes = (length: number, seed: number): Uint8Array => {
  const random = randomFrom(seed);
  return Uint8Array.from({ length }, () => random(256));
};

const tensors: readonly TensorRecord[] = [
  {
    name: 'layers.0.gate',
    role: 'weight',
    format: 'e4m3fn',
    shape: [10, 30],
    scale: [0.5],
    data: bytes(300, 1),
  },
  { name: 'layers.0.gate', role: 'master', format: 'fp16', shape: [10, 30], data: bytes(600, 2) },
  {
    name: 'layers.0.gate',
    role: 'moment2',
    format: 'e2m1',
    shape: [7],
    scale: [1, -0, 2 ** -30],
    data: bytes(4, 3),
  },
  { name: 'step', role: 'rng', format: 'uint32', shape: [], data: Uint32Array.of(7) },
  { name: 'nothing', role: 'weight', format: 'fp32', shape: [0, 5], data: new Float32Array(0) },
  {
    name: 'ключ "é"',
    role: 'amax-history',
    format: 'fp32',
    shape: [2, 16],
    data: new Float32Array(32).fill(3),
  },
];
const metadata = { model: '{"layers":2}', step: '100', ключ: '✓' };
const small = { chunkBytes: 128 };

async function readAll(path: string): Promise<StoredTensor[]> {
  const opened = await openCheckpoint(path);
  try {
    const found: StoredTensor[] = [];
    for await (const tensor of opened.all()) found.push(tensor);
    return found;
  } finally {
    await opened.close();
  }
}

test('tensors, scales and metadata come back, whole or one at a time', async () => {
  const path = join(folder, 'whole.arrow');
  await writeCheckpoint(path, metadata, tensors, small);
  const opened = await openCheckpoint(path);
  expect(opened.metadata).toEqual(metadata);
  expect(opened.tensors.map(({ name, role, byteLength }) => [name, role, byteLength])).toEqual(
    tensors.map(({ name, role, data }) => [name, role, data.byteLength]),
  );
  for (const { name, role, format, shape, scale = [], data } of [...tensors].reverse()) {
    const found = await opened.read(name, role);
    expect(found).toEqual({
      name,
      role,
      format,
      shape,
      scale: Float32Array.from(scale),
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });
    expect(found.data.byteOffset).toBe(0);
  }
  expect(opened.has('layers.0.gate', 'moment1')).toBe(false);
  await expect(opened.read('layers.0.gate', 'moment1')).rejects.toThrow(/lacks a tensor.*moment1/);
  await opened.close();
  expect(await readAll(path)).toHaveLength(tensors.length);
});

test('another reader of Arrow sees the same rows', async () => {
  const path = join(folder, 'foreign.arrow');
  await writeCheckpoint(path, metadata, tensors, small);
  const table = tableFromIPC(readFileSync(path));
  expect(table.schema.metadata.get('model')).toBe('{"layers":2}');
  expect(table.schema.metadata.get('octavo.layout')).toBe('checkpoint/1');
  const rows = [...table].map((row) => row.toJSON());
  expect(rows).toHaveLength(3 + 5 + 1 + 1 + 1 + 1);
  const chunks = rows.filter(({ role }) => role === 'master');
  expect(chunks.map(({ chunk, chunks: of }) => [chunk, of])).toEqual([0, 1, 2, 3, 4].map((i) => [i, 5]));
  expect(Buffer.concat(chunks.map(({ data }) => data))).toEqual(Buffer.from(bytes(600, 2)));
  expect([...rows[8].scale]).toEqual([1, -0, 2 ** -30]);
  expect([...rows[8].shape]).toEqual([7n]);
  // The inside of the file is a stream of its own, as the format asks.
  expect(tableFromIPC(readFileSync(path).subarray(8)).numRows).toBe(rows.length);
});

test('an async generator brings tensors; an empty checkpoint is one', async () => {
  const path = join(folder, 'generated.arrow');
  await writeCheckpoint(
    path,
    {},
    (async function* () {
      for (const tensor of tensors) yield tensor;
    })(),
  );
  expect(await readAll(path)).toHaveLength(tensors.length);
  await writeCheckpoint(path, {}, []);
  expect(await readAll(path)).toEqual([]);
});

describe('bad input is refused in one line and leaves the earlier file', () => {
  const good = tensors[0]!;
  test.each<[string, readonly TensorRecord[], Record<string, string>, RegExp]>([
    ['twice', [good, good], {}, /layers\.0\.gate \(weight\) again/],
    ['short', [{ ...good, data: bytes(299, 0) }], {}, /got 299 bytes, expected 300/],
    ['format', [{ ...good, format: 'e9m9' }], {}, /"e9m9", expected one of .*e4m3fn/],
    ['prototype', [{ ...good, format: 'constructor' }], {}, /format is unknown/],
    ['negative', [{ ...good, shape: [-10, -30] }], {}, /shape is impossible/],
    ['huge', [{ ...good, shape: [2 ** 40, 2 ** 40] }], {}, /shape is impossible/],
    ['axes', [{ ...good, shape: new Array(33).fill(1) }], {}, /too many axes/],
    ['name', [{ ...good, name: '' }], {}, /tensor name is impossible/],
    ['surrogate', [{ ...good, name: 'a\ud800' }], {}, /tensor name is impossible/],
    ['reserved', [good], { 'octavo.layout': 'x' }, /reserved/],
  ])('%s', async (name, records, strings, message) => {
    const inner = join(folder, `bad-${name}`);
    const path = join(inner, checkpointFileName(1));
    await writeCheckpoint(path, { earlier: 'yes' }, [good]);
    const before = readFileSync(path);
    const failure = await writeCheckpoint(path, strings, records).catch((error: unknown) => error);
    expect(OctavoError.is(failure)).toBe(true);
    expect(String(failure)).toMatch(message);
    expect(String(failure)).not.toMatch(/\n/);
    expect(readdirSync(inner)).toEqual(['step-00000001.arrow']);
    expect(readFileSync(path)).toEqual(before);
  });

  test('an exception half way', async () => {
    const path = join(folder, 'half', checkpointFileName(2));
    const failing = (function* () {
      yield tensors[0]!;
      throw new Error('the device is gone');
    })();
    await expect(writeCheckpoint(path, {}, failing)).rejects.toThrow('the device is gone');
    expect(readdirSync(join(folder, 'half'))).toEqual([]);
  });
});

test('formats of one’s own', async () => {
  const path = join(folder, 'own.arrow');
  const formats = { e3m2: { bits: 6 } };
  const record = { name: 'w', role: 'weight', format: 'e3m2', shape: [5], data: bytes(4, 0) };
  await writeCheckpoint(path, {}, [record], { formats });
  await verifyCheckpoint(path, { formats });
  await expect(verifyCheckpoint(path)).rejects.toThrow(/row 0 is damaged: format is unknown: got "e3m2"/);
});

test('the newest whole checkpoint of a folder, and why others are not', async () => {
  const inner = join(folder, 'run');
  expect(await newestWholeCheckpoint(inner)).toEqual({ newest: undefined, skipped: [] });
  for (const step of [100, 20, 3000])
    await writeCheckpoint(join(inner, checkpointFileName(step)), { step: String(step) }, tensors, small);
  const path = join(inner, 'step-00003000.arrow');
  const whole = readFileSync(path);
  writeFileSync(join(inner, '.step-00009000.arrow.1.0123456789ab.octavo-tmp'), whole);
  writeFileSync(join(inner, 'step-9.arrow'), whole);
  expect((await listCheckpoints(inner)).map(({ step }) => step)).toEqual([20, 100, 3000]);
  writeFileSync(path, whole.subarray(0, whole.length >> 1));
  const { newest, skipped } = await newestWholeCheckpoint(inner);
  expect(newest).toEqual({ path: join(inner, 'step-00000100.arrow'), step: 100 });
  expect(skipped).toHaveLength(1);
  expect(skipped[0]!.reason).toMatch(/step-00003000\.arrow is cut off in row \d+: /);
  expect(existsSync(path)).toBe(true);
});

test('an altered row is named', async () => {
  const path = join(folder, 'altered.arrow');
  await writeCheckpoint(path, metadata, tensors, small);
  const file = readFileSync(path);
  const at = file.indexOf(Buffer.from(bytes(600, 2).subarray(256, 300)));
  file[at + 3]! ^= 1;
  writeFileSync(path, file);
  const opened = await openCheckpoint(path);
  await expect(opened.read('layers.0.gate', 'master')).rejects.toThrow(
    /row 5 \(layers\.0\.gate, master\) is altered: got CRC-32C \d+, expected \d+/,
  );
  await opened.read('layers.0.gate', 'weight');
  await opened.close();
});
