/** @file The skeleton of an Arrow IPC file: its schema and where each record batch lies, checked end to end. */
import type { OctavoError } from '@octavo/formats';
import { Footer } from 'apache-arrow/fb/footer';
import { ByteBuffer } from 'flatbuffers';
import { sameBytes } from '../bytes.ts';
import { badFile } from '../file-error.ts';
import type { ReadableFile } from '../place/driver.ts';
import { type BatchMessage, parseBatchMessage } from './batch.ts';
import type { Column } from './column.ts';
import { type Block, END_OF_STREAM, MAGIC, messageLength } from './encode.ts';
import { count, guarded, Malformed } from './malformed.ts';
import { checkColumns, parseSchema, parseSchemaMessage, type SchemaMessage } from './schema.ts';

export interface ArrowFile {
  readonly file: ReadableFile;
  readonly schema: SchemaMessage;
  readonly blocks: readonly Block[];
}

/** A batch's header, and where its body begins in the file. `bytes` holds the file from `position` on, as far as it was read. */
export interface LoadedBatch {
  readonly header: BatchMessage;
  readonly body: number;
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
}

const MAX_SCHEMA = 256 * 2 ** 20;
const MAX_FOOTER = 1024 * 2 ** 20;
const MAX_BATCH_HEADER = 2 ** 20;
const WINDOW = 2048;

/**
 * Reads schema and footer. Together they must account for every byte of the file: schema message, batches one after
 * another, end of stream, footer. Throws an `OctavoError` where they do not; `columnsOf` gives the columns that a file
 * with this metadata must have.
 */
export async function openArrowFile(
  file: ReadableFile,
  columnsOf: (schema: SchemaMessage) => readonly Column[],
): Promise<ArrowFile> {
  const { path, size } = file;
  const length = schemaLength(path, await file.read(0, Math.min(16, size)));
  if (length === undefined)
    throw badFile(`[store] ${path} is cut off: got ${size} bytes, expected at least its schema`);
  const first = 16 + length;
  const bytes = await file.read(16, length);
  const schema = guarded(`${path}: its schema`, () => parseSchemaMessage(bytes));
  guarded(path, () => checkColumns(schema, columnsOf(schema)));

  const tail = size < first + 18 ? new Uint8Array(10) : await file.read(size - 10, 10);
  if (!sameBytes(tail.subarray(4), MAGIC)) throw await cutOff(file, first, columnsOf(schema));
  const footerLength = new DataView(tail.buffer, tail.byteOffset).getInt32(0, true);
  const footerStart = size - 10 - footerLength;
  if (footerLength < 4 || footerLength > MAX_FOOTER || footerStart < first + 8)
    throw badFile(
      `[store] ${path} is damaged: got footer length ${footerLength}, expected 4 to ${size - 18 - first}`,
    );
  const footer = await file.read(footerStart, footerLength);
  const blocks = guarded(`${path}: its footer`, () => parseFooter(footer, schema, first, footerStart));
  if (!sameBytes(await file.read(footerStart - 8, 8), END_OF_STREAM))
    throw badFile(`[store] ${path} is damaged: its batches do not end where its footer begins`);
  return { file, schema, blocks };
}

/** Header of one batch and a way to read its body; `where` names it in errors. */
export async function loadBatch(
  { file }: Pick<ArrowFile, 'file'>,
  { position, metadataLength, bodyLength }: Block,
  columns: readonly Column[],
  where: string,
): Promise<LoadedBatch> {
  const window = await file.read(
    position,
    Math.max(metadataLength, Math.min(WINDOW, metadataLength + bodyLength)),
  );
  const header = guarded(where, () => {
    if (messageLength(window) !== metadataLength - 8)
      throw new Malformed('its header does not agree with the footer');
    const parsed = parseBatchMessage(window.subarray(8, metadataLength), columns, bodyLength);
    if (parsed.bodyLength !== bodyLength)
      throw new Malformed(`got body length ${parsed.bodyLength}, expected ${bodyLength}`);
    return parsed;
  });
  const body = position + metadataLength;
  return {
    header,
    body,
    async read(offset, length) {
      const start = metadataLength + offset;
      if (start + length <= window.byteLength) return window.subarray(start, start + length);
      return file.read(body + offset, length);
    },
  };
}

/**
 * Bytes of the schema behind the first sixteen of a file, of which `start` holds what there is; undefined where it ends
 * before. Throws an `OctavoError` where another kind of file begins so.
 */
export function schemaLength(path: string, start: Uint8Array): number | undefined {
  const magic = start.subarray(0, MAGIC.byteLength);
  if (!sameBytes(magic, MAGIC.subarray(0, magic.byteLength)))
    throw badFile(`[store] ${path} is not an Arrow file: expected it to begin with ARROW1`);
  if (start.byteLength < 16) return undefined;
  const length = messageLength(start.subarray(8));
  if (length < 8 || length > MAX_SCHEMA || length % 8 !== 0)
    throw badFile(`[store] ${path} is damaged: its schema is not where it should be`);
  return length;
}

/** The batches that a footer names; throws where they are not the stretch from `first` to the end of the stream, one after another. */
export function parseFooter(
  bytes: Uint8Array,
  schema: SchemaMessage,
  first: number,
  footerStart: number,
): Block[] {
  const footer = Footer.getRootAsFooter(new ByteBuffer(bytes));
  const copy = footer.schema();
  if (
    copy === null ||
    JSON.stringify(parseSchema(copy, bytes.byteLength)) !== JSON.stringify(schema) ||
    footer.dictionariesLength() !== 0
  )
    throw new Malformed('it holds another schema than the beginning of the file');
  const length = count(BigInt(footer.recordBatchesLength()), bytes.byteLength / 24, 'number of batches');
  const blocks: Block[] = [];
  let position = first;
  for (let i = 0; i < length; i++) {
    const block = footer.recordBatches(i);
    if (block === null) throw new Malformed(`batch ${i} is missing`);
    const metadataLength = block.metaDataLength();
    const bodyLength = count(block.bodyLength(), footerStart - position, `body length of batch ${i}`);
    if (
      Number(block.offset()) !== position ||
      metadataLength < 16 ||
      metadataLength > MAX_BATCH_HEADER ||
      metadataLength % 8 !== 0
    )
      throw new Malformed(
        `batch ${i} is out of place: got ${block.offset()} with a header of ${metadataLength} bytes, expected ${position}`,
      );
    blocks.push({ position, metadataLength, bodyLength });
    position += metadataLength + bodyLength;
  }
  if (position !== footerStart - 8)
    throw new Malformed(`got batches that end at ${position}, expected ${footerStart - 8}`);
  return blocks;
}

/** The error for a file without a footer: says in which row it stops. */
async function cutOff(file: ReadableFile, first: number, columns: readonly Column[]): Promise<OctavoError> {
  let [position, row] = [first, 0];
  for (; position + 8 <= file.size; row++) {
    const length = messageLength(await file.read(position, 8));
    if (length < 8 || length > MAX_BATCH_HEADER) break;
    if (position + 8 + length > file.size) break;
    const bytes = await file.read(position + 8, length);
    let body = 0;
    try {
      body = parseBatchMessage(bytes, columns, Number.MAX_SAFE_INTEGER).bodyLength;
    } catch {
      break;
    }
    if (position + 8 + length + body > file.size) break;
    position += 8 + length + body;
  }
  return badFile(
    `[store] ${file.path} is cut off in row ${row}: got ${file.size} bytes without an Arrow footer, expected more: use an earlier file or write it again`,
  );
}
