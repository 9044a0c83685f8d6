/** @file The schema of a statistics file: the caller's strings, and a CRC-32 that covers them and every column. */
import { quoted } from '@octavo/formats';
import { arrays, type Column, type ColumnType } from '../arrow/column.ts';
import { guarded, Malformed } from '../arrow/malformed.ts';
import { checkLayout, checkMetadata, LAYOUT, type Metadata, sorted } from '../arrow/metadata.ts';
import { checkColumns, parseSchemaMessage, type SchemaMessage } from '../arrow/schema.ts';
import { crc32 } from '../checksums.ts';
import { STATISTICS_LAYOUT } from './layout.ts';

const CRC = 'octavo.crc32';

const known = ['bool', ...Object.keys(arrays), 'utf8'] as readonly ColumnType[];

const sumOf = (columns: SchemaMessage['columns'], metadata: Metadata): string => {
  const fields = columns.map(({ name, type, nullable, metadata: notes }) => [
    name,
    type,
    nullable,
    sorted(notes),
  ]);
  return String(crc32(new TextEncoder().encode(JSON.stringify([fields, sorted(metadata)]))));
};

/** The caller's strings with layout and checksum. Throws where one of them is not text, or uses our prefix. */
export function sealSchema(columns: readonly Column[], metadata: Metadata): Metadata {
  checkMetadata(metadata);
  const all = { ...metadata, [LAYOUT]: STATISTICS_LAYOUT };
  const full = columns.map((column) => ({ nullable: false, metadata: {}, ...column }));
  return { ...all, [CRC]: sumOf(full, all) };
}

/** A schema message whose checksum fits, with its columns as this package has them. Throws an `OctavoError` otherwise. */
export function unsealSchema(
  path: string,
  bytes: Uint8Array,
): { readonly message: SchemaMessage; readonly columns: readonly Column[] } {
  const message = guarded(`${path}: its schema`, () => parseSchemaMessage(bytes));
  const { [CRC]: written, ...metadata } = message.metadata;
  checkLayout(path, metadata, STATISTICS_LAYOUT);
  return guarded(`${path}: its schema`, () => {
    const found = sumOf(message.columns, metadata);
    if (found !== written) throw new Malformed(`got CRC-32 ${found}, expected ${quoted(written ?? 'one')}`);
    const columns = message.columns.map(({ type, ...rest }): Column => {
      const own = known.find((one) => one === type);
      if (own === undefined)
        throw new Malformed(`got column ${quoted(rest.name)} ${type}, expected ${known.join(', ')}`);
      return { ...rest, type: own };
    });
    checkColumns(message, columns);
    return { message, columns };
  });
}
