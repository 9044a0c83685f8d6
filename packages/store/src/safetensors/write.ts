/** @file Writing safetensors: a header padded to eight bytes, then tensor after tensor. */
import { OctavoError, quoted } from '@octavo/formats';
import { checkTexts, isWellFormed } from '../arrow/metadata.ts';
import { writeAtomically } from '../place/place.ts';
import {
  entryBytes,
  isSafetensorsType,
  MAX_HEADER,
  type SafetensorsEntry,
  safetensorsTypes,
} from './header.ts';

/** A tensor to write; `data` may be a function, called when its turn comes, so that one is in memory at a time. */
export interface SafetensorsRecord extends SafetensorsEntry {
  readonly data: ArrayBufferView | (() => ArrayBufferView | Promise<ArrayBufferView>);
}

/**
 * Writes a file, whole or not at all. Tensors are laid out by falling element size, so that each is aligned, and in
 * the order given within a size. Throws an `OctavoError` for a name that stands twice or data that doesn't fit.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly SafetensorsRecord[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const header = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) header.set('__metadata__', metadata);
  checkTexts(metadata);
  for (const { name, dtype } of tensors) {
    if (name === '__metadata__' || name.length === 0 || !isWellFormed(name))
      throw new OctavoError(`[store] tensor name is impossible: got ${quoted(name)}`);
    if (!isSafetensorsType(dtype))
      throw new OctavoError(
        `[store] type of ${quoted(name)} is unknown: got ${quoted(String(dtype))}, expected one of ${Object.keys(safetensorsTypes).join(', ')}`,
      );
  }
  const ordered = [...tensors].sort((a, b) => safetensorsTypes[b.dtype] - safetensorsTypes[a.dtype]);
  let end = 0;
  for (const tensor of ordered) {
    const { name, dtype, shape } = tensor;
    if (header.has(name))
      throw new OctavoError(`[store] tensor stands twice: got ${quoted(name)} again, expected each once`);
    const begin = end;
    end += entryBytes(tensor);
    header.set(name, { dtype, shape, data_offsets: [begin, end] });
  }
  const json = new TextEncoder().encode(renderObject(header));
  const length = Math.ceil(json.byteLength / 8) * 8;
  if (length > MAX_HEADER)
    throw new OctavoError(
      `[store] safetensors header is too long: got ${length} bytes, expected at most ${MAX_HEADER}: write several files`,
    );
  const start = new Uint8Array(8 + length).fill(0x20);
  new DataView(start.buffer).setBigUint64(0, BigInt(length), true);
  start.set(json, 8);
  await writeAtomically(path, async (write) => {
    await write([start]);
    for (const tensor of ordered) {
      const view = typeof tensor.data === 'function' ? await tensor.data() : tensor.data;
      const expected = entryBytes(tensor);
      if (view.byteLength !== expected)
        throw new OctavoError(
          `[store] data of ${quoted(tensor.name)} doesn't fit its shape: got ${view.byteLength} bytes, expected ${expected} for [${tensor.shape.join(', ')}] ${tensor.dtype}`,
        );
      await write([new Uint8Array(view.buffer, view.byteOffset, view.byteLength)]);
    }
  });
}

/** JSON with the keys in their order: a plain object would move those that look like numbers to the front. */
const renderObject = (entries: ReadonlyMap<string, unknown>): string =>
  `{${[...entries].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
