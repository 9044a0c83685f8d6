/** @file What a checkpoint is: its columns, its rows and the checksum of a row. */
import { type Column, column } from '../arrow/column.ts';
import type { Metadata } from '../arrow/metadata.ts';
import type { Crc32c } from '../checksums.ts';
import type { ExtraFormats } from '../element-bits.ts';

/** The value of `octavo.layout` in a checkpoint of this version. */
export const CHECKPOINT_LAYOUT = 'checkpoint/1';
/** Most bytes of data in one row; longer tensors take several. A multiple of 8. */
export const CHUNK_BYTES = 16 * 2 ** 20;
export const MAX_NAME = 4096;

/** One row a tensor, or a chunk of one. `data` stands last: an index is read without it. */
export const checkpointColumns: readonly Column[] = [
  column('name', 'utf8', 'Name of the tensor; name and role together stand once.'),
  column('role', 'utf8', 'What it is: weight, master, moment1, moment2, amax-history.'),
  column('format', 'utf8', 'Number format of the codes in data.'),
  column('shape', 'list<int64>', 'Shape of the whole tensor, row-major.', 'elements'),
  column('chunk', 'int32', 'Which part of the tensor’s data this row has, the first is 0.', 'index'),
  column('chunks', 'int32', 'In how many rows the tensor stands.', 'rows'),
  column(
    'scale',
    'list<float32>',
    'What the values were multiplied by before the cast: a value is its code’s number divided by this; empty where there is none, and in all rows but a tensor’s first.',
    '1 (factor)',
  ),
  column(
    'crc32c',
    'uint32',
    'CRC-32C of the row: its other columns in a canonical rendering, its scales, its data.',
    'checksum',
  ),
  column('data', 'binary', 'The codes, little-endian, packed without gaps.', 'bytes'),
];

/** A tensor without its values. Name and role together are unique in a checkpoint. */
export interface TensorDescription {
  readonly name: string;
  /** What it is: weight, master, moment1, moment2, amax-history, rng, … */
  readonly role: string;
  /** Name of its number format: one of `@octavo/formats`, uint8 … int64, fp64, or one passed as an option. */
  readonly format: string;
  readonly shape: readonly number[];
}

/** A tensor to write. */
export interface TensorRecord extends TensorDescription {
  /** Scales, as the caller means them; empty where there is none (default). */
  readonly scale?: ArrayLike<number>;
  /** The codes, little-endian, row-major, packed: `⌈elements · bits / 8⌉` bytes. */
  readonly data: ArrayBufferView;
}

/** A tensor that was read; `data` begins at the start of memory of its own. */
export interface StoredTensor extends TensorDescription {
  readonly scale: Float32Array;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** A tensor in the index: what it is and how many bytes it has. */
export interface IndexedTensor extends TensorDescription {
  readonly byteLength: number;
}

/** An open checkpoint. Tensors are read when asked for; close it afterwards. */
export interface Checkpoint {
  readonly path: string;
  /** The caller's strings, checked against their CRC. */
  readonly metadata: Metadata;
  /** All tensors in the order they were written, without their values. */
  readonly tensors: readonly IndexedTensor[];
  has(name: string, role: string): boolean;
  /** Reads and checks one tensor. Throws an `OctavoError` where there is none such, or a row of it is altered. */
  read(name: string, role: string): Promise<StoredTensor>;
  /** All tensors in order, one in memory at a time. */
  all(): AsyncGenerator<StoredTensor>;
  close(): Promise<void>;
}

export interface CheckpointOptions {
  /** Formats besides the known ones. */
  readonly formats?: ExtraFormats;
}

/** The columns of a row other than scale, crc32c and data. */
export interface RowHead extends TensorDescription {
  readonly chunk: number;
  readonly chunks: number;
}

/** CRC-32C of a row: every other column in a canonical rendering, the bytes of its float32 scales, its data. */
export function rowCrc(crc: Crc32c, head: RowHead, scales: Uint8Array, data: Uint8Array): number {
  const { name, role, format, shape, chunk, chunks } = head;
  const text = JSON.stringify([
    name,
    role,
    format,
    shape,
    chunk,
    chunks,
    scales.byteLength / 4,
    data.byteLength,
  ]);
  return crc(new TextEncoder().encode(text), scales, data);
}
