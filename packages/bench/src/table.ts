/** @file Results as plain data, and as text, Markdown and JSON. */

export interface Column {
  readonly key: string;
  readonly label: string;
  /** Decimals shown. */
  readonly digits: number;
}

export interface BenchRow {
  readonly name: string;
  /** By column; null: not measured here. */
  readonly values: Readonly<Record<string, number | null>>;
}

export interface BenchTable {
  readonly id: string;
  readonly title: string;
  /** What was measured and how, for people. */
  readonly note: string;
  readonly columns: readonly Column[];
  readonly rows: readonly BenchRow[];
}

/** One object a row, ready for `JSON.stringify`. */
export const jsonRows = ({ id, rows }: BenchTable): object[] =>
  rows.map(({ name, values }) => ({ event: 'bench', table: id, name, ...values }));

function cells({ columns, rows }: BenchTable): string[][] {
  const shown = (value: number | null | undefined, digits: number) =>
    value === null || value === undefined ? '–' : value.toFixed(digits);
  return [
    ['', ...columns.map(({ label }) => label)],
    ...rows.map(({ name, values }) => [
      name,
      ...columns.map(({ key, digits }) => shown(values[key], digits)),
    ]),
  ];
}

export function toText(table: BenchTable): string {
  const grid = cells(table);
  const widths = grid[0]!.map((_, i) => Math.max(...grid.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return `${[table.title, ...grid.map((row) => `  ${line(row)}`.trimEnd()), `  (${table.note})`].join('\n')}\n`;
}

export function toMarkdown(table: BenchTable): string {
  const [head, ...body] = cells(table).map((row) => `| ${row.join(' | ')} |`);
  const rule = `|---|${table.columns.map(() => '---:|').join('')}`;
  return `## ${table.title}\n\n${table.note}\n\n${[head, rule, ...body].join('\n')}\n`;
}
