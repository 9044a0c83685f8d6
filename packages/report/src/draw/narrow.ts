/**
 * @file A chart laid out anew for a phone: panels below one another, legends below the plot, titles in lines, plots as
 * wide as is left. Letters stay as large as they are.
 */
import { renderSvg } from './render-chart.ts';
import { textWidth } from './text-width.ts';

/** What a phone of 375 pixels leaves between a page's margins. */
const PHONE = 340;
/** Plots are no narrower; a picture that is too wide even so is shown smaller. */
const [LEAST, MOST] = [120, 300];

type Spec = Readonly<Record<string, unknown>>;

/** Renders a Vega-Lite specification, no wider than `target` pixels where its plots can make room. */
export async function renderNarrow(specification: object, target = PHONE): Promise<string> {
  let best: { readonly svg: string; readonly width: number } | null = null;
  for (let plot = MOST; ; ) {
    const svg = await renderSvg(stacked(narrowed(specification as Spec, { target, plot, columns: 1 })));
    const width = widthOf(svg);
    if (best !== null && width >= best.width) return best.svg; // what is too wide is no plot
    best = { svg, width };
    if (width <= target || plot === LEAST) return svg;
    plot = Math.max(LEAST, Math.floor(plot - (width - target)));
  }
}

/** Legends below one another. */
function stacked({ config, ...spec }: Spec): Spec {
  const { legend, ...others } = (config ?? {}) as { readonly legend?: Spec };
  const layout = { bottom: { direction: 'vertical', anchor: 'start', margin: 6 } };
  return { ...spec, config: { ...others, legend: { ...legend, layout } } };
}

const widthOf = (svg: string): number => Number(/^<svg[^>]* width="([\d.]+)"/.exec(svg)?.[1] ?? 0);

interface Room {
  /** Of the whole picture. */
  readonly target: number;
  /** Of what is plotted, all columns together. */
  readonly plot: number;
  readonly columns: number;
}

function narrowed(spec: Spec, room: Room): Spec {
  const { hconcat, vconcat, concat, layer, spec: inner, facet, ...rest } = spec;
  const each = (parts: unknown, where = room): Spec[] =>
    (parts as Spec[]).map((part) => narrowed(part, where));
  const own = {
    ...rest,
    ...('title' in rest ? { title: inLines(rest.title, room.plot / room.columns) } : {}),
    ...('encoding' in rest ? { encoding: encodings(rest.encoding as Spec, room) } : {}),
    ...('width' in rest ? { width: narrowWidth(rest.width, room) } : {}),
  };
  if (hconcat) return { ...own, vconcat: each(hconcat) };
  if (vconcat) return { ...own, vconcat: each(vconcat) };
  if (concat) return { ...own, columns: 1, concat: each(concat) };
  if (layer) return { ...own, layer: each(layer) };
  if (!facet) return own;
  const { row, column } = facet as { readonly row?: Spec; readonly column?: Spec };
  if (row && column)
    return {
      ...own,
      facet: { row, column: { ...column, header: { ...(column.header as Spec), ...twoLines } } },
      spec: narrowed(inner as Spec, { ...room, columns: 3 }),
    };
  const { header, ...by } = row ?? column ?? (facet as Spec);
  const { labelAngle: _, labelAlign: __, labelPadding: ___, ...shown } = (header ?? {}) as Spec;
  const columns = typeof (inner as Spec).width === 'number' && !row ? 2 : 1;
  const { resolve, bounds: ____, ...unwrapped } = own as Spec;
  return {
    ...unwrapped,
    resolve: { ...(resolve as Spec), axis: { x: 'independent' } },
    facet: { ...by, header: shown },
    columns,
    spacing: 10,
    spec: narrowed(inner as Spec, { ...room, columns }),
  };
}

/** The last word of a column's heading stands below the others. */
const twoLines = {
  labelFontSize: 11,
  labelExpr: "split(replace(datum.label, regexp(' (?=[^ ]+$)'), '|'), '|')",
};

/** A number, or so much a step. */
const narrowWidth = (width: unknown, { plot, columns }: Room): unknown =>
  typeof width === 'number'
    ? Math.min(width, Math.floor(plot / columns))
    : { step: Math.floor(((width as { step: number }).step * plot) / MOST) };

const CHANNELS_WITH_LEGEND = new Set(['color', 'shape', 'strokeDash', 'strokeWidth', 'opacity', 'size']);

/** Few ticks across; titles of axes in lines; legends below. */
function encodings(encoding: Spec, { target, plot, columns }: Room): Spec {
  const narrowedBy: Readonly<Record<string, (definition: Spec) => Spec>> = {
    x: (definition) => across(definition, plot / columns),
    y: upright,
  };
  return Object.fromEntries(
    Object.entries(encoding).map(([channel, value]) => {
      const own = narrowedBy[channel] ?? (CHANNELS_WITH_LEGEND.has(channel) ? legendBelow(target) : null);
      return [channel, own === null ? value : own(value as Spec)];
    }),
  );
}

function across(definition: Spec, plot: number): Spec {
  const named = titled(definition, plot);
  const axis = definition.axis as Spec | null | undefined;
  if (axis === null) return named;
  const banded = definition.type === 'nominal' || definition.type === 'ordinal';
  if (banded) return { ...named, axis: { ...axis, ...(plot < MOST ? { labelAngle: -90 } : {}) } };
  const ticks = axis?.values ? {} : { tickCount: plot < 140 ? 2 : 4 };
  return { ...named, axis: { ...axis, ...ticks, labelOverlap: true } };
}

/** What was beside another axis with the same labels stands below it now, and has its own. */
function upright(definition: Spec): Spec {
  const { labels: _, ticks: __, ...axis } = (definition.axis ?? {}) as Spec;
  return { ...titled(definition, 180), ...(definition.axis === null ? {} : { axis }) };
}

const titled = (definition: Spec, room: number): Spec =>
  'title' in definition ? { ...definition, title: inLines(definition.title, room) } : definition;

const legendBelow =
  (target: number) =>
  (definition: Spec): Spec => {
    if (definition.legend === null || !('legend' in definition || 'field' in definition)) return definition;
    const { columns: _, ...legend } = (definition.legend ?? {}) as Spec;
    const shape =
      definition.type === 'quantitative'
        ? { direction: 'horizontal', gradientLength: 160 }
        : { direction: 'vertical', columns: 1 };
    const limits = { titleLimit: target, labelLimit: target - 60 };
    return { ...definition, legend: { ...legend, ...limits, ...shape, orient: 'bottom' } };
  };

/** A title's words in lines of at most so many pixels, whatever form it has. */
function inLines(title: unknown, width: number): unknown {
  if (typeof title === 'string') {
    const lines = wrap(title, width);
    return lines.length === 1 ? title : lines;
  }
  if (Array.isArray(title)) return title.flatMap((line) => wrap(String(line), width));
  if (title === null || typeof title !== 'object') return title;
  const { text, subtitle, ...rest } = title as Spec;
  return {
    ...rest,
    ...(text === undefined ? {} : { text: inLines(text, width) }),
    ...(subtitle === undefined ? {} : { subtitle: inLines(subtitle, width) }),
  };
}

/** Of bold letters of an axis's title; those of a title above are a little larger. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(longer, 13, 'bold') <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
