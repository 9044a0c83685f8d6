/** @file Parquet files of strangers, a row group at a time. */
import type { FileHandle } from 'node:fs/promises';
import {
  type AsyncBuffer,
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadataAsync,
  parquetSchema,
} from 'hyparquet';
import { parquetHeader, readColumn } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { assembleAsync, asyncGroupToRows } from 'hyparquet/src/rowgroup.js';
import { getPhysicalColumns, getTreePath } from 'hyparquet/src/schema.js';
import { LARGEST } from './text-file.ts';
import { withTimeLimit } from './time-limit.ts';

type ColumnDecoder = Parameters<typeof readColumn>[2];

/** Rows and values of a row group at most: what a damaged count would have us allocate for. */
const MOST_VALUES = 2 ** 25;

/** A file, opened to be read a row group at a time. */
export async function openParquet(handle: FileHandle) {
  const { compressors } = await import('hyparquet-compressors'); // where a file is read, for that compiles WebAssembly
  const file = await bufferOf(handle);
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  const schema = parquetSchema(metadata);
  checkColumns(metadata);
  return {
    names: schema.children.map(({ element }) => element.name),
    async *batches(columns: readonly string[]) {
      for (const group of metadata.row_groups) {
        const rows = Number(group.num_rows);
        if (!(rows >= 0 && rows <= MOST_VALUES)) throw new Error(`a row group of ${rows} rows`);
        const asyncColumns = [];
        for (const { meta_data: chunk } of group.columns) {
          if (!columns.includes(chunk?.path_in_schema[0] ?? '')) continue;
          if (chunk === undefined) throw new Error('a column in another file');
          const schemaPath = getTreePath(schema, chunk.path_in_schema);
          const { element } = schemaPath.at(-1)!;
          const pathInSchema = chunk.path_in_schema;
          const decoder = { ...chunk, pathInSchema, schemaPath, element, compressors, parsers };
          asyncColumns.push({
            pathInSchema,
            data: Promise.resolve(await columnOf(file, chunk, rows, decoder)),
          });
        }
        const whole = assembleAsync({ groupStart: 0, groupRows: rows, asyncColumns }, schema, parsers);
        for (const { pathInSchema, data } of whole.asyncColumns) {
          const held = (await data).data.reduce((sum, { length }) => sum + length, 0);
          if (held < rows) throw new Error(`${held} of ${rows} rows of ${pathInSchema[0]}`);
        }
        yield await asyncGroupToRows(whole, 0, rows, [...columns], 'object');
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

/** A column's values in a row group, decoded within a time limit: on damage the library may go round for ever. */
async function columnOf(file: AsyncBuffer, chunk: ColumnMetaData, rows: number, decoder: ColumnDecoder) {
  const start = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
  const view = new DataView(
    (await file.slice(start, start + Number(chunk.total_compressed_size))) as ArrayBuffer,
  );
  const bytes = checkPages(view);
  const all = { groupStart: 0, groupRows: rows, selectStart: 0, selectEnd: rows };
  return withTimeLimit(2000 + bytes / 1000, () => readColumn({ view, offset: 0 }, all, decoder));
}

/** Walks a column's pages and refuses sizes and counts that cannot be: the library believes them. Gives their bytes, unpacked. */
function checkPages(view: DataView<ArrayBuffer>): number {
  const reader = { view, offset: 0 };
  let [values, bytes] = [0, 0];
  while (reader.offset < view.byteLength - 1) {
    const header = parquetHeader(reader);
    const { compressed_page_size: packed, uncompressed_page_size: size } = header;
    const page = header.data_page_header ?? header.data_page_header_v2 ?? header.dictionary_page_header;
    const count = page?.num_values ?? 0;
    values += count;
    bytes += size;
    if (!(packed >= 0 && packed <= view.byteLength - reader.offset && size >= 0 && size <= LARGEST))
      throw new Error(`a page of ${packed} bytes, ${size} unpacked`);
    if (!(count >= 0 && values <= MOST_VALUES)) throw new Error(`a page of ${count} values`);
    reader.offset += packed;
  }
  return bytes;
}

const strict = new TextDecoder('utf-8', { fatal: true });
const parsers = {
  ...DEFAULT_PARSERS,
  stringFromBytes: (bytes: Uint8Array): string => (bytes && strict.decode(bytes)) as string,
};
