/** @file The safetensors format: its element types and its header, checked in every number. */
import { OctavoError } from '@octavo/formats';

/** Bytes of an element by safetensors' name (https://huggingface.co/docs/safetensors, "Format"); sub-byte types are left out. */
export const safetensorsTypes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

export type SafetensorsType = keyof typeof safetensorsTypes;

/** A tensor in a safetensors file, without its values. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: SafetensorsType;
  readonly shape: readonly number[];
}

/** An entry and where its bytes lie, counted from the end of the header. */
export interface PlacedEntry extends SafetensorsEntry {
  readonly offset: number;
  readonly byteLength: number;
}

/** Largest header that is accepted; the reference implementation's limit. */
export const MAX_HEADER = 100_000_000;

/** Bytes of an entry. Throws an `OctavoError` for shapes that are no shapes. */
export function entryBytes({ name, dtype, shape }: SafetensorsEntry): number {
  let bytes: number = safetensorsTypes[dtype];
  for (const axis of shape) {
    bytes *= axis;
    if (!Number.isSafeInteger(axis) || axis < 0 || !Number.isSafeInteger(bytes))
      throw new OctavoError(
        `[store] shape of ${show(name)} is impossible: got [${shape.slice(0, 32).join(', ')}], expected whole numbers from 0`,
      );
  }
  return bytes;
}

export const isSafetensorsType = (name: unknown): name is SafetensorsType =>
  typeof name === 'string' && Object.hasOwn(safetensorsTypes, name);

/** A name from outside, short and in one line. */
export const show = (name: string): string =>
  JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);

/**
 * Parses a header. The tensors must fill the `dataBytes` bytes behind it without gap or overlap, each as many bytes as
 * its shape and type ask for. Throws an `OctavoError` that names `path` and the tensor at fault.
 */
export function parseHeader(
  path: string,
  header: Uint8Array,
  dataBytes: number,
): { readonly metadata: Readonly<Record<string, string>>; readonly entries: readonly PlacedEntry[] } {
  const refuse = (why: string): never => {
    throw new OctavoError(`[store] ${path} is damaged: ${why}`);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header));
  } catch (cause) {
    throw new OctavoError(`[store] ${path} is damaged: its header is not JSON`, { cause });
  }
  if (header[0] !== 0x7b || !isRecord(parsed)) return refuse('its header is not an object');

  const entries: PlacedEntry[] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '__metadata__') {
      metadata = isStrings(value) ? value : refuse('its metadata is not made of strings');
      continue;
    }
    if (!isRecord(value)) return refuse(`tensor ${show(name)} is not an object`);
    const { dtype, shape, data_offsets: offsets } = value;
    if (!isSafetensorsType(dtype))
      return refuse(
        `tensor ${show(name)} has another type: got ${JSON.stringify(dtype)?.slice(0, 40)}, expected one of ${Object.keys(safetensorsTypes).join(', ')}`,
      );
    if (!isNumbers(shape) || shape.length > 64) return refuse(`tensor ${show(name)} has no shape`);
    if (!isNumbers(offsets) || offsets.length !== 2)
      return refuse(`tensor ${show(name)} has no data_offsets`);
    const byteLength = entryBytes({ name, dtype, shape });
    const [begin, end] = offsets;
    if (!Number.isSafeInteger(begin) || begin < 0 || end > dataBytes || end - begin !== byteLength)
      return refuse(
        `tensor ${show(name)} doesn't fit: got offsets ${begin} to ${end}, expected ${byteLength} bytes within ${dataBytes}`,
      );
    entries.push({ name, dtype, shape, offset: begin, byteLength });
  }
  entries.sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  let end = 0;
  for (const { name, offset, byteLength } of entries) {
    if (offset !== end)
      return refuse(
        `tensor ${show(name)} ${offset < end ? 'overlaps another' : 'leaves a gap'}: got offset ${offset}, expected ${end}`,
      );
    end += byteLength;
  }
  if (end !== dataBytes) return refuse(`got ${dataBytes} bytes of data, expected ${end}`);
  return { metadata, entries };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isStrings = (value: unknown): value is Readonly<Record<string, string>> =>
  isRecord(value) && Object.values(value).every((one) => typeof one === 'string');

const isNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'number');
