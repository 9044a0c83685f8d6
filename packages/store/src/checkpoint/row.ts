/** @file One row of a checkpoint, read without its data, from a file that may lie. */
import { type ColumnRegions, checkOffsets } from '../arrow/batch.ts';
import type { LoadedBatch } from '../arrow/file.ts';
import { Malformed } from '../arrow/malformed.ts';
import { type ExtraFormats, tensorBytes } from '../element-bits.ts';
import { MAX_NAME, type RowHead } from './layout.ts';

/** A row's head and where the rest of it lies in the file. */
export interface Row extends RowHead {
  readonly crc: number;
  readonly scale: { readonly position: number; readonly count: number };
  readonly data: { readonly position: number; readonly length: number };
}

/** Decodes everything but scales and data. Throws `Malformed` or an `OctavoError` that says what is wrong. */
export async function readRow(batch: LoadedBatch, extra: ExtraFormats | undefined): Promise<Row> {
  const { header, body } = batch;
  if (header.rows !== 1) throw new Malformed(`got ${header.rows} rows in a batch, expected 1`);
  const [nameAt, roleAt, formatAt, shapeAt, chunkAt, chunksAt, scaleAt, crcAt, dataAt] = header.columns;

  const stretch = async (at: ColumnRegions, what: string): Promise<readonly [number, number]> => {
    const offsets = await batch.read(at.offsets?.offset ?? 0, 8);
    const [start, end] = checkOffsets(offsets, 1, Math.min(at.elements, 2 ** 31 - 1), what);
    return [start!, end! - start!];
  };
  const bytes = async (at: ColumnRegions, what: string): Promise<readonly [number, number]> => {
    const [start, length] = await stretch(at, what);
    if (start + length > at.values.length)
      throw new Malformed(`got ${start + length} bytes of ${what}, expected at most ${at.values.length}`);
    return [at.values.offset + start, length];
  };
  const text = async (at: ColumnRegions, what: string): Promise<string> => {
    const [offset, length] = await bytes(at, what);
    if (length < 1 || length > MAX_NAME)
      throw new Malformed(`got a ${what} of ${length} bytes, expected 1 to ${MAX_NAME}`);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      await batch.read(offset, length),
    );
  };
  const word = async (at: ColumnRegions): Promise<DataView> => {
    const found = await batch.read(at.values.offset, 4);
    return new DataView(found.buffer, found.byteOffset, 4);
  };

  const name = await text(nameAt!, 'name');
  const role = await text(roleAt!, 'role');
  const format = await text(formatAt!, 'format');
  const [first, axes] = await stretch(shapeAt!, 'shape');
  if (axes > 32) throw new Malformed(`got a shape of ${axes} axes, expected at most 32`);
  const packed = await batch.read(shapeAt!.values.offset + 8 * first, 8 * axes);
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const shape = Array.from({ length: axes }, (_, i) => Number(view.getBigInt64(8 * i, true)));
  const total = tensorBytes(shape, format, extra);
  const chunk = (await word(chunkAt!)).getInt32(0, true);
  const chunks = (await word(chunksAt!)).getInt32(0, true);
  if (chunks < 1 || chunk < 0 || chunk >= chunks)
    throw new Malformed(`got chunk ${chunk} of ${chunks}, expected 0 to one less than their number`);
  const [scaleStart, count] = await stretch(scaleAt!, 'scale');
  const [data, length] = await bytes(dataAt!, 'data');
  if (length > total)
    throw new Malformed(
      `got ${length} bytes of data, expected at most ${total} for [${shape.join(', ')}] ${format}`,
    );
  return {
    name,
    role,
    format,
    shape,
    chunk,
    chunks,
    crc: (await word(crcAt!)).getUint32(0, true),
    scale: { position: body + scaleAt!.values.offset + 4 * scaleStart, count },
    data: { position: body + data, length },
  };
}
