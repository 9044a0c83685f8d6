/** @file Reading token shards: seek to a batch, check it the first time, read the tokens asked for. */
import { type ArrowFile, loadBatch, openArrowFile } from '../arrow/file.ts';
import { unsealMetadata } from '../arrow/metadata.ts';
import { loadCrc32c } from '../checksums.ts';
import { badFile } from '../file-error.ts';
import { openAs } from '../place/place.ts';
import {
  SHARD_LAYOUT,
  SHARD_LIMIT,
  shardColumns,
  type TokenArray,
  type TokenShardReader,
  tokenType,
} from './layout.ts';
import { shardCrc } from './write.ts';

/** Where the tokens, the document bits and the mask of a checked batch lie in the file. */
interface CheckedBatch {
  readonly tokens: number;
  readonly starts: number;
  /** Absent where the shard is not masked. */
  readonly mask?: number;
}

/**
 * Opens a shard: reads its schema and its footer, not its tokens. Throws an `OctavoError` where the file is not a
 * shard, is cut off or altered; damage inside a batch is found when the batch is first read.
 */
export async function openTokenShard(path: string): Promise<TokenShardReader> {
  return openAs(path, async (file) =>
    build(
      path,
      await openArrowFile(file, ({ metadata }) =>
        shardColumns(vocabularyOf(path, metadata), metadata[MASKED] === 'true'),
      ),
    ),
  );
}

const MASKED = 'octavo.masked';

function vocabularyOf(path: string, metadata: Readonly<Record<string, string>>): number {
  const size = Number(metadata['octavo.vocabulary']);
  if (!Number.isSafeInteger(size) || size < 1 || size > 2 ** 32)
    throw badFile(`[store] ${path} is not a token shard: its vocabulary size is missing`);
  return size;
}

async function build(path: string, arrow: ArrowFile): Promise<TokenShardReader> {
  const crc = await loadCrc32c();
  const { metadata, own } = unsealMetadata(crc, path, SHARD_LAYOUT, arrow.schema.metadata);
  const vocabularySize = vocabularyOf(path, own);
  const batchRows = Number(own['octavo.batch']);
  if (!Number.isSafeInteger(batchRows) || batchRows < 8 || batchRows % 8 !== 0 || batchRows > 2 ** 24)
    throw badFile(
      `[store] ${path} is damaged: got ${own['octavo.batch']} tokens a batch, expected 8 to 16777216`,
    );
  const masked = own[MASKED] === 'true';
  const columns = shardColumns(vocabularySize, masked);
  const width = tokenType(vocabularySize) === 'uint16' ? 2 : 4;
  const { file, blocks } = arrow;
  const where = (batch: number): string => `${path}, batch ${batch}`;
  const last = blocks.length - 1;
  const lastRows = last < 0 ? 0 : (await loadBatch(arrow, blocks[last]!, columns, where(last))).header.rows;
  const length = Math.max(last, 0) * batchRows + lastRows;
  if (last >= 0 && (lastRows < 1 || lastRows > batchRows || length > SHARD_LIMIT))
    throw badFile(`[store] ${where(last)} is damaged: got ${lastRows} tokens, expected 1 to ${batchRows}`);
  const checked: (CheckedBatch | undefined)[] = new Array(blocks.length).fill(undefined);

  const view = (bytes: Uint8Array<ArrayBuffer>): TokenArray =>
    width === 2 ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer);

  async function check(index: number): Promise<CheckedBatch> {
    const known = checked[index];
    if (known !== undefined) return known;
    const { header, body } = await loadBatch(arrow, blocks[index]!, columns, where(index));
    const rows = index === last ? lastRows : batchRows;
    if (header.rows !== rows)
      throw badFile(`[store] ${where(index)} is damaged: got ${header.rows} tokens, expected ${rows}`);
    const [tokens, ...bits] = header.columns.map(({ values }) => body + values.offset);
    const bytes = await file.read(tokens!, rows * width);
    const parts = [bytes];
    for (const at of bits) parts.push(await file.read(at, Math.ceil(rows / 8)));
    if (String(shardCrc(crc, index, rows, parts)) !== header.metadata.crc32c)
      throw badFile(`[store] ${where(index)} is altered: its CRC-32C does not fit: make the shard again`);
    for (const id of view(bytes))
      if (id >= vocabularySize)
        throw badFile(
          `[store] ${where(index)} is damaged: got token ${id}, expected 0 to ${vocabularySize - 1}`,
        );
    const [starts, mask] = bits;
    const found = { tokens: tokens!, starts: starts!, ...(mask !== undefined && { mask }) };
    checked[index] = found;
    return found;
  }

  /** The batches that a stretch of tokens lies in: which tokens of each, and where among those asked for. */
  function* parts(offset: number, wanted: number) {
    if (
      !Number.isSafeInteger(offset) ||
      !Number.isSafeInteger(wanted) ||
      offset < 0 ||
      wanted < 0 ||
      offset + wanted > length
    )
      throw badFile(
        `[store] tokens lie outside ${path}: got ${offset} and ${wanted} more, expected a stretch of 0 to ${length}`,
      );
    for (let done = 0; done < wanted; ) {
      const within = (offset + done) % batchRows;
      const part = Math.min(wanted - done, batchRows - within);
      yield { index: Math.floor((offset + done) / batchRows), within, part, done };
      done += part;
    }
  }

  return {
    path,
    length,
    vocabularySize,
    metadata,
    masked,
    async read(offset, wanted) {
      const bytes = new Uint8Array(wanted * width);
      for (const { index, within, part, done } of parts(offset, wanted)) {
        const { tokens } = await check(index);
        await file.readInto(bytes.subarray(done * width, (done + part) * width), tokens + within * width);
      }
      return view(bytes);
    },
    async learned(offset, wanted) {
      const learned = new Uint8Array(wanted).fill(1);
      for (const { index, within, part, done } of parts(offset, wanted)) {
        const { mask } = await check(index);
        if (mask === undefined) continue;
        const bits = await file.read(mask + (within >> 3), ((within + part + 7) >> 3) - (within >> 3));
        for (let i = 0; i < part; i++) {
          const at = (within & 7) + i;
          learned[done + i] = (bits[at >> 3]! >> (at & 7)) & 1;
        }
      }
      return learned;
    },
    async documents() {
      const found: number[] = [];
      for (let index = 0; index < blocks.length; index++) {
        const rows = index === last ? lastRows : batchRows;
        const bits = await file.read((await check(index)).starts, Math.ceil(rows / 8));
        for (let i = 0; i < rows; i++) if ((bits[i >> 3]! >> (i & 7)) & 1) found.push(index * batchRows + i);
      }
      return Uint32Array.from(found);
    },
    close: () => file.close(),
  };
}
