/** @file A file's Markdown as markup that can do nothing: no scripts, no styles, nothing that is loaded. */
import { Marked } from 'marked';
import sanitize from 'sanitize-html';
import { escapeHtml, type Html, trusted } from './html.ts';

/** Each cell names its column, for a phone, where a row is shown as a list. */
const marked = new Marked({
  gfm: true,
  async: false,
  renderer: {
    table({ header, rows }) {
      const name = header.map(({ text }) => escapeHtml(text.replace(/[*`_]/g, '')));
      const cell = (tag: 'th' | 'td', label: string, { tokens, align }: (typeof header)[number]): string =>
        `<${tag}${align ? ` align="${align}"` : ''}${label}>${this.parser.parseInline(tokens)}</${tag}>`;
      const head = header.map((one) => cell('th', '', one)).join('');
      const body = rows
        .map(
          (row) =>
            `<tr>${row.map((one, i) => cell('td', ` data-label="${name[i] ?? ''}"`, one)).join('')}</tr>`,
        )
        .join('');
      return `<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>\n`;
    },
  },
});

const TAGS =
  'h3 h4 h5 h6 p ul ol li blockquote pre code em strong del hr br table thead tbody tr th td a sub sup'.split(
    ' ',
  );

/** Headings begin two levels below the file's, since the page has its own. */
export function markdown(text: string): Html {
  const markup = marked.parse(text) as string;
  return trusted(
    sanitize(markup, {
      allowedTags: TAGS,
      allowedAttributes: { a: ['href', 'rel'], th: ['align'], td: ['align', 'data-label'] },
      allowedSchemes: ['http', 'https', 'mailto'],
      allowProtocolRelative: false,
      transformTags: {
        h1: 'h3',
        h2: 'h4',
        h3: 'h5',
        h4: 'h6',
        a: (tagName, { href }) => ({ tagName, attribs: { href: href ?? '', rel: 'noreferrer' } }),
      },
    }),
  );
}
