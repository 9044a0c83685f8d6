/** @file Changes of a tensor that lose nothing, as functions of the record that is written: others take its place. */
import { encodeSafetensors, type SafetensorsRecord, type SafetensorsType } from '@octavo/store';
import { numbersOf } from '../quantize/matrix.ts';

export type Mend = (record: SafetensorsRecord) => readonly SafetensorsRecord[];

/** Rows `[from, to)` of a tensor under a name of their own. */
export interface Part {
  readonly name: string;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

const bytesOf = async ({ data }: SafetensorsRecord): Promise<Uint8Array<ArrayBuffer>> => {
  const { buffer, byteOffset, byteLength } = typeof data === 'function' ? await data() : data;
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
};

export const renamed =
  (name: string): Mend =>
  (record) => [{ ...record, name }];

/** The same bytes in another shape. */
export const reshaped =
  (shape: readonly number[]): Mend =>
  (record) => [{ ...record, shape }];

/** The same bytes by another type's name. */
export const retyped =
  (dtype: SafetensorsType): Mend =>
  (record) => [{ ...record, dtype }];

export const removed: Mend = () => [];

/** One number for all. */
export const repeated =
  (shape: readonly number[]): Mend =>
  (record) => [
    {
      ...{ ...record, shape },
      async data() {
        const one = await bytesOf(record);
        const all = new Uint8Array(one.length * shape.reduce((a, b) => a * b, 1));
        for (let at = 0; at < all.length; at += one.length) all.set(one, at);
        return all;
      },
    },
  ];

/** Each number by another. */
const mapped =
  (of: (value: number) => number): Mend =>
  (record) => [
    {
      ...{ ...record, dtype: 'F32' },
      data: async () => {
        const { dtype, shape } = record;
        return encodeSafetensors('F32', numbersOf({ dtype, shape, data: await bytesOf(record) }).map(of));
      },
    },
  ];

/** Each number's reciprocal, in float32. */
export const inverted = mapped((value) => 1 / value);

/** The same numbers in float32. */
export const inFloat32 = mapped((value) => value);

/** Pieces of the `rows` that a tensor has. */
export const cut =
  (rows: number, parts: readonly Part[]): Mend =>
  (record) =>
    parts.map(({ name, shape, from, to }) => ({
      ...{ ...record, name, shape },
      async data() {
        const bytes = await bytesOf(record);
        const width = bytes.length / rows;
        return bytes.slice(from * width, to * width);
      },
    }));
