/** @file What a report says of a study, whichever it is. */
import type { Table } from 'apache-arrow';
import { count, digits } from '../charts/numbers.ts';
import type { StudyClaim, StudyInput } from '../read/read-study.ts';
import { type Html, html } from './html.ts';
import { markdown } from './markdown.ts';
import { type Column, folded, properties, type Section, table } from './parts.ts';

const FIRST_ROWS = 10;

/** `prefix` keeps ids and names of pictures apart from those of other studies. */
export function studySections(input: StudyInput, prefix: string, heading: string): Section[] {
  const { claims, summary, settings, record, tables, charts } = input;
  const parts: readonly (readonly [id: string, title: string, content: Section['content']])[] = [
    ['claims', 'What holds', [claims === null ? unfinished(input) : claimsTable(claims)]],
    [
      'charts',
      'Pictures',
      [...charts].map(([name, chart]) => ({ name: `${prefix}${name}`, chart, caption: '' })),
    ],
    ['summary', 'Summary', summary === null ? [] : [markdown(summary)]],
    ['tables', 'Tables', [...tables].map(([name, rows]) => tableStart(name, rows))],
    ['settings', 'Settings', [settingsOf(settings), folded('study.json', record)]],
  ];
  return parts
    .filter(([, , content]) => content.length > 0)
    .map(([id, title, content]) => ({ id: `${prefix}${id}`, title: `${heading}${title}`, content }));
}

const unfinished = ({ parts }: StudyInput): Html =>
  html`<p>The study has not come to its end: ${count(parts)} of its parts are done. The same <code>octavo study</code> goes on.</p>`;

function claimsTable(claims: readonly StudyClaim[]): Html {
  const holding = claims.filter(({ holds }) => holds).length;
  const withPaper = claims.some(({ paper }) => paper !== undefined);
  const columns: Column<StudyClaim>[] = [
    { name: 'claim', cell: ({ text }) => text },
    ...(withPaper ? [{ name: 'the paper', cell: ({ paper }: StudyClaim) => paper ?? '' }] : []),
    {
      name: 'measured here, a seed each',
      kind: 'whole',
      cell: ({ values }) => values.map((value) => digits(value, 3)).join(' / '),
    },
    {
      name: '',
      cell: ({ holds }) =>
        holds ? html`<span class="holds">holds</span>` : html`<span class="fails">does not hold</span>`,
    },
  ];
  return html`<p>${count(holding)} of ${count(claims.length)} claims hold.</p>
${table(columns, claims)}`;
}

function tableStart(name: string, rows: Table): Html {
  const fields = rows.schema.fields.map((field) => field.name);
  const shown = Math.min(FIRST_ROWS, rows.numRows);
  const numeric = (field: string): boolean =>
    shown > 0 && ['number', 'bigint'].includes(typeof rows.getChild(field)?.get(0));
  const columns = fields.map(
    (field): Column<number> => ({
      name: field,
      ...(numeric(field) ? { kind: 'number' } : {}),
      cell: (row) => plain(rows.getChild(field)?.get(row)),
    }),
  );
  return html`<h3>${name}.arrow</h3>
<p class="soft">${count(rows.numRows)} rows${shown < rows.numRows ? `, the first ${shown} of them` : ''}</p>
${table(
  columns,
  Array.from({ length: shown }, (_, i) => i),
)}`;
}

const plain = (value: unknown): string => (typeof value === 'number' ? digits(value) : String(value ?? ''));

const settingsOf = (settings: StudyInput['settings']): Html =>
  properties(
    [''],
    Object.entries(settings).map(([name, value]) => [name, [words(value)]] as const),
  );

function words(value: unknown): string {
  if (Array.isArray(value)) return value.map(words).join(', ');
  if (typeof value === 'number') return digits(value);
  if (value === null || typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${words(inner)}`)
    .join(', ');
}
