/** @file The picture of FP8's gap in natural training, and of the outputs that would have to break it. */

import { colours, frame, overSteps } from '../../charts/parts.ts';
import { mean } from '../../engine/numbers.ts';
import { gapsOf, HISTORY, largestJump, lastGap, lastSteps, type NamedNatural, runsAt } from '../results.ts';
import type { AlignmentSettings } from '../settings.ts';
import { title } from './grid.ts';

const ARMS = ['fp8', 'bf16-nudged'] as const;
const NAMES = { fp8: 'fp8', 'bf16-nudged': 'bf16, nudged' };

/** Above: paired gaps in blocks of steps. Below: SwiGLU's largest output by step and layer. */
export function gapChart(settings: AlignmentSettings, natural: readonly NamedNatural[]): object {
  const { compared, steps } = settings;
  const every = Math.max(1, Math.round(steps / 20));
  const gaps = ARMS.flatMap((arm) =>
    gapsOf(settings, natural, arm).flatMap(({ seed, gaps: all }) =>
      Array.from({ length: Math.floor(all.length / every) }, (_, i) => ({
        arm: NAMES[arm],
        seed,
        step: (i + 1) * every,
        gap: mean(all.slice(i * every, (i + 1) * every)),
      })),
    ),
  );
  const ends = (arm: (typeof ARMS)[number]): number[] =>
    gapsOf(settings, natural, arm).map(({ gaps: all }) => lastGap(settings, all));
  const list = (values: readonly number[]): string =>
    values.map((v) => `${v < 0 ? '−' : '+'}${Math.abs(v).toFixed(3)}`).join(', ');
  const most = (arm: (typeof ARMS)[number]): string => Math.max(...ends(arm).map(Math.abs)).toFixed(3);
  const run = runsAt(natural, compared, 'fp8')[0]!;
  const jump = largestJump(run, settings.warmup).toFixed(2);
  const peaks = run.peaks.flatMap((layer, index) =>
    layer.map((amax, i) => ({ layer: `layer ${index}`, step: i + 1, amax })),
  );
  const x = overSteps({ tickCount: 8 });
  const color = {
    field: 'arm',
    type: 'nominal',
    scale: { domain: ARMS.map((arm) => NAMES[arm]), range: [colours.fp8, colours.bf16] },
    legend: { title: null, orient: 'top', symbolStrokeWidth: 3, symbolOpacity: 1 },
  };
  const y = {
    field: 'gap',
    type: 'quantitative',
    title: ['loss less that of bf16,', 'nats per byte'],
    axis: { tickCount: 5 },
  };
  return frame({
    title: title(
      `Naturally aligned, FP8 ends at most ${most('fp8')} nats from BF16, and BF16 from a nudged start ${most('bf16-nudged')}`,
      [
        `decay ${compared.decay}, learning rate ${compared.rate}, nothing planted; ${every}-step means on the same batches; nudged: start moved by one rounding`,
        `mean of the last ${lastSteps(settings)} steps, a number a seed: fp8 ${list(ends('fp8'))}; nudged ${list(ends('bf16-nudged'))}`,
      ],
    ),
    vconcat: [
      {
        width: 620,
        height: 170,
        data: { values: gaps },
        layer: [
          { mark: { type: 'rule', color: '#afb8c1' }, encoding: { y: { datum: 0 } } },
          {
            mark: { type: 'line', strokeWidth: 0.8, opacity: 0.5 },
            encoding: { x, y, color, detail: { field: 'seed' } },
          },
          {
            mark: { type: 'line', strokeWidth: 2.2 },
            encoding: { x, y: { ...y, aggregate: 'mean' }, color },
          },
        ],
      },
      {
        title: {
          text: `SwiGLU's largest output, fp8, seed ${run.seed}: at most ${jump} times the largest of the ${HISTORY} steps before`,
          fontSize: 13,
        },
        width: 620,
        height: 130,
        data: { values: peaks },
        mark: { type: 'line', strokeWidth: 1 },
        encoding: {
          x,
          y: {
            field: 'amax',
            type: 'quantitative',
            title: 'max |output|',
            scale: { type: 'log' },
            axis: { values: [1, 10, 100, 1000], format: '~g' },
          },
          color: {
            field: 'layer',
            type: 'nominal',
            scale: { range: ['#bf8700', '#1a7f37', '#8250df', '#0969da'] },
            legend: { title: null, orient: 'right', symbolStrokeWidth: 3 },
          },
        },
      },
    ],
    resolve: { scale: { color: 'independent' } },
  });
}
