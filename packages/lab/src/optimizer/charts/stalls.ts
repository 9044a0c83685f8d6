/** @file Rounding and scale of the second moment: how many elements stall, how wrong they get, what it costs. */

import { frame, overSteps } from '../../charts/parts.ts';
import { mean } from '../../engine/numbers.ts';
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
  const names = Object.keys(shades).filter((name) => own.some((c) => c.optimizer === name));
  const values = own.flatMap(({ optimizer, seed, stalls, gaps }) =>
    stalls.map(({ step, stalled, elements, excess }) => ({
      name: titleOf(optimizer),
      seed,
      step,
      stalled: stalled / elements,
      times: 2 ** excess,
      gap: mean(gaps.slice(step - sampleEvery, step)),
    })),
  );
  const color = {
    field: 'name',
    type: 'nominal',
    scale: { domain: names.map(titleOf), range: names.map((name) => shades[name]!) },
    legend: {
      title: null,
      orient: 'top',
      columns: 2,
      labelLimit: 320,
      symbolOpacity: 1,
      symbolStrokeWidth: 3,
    },
  };
  const panel = (field: string, title: readonly string[], rest: object, last = false): object => {
    const x = { ...overSteps({ tickCount: 8, labelFlush: false }), ...(last ? {} : { title: null }) };
    const y = { field, type: 'quantitative', title, titleFontSize: 12, ...rest };
    return {
      width: 620,
      height: 130,
      layer: [
        {
          mark: { type: 'line', strokeWidth: 0.8, opacity: 0.4 },
          encoding: { x, y, color, detail: { field: 'seed' } },
        },
        { mark: { type: 'line', strokeWidth: 2 }, encoding: { x, y: { ...y, aggregate: 'mean' }, color } },
      ],
    };
  };
  return frame({
    title: {
      text: titleFor(own),
      subtitle: [
        'from scratch, all matrices together; thin: a seed, thick: mean of the seeds',
        'stalled: the code stays, and the value goes less than half of the way that its exact update would',
      ],
    },
    data: { values: values.filter(({ gap }) => Number.isFinite(gap)) },
    vconcat: [
      panel('stalled', ['second moments', 'that stall'], {
        axis: { format: '.0%' },
        scale: { domain: [0, 1] },
      }),
      panel('times', ['second moment,', "times float32's"], {
        scale: { type: 'log', base: 2 },
        axis: { format: '~r', tickCount: 4 },
      }),
      panel(
        'gap',
        ['loss less that of', 'FP32 moments, nats'],
        {
          axis: { format: '~g', values: [-0.05, 0, 0.05, 0.1, 0.3, 1, 3, 10] },
          scale: { type: 'symlog', constant: 0.05 },
        },
        true,
      ),
    ],
  });
}

function titleFor(own: readonly Comparison[]): string {
  const share = (name: string): number =>
    mean(own.filter((c) => c.optimizer === name).flatMap((c) => lateShare(c, 'stalled') ?? []));
  const percent = (name: string): string => `${Math.round(100 * share(name))} %`;
  const powers = own.filter((c) => c.optimizer === `${PAPER_PAIR}-powers`);
  if (powers.length === 0) return `${percent(PAPER_PAIR)} of the second moments stall in a step`;
  const times = mean(powers.flatMap((c) => timesTooLarge(c) ?? []));
  return `Power-of-two scale: ${percent(`${PAPER_PAIR}-powers`)} of second moments stall and end ${times.toFixed(1)} times too large; max / amax: ${percent(PAPER_PAIR)}`;
}
