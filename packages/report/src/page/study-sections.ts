/** @file What a report says of a study, whichever it is. */
import type { Table } from 'apache-arrow';
import { drawFigure, type Figure } from '../draw/svg.ts';
import type { StudyClaim, StudyInput } from '../read/read-study.ts';
import { type Html, html } from './html.ts';
import { markdown } from './markdown.ts';
import { count, digits } from './numbers.ts';
import type { Section } from './page.ts';
import { type Column, figure, folded, table } from './parts.ts';
import type { Sections } from './run-sections.ts';

const FIRST_ROWS = 10;

/** `prefix` keeps ids and names of pictures apart from those of other studies. */
export async function studySections(input: StudyInput, prefix: string, heading: string): Promise<Sections> {
  const figures: Figure[] = [];
  for (const [name, chart] of input.charts) figures.push(await drawFigure(`${prefix}${name}`, chart));
  const { claims, summary, settings, record, tables } = input;
  const part = (id: string, title: string, content: Html): Section => ({
    id: `${prefix}${id}`,
    title: `${heading}${title}`,
    content,
  });
  const sections = [
    part('claims', 'What holds', claims === null ? unfinished(input) : claimsTable(claims)),
    ...(figures.length > 0
      ? [part('charts', 'Pictures', html`${figures.map((drawn) => figure(drawn))}`)]
      : []),
    ...(summary === null ? [] : [part('summary', 'Summary', markdown(summary))]),
    ...(tables.size === 0
      ? []
      : [part('tables', 'Tables', html`${[...tables].map(([name, rows]) => tableStart(name, rows))}`)]),
    part('settings', 'Settings', html`${settingsOf(settings)}${folded('study.json', record)}`),
  ];
  return { sections, figures };
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

function plain(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return digits(value);
  return String(value);
}

function settingsOf(settings: Readonly<Record<string, unknown>>): Html {
  const rows = Object.entries(settings).map(
    ([name, value]) => html`<tr><th>${name}</th><td>${words(value)}</td></tr>`,
  );
  return html`<div class="wide"><table><tbody>${rows}</tbody></table></div>\n`;
}

function words(value: unknown): string {
  if (Array.isArray(value)) return value.map(words).join(', ');
  if (typeof value === 'number') return digits(value);
  if (value === null || typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${words(inner)}`)
    .join(', ');
}
