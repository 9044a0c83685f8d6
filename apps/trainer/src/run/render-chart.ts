/** @file A Vega-Lite specification as an SVG. The libraries are large, and loaded only when a chart is drawn. */
import type { Loader, LoggerInterface } from 'vega';

/** Nothing is loaded, and expressions are interpreted, not made into code: the specification may be anyone's. */
export async function renderSvg(specification: object): Promise<string> {
  const [vega, { compile }, { expressionInterpreter }] = await Promise.all([
    import('vega'),
    import('vega-lite'),
    import('vega-interpreter'),
  ]);
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
