import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { describe, expect, test } from 'vitest';
import {
  openSafetensors,
  readSafetensors,
  type SafetensorsRecord,
  type SafetensorsType,
  safetensorsTypes,
  writeSafetensors,
} from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();

/** Written by the Python package safetensors 0.8.0: `save({b, a, c, e}, {'format': 'np', 'ключ': '✓'})`. */
const reference = Buffer.from(
  'EAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJucCIsItC60LvRjtGHIjoi4pyTIn0sImMiOnsiZHR5cGUiOiJJNjQiLCJzaGFwZSI6' +
    'W10sImRhdGFfb2Zmc2V0cyI6WzAsOF19LCJiIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbOCwyMF19LCJlIjp7' +
    'ImR0eXBlIjoiRjE2Iiwic2hhcGUiOlswLDNdLCJkYXRhX29mZnNldHMiOlsyMCwyMF19LCJhIjp7ImR0eXBlIjoiVTgiLCJzaGFwZSI6WzIsMl0s' +
    'ImRhdGFfb2Zmc2V0cyI6WzIwLDI0XX19ICAgIAcAAAAAAAAAAADAPwAAAMAAAFBAAQIDBA==',
  'base64',
);
const metadata = { format: 'np', ключ: '✓' };
const records: readonly SafetensorsRecord[] = [
  { name: 'b', dtype: 'F32', shape: [3], data: Float32Array.of(1.5, -2, 3.25) },
  { name: 'a', dtype: 'U8', shape: [2, 2], data: Uint8Array.of(1, 2, 3, 4) },
  { name: 'c', dtype: 'I64', shape: [], data: BigInt64Array.of(7n) },
  { name: 'e', dtype: 'F16', shape: [0, 3], data: async () => new Uint16Array(0) },
];

test('what the reference implementation writes is read', async () => {
  const path = join(folder, 'reference.safetensors');
  writeFileSync(path, reference);
  const file = await readSafetensors(path);
  expect(file.metadata).toEqual(metadata);
  expect(file.tensors.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
    ['c', 'I64', []],
    ['b', 'F32', [3]],
    ['e', 'F16', [0, 3]],
    ['a', 'U8', [2, 2]],
  ]);
  expect(new BigInt64Array(file.tensors[0]!.data.buffer)).toEqual(BigInt64Array.of(7n));
  expect(new Float32Array(file.tensors[1]!.data.buffer)).toEqual(Float32Array.of(1.5, -2, 3.25));
  expect([...file.tensors[3]!.data]).toEqual([1, 2, 3, 4]);
});

test('what we write is what the reference implementation writes, to the byte', async () => {
  const path = join(folder, 'ours.safetensors');
  await writeSafetensors(path, records, metadata);
  expect(readFileSync(path).equals(reference)).toBe(true);
  const opened = await openSafetensors(path);
  expect(opened.has('b')).toBe(true);
  expect([...(await opened.read('a')).data]).toEqual([1, 2, 3, 4]);
  await expect(opened.read('z')).rejects.toThrow(/lacks a tensor: got no "z" among 4/);
  await opened.close();
});

/** A file with this header and this many bytes of data. */
function handMade(header: string, dataBytes: number, length?: bigint): Buffer {
  const text = Buffer.from(header);
  const file = Buffer.alloc(8 + text.byteLength + dataBytes);
  file.writeBigUInt64LE(length ?? BigInt(text.byteLength));
  text.copy(file, 8);
  return file;
}
const empty = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}';
const one = (fields: string): string => `{"a":{${fields}}}`;

