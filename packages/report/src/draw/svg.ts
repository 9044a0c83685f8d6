/** @file A chart as SVG that can stand in a page: shapes and text only, its ids its own, nothing that is loaded. */
import { OctavoError } from '@octavo/formats';
import sanitize from 'sanitize-html';
import { escapeHtml } from '../page/html.ts';
import { renderNarrow } from './narrow.ts';
import { renderSvg } from './render-chart.ts';

/** A picture as the page has it. */
export interface Figure {
  /** What it shows, set by the page as text that wraps; empty where the specification has none. */
  readonly title: string;
  readonly subtitle: string;
  /** Without its title. */
  readonly svg: string;
  /** The same for a phone. */
  readonly narrow: string;
}

/** Words as a list. */
const list = (words: string): string[] => words.trim().split(/\s+/);

const TAGS = list('g path text tspan rect line circle defs linearGradient radialGradient stop clipPath');
const ATTRIBUTES = list(`
  d x y x1 x2 y1 y2 dx dy cx cy r rx ry width height transform fill fill-opacity stroke stroke-width
  stroke-opacity stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit
  opacity display font-family font-size font-weight font-style text-anchor textLength lengthAdjust
  clip-path id offset stop-color stop-opacity gradientUnits shape-rendering
`);

/** Renders a Vega-Lite specification; throws an `OctavoError` in one line where it is not one. */
export async function drawFigure(name: string, specification: object): Promise<Figure> {
  const { title, subtitle, rest } = splitTitle(specification);
  const svg = await drawPoster(name, rest);
  return { title, subtitle, svg, narrow: await drawPoster(`${name}-narrow`, rest, renderNarrow) };
}

/** The whole of it, to stand alone: with its title. */
export async function drawPoster(name: string, specification: object, render = renderSvg): Promise<string> {
  try {
    return cleanSvg(await render(specification), name);
  } catch (cause) {
    if (OctavoError.is(cause)) throw cause;
    throw new OctavoError(`[report] chart ${name} cannot be drawn: ${(cause as Error).message}`, { cause });
  }
}

/** `name` makes its ids unlike those of other pictures in the page. */
export function cleanSvg(svg: string, name: string): string {
  const [, width, height] = /^<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  if (width === undefined || height === undefined)
    throw new OctavoError(`[report] chart ${name}: got no SVG with a width and a height`);
  const prefix = name.replace(/[^\w-]/g, '_');
  const own = (value: string): string | null => {
    if (!/url\s*\(|[\\@]|:\/\//i.test(value)) return value;
    const [, id] = /^url\(#([\w-]+)\)$/.exec(value) ?? [];
    return id === undefined ? null : `url(#${prefix}-${id})`;
  };
  const content = sanitize(svg, {
    allowedTags: TAGS,
    allowedAttributes: { '*': ATTRIBUTES },
    selfClosing: ['path', 'rect', 'line', 'circle', 'stop'],
    parser: { xmlMode: true, lowerCaseTags: false, lowerCaseAttributeNames: false },
    transformTags: {
      '*': (tagName, attributes) => {
        const attribs: Record<string, string> = {};
        for (const [key, value] of Object.entries(attributes)) {
          const kept = key === 'id' ? `${prefix}-${value.replace(/[^\w-]/g, '_')}` : own(value);
          if (kept !== null) attribs[key] = kept;
        }
        return { tagName, attribs };
      },
    },
    // What Vega draws without anything to see makes up a third of a picture.
    exclusiveFilter: ({ tag, attribs }) =>
      tag === 'path' && (attribs.display === 'none' || attribs.d === '' || attribs.d === 'M0,0h0v0h0Z'),
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${content}</svg>`;
}

/** Inline in a page: it needs no namespace there, and says what it shows. */
export const inlineSvg = (svg: string, label: string): string =>
  svg.replace(' xmlns="http://www.w3.org/2000/svg"', ` role="img" aria-label="${escapeHtml(label)}"`);

/** The words of a title, and the specification without it; a title that is more than words stays. */
function splitTitle(specification: object): { title: string; subtitle: string; rest: object } {
  const { title, ...rest } = specification as { readonly title?: unknown };
  const words = wordsOf(title) ?? wordsOf((title as { text?: unknown } | null | undefined)?.text);
  if (words === null) return { title: '', subtitle: '', rest: specification };
  const subtitle = wordsOf((title as { subtitle?: unknown }).subtitle) ?? '';
  return { title: words, subtitle, rest };
}

function wordsOf(text: unknown): string | null {
  if (typeof text === 'string') return text;
  return Array.isArray(text) && text.every((line) => typeof line === 'string') ? text.join('; ') : null;
}
