/** @file Pages and tables in Markdown. */

/** A column: its heading, and a row's cell. */
export type Column<Row> = readonly [heading: string, cell: (row: Row) => string | number];

/** Lines of Markdown, ended; an empty line stands around every heading, table and list. */
export function page(...lines: readonly string[]): string {
  const kindOf = (line: string): string => /^(#|\||-)/.exec(line)?.[0] ?? '';
  const apart = (line: string, before = ''): boolean =>
    line !== '' && before !== '' && (line.startsWith('#') || kindOf(line) !== kindOf(before));
  return `${lines.flatMap((line, i) => (apart(line, lines[i - 1]) ? ['', line] : [line])).join('\n')}\n`;
}

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
