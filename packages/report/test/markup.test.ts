/** @file Nothing that a file says becomes markup that does something. */
import { describe, expect, it } from 'vitest';
import { cleanSvg } from '../src/draw/svg.ts';
import { html } from '../src/page/html.ts';
import { markdown } from '../src/page/markdown.ts';

describe('markup', () => {
  it('escapes what it is given, and joins lists', () => {
    expect(html`<p title="${'"<&>\''}">${['a', html`<b>${1}</b>`, null]}</p>`.markup).toBe(
      '<p title="&quot;&lt;&amp;&gt;&#39;">a<b>1</b></p>',
    );
  });

  it('Markdown keeps its text and tables, and loses what does something', () => {
    const { markup } = markdown(
      '# T\n\n**b** <b onclick="x">raw</b> <http://a.b> [l](data:text/html,x) ![i](http://a.b/i.png)',
    );
    expect(markup).toContain('<h3>T</h3>');
    expect(markup).toContain('<strong>b</strong>');
    expect(markup).not.toMatch(/onclick|<img|i\.png|data:/);
    expect(markup).toContain('<a href="http://a.b" rel="noreferrer">');
  });

  it('an SVG keeps shapes, and its ids become its own', () => {
    const svg = cleanSvg(
      '<svg xmlns="x" class="marks" width="10" height="20" viewBox="0 0 10 20"><style>@import "x"</style><a xlink:href="http://a.b"><text onclick="x" fill="#000">a &lt; b</text></a><image href="http://a.b"/><linearGradient id="g"/><path d="M0,0h1" fill="url(#g)" stroke="url(http://a.b)"/></svg>',
      'one',
    );
    expect(svg).toBe(
      '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="20" viewBox="0 0 10 20"><text fill="#000">a &lt; b</text><linearGradient id="one-g"></linearGradient><path d="M0,0h1" fill="url(#one-g)" /></svg>',
    );
  });
});
