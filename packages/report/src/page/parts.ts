/** @file What a report is made of: sections of markup and of pictures yet to be drawn; tables, findings, files folded away. */
import type { Finding } from '../charts/findings.ts';
import { type Html, html } from './html.ts';

export interface Column<Row> {
  readonly name: string;
  /** `number`: to the right; `whole`: never broken into lines. */
  readonly kind?: 'number' | 'whole';
  cell(row: Row): Html | string | null;
}

const wide = (head: Html | null, body: readonly Html[]): Html =>
  html`<div class="wide"><table>${head}<tbody>${body}</tbody></table></div>\n`;

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Html {
  const classOf = ({ kind }: Column<Row>) => (kind ? html` class="${kind}"` : null);
  const head = columns.map((column) => html`<th${classOf(column)}>${column.name}</th>`);
  const body = rows.map(
    (row) =>
      html`<tr>${columns.map((column) => html`<td${classOf(column)} data-label="${column.name}">${column.cell(row)}</td>`)}</tr>`,
  );
  return wide(html`<thead><tr>${head}</tr></thead>`, body);
}

/** What things are like, a property a row and a thing a column; where they are not alike the row stands out. */
export function properties(things: readonly string[], rows: readonly (readonly [string, string[]])[]): Html {
  const several = things.length > 1;
  const body = rows.map(([name, values]) => {
    const differs = new Set(values).size > 1 ? html` class="differs"` : null;
    const cells = values.map(
      (text, i) => html`<td${differs}${several ? html` data-label="${things[i]!}"` : null}>${text}</td>`,
    );
    return html`<tr><th>${name}</th>${cells}</tr>`;
  });
  const head = html`<thead><tr><th></th>${things.map((name) => html`<th>${name}</th>`)}</tr></thead>`;
  return wide(several ? head : null, body);
}

export const findings = (list: readonly Finding[]): Html =>
  html`<ul class="findings">${list.map(({ kind, text }) => html`<li class="${kind}">${text}</li>`)}</ul>\n`;

/** JSON as it stands in a file, folded away. */
export const folded = (title: string, text: string): Html =>
  html`<details><summary>${title}</summary><pre>${text}</pre></details>\n`;

export interface Picture {
  /** That of its file, where it is written as one. */
  readonly name: string;
  /** A Vega-Lite specification. Its title says what it shows. */
  readonly chart: object;
  /** Stands below it; the empty text: nothing does. */
  readonly caption: string;
}

export interface Section {
  /** Of its heading, for the list at the top. */
  readonly id: string;
  readonly title: string;
  readonly content: readonly (Html | Picture)[];
}
