/** @file Reading a checkpoint: the index at once, tensors by seeking, every row against its checksum. */
import { quoted, visible } from '@octavo/formats';
import { loadBatch, openArrowFile } from '../arrow/file.ts';
import { damaged, Malformed } from '../arrow/malformed.ts';
import { type Metadata, unsealMetadata } from '../arrow/metadata.ts';
import { concatenate } from '../bytes.ts';
import { type Crc32c, loadCrc32c } from '../checksums.ts';
import { tensorBytes } from '../element-bits.ts';
import { badFile } from '../file-error.ts';
import type { ReadableFile } from '../place/driver.ts';
import { openAs } from '../place/place.ts';
import {
  CHECKPOINT_LAYOUT,
  type Checkpoint,
  type CheckpointOptions,
  checkpointColumns,
  type IndexedTensor,
  rowCrc,
  type StoredTensor,
  type TensorDescription,
} from './layout.ts';
import { type Row, readRow } from './row.ts';
import { joinShards, SHARDS } from './shards.ts';

interface Entry extends IndexedTensor {
  readonly first: number;
  readonly rows: Row[];
}

/**
 * Opens a checkpoint and reads its index (not its data). Throws an `OctavoError` that names the row at fault where the
 * file is cut off, or isn't what `writeCheckpoint` writes. A manifest is opened with all its shards (see shards.ts). Altered data is found by `read`, `all` and `verifyCheckpoint`.
 */
export async function openCheckpoint(path: string, options: CheckpointOptions = {}): Promise<Checkpoint> {
  const opened = await openFile(path, options);
  if (opened.metadata[SHARDS] === undefined) return opened;
  return joinShards(opened, (shard) => openFile(shard, options), options);
}

/** One file by itself. */
function openFile(path: string, options: CheckpointOptions): Promise<Checkpoint> {
  return openAs(path, async (file) => {
    const crc = await loadCrc32c();
    const arrow = await openArrowFile(file, () => checkpointColumns);
    const { metadata } = unsealMetadata(crc, path, CHECKPOINT_LAYOUT, arrow.schema.metadata);
    const index = new Map<string, Entry>();
    let current: Entry | undefined;
    for (const [number, block] of arrow.blocks.entries()) {
      const where = `${path}, row ${number}${current === undefined ? '' : ` (after ${label(current)})`}`;
      try {
        const row = await readRow(await loadBatch(arrow, block, checkpointColumns, where), options.formats);
        current = place(index, current, row, number, options);
      } catch (error) {
        throw damaged(where, error);
      }
    }
    if (current !== undefined) checkWhole(current, `${path}, row ${arrow.blocks.length - 1}`);
    return checkpoint(file, crc, metadata, index);
  });
}

/** Reads every row and checks it. Throws an `OctavoError` that names the first row at fault. */
export async function verifyCheckpoint(path: string, options: CheckpointOptions = {}): Promise<void> {
  const opened = await openCheckpoint(path, options);
  try {
    for await (const _ of opened.all());
  } finally {
    await opened.close();
  }
}

/** A tensor in a message: in one line, and not too long. */
const label = ({ name, role }: TensorDescription): string => visible(`${name}, ${role}`.slice(0, 600));

const keyOf = (name: string, role: string): string => JSON.stringify([name, role]);

/** Adds a row to the tensor it continues, or begins the next; throws where it fits neither. */
function place(
  index: Map<string, Entry>,
  current: Entry | undefined,
  row: Row,
  number: number,
  options: CheckpointOptions,
): Entry {
  if (current !== undefined && current.rows.length < current.rows[0]!.chunks) {
    const [head] = current.rows;
    const whole = ({ name, role, format, chunks, shape }: Row) =>
      JSON.stringify([name, role, format, chunks, shape]);
    if (whole(row) !== whole(head!) || row.chunk !== current.rows.length)
      throw new Malformed(
        `got chunk ${row.chunk} of ${label(row)}, expected chunk ${current.rows.length} of ${label(current)}`,
      );
    current.rows.push(row);
    if (current.rows.length === row.chunks) checkWhole(current, undefined);
    return current;
  }
  if (row.chunk !== 0) throw new Malformed(`got chunk ${row.chunk} of ${label(row)}, expected chunk 0`);
  const { name, role, format, shape } = row;
  if (index.has(keyOf(name, role))) throw new Malformed(`${label(row)} stands twice`);
  const byteLength = tensorBytes(shape, format, options.formats);
  const entry: Entry = { name, role, format, shape, byteLength, first: number, rows: [row] };
  index.set(keyOf(name, role), entry);
  if (row.chunks === 1) checkWhole(entry, undefined);
  return entry;
}

function checkWhole({ rows, byteLength, ...tensor }: Entry, where: string | undefined): void {
  const found = rows.reduce((sum, row) => sum + row.data.length, 0);
  if (rows.length === rows[0]!.chunks && found === byteLength) return;
  const why = `got ${rows.length} chunks and ${found} bytes of ${label(tensor)}, expected ${rows[0]!.chunks} and ${byteLength}`;
  throw where === undefined ? new Malformed(why) : damaged(where, new Malformed(why));
}

function checkpoint(
  file: ReadableFile,
  crc: Crc32c,
  metadata: Metadata,
  index: ReadonlyMap<string, Entry>,
): Checkpoint {
  async function load(entry: Entry): Promise<StoredTensor> {
    const { name, role, format, shape } = entry;
    const data = new Uint8Array(entry.byteLength);
    const scales: Uint8Array[] = []; // in the first row of a tensor; where a file spreads them, one after another
    let at = 0;
    for (const [i, row] of entry.rows.entries()) {
      const part = data.subarray(at, at + row.data.length);
      await file.readInto(part, row.data.position);
      const scale = await file.read(row.scale.position, 4 * row.scale.count);
      const found = rowCrc(crc, row, scale, part);
      if (found !== row.crc)
        throw badFile(
          `[store] ${file.path}, row ${entry.first + i} (${label(entry)}) is altered: got CRC-32C ${found}, expected ${row.crc}: use an earlier checkpoint`,
        );
      scales.push(scale);
      at += row.data.length;
    }
    return { name, role, format, shape, scale: new Float32Array(concatenate(scales).buffer), data };
  }
  return {
    path: file.path,
    metadata,
    tensors: [...index.values()].map(({ first: _, rows: __, ...tensor }) => tensor),
    has: (name, role) => index.has(keyOf(name, role)),
    async read(name, role) {
      const entry = index.get(keyOf(name, role));
      if (entry === undefined)
        throw badFile(
          `[store] ${file.path} lacks a tensor: got no ${quoted(name)} of role ${quoted(role)} among ${index.size}`,
        );
      return load(entry);
    },
    async *all() {
      for (const entry of index.values()) yield await load(entry);
    },
    close: () => file.close(),
  };
}
