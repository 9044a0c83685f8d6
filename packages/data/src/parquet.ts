/** @file Parquet files of strangers, a row group at a time. */
import type { FileHandle } from 'node:fs/promises';
import {
  type AsyncBuffer,
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { getPhysicalColumns } from 'hyparquet/src/schema.js';
import type { CompressionCodec } from 'hyparquet-compressors';
import { LARGEST } from './text-file.ts';
import { withTimeLimit } from './time-limit.ts';

/** Rows and values of a row group at most: what a damaged count would have us allocate for. */
const MOST_VALUES = 2 ** 25;

/** A file, opened to be read a row group at a time. */
export async function openParquet(handle: FileHandle) {
  const [file, unpackers] = [await bufferOf(handle), await decompressors()];
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  checkColumns(metadata);
  return {
    names: parquetSchema(metadata).children.map(({ element }) => element.name),
    async *batches(columns: readonly string[]) {
      let row = 0;
      for (const group of metadata.row_groups) {
        const count = Number(group.num_rows);
        for (const { meta_data: chunk } of group.columns)
          if (columns.includes(chunk?.path_in_schema[0] ?? '')) await checkPages(file, chunk, count);
        const rows = await parquetReadObjects({
          ...{ file, metadata, rowStart: row, rowEnd: row + count, compressors: unpackers, parsers },
          columns: [...columns],
        });
        if (rows.length !== count) throw new Error(`a row group with ${rows.length} of ${count} rows`);
        yield rows;
        row += count;
      }
    },
  };
}

async function bufferOf(handle: FileHandle): Promise<AsyncBuffer> {
  const { size: byteLength } = await handle.stat();
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const length = end - start;
      if (!(start >= 0 && length >= 0 && end <= byteLength)) throw new Error(`bytes ${start} to ${end}`);
      if (length > 4 * LARGEST) throw new Error(`a part of ${length} bytes`);
      const bytes = new Uint8Array(length);
      await handle.read(bytes, 0, length, start);
      return bytes.buffer;
    },
  };
}

/** Every group has the schema's columns, each once: the library looks them up by name. */
function checkColumns(metadata: FileMetaData): void {
  const expected = getPhysicalColumns(parquetSchema(metadata));
  if (new Set(expected).size < expected.length) throw new Error('two columns of one name');
  for (const group of metadata.row_groups) {
    const paths = group.columns.map(({ meta_data: chunk }) => chunk?.path_in_schema.join('.'));
    if (paths.join('\n') !== expected.join('\n')) throw new Error('a row group with other columns');
  }
}

/** Walks a column's pages and refuses sizes and counts that cannot be: the library believes them. */
async function checkPages(file: AsyncBuffer, chunk: ColumnMetaData | undefined, rows: number): Promise<void> {
  if (chunk === undefined) throw new Error('a column in another file');
  if (!(rows >= 0 && rows <= MOST_VALUES)) throw new Error(`a row group of ${rows} rows`);
  const start = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
  const bytes = await file.slice(start, start + Number(chunk.total_compressed_size));
  const reader = { view: new DataView(bytes as ArrayBuffer), offset: 0 };
  let values = 0;
  while (reader.offset < reader.view.byteLength - 1) {
    const header = parquetHeader(reader);
    const { compressed_page_size: packed, uncompressed_page_size: size } = header;
    const page = header.data_page_header ?? header.data_page_header_v2 ?? header.dictionary_page_header;
    const count = page?.num_values ?? 0;
    values += count;
    if (!(packed >= 0 && packed <= reader.view.byteLength - reader.offset && size >= 0 && size <= LARGEST))
      throw new Error(`a page of ${packed} bytes, ${size} unpacked`);
    if (!(count >= 0 && values <= MOST_VALUES)) throw new Error(`a page of ${count} values`);
    reader.offset += packed;
  }
}

const strict = new TextDecoder('utf-8', { fatal: true });
const parsers = {
  stringFromBytes: (bytes: Uint8Array): string => (bytes && strict.decode(bytes)) as string,
};

type Unpack = (input: Uint8Array, length: number) => Uint8Array;

/** The decompressors, each ended where a damaged page keeps it busy; loaded where a file is read, for that compiles WebAssembly. */
async function decompressors(): Promise<Record<CompressionCodec, Unpack>> {
  const { compressors } = await import('hyparquet-compressors');
  const limited = Object.entries(compressors).map(([codec, unpack]): [string, Unpack] => [
    codec,
    (input, length) => withTimeLimit(2000 + length / 1000, () => unpack(input, length)),
  ]);
  return Object.fromEntries(limited) as Record<CompressionCodec, Unpack>;
}
