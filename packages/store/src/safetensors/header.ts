/** @file The safetensors format: its element types and its header, checked in every number. */
import { quoted } from '@octavo/formats';
import { duplicateKey } from '../duplicate-key.ts';
import { badFile } from '../file-error.ts';

/**
 * Bits of an element by safetensors' name (https://huggingface.co/docs/safetensors, "Format", and `Dtype` of its source,
 * 0.7). Elements of less than a byte are packed; a tensor takes whole bytes.
 */
export const safetensorsTypes = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type SafetensorsType = keyof typeof safetensorsTypes;

/** A tensor in a safetensors file, without its values. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: SafetensorsType;
  readonly shape: readonly number[];
}

/** An entry as a file lists it: its type may be one that this package doesn't know, and then it can't be read. */
export interface ListedEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** An entry and where its bytes lie, counted from the end of the header. */
export interface PlacedEntry extends ListedEntry {
  readonly offset: number;
}

/** Largest header that is accepted; the reference implementation's limit. */
export const MAX_HEADER = 100_000_000;

/** Bytes of an entry. Throws an `OctavoError` for shapes that are no shapes, or that end within a byte. */
export function entryBytes({ name, dtype, shape }: SafetensorsEntry): number {
  let bits: number = safetensorsTypes[dtype];
  for (const axis of shape) {
    bits *= axis;
    if (!Number.isSafeInteger(axis) || axis < 0 || !Number.isSafeInteger(bits))
      throw badFile(
        `[store] shape of ${quoted(name)} is impossible: got [${shape.slice(0, 32).join(', ')}], expected whole numbers from 0`,
      );
  }
  if (bits % 8 !== 0)
    throw badFile(
      `[store] shape of ${quoted(name)} is impossible: got ${bits} bits of ${dtype}, expected whole bytes`,
    );
  return bits / 8;
}

export const isSafetensorsType = (name: unknown): name is SafetensorsType =>
  typeof name === 'string' && Object.hasOwn(safetensorsTypes, name);

/** Why a tensor of a type that is not known cannot be read. */
export const unknownType = (path: string, { name, dtype }: Pick<ListedEntry, 'name' | 'dtype'>): string =>
  `[store] ${path}: tensor ${quoted(name)} is of an unknown type: got ${quoted(dtype)}, expected one of ${Object.keys(safetensorsTypes).join(', ')}`;

/**
 * Parses a header. The tensors must fill the `dataBytes` bytes behind it without gap or overlap, each as many bytes as
 * its shape and type ask for; of an unknown type, as many as it says. Throws an `OctavoError` that names `path` and the
 * tensor at fault.
 */
export function parseHeader(
  path: string,
  header: Uint8Array,
  dataBytes: number,
): { readonly metadata: Readonly<Record<string, string>>; readonly entries: readonly PlacedEntry[] } {
  const refuse = (why: string): never => {
    throw badFile(`[store] ${path} is damaged: ${why}`);
  };
  let parsed: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
    parsed = JSON.parse(text);
  } catch (cause) {
    throw badFile(`[store] ${path} is damaged: its header is not JSON`, cause);
  }
  if (header[0] !== 0x7b || !isRecord(parsed)) return refuse('its header is not an object');
  const twice = duplicateKey(text);
  if (twice !== undefined) return refuse(`${quoted(twice)} stands twice in its header`);

  const entries: PlacedEntry[] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '__metadata__') {
      metadata = isStrings(value) ? value : refuse('its metadata is not made of strings');
      continue;
    }
    if (!isRecord(value)) return refuse(`tensor ${quoted(name)} is not an object`);
    const { dtype, shape, data_offsets: offsets } = value;
    if (typeof dtype !== 'string') return refuse(`tensor ${quoted(name)} has no type`);
    if (!isNumbers(shape) || shape.length > 64) return refuse(`tensor ${quoted(name)} has no shape`);
    if (!isNumbers(offsets) || offsets.length !== 2)
      return refuse(`tensor ${quoted(name)} has no data_offsets`);
    const [begin, end] = offsets as [number, number];
    const byteLength = isSafetensorsType(dtype) ? entryBytes({ name, dtype, shape }) : end - begin;
    if (
      !Number.isSafeInteger(begin) ||
      begin < 0 ||
      !Number.isSafeInteger(end) ||
      end > dataBytes ||
      end < begin ||
      end - begin !== byteLength
    )
      return refuse(
        `tensor ${quoted(name)} doesn't fit: got offsets ${begin} to ${end}, expected ${byteLength} bytes within ${dataBytes}`,
      );
    entries.push({ name, dtype, shape, offset: begin, byteLength });
  }
  entries.sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  let end = 0;
  for (const { name, offset, byteLength } of entries) {
    if (offset !== end)
      return refuse(
        `tensor ${quoted(name)} ${offset < end ? 'overlaps another' : 'leaves a gap'}: got offset ${offset}, expected ${end}`,
      );
    end += byteLength;
  }
  if (end !== dataBytes) return refuse(`got ${dataBytes} bytes of data, expected ${end}`);
  return { metadata, entries };
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isStrings = (value: unknown): value is Readonly<Record<string, string>> =>
  isRecord(value) && Object.values(value).every((one) => typeof one === 'string');

const isNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'number');
