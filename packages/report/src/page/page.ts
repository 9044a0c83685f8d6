/** @file The page around the sections: one file that loads nothing, and forbids itself to. */
import { type Html, html, trusted } from './html.ts';
import { style } from './style.ts';

/** The first line of every report, so that one is known again. */
export const MARK = '<!doctype html><!-- octavo report -->';

export interface Section {
  /** Of its heading, for the list at the top. */
  readonly id: string;
  readonly title: string;
  readonly content: Html;
}

export function page(title: string, lead: Html, sections: readonly Section[], foot: Html): string {
  const links = sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>`);
  const content = html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
${lead}
</header>
${links.length > 1 ? html`<nav><ul>${links}</ul></nav>` : null}
<main>
${sections.map(({ id, title: name, content: own }) => html`<section><h2 id="${id}">${name}</h2>${own}</section>\n`)}
</main>
<footer>${foot}</footer>
</body>
</html>
`;
  return `${MARK}\n${content.markup}`;
}
