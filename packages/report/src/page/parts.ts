/** @file The few shapes that all sections are made of: figures, tables, lists of findings. */
import type { Finding } from '../charts/findings.ts';
import { type Figure, inlineSvg } from '../draw/svg.ts';
import { type Html, html, trusted } from './html.ts';

/** A picture below its title, above its caption. */
export const figure = (picture: Figure, caption: string | null = null): Html => html`<figure>
${picture.title === '' ? null : html`<h3>${picture.title}</h3>`}
${picture.subtitle === '' ? null : html`<p class="soft">${picture.subtitle}</p>`}
<div class="picture">${trusted(inlineSvg(picture.svg, picture))}</div>
<div class="picture narrow">${trusted(inlineSvg(picture.narrow, picture))}</div>
${caption === null ? null : html`<figcaption>${caption}</figcaption>`}
</figure>
`;

export interface Column<Row> {
  readonly name: string;
  /** `number`: to the right; `whole`: never broken into lines. */
  readonly kind?: 'number' | 'whole';
  cell(row: Row): Html | string | null;
}

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Html {
  const classOf = ({ kind }: Column<Row>) => (kind ? html` class="${kind}"` : null);
  const head = columns.map((column) => html`<th${classOf(column)}>${column.name}</th>`);
  const body = rows.map(
    (row) =>
      html`<tr>${columns.map((column) => html`<td${classOf(column)} data-label="${column.name}">${column.cell(row)}</td>`)}</tr>`,
  );
  return html`<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>\n`;
}

export const findings = (list: readonly Finding[]): Html =>
  html`<ul class="findings">${list.map(({ kind, text }) => html`<li class="${kind}">${text}</li>`)}</ul>\n`;

/** JSON as it stands in a file, folded away. */
export const folded = (title: string, text: string): Html =>
  html`<details><summary>${title}</summary><pre>${text}</pre></details>\n`;
