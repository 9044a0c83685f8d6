/** @file Rounding and scale of the second moment: how many elements stall, how wrong they get, what it costs. */
import { overSteps, panel, picture, quantity, shaded } from '../../charts/frame.ts';
import { seedLines } from '../../charts/layers.ts';
import { mean } from '../../engine/numbers.ts';
import { where } from '../../engine/rows.ts';
import { PAPER_PAIR, titleOf } from '../arms.ts';
import { type Comparison, lateShare, timesTooLarge } from '../results.ts';
import type { OptimizerSettings } from '../settings.ts';

const shades: Readonly<Record<string, string>> = {
  [PAPER_PAIR]: '#1f6feb',
  [`${PAPER_PAIR}-stochastic`]: '#39c5cf',
  [`${PAPER_PAIR}-powers`]: '#cf222e',
  'e4m3-e4m3': '#bf8700',
};

export function stallChart({ sampleEvery }: OptimizerSettings, comparisons: readonly Comparison[]): object {
  const own = comparisons.filter((c) => c.start === 'scratch' && c.optimizer in shades);
  const shown = Object.entries(shades).filter(([name]) => own.some((c) => c.optimizer === name));
  const values = own.flatMap(({ optimizer, seed, stalls, gaps }) =>
    stalls.map(({ step, stalled, elements, excess }) => ({
      ...{ name: titleOf(optimizer), seed, step },
      stalled: stalled / elements,
      times: 2 ** excess,
      gap: mean(gaps.slice(step - sampleEvery, step)),
    })),
  );
  const legend = { title: null, orient: 'top', columns: 2, labelLimit: 320 };
  const color = shaded('name', Object.fromEntries(shown.map(([name, shade]) => [titleOf(name), shade])), {
    ...legend,
    ...{ symbolOpacity: 1, symbolStrokeWidth: 3 },
  });
  const over = (field: string, title: readonly string[], rest: object, last = false): object => {
    const x = { ...overSteps({ tickCount: 8, labelFlush: false }), ...(last ? {} : { title: null }) };
    const y = quantity(field, { title, titleFontSize: 12, ...rest });
    return panel(620, 130, seedLines({ x, y, color }, { opacity: 0.4, strokeWidth: 2 }));
  };
  const nats = {
    axis: { format: '~g', values: [-0.05, 0, 0.05, 0.1, 0.3, 1, 3, 10] },
    scale: { type: 'symlog', constant: 0.05 },
  };
  const times = { scale: { type: 'log', base: 2 }, axis: { format: '~r', tickCount: 4 } };
  return picture(
    titleFor(own),
    [
      'from scratch, all matrices together; thin: a seed, thick: mean of the seeds',
      'stalled: the code stays, and the value goes less than half of the way that its exact update would',
    ],
    {
      data: { values: values.filter(({ gap }) => Number.isFinite(gap)) },
      vconcat: [
        over('stalled', ['second moments', 'that stall'], {
          axis: { format: '.0%' },
          scale: { domain: [0, 1] },
        }),
        over('times', ['second moment,', "times float32's"], times),
        over('gap', ['loss less that of', 'FP32 moments, nats'], nats, true),
      ],
    },
  );
}

function titleFor(own: readonly Comparison[]): string {
  const percent = (optimizer: string): string =>
    `${Math.round(100 * mean(where(own, { optimizer }).flatMap((c) => lateShare(c, 'stalled') ?? [])))} %`;
  const powers = where(own, { optimizer: `${PAPER_PAIR}-powers` });
  if (powers.length === 0) return `${percent(PAPER_PAIR)} of the second moments stall in a step`;
  const times = mean(powers.flatMap((c) => timesTooLarge(c) ?? []));
  return `Power-of-two scale: ${percent(`${PAPER_PAIR}-powers`)} of second moments stall and end ${times.toFixed(1)} times too large; max / amax: ${percent(PAPER_PAIR)}`;
}
