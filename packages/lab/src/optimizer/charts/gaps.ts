/** @file The four pairs of formats side by side: the gap to FP32 moments by step, a line a seed. */
import { frame, overSteps, wrapped } from '../../charts/parts.ts';
import { BASELINE, NUDGED, optimizerOf, pairs, type Variant } from '../arms.ts';
import type { Comparison } from '../results.ts';
import type { OptimizerSettings } from '../settings.ts';
import { FOLLOWS, HARMLESS } from '../statements.ts';

/** What is rounded too early fails from scratch at once, and would hide the rest: it is shown on the aged checkpoint only. */
const shown: Readonly<Record<'scratch' | 'aged', readonly Variant[]>> = {
  scratch: ['plain', 'fp16'],
  aged: ['plain', 'fp16', 'early'],
};
const names: Readonly<Partial<Record<Variant, readonly [name: string, colour: string]>>> = {
  plain: ['FP32 master weights', '#1f6feb'],
  fp16: ["FP16 master weights, the paper's", '#e16f24'],
  early: ['moments rounded before the update', '#cf222e'],
};

export function gapChart(
  { spikeEvery, steps }: OptimizerSettings,
  comparisons: readonly Comparison[],
  start: keyof typeof shown,
): object {
  const own = comparisons.filter((c) => c.start === start);
  const values = own.flatMap(({ optimizer, seed, gaps }) => {
    const { pair, variant } = optimizerOf(optimizer);
    const [name] = names[variant] ?? [];
    if (!name || !shown[start].includes(variant) || optimizer.startsWith(BASELINE)) return [];
    return gaps
      .map((gap, i) => ({ pair, name, seed, step: i + 1, gap }))
      .filter(({ gap }) => Number.isFinite(gap));
  });
  const legend = Object.values(names).filter(([name]) => values.some((row) => row.name === name));
  const gaps = values.map(({ gap }) => gap);
  const [lowest, largest] = [Math.min(...gaps, -HARMLESS), Math.max(...gaps, HARMLESS)];
  const noise = Math.max(
    0,
    ...own.filter((c) => c.optimizer === NUDGED).flatMap(({ gaps }) => gaps.map(Math.abs)),
  );
  const spikes = Array.from({ length: Math.floor(steps / spikeEvery) }, (_, i) => ({
    step: (i + 1) * spikeEvery,
  }));
  const last = Math.max(...values.map(({ step }) => step));
  const x = { ...overSteps({ tickCount: 4 }), scale: { domain: [0, last] } };
  const y = {
    field: 'gap',
    type: 'quantitative',
    title: 'loss less that of FP32 moments, nats per byte',
    ...axisFor(lowest, largest),
  };
  return frame({
    title: {
      text: titleFor(start, own),
      subtitle: [
        start === 'scratch'
          ? `a line a seed${noise > 0 ? '; grey: how far FP32 moments stray when their start is nudged by one rounding' : ''}`
          : 'a line a seed; dashed: steps with the rare byte; no clipping',
        ...(largest > 0.5 ? ['the axis is logarithmic beyond ±0.1'] : []),
      ],
    },
    data: { values },
    facet: {
      field: 'pair',
      type: 'nominal',
      sort: pairs.map((pair) => optimizerOf(pair).pair),
      title: null,
      header: { labelFontSize: 12, labelFontWeight: 'bold' },
    },
    ...wrapped(new Set(values.map(({ pair }) => pair)).size, 4),
    spec: {
      width: 175,
      height: 190,
      layer: [
        ...(start === 'aged'
          ? [
              {
                data: { values: spikes },
                mark: { type: 'rule', strokeDash: [4, 4], color: '#afb8c1' },
                encoding: { x },
              },
            ]
          : [
              {
                data: { values: [{ from: -noise, to: noise }] },
                mark: { type: 'rect', color: '#d0d7de', opacity: 0.7 },
                encoding: { y: { ...y, field: 'from' }, y2: { field: 'to' } },
              },
            ]),
        { mark: { type: 'rule', color: '#57606a', strokeWidth: 0.5 }, encoding: { y: { datum: 0 } } },
        {
          mark: { type: 'line', strokeWidth: 1.2, opacity: 0.8 },
          encoding: {
            x,
            y,
            color: {
              field: 'name',
              type: 'nominal',
              scale: { domain: legend.map(([name]) => name), range: legend.map(([, shade]) => shade) },
              legend: {
                title: null,
                orient: 'bottom',
                labelLimit: 300,
                symbolStrokeWidth: 3,
                symbolOpacity: 1,
              },
            },
            detail: { field: 'seed' },
          },
        },
      ],
    },
  });
}

/** Blow-ups on a logarithmic axis; small gaps on a plain one that is no narrower than what counts. */
function axisFor(lowest: number, largest: number): object {
  if (largest <= 0.5) {
    return { scale: { domain: [lowest, largest] }, axis: { tickCount: 5 } };
  }
  const powers = Array.from(
    { length: Math.max(0, Math.ceil(Math.log10(largest))) + 2 },
    (_, i) => 10 ** (i - 1),
  );
  return { scale: { type: 'symlog', constant: 0.1 }, axis: { values: [-0.1, 0, ...powers], format: '~g' } };
}

function titleFor(start: keyof typeof shown, own: readonly Comparison[]): string {
  const short = (pair: string): string => pair.toUpperCase().replace('-', '/');
  const listed = (names: readonly string[]): string => names.map(short).join(' and ');
  const fine = ({ lastGap, largestGap }: Comparison): boolean =>
    start === 'scratch' ? Math.abs(lastGap) <= FOLLOWS : largestGap <= HARMLESS;
  const of = (optimizer: string) => own.filter((c) => c.optimizer === optimizer);
  const present = pairs.filter((pair) => of(pair).length > 0);
  const good = present.filter((pair) => of(pair).every(fine));
  const bad = present.filter((pair) => !good.includes(pair));
  const worst = Math.max(...bad.flatMap((pair) => of(pair).map((c) => c.largestGap)));
  const early = pairs.filter((pair) => of(`${pair}-early`).some((c) => !fine(c)));
  const where = start === 'scratch' ? 'From scratch' : 'From the aged checkpoint';
  const parts = [
    good.length === present.length ? 'every pair follows FP32 moments' : '',
    good.length > 0 && bad.length > 0
      ? `${listed(good)} ${good.length === 1 ? 'follows' : 'follow'} FP32 moments`
      : '',
    bad.length > 0
      ? `${listed(bad)} ${bad.length === 1 ? 'does' : 'do'} not (gaps up to ${Number.isFinite(worst) ? worst.toPrecision(2) : 'infinity'})`
      : '',
    start === 'aged' && early.length > 0 ? `${listed(early)} fails if rounded before the update` : '',
  ];
  return `${where} ${parts.filter((part) => part !== '').join('; ')}`;
}
