/**
 * @file Text as wide as it was laid out, whatever the reader's font: each line is a text of its own whose glyphs and
 * gaps are stretched to its width (SVG 1.1, section 10.5, `textLength`), about the same anchor.
 */
import { textWidth } from './text-width.ts';

const ATTRIBUTES = '(?:\\s+[\\w:-]+="[^"]*")*';
const TEXT = new RegExp(`<text(${ATTRIBUTES})\\s*>(.*?)</text>`, 'gs');
const LINE = new RegExp(`<tspan(${ATTRIBUTES})\\s*>(.*?)</tspan>`, 'gs');

/** Of an SVG as Vega writes it: in a text nothing but words, or lines, each but the first with its distance `dy`. */
export const holdText = (svg: string): string =>
  svg.replace(TEXT, (_, attributes: string, content: string) => {
    const lines = [...content.matchAll(LINE)];
    if (lines.length === 0) return held(attributes, content);
    let below = 0;
    return lines
      .map(([, own, words]) => {
        below += Number(attributeOf(own!, 'dy') ?? 0);
        return held(below === 0 ? attributes : moved(attributes, below), words!);
      })
      .join('');
  });

function held(attributes: string, content: string): string {
  const words = content.trim();
  const size = Number.parseFloat(attributeOf(attributes, 'font-size') ?? '11');
  const width = textWidth(plain(words), size, attributeOf(attributes, 'font-weight'));
  // Labels that would lie on others are there, but are not to be seen.
  if (width === 0 || attributeOf(attributes, 'opacity') === '0') return '';
  return `<text${attributes} textLength="${Number(width.toFixed(2))}" lengthAdjust="spacingAndGlyphs">${words}</text>`;
}

/** Down by `below`, in the text's own turned frame. */
function moved(attributes: string, below: number): string {
  const transform = attributeOf(attributes, 'transform');
  const shift = `translate(0,${below})`;
  return transform === undefined
    ? `${attributes} transform="${shift}"`
    : attributes.replace(/(\stransform="[^"]*)"/, `$1 ${shift}"`);
}

const attributeOf = (attributes: string, name: string): string | undefined =>
  new RegExp(`\\s${name}="([^"]*)"`).exec(attributes)?.[1];

const SIGNS: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&nbsp;': '\u00a0',
};
/** As it is shown: without escapes, its gaps one space wide. */
const plain = (content: string): string =>
  content.replace(/&\w+;/g, (sign) => SIGNS[sign] ?? sign).replace(/[ \t\n\r]+/g, ' ');
