/** @file A Vega-Lite specification as an SVG. The libraries are large, and loaded only when a chart is drawn. */
import type { Loader, LoggerInterface } from 'vega';
import { textWidth } from './text-width.ts';

/** Nothing is loaded, and expressions are interpreted, not made into code: the specification may be anyone's. */
export async function renderSvg(specification: object): Promise<string> {
  const [vega, { compile }, { expressionInterpreter }] = await Promise.all([
    import('vega'),
    import('vega-lite'),
    import('vega-interpreter'),
  ]);
  measureText(vega);
  const { logger, failures } = listen();
  const { spec } = compile(specification as Parameters<typeof compile>[0], { logger });
  const view = new vega.View(vega.parse(spec, undefined, { ast: true }), {
    renderer: 'none',
    expr: expressionInterpreter,
    loader: sealed,
    logger,
  });
  const svg = await view.toSVG();
  view.finalize();
  if (failures.length > 0) throw new Error(failures[0]);
  return svg;
}

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

/** Vega tells what fails to load as a message, and goes on without. */
function listen(): { logger: LoggerInterface; failures: string[] } {
  const failures: string[] = [];
  const logger: LoggerInterface = {
    level: () => logger,
    error(...told) {
      failures.push(told.map((part) => (part instanceof Error ? part.message : String(part))).join(' '));
      return logger;
    },
    warn: () => logger,
    info: () => logger,
    debug: () => logger,
  } as LoggerInterface;
  return { logger, failures };
}

const refuse = async (uri: string): Promise<never> => {
  throw new Error(`a chart may not load anything: got ${uri}`);
};
const sealed: Loader = { load: refuse, sanitize: refuse, http: refuse, file: refuse };
