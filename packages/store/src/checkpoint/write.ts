/** @file Writing a checkpoint: a row after another, then the name it is known by. */
import { OctavoError, quoted, visible } from '@octavo/formats';
import { arrowSchema, listRow, plainData, recordBatch, textRow } from '../arrow/column.ts';
import { arrowFileEncoder } from '../arrow/encode.ts';
import { isWellFormed, type Metadata, sealMetadata } from '../arrow/metadata.ts';
import { loadCrc32c } from '../checksums.ts';
import { type ExtraFormats, tensorBytes } from '../element-bits.ts';
import { writeAtomically } from '../place/place.ts';
import {
  CHECKPOINT_LAYOUT,
  CHUNK_BYTES,
  type CheckpointOptions,
  checkpointColumns,
  MAX_NAME,
  rowCrc,
  type TensorRecord,
} from './layout.ts';

/**
 * Writes tensors and the caller's strings (model configuration, recipe, step, loader position, …: JSON is the caller's
 * business) as one Arrow IPC file. Tensors are taken one at a time, so an async generator can bring them from a device.
 * The file appears under `path` when it is complete and on disk; if anything fails (a full disk, an exception of the
 * iterable) nothing is left behind and what stood there stays.
 * Throws an `OctavoError` for two tensors of one name and role, an unknown format, or data that doesn't fit its shape.
 */
export async function writeCheckpoint(
  path: string,
  metadata: Metadata,
  tensors: Iterable<TensorRecord> | AsyncIterable<TensorRecord>,
  options: CheckpointOptions & {
    readonly chunkBytes?: number;
    /** Throws where the file must not appear after all: asked when all of it is written. */
    readonly beforeCommit?: () => Promise<void>;
  } = {},
): Promise<void> {
  const { chunkBytes = CHUNK_BYTES, formats, beforeCommit } = options;
  if (!Number.isInteger(chunkBytes) || chunkBytes < 8 || chunkBytes % 8 !== 0 || chunkBytes > 2 ** 30)
    throw new OctavoError(
      `[store] chunk size is impossible: got ${chunkBytes}, expected a multiple of 8 up to 2^30`,
    );
  const crc = await loadCrc32c();
  const schema = arrowSchema(checkpointColumns, sealMetadata(crc, CHECKPOINT_LAYOUT, metadata));
  const encoder = arrowFileEncoder(schema);
  const seen = new Set<string>();
  await writeAtomically(path, async (write) => {
    await write(encoder.start);
    for await (const tensor of tensors) {
      const data = checkTensor(tensor, seen, formats);
      const { name, role, format, shape } = tensor;
      const chunks = Math.max(1, Math.ceil(data.byteLength / chunkBytes));
      for (let chunk = 0; chunk < chunks; chunk++) {
        const part = data.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes);
        const scale = Float32Array.from(chunk === 0 ? (tensor.scale ?? []) : []);
        const sum = rowCrc(
          crc,
          { name, role, format, shape, chunk, chunks },
          new Uint8Array(scale.buffer),
          part,
        );
        const row = recordBatch(schema, 1, [
          textRow(name),
          textRow(role),
          textRow(format),
          listRow(BigInt64Array.from(shape, BigInt)),
          plainData('int32', Int32Array.of(chunk), 1),
          plainData('int32', Int32Array.of(chunks), 1),
          listRow(scale),
          plainData('uint32', Uint32Array.of(sum), 1),
          textRow(part),
        ]);
        await write(encoder.batch(row));
      }
    }
    await write(encoder.end());
    await beforeCommit?.();
  });
}

function checkTensor(tensor: TensorRecord, seen: Set<string>, formats: ExtraFormats | undefined): Uint8Array {
  const { name, role, format, shape, data } = tensor;
  for (const [what, text] of Object.entries({ name, role, format }))
    if (text.length === 0 || text.length > MAX_NAME / 4 || !isWellFormed(text))
      throw new OctavoError(
        `[store] tensor ${what} is impossible: got ${quoted(text)}, expected 1 to ${MAX_NAME / 4} characters`,
      );
  const tensorName = visible(`${name} (${role})`);
  const key = JSON.stringify([name, role]);
  if (seen.has(key))
    throw new OctavoError(`[store] tensor stands twice: got ${tensorName} again, expected each once`);
  seen.add(key);
  const expected = tensorBytes(shape, format, formats);
  if (data.byteLength !== expected)
    throw new OctavoError(
      `[store] data of ${tensorName} doesn't fit its shape: got ${data.byteLength} bytes, expected ${expected} for [${shape.join(', ')}] ${format}`,
    );
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
