/** @file Every float type of safetensors against bytes made by hand, and all of its codes there and back. */
import { join } from 'node:path';
import { decode } from '@octavo/formats';
import { expect, test } from 'vitest';
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  type SafetensorsType,
  safetensorsFormats,
  safetensorsTypes,
  writeSafetensors,
} from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const bytes = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(hex.replace(/ /g, ''), 'hex'));

/** Written down from the formats' specifications; little-endian, elements of less than a byte from the lowest bit up. */
const HAND_MADE: readonly (readonly [SafetensorsType, string, readonly number[]])[] = [
  ['F8_E4M3', '38 c0 01 7e fe 80 7f', [1, -2, 2 ** -9, 448, -448, -0, Number.NaN]],
  ['F8_E5M2', '3c c0 01 7b 7c 80', [1, -2, 2 ** -16, 57344, Number.POSITIVE_INFINITY, -0]],
  ['F8_E4M3FNUZ', '40 c8 01 7f 80', [1, -2, 2 ** -10, 240, Number.NaN]],
  ['F8_E5M2FNUZ', '40 c4 01 7f 80', [1, -2, 2 ** -17, 57344, Number.NaN]],
  ['F8_E8M0', '7f 80 00 fe ff', [1, 2, 2 ** -127, 2 ** 127, Number.NaN]],
  // codes 0 1 2 3 4 5 6 7 and 9 f
  ['F4', '10 32 54 76 f9', [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.5, -6]],
  // codes 1, 8, 31, 63: 000001 001000 011111 111111
  ['F6_E2M3', '01 f2 fd', [2 ** -3, 1, 7.5, -7.5]],
  ['F6_E3M2', '01 f2 fd', [2 ** -4, 0.5, 28, -28]],
  ['F16', '003c 00c0 0100 ff7b 007c', [1, -2, 2 ** -24, 65504, Number.POSITIVE_INFINITY]],
  ['BF16', '803f 00c0 0100 7f7f', [1, -2, 2 ** -133, (2 - 2 ** -7) * 2 ** 127]],
  ['F32', '0000803f 000000c0 01000000', [1, -2, 2 ** -149]],
  ['F64', '000000000000f03f 9a9999999999b9bf', [1, -0.1]],
];

test('the types are all the float types there are', () => {
  const floats = Object.keys(safetensorsTypes).filter((name) => /^(B?F\d)/.test(name));
  expect(HAND_MADE.map(([dtype]) => dtype).sort()).toEqual(floats.sort());
  expect([...Object.keys(safetensorsFormats), 'F64'].sort()).toEqual(floats.sort());
});

test.each(HAND_MADE)('%s: %s', async (dtype, hex, values) => {
  const data = bytes(hex);
  expect([...decodeSafetensors(dtype, data)]).toEqual(values);
  expect(Buffer.from(encodeSafetensors(dtype, values)).toString('hex')).toBe(hex.replace(/ /g, ''));
  const path = join(folder, `${dtype}.safetensors`);
  await writeSafetensors(path, [
    { name: 'a', dtype, shape: [values.length], data: encodeSafetensors(dtype, values) },
  ]);
  const { tensors } = await readSafetensors(path);
  expect([...decodeSafetensors(dtype, tensors[0]!.data)]).toEqual(values);
});

test.each(Object.entries(safetensorsFormats).filter(([, { bits }]) => bits <= 16))(
  '%s: every code is its number, and every number its code',
  (name, format) => {
    const dtype = name as SafetensorsType;
    const codes = Array.from({ length: 2 ** format.bits }, (_, code) => code);
    const numbers = codes.map((code) => decode(format, code));
    const stream = encodeSafetensors(dtype, numbers) as Uint8Array<ArrayBuffer>;
    expect(stream.byteLength).toBe((codes.length * format.bits) / 8);
    expect([...decodeSafetensors(dtype, stream)]).toEqual(numbers);
    // The stream of bits, read as one number.
    const whole = BigInt(`0x${Buffer.from(stream).reverse().toString('hex')}`);
    for (const code of codes.slice(0, 64)) {
      const found = Number((whole >> BigInt(code * format.bits)) & BigInt(2 ** format.bits - 1));
      if (!Number.isNaN(numbers[code])) expect(found).toBe(code);
    }
  },
);

test('numbers between two codes go to the nearer, ties to even, once; beyond the largest to it or infinity', () => {
  const cast = (dtype: SafetensorsType, x: number): number =>
    decodeSafetensors(dtype, encodeSafetensors(dtype, [x, 0, 0, 0]) as Uint8Array<ArrayBuffer>)[0]!;
  expect(cast('F8_E4M3', 1.0625 + 2 ** -30)).toBe(1.125);
  expect(cast('BF16', 1 + 2 ** -8)).toBe(1);
  expect(cast('F8_E4M3', 1e9)).toBe(448);
  expect(cast('F4', -9)).toBe(-6);
  expect(cast('F16', 65520)).toBe(Number.POSITIVE_INFINITY);
  expect(cast('F64', 0.1)).toBe(0.1);
});

test('integers are no floats', () => {
  expect(() => decodeSafetensors('I8', new Uint8Array(1))).toThrow(/"I8" is no float type of safetensors/);
  expect(() => encodeSafetensors('U64', [1])).toThrow(/"U64" is no float type/);
});
