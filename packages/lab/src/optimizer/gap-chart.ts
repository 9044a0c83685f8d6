/** @file The four pairs of formats side by side: the gap to FP32 moments by step, a line a seed. */
import { frame } from '../charts.ts';
import { NUDGED, optimizerOf, pairs } from './arms.ts';
import { FOLLOWS, HARMLESS } from './claims.ts';
import type { Comparison, Start } from './compare.ts';
import type { OptimizerSettings } from './settings.ts';

const masters = { plain: 'FP32', fp16: 'FP16 with a scale (the paper)' } as const;

export function gapChart(
  { spikeEvery, steps }: OptimizerSettings,
  comparisons: readonly Comparison[],
  start: Start,
): object {
  const own = comparisons.filter((c) => c.start === start);
  const shown = own.filter(({ optimizer }) => pairs.some((pair) => optimizer.startsWith(pair)));
  const values = shown.flatMap(({ optimizer, seed, gaps }) => {
    const { pair, variant } = optimizerOf(optimizer);
    if (variant !== 'plain' && variant !== 'fp16') return [];
    return gaps
      .map((gap, i) => ({ pair, master: masters[variant], seed, step: i + 1, gap }))
      .filter(({ gap }) => Number.isFinite(gap));
  });
  const largest = Math.max(0, ...values.map(({ gap }) => Math.abs(gap)));
  const noise = Math.max(
    0,
    ...own.filter((c) => c.optimizer === NUDGED).flatMap(({ gaps }) => gaps.map(Math.abs)),
  );
  const spikes = Array.from({ length: Math.floor(steps / spikeEvery) }, (_, i) => ({
    step: (i + 1) * spikeEvery,
  }));
  const x = { field: 'step', type: 'quantitative', title: 'step', axis: { tickCount: 4 } };
  const y = {
    field: 'gap',
    type: 'quantitative',
    title: 'loss less that of FP32 moments, nats per byte',
    ...axisFor(largest),
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
      subtitleColor: '#57606a',
    },
    data: { values },
    facet: {
      field: 'pair',
      type: 'nominal',
      sort: pairs.map((pair) => optimizerOf(pair).pair),
      title: null,
      header: { labelFontSize: 12, labelFontWeight: 'bold' },
    },
    columns: 4,
    spec: {
      width: 175,
      height: 190,
      layer: [
        ...(start === 'aged'
          ? [
              {
                data: { values: spikes },
                mark: { type: 'rule', strokeDash: [4, 4], color: '#afb8c1' },
                encoding: { x: { field: 'step', type: 'quantitative' } },
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
              field: 'master',
              type: 'nominal',
              scale: { domain: Object.values(masters), range: ['#1f6feb', '#e16f24'] },
              legend: { title: 'master weights', orient: 'bottom' },
            },
            detail: { field: 'seed' },
          },
        },
      ],
    },
  });
}

/** Blow-ups on a logarithmic axis; small gaps on a plain one that is no narrower than what counts. */
function axisFor(largest: number): object {
  if (largest <= 0.5) {
    const bound = Math.max(HARMLESS, largest);
    return { scale: { domain: [-bound, bound] }, axis: { format: '.2~f', tickCount: 5 } };
  }
  const powers = Array.from(
    { length: Math.max(0, Math.ceil(Math.log10(largest))) + 2 },
    (_, i) => 10 ** (i - 1),
  );
  return { scale: { type: 'symlog', constant: 0.1 }, axis: { values: [-0.1, 0, ...powers], format: '~g' } };
}

function titleFor(start: Start, own: readonly Comparison[]): string {
  const short = (pair: string): string => pair.toUpperCase().replace('-', '/');
  const fine = ({ lastGap, largestGap }: Comparison): boolean =>
    start === 'scratch' ? Math.abs(lastGap) <= FOLLOWS : largestGap <= HARMLESS;
  const present = pairs.filter((pair) => own.some((c) => c.optimizer === pair));
  const good = present.filter((pair) => own.filter((c) => c.optimizer === pair).every(fine));
  const bad = present.filter((pair) => !good.includes(pair));
  const where = start === 'scratch' ? 'From scratch' : 'From the aged checkpoint';
  if (bad.length === 0) return `${where} all four pairs follow FP32 moments`;
  const worst = Math.max(
    ...own.filter((c) => bad.some((pair) => pair === c.optimizer)).map((c) => c.largestGap),
  );
  const fails = `${bad.map(short).join(', ')} ${bad.length === 1 ? 'does' : 'do'} not (gaps up to ${Number.isFinite(worst) ? worst.toPrecision(2) : 'infinity'})`;
  if (good.length === 0) return `${where} no pair follows FP32 moments (gaps up to ${worst.toPrecision(2)})`;
  return `${where} ${good.map(short).join(' and ')} ${good.length === 1 ? 'follows' : 'follow'} FP32 moments; ${fails}`;
}
