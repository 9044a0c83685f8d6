/**
 * @file The picture of a run: its loss, and the largest value of every tensor of a layer over time, as one SVG.
 *
 *     pnpm --filter @octavo/studies run-figure RUN OUT.svg [--baseline NATS --baseline-name TEXT]
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readStatistics } from '@octavo/store';
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    baseline: { type: 'string' },
    'baseline-name': { type: 'string', default: 'order-2 byte model, held out' },
    'held-out': { type: 'string' },
  },
});
const [run, out] = positionals;
if (!run || !out) throw new Error('usage: run-figure RUN OUT.svg');

type Row = Record<string, unknown>;
const rowsOf = async (file: string): Promise<Row[]> =>
  Array.from(await readStatistics(join(run, file)), (row) => ({ ...(row as Row) }));

const steps = (await rowsOf('steps.arrow')).map(({ step, loss }) => ({ step, loss }));
const tensors = (await rowsOf('tensors.arrow'))
  .filter(({ operand, amax }) => operand === 'input' && amax !== null)
  .map(({ step, layer, site, amax }) => ({ step, tensor: `layer ${layer} ${site}`, amax }));

const rule = values.baseline
  ? [
      {
        data: { values: [{ y: Number(values.baseline) }] },
        mark: { type: 'rule', strokeDash: [6, 4], color: '#666' },
        encoding: { y: { field: 'y', type: 'quantitative' } },
      },
      {
        data: { values: [{ y: Number(values.baseline), text: values['baseline-name'] }] },
        mark: { type: 'text', align: 'right', dy: -7, color: '#444', x: 636 },
        encoding: { y: { field: 'y', type: 'quantitative' }, text: { field: 'text' } },
      },
    ]
  : [];

const spec = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: 'white',
  config: {
    font: 'sans-serif',
    axis: { labelFontSize: 12, titleFontSize: 13, labelLimit: 200 },
    title: { fontSize: 14, anchor: 'start', frame: 'group' },
  },
  vconcat: [
    {
      title: 'Loss, nats per byte',
      width: 640,
      height: 240,
      layer: [
        {
          data: { values: steps },
          mark: { type: 'line', strokeWidth: 1, color: '#1f6feb' },
          encoding: {
            x: { field: 'step', type: 'quantitative', title: null },
            y: { field: 'loss', type: 'quantitative', title: null, scale: { zero: false } },
          },
        },
        ...rule,
      ],
    },
    {
      title: 'Largest value of the input of each linear layer (amax, logarithmic)',
      data: { values: tensors },
      width: 640,
      height: { step: 14 },
      mark: 'rect',
      encoding: {
        x: {
          field: 'step',
          type: 'ordinal',
          title: 'step',
          axis: { labelOverlap: true, labelAngle: 0, ticks: false },
        },
        y: { field: 'tensor', type: 'ordinal', title: null, sort: null },
        color: {
          field: 'amax',
          type: 'quantitative',
          scale: { type: 'log', scheme: 'viridis' },
          legend: {
            title: 'amax',
            orient: 'bottom',
            gradientLength: 300,
            titleFontSize: 12,
            labelFontSize: 12,
          },
        },
      },
    },
  ],
} as unknown as TopLevelSpec;

const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
writeFileSync(out, await view.toSVG());
