/** @file A file's Markdown as markup that can do nothing: no scripts, no styles, nothing that is loaded. */
import { Marked } from 'marked';
import sanitize from 'sanitize-html';
import { type Html, trusted } from './html.ts';

const marked = new Marked({ gfm: true, async: false });

/** Headings begin two levels below the file's, since the page has its own. */
export function markdown(text: string): Html {
  const markup = marked.parse(text) as string;
  return trusted(
    sanitize(markup, {
      allowedTags: [
        'h3',
        'h4',
        'h5',
        'h6',
        'p',
        'ul',
        'ol',
        'li',
        'blockquote',
        'pre',
        'code',
        'em',
        'strong',
        'del',
        'hr',
        'br',
        'table',
        'thead',
        'tbody',
        'tr',
        'th',
        'td',
        'a',
        'sub',
        'sup',
      ],
      allowedAttributes: { a: ['href', 'rel'], th: ['align'], td: ['align'] },
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