describe('hostile headers', () => {
  test.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /got 0 bytes/],
    ['huge length', handMade('{}', 0, 2n ** 63n), /header of 9223372036854776000 bytes, expected 2 to 2/],
    ['length past the end', handMade('{}', 0, 3n), /expected 2 to 2/],
    ['no JSON', handMade('{"a":', 0), /header is not JSON/],
    ['array', handMade('[1]', 0), /not an object/],
    ['leading space', handMade(' {}', 0), /not an object/],
    ['no UTF-8', handMade('{}', 0, 2n).fill(0xff, 9), /not JSON/],
    ['metadata of numbers', handMade('{"__metadata__":{"a":1}}', 0), /not made of strings/],
    ['tensor of null', handMade('{"a":null}', 0), /"a" is not an object/],
    ['no type', handMade(one('"dtype":8,"shape":[],"data_offsets":[0,4]'), 4), /"a" has no type/],
    ['half a byte', handMade(one('"dtype":"F4","shape":[3],"data_offsets":[0,2]'), 2), /12 bits of F4/],
    ['a name twice', handMade(`{"a":${empty},"\\u0061":${empty}}`, 0), /"a" stands twice in its header/],
    [
      'a field twice',
      handMade(one('"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]'), 0),
      /"dtype" stands twice/,
    ],
    [
      'a name of control characters',
      handMade(`{"a\\n\\u001b[2J\\u009b":{"dtype":"U8","shape":[7],"data_offsets":[0,0]}}`, 0),
      /"a\\n\\u001b\[2J\\u009b" doesn't fit/,
    ],
    ['no shape', handMade(one('"dtype":"F32","data_offsets":[0,4]'), 4), /no shape/],
    ['negative axis', handMade(one('"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]'), 4), /impossible/],
    ['fraction', handMade(one('"dtype":"F32","shape":[0.5,2],"data_offsets":[0,4]'), 4), /impossible/],
    [
      'overflow',
      handMade(one('"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]'), 0),
      /impossible/,
    ],
    ['no offsets', handMade(one('"dtype":"F32","shape":[1]'), 4), /no data_offsets/],
    ['backwards', handMade(one('"dtype":"F32","shape":[0],"data_offsets":[4,0]'), 4), /doesn't fit/],
    ['too short', handMade(one('"dtype":"F32","shape":[2],"data_offsets":[0,8]'), 4), /8 bytes within 4/],
    ['wrong size', handMade(one('"dtype":"F32","shape":[2],"data_offsets":[0,4]'), 4), /doesn't fit/],
    [
      'trailing data',
      handMade(one('"dtype":"F32","shape":[1],"data_offsets":[0,4]'), 5),
      /got 5 bytes of data, expected 4/,
    ],
    ['gap', handMade(one('"dtype":"F32","shape":[1],"data_offsets":[4,8]'), 8), /leaves a gap/],
    [
      'overlap',
      handMade(
        '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}',
        6,
      ),
      /"b" overlaps/,
    ],
  ])('%s', async (name, file, message) => {
    const path = join(folder, `${name}.safetensors`);
    writeFileSync(path, file);
    const failure = await readSafetensors(path).catch((error: unknown) => error);
    expect(OctavoError.is(failure)).toBe(true);
    expect(String(failure)).toMatch(message);
    expect(String(failure)).not.toMatch(/\n/);
  });
});

test('all types of the format are known; of another one only that tensor is refused', async () => {
  const path = join(folder, 'types.safetensors');
  const types = Object.entries(safetensorsTypes);
  const names =
    'BOOL U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ I16 U16 F16 BF16 I32 U32 F32 C64 F64 I64 U64';
  expect(new Set(types.map(([name]) => name))).toEqual(
    new Set([...names.split(' '), 'F4', 'F6_E2M3', 'F6_E3M2']),
  );
  await writeSafetensors(
    path,
    types.map(([dtype, bits], i) => ({
      name: dtype,
      dtype: dtype as SafetensorsType,
      shape: [2, 4],
      data: new Uint8Array(bits).fill(i),
    })),
  );
  const { tensors, refused } = await readSafetensors(path);
  expect(refused).toEqual([]);
  for (const { dtype, data } of tensors) {
    const i = types.findIndex(([name]) => name === dtype);
    expect([...data]).toEqual(Array(types[i]![1]).fill(i));
  }
  // As a later version of the format may have it.
  const file = readFileSync(path);
  const at = file.indexOf('"dtype":"BF16"') + '"dtype":"'.length;
  file.write('XY99', at);
  writeFileSync(path, file);
  const opened = await openSafetensors(path);
  expect(opened.tensors.find(({ name }) => name === 'BF16')).toEqual({
    ...{ name: 'BF16', dtype: 'XY99', shape: [2, 4], byteLength: 16 },
  });
  await expect(opened.read('BF16')).rejects.toThrow(
    /tensor "BF16" is of an unknown type: got "XY99", expected one/,
  );
  expect((await opened.read('U16')).data.byteLength).toBe(16);
  await opened.close();
  const again = await readSafetensors(path);
  expect([again.tensors.length, again.refused.map(({ name }) => name)]).toEqual([types.length - 1, ['BF16']]);
});

test('bad tensors are refused and leave nothing behind', async () => {
  const path = join(folder, 'bad', 'x.safetensors');
  await expect(writeSafetensors(path, [records[0]!, records[0]!])).rejects.toThrow(/"b" again/);
  await expect(writeSafetensors(path, [{ ...records[0]!, shape: [4] }])).rejects.toThrow(
    /got 12 bytes, expected 16/,
  );
  await expect(writeSafetensors(path, [{ ...records[0]!, name: '__metadata__' }])).rejects.toThrow(
    /impossible/,
  );
  expect(readdirSync(join(folder, 'bad'))).toEqual([]);
});
