/** @file Pages in Markdown from their templates, and tables for them. */
import { readFileSync } from 'node:fs';
import { OctavoError } from '@octavo/formats';

/** What stands for a name in a template: words, or lines; false, no words and no lines are nothing. */
type Value = string | number | boolean | readonly string[];

/** The page of a study: its `text.md`, filled. */
export const pageOf = (study: string, values: Readonly<Record<string, Value>>): string =>
  fill(readFileSync(new URL(`../../src/${study}/text.md`, import.meta.url), 'utf8'), values);

/**
 * A template with the value of NAME for every `{{NAME}}`; from a line `{{#NAME}}` to `{{/NAME}}` only where it is something.
 * Throws where a value is missing, or is one that the template does not ask for.
 */
export function fill(template: string, values: Readonly<Record<string, Value>>): string {
  const names = new Set([...template.matchAll(/\{\{#?(\w+)\}\}/g)].map(([, name]) => name));
  const unasked = Object.keys(values).find((name) => !names.has(name));
  if (unasked !== undefined)
    throw new OctavoError(`[lab] page: got ${unasked}, which its template does not name`);
  const wordsOf = (name: string): string => {
    const value = values[name];
    if (value === undefined)
      throw new OctavoError(`[lab] page: got no ${name}, expected what its template names`);
    return value === false ? '' : [value].flat().join('\n');
  };
  const text = template
    .replace(/^\{\{#(\w+)\}\}\n(.*?)^\{\{\/\1\}\}\n/gms, (_, name, block) => (wordsOf(name) ? block : ''))
    .replace(/\{\{(\w+)\}\}/g, (_, name) => wordsOf(name));
  return `${text.replace(/\n{3,}/g, '\n\n').trim()}\n`;
}

/** A column: its heading, and a row's cell. */
export type Column<Row> = readonly [heading: string, cell: (row: Row) => string | number];

/** A table of `rows`: a line for the headings, one below them and one a row. Columns may come in groups (`each`). */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly (Column<Row> | readonly Column<Row>[])[],
): string[] {
  const all = columns.flatMap((one) => (isColumn(one) ? [one] : one));
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(all.map(([heading]) => heading)).replace('|  |', '| |'),
    line(all.map(() => '---')),
    ...rows.map((row) => line(all.map(([, cell]) => cell(row)))),
  ];
}

const isColumn = <Row>(one: Column<Row> | readonly Column<Row>[]): one is Column<Row> =>
  typeof one[0] === 'string';

/** A column for each of `keys`: a seed, a recipe. */
export const each = <Row, Key>(
  keys: readonly Key[],
  heading: (key: Key) => string,
  cell: (row: Row, key: Key) => string | number,
): Column<Row>[] => keys.map((key) => [heading(key), (row) => cell(row, key)]);
