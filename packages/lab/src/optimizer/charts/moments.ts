/** @file Second moments: how many stall, how wrong they get, what it costs; and which tensors' go to zero, by the formats. */
import { names, overSteps, panel, panelsBy, picture, quantity, shaded } from '../../charts/frame.ts';
import { heatMap, seedLines } from '../../charts/layers.ts';
import { mean } from '../../engine/numbers.ts';
import { distinct, where } from '../../engine/rows.ts';
import { lastHalf } from '../../training/loop.ts';
import { PAPER_PAIR, pairs, titleOf } from '../arms.ts';
import { type Comparison, lateShare, type Start, timesTooLarge } from '../results.ts';
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
    stallTitle(own),
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

function stallTitle(own: readonly Comparison[]): string {
  const percent = (optimizer: string): string =>
    `${Math.round(100 * mean(where(own, { optimizer }).flatMap((c) => lateShare(c, 'stalled') ?? [])))} %`;
  const powers = where(own, { optimizer: `${PAPER_PAIR}-powers` });
  if (powers.length === 0) return `${percent(PAPER_PAIR)} of the second moments stall in a step`;
  const times = mean(powers.flatMap((c) => timesTooLarge(c) ?? []));
  return `Power-of-two scale: ${percent(`${PAPER_PAIR}-powers`)} of second moments stall and end ${times.toFixed(1)} times too large; max / amax: ${percent(PAPER_PAIR)}`;
}

const starts: Readonly<Record<Start, string>> = {
  scratch: 'from scratch',
  aged: 'from the aged checkpoint',
  rescaled: 'rescaled, nothing planted',
  slow: 'from the base, slowly',
};

export function underflowChart(comparisons: readonly Comparison[]): object {
  const shown = comparisons.filter(
    ({ optimizer, start }) => start !== 'slow' && pairs.some((pair) => pair === optimizer),
  );
  const tensors = tensorsOf(shown);
  const keys = [...new Map(shown.map((c) => [`${c.start} ${c.optimizer}`, c])).values()];
  const values = keys.flatMap(({ start, optimizer }) => {
    const moments = where(shown, { start, optimizer }).map((run) => run.moments);
    return tensors.map((tensor) => ({
      start: starts[start],
      pair: short(optimizer),
      tensor: tensor.replace(/^layers\.(\d+)\./, 'layer $1 '),
      share: mean(moments.flatMap((own) => lateUnderflows(own, tensor))),
    }));
  });
  const encoding = {
    x: names('pair', pairs.map(short), { axis: { labelAngle: 0, orient: 'top', labelLimit: 90 } }),
    y: names('tensor', null),
  };
  const scale = { domain: [0, 0.2, 1], range: ['#ffffff', '#fdae6b', '#a50f15'], interpolate: 'rgb' };
  return picture(
    underflowTitle(shown),
    'columns: first / second moment; mean of the last half of the samples and of the seeds',
    {
      data: { values },
      facet: { column: panelsBy('start', Object.values(starts)) },
      spec: panel(
        { step: 88 },
        { step: 22 },
        heatMap('share', { scale, format: '.2~%', dark: 'datum.share > 0.4', encoding }),
      ),
    },
    { offset: 14 },
  );
}

const short = (pair: string): string => pair.toUpperCase().replace('-', ' / ');

const tensorsOf = (runs: readonly Comparison[]): string[] =>
  distinct(
    runs.flatMap(({ moments }) => moments),
    'tensor',
  );

const lateUnderflows = (moments: Comparison['moments'], tensor: string): number[] =>
  lastHalf(where(moments, { tensor })).map(({ underflowed, elements }) => underflowed / elements);

function underflowTitle(shown: readonly Comparison[]): string {
  const worst = (second: string): { share: number; tensor: string } => {
    const own = shown.filter(({ optimizer }) => optimizer.endsWith(second));
    const tensors = tensorsOf(own);
    return own
      .flatMap(({ moments }) =>
        tensors.map((tensor) => ({ share: mean(lateUnderflows(moments, tensor)), tensor })),
      )
      .reduce((a, b) => (b.share > a.share ? b : a), { share: 0, tensor: '' });
  };
  const percent = (share: number): string => `${(100 * share).toFixed(share < 0.01 ? 1 : 0)} %`;
  const [e4m3, e5m2] = [worst('-e4m3'), worst('-e5m2')];
  const name = e4m3.tensor.split('.').at(-1);
  return `E4M3 stores up to ${percent(e4m3.share)} of ${name ? `${name}'s` : 'the'} second moments as zero, E5M2 at most ${percent(e5m2.share)} of any tensor's`;
}
