/** @file A report as one page that loads nothing, and forbids itself to. */
import { readFileSync } from 'node:fs';
import { drawFigure, type Figure, inlineSvg } from '../draw/svg.ts';
import { type Html, html, trusted } from './html.ts';
import type { Picture } from './parts.ts';
import type { Report } from './report.ts';

/** The first line of every report, so that one is known again. */
export const MARK = '<!doctype html><!-- octavo report -->';

/** For a wide screen, a phone, the dark and paper; in the dark it changes the colours that charts are drawn in. */
const STYLE = readFileSync(new URL('../../src/page/style.css', import.meta.url), 'utf8');

/** What made a report. */
export interface Made {
  readonly command: string;
  /** Octavo's. */
  readonly version: string;
  readonly on: Date;
}

/** Draws every picture; throws an `OctavoError` that names the one that cannot be drawn. */
export async function pageOf({ title, lead, sections }: Report, made: Made): Promise<string> {
  const drawn: Html[] = [];
  for (const { id, title: name, content } of sections) {
    const parts: Html[] = [];
    for (const part of content) parts.push('chart' in part ? await figureOf(part) : part);
    drawn.push(html`<section><h2 id="${id}">${name}</h2>${parts}</section>\n`);
  }
  const links = sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>`);
  const content = html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>
${trusted(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
${lead}
</header>
${links.length > 1 ? html`<nav><ul>${links}</ul></nav>` : null}
<main>
${drawn}
</main>
<footer>${footOf(made)}</footer>
</body>
</html>
`;
  return `${MARK}\n${content.markup}`;
}

const footOf = ({ command, version, on }: Made): Html =>
  html`<p>Made by <code>${command}</code>, octavo ${version}, ${on.toISOString().slice(0, 16).replace('T', ' ')} UTC. This file loads nothing; all its figures are those of the folders’ Arrow files.</p>`;

/** A picture below its title, above its caption. */
async function figureOf({ name, chart, caption }: Picture): Promise<Html> {
  const { title, subtitle, svg, narrow }: Figure = await drawFigure(name, chart);
  const label = title === '' ? name : title;
  return html`<figure>
${title === '' ? null : html`<h3>${title}</h3>`}
${subtitle === '' ? null : html`<p class="soft">${subtitle}</p>`}
<div class="picture">${trusted(inlineSvg(svg, label))}</div>
<div class="picture narrow">${trusted(inlineSvg(narrow, label))}</div>
${caption === '' ? null : html`<figcaption>${caption}</figcaption>`}
</figure>
`;
}
