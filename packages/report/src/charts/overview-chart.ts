/** @file A run in one picture: its loss, and below it the largest input of every linear layer as it trains. */
import { frame } from './frame.ts';
import { heatMap } from './heat-map.ts';
import { lossChart } from './loss-chart.ts';
import type { ReportRun } from './rows.ts';

/** Each view has its own legends beside it. */
const CHANNELS = ['color', 'shape', 'opacity', 'strokeWidth'] as const;

export function overviewChart(run: ReportRun): object {
  const inputs = heatMap(
    run.tensors.filter(({ operand }) => operand === 'input'),
    'amax',
  );
  return frame({
    vconcat: [lossChart([run]), ...(inputs === null ? [] : [inputs])].map(inner),
    spacing: 32,
    resolve: { scale: Object.fromEntries(CHANNELS.map((channel) => [channel, 'independent'])) },
  });
}

/** Without what only a whole picture has. */
function inner(chart: object): object {
  const { $schema: _, background: __, config: ___, ...view } = chart as Readonly<Record<string, unknown>>;
  return view;
}
