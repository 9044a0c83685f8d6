/** @file The picture of FP8's gap in natural training, and of the outputs that would have to break it. */
import { colours, signed } from '@octavo/report/charts';
import { overSteps, picture, quantity, shaded } from '../../charts/frame.ts';
import { seedLines, zeroLine } from '../../charts/layers.ts';
import { mean } from '../../engine/numbers.ts';
import { gapsOf, HISTORY, largestJump, lastGap, lastSteps, type NamedNatural, runsAt } from '../results.ts';
import type { AlignmentSettings } from '../settings.ts';

const NAMES = { fp8: 'fp8', 'bf16-nudged': 'bf16, nudged' } as const;
type Arm = keyof typeof NAMES;
const SHADES = { [NAMES.fp8]: colours.fp8!, [NAMES['bf16-nudged']]: colours.bf16! };

/** Above: paired gaps in blocks of steps. Below: SwiGLU's largest output by step and layer. */
export function gapChart(settings: AlignmentSettings, natural: readonly NamedNatural[]): object {
  const { compared, steps } = settings;
  const every = Math.max(1, Math.round(steps / 20));
  const gaps = (Object.keys(NAMES) as Arm[]).flatMap((arm) =>
    gapsOf(settings, natural, arm).flatMap(({ seed, gaps: all }) =>
      Array.from({ length: Math.floor(all.length / every) }, (_, i) => ({
        ...{ arm: NAMES[arm], seed, step: (i + 1) * every },
        gap: mean(all.slice(i * every, (i + 1) * every)),
      })),
    ),
  );
  const ends = (arm: Arm): number[] =>
    gapsOf(settings, natural, arm).map(({ gaps: all }) => lastGap(settings, all));
  const list = (arm: Arm): string =>
    ends(arm)
      .map((gap) => signed(gap, 3))
      .join(', ');
  const most = (arm: Arm): string => Math.max(...ends(arm).map(Math.abs)).toFixed(3);
  const run = runsAt(natural, compared, 'fp8')[0]!;
  const jump = largestJump(run, settings.warmup).toFixed(2);
  const x = overSteps({ tickCount: 8 });
  const legend = { title: null, orient: 'top', symbolStrokeWidth: 3, symbolOpacity: 1 };
  const title = ['loss less that of bf16,', 'nats per byte'];
  const y = quantity('gap', { title, axis: { tickCount: 5 } });
  return picture(
    `Naturally aligned, FP8 ends at most ${most('fp8')} nats from BF16, and BF16 from a nudged start ${most('bf16-nudged')}`,
    [
      `decay ${compared.decay}, learning rate ${compared.rate}, nothing planted; ${every}-step means on the same batches; nudged: start moved by one rounding`,
      `mean of the last ${lastSteps(settings)} steps, a number a seed: fp8 ${list('fp8')}; nudged ${list('bf16-nudged')}`,
    ],
    {
      vconcat: [
        {
          width: 620,
          height: 170,
          data: { values: gaps },
          layer: [
            zeroLine('y', { color: '#afb8c1' }),
            ...seedLines({ x, y, color: shaded('arm', SHADES, legend) }, { opacity: 0.5, strokeWidth: 2.2 }),
          ],
        },
        {
          title: {
            text: `SwiGLU's largest output, fp8, seed ${run.seed}: at most ${jump} times the largest of the ${HISTORY} steps before`,
            fontSize: 13,
          },
          width: 620,
          height: 130,
          data: {
            values: run.peaks.flatMap((layer, index) =>
              layer.map((amax, i) => ({ layer: `layer ${index}`, step: i + 1, amax })),
            ),
          },
          mark: { type: 'line', strokeWidth: 1 },
          encoding: {
            x,
            y: quantity('amax', {
              title: 'max |output|',
              scale: { type: 'log' },
              axis: { values: [1, 10, 100, 1000], format: '~g' },
            }),
            color: {
              ...{ field: 'layer', type: 'nominal' },
              scale: { range: ['#bf8700', '#1a7f37', '#8250df', '#0969da'] },
              legend: { title: null, orient: 'right', symbolStrokeWidth: 3 },
            },
          },
        },
      ],
      resolve: { scale: { color: 'independent' } },
    },
  );
}
