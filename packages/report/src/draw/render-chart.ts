/** @file A Vega-Lite specification as an SVG. The libraries are large, and loaded only when a chart is drawn. */
import type { Loader, LoggerInterface } from 'vega';
import { holdText } from './hold-text.ts';
import { textWidth } from './text-width.ts';

/** Nothing is loaded, and expressions are interpreted, not made into code: the specification may be anyone's. */
export async function renderSvg(specification: object): Promise<string> {
  const [vega, { compile }, { expressionInterpreter }] = await Promise.all([
    import('vega'),
    import('vega-lite'),
    import('vega-interpreter'),
  ]);
  measureText(vega);
  const failures: string[] = [];
  const logger = listen(failures);
  const { spec } = compile(specification as Parameters<typeof compile>[0], { logger });
  const view = new vega.View(vega.parse(spec, undefined, { ast: true }), {
    renderer: 'none',
    expr: expressionInterpreter,
    loader: sealed(failures),
    logger,
  });
  const svg = await view.toSVG();
  view.finalize();
  if (failures.length > 0) throw new Error(failures[0]);
  return holdText(sharpRectangles(svg));
}

/** Cells of a heat map touch: without this a hair of the ground shows between them. */
const sharpRectangles = (svg: string): string =>
  svg.replaceAll('<g class="mark-rect ', '<g shape-rendering="crispEdges" class="mark-rect ');

/** A text as Vega lays it out; `limit` is what it is cut to. */
interface TextItem {
  readonly fontSize?: number;
  readonly fontWeight?: string | number;
  readonly limit?: number;
}

/** Puts our measure in the place of Vega's own; its types do not know that it has one. */
function measureText(vega: object): void {
  const { textMetrics } = vega as { textMetrics: { width(item: TextItem, text: unknown): number } };
  textMetrics.width = ({ fontSize = 11, fontWeight, limit = 0 }, text) => {
    const width = textWidth(String(text ?? '').trim(), fontSize, fontWeight);
    return limit > 0 ? Math.min(width, limit) : width;
  };
}

/** What is told as an error goes to `failures`; the rest is dropped. */
function listen(failures: string[]): LoggerInterface {
  const quiet = () => logger;
  const logger = {
    level: quiet,
    error(...told: readonly unknown[]) {
      failures.push(told.map((part) => (part instanceof Error ? part.message : String(part))).join(' '));
      return logger;
    },
    warn: quiet,
    info: quiet,
    debug: quiet,
  } as LoggerInterface;
  return logger;
}

/** Loads nothing. Vega would only warn, and draw a chart without its data. */
function sealed(failures: string[]): Loader {
  const refuse = async (uri: string): Promise<never> => {
    failures.push(`it may not load anything: got ${uri}`);
    throw new Error(failures.at(-1));
  };
  return { load: refuse, sanitize: refuse, http: refuse, file: refuse };
}
