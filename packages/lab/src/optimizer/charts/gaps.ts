/** @file The four pairs of formats side by side: the gap to FP32 moments by step, a line a seed. */
import { below, overSteps, panel, panelsBy, picture, quantity, shaded, wrapped } from '../../charts/frame.ts';
import { layer, noiseBand, spikeRules, zeroLine } from '../../charts/layers.ts';
import { where } from '../../engine/rows.ts';
import { BASELINE, NUDGED, optimizerOf, pairs, type Variant } from '../arms.ts';
import type { Comparison } from '../results.ts';
import type { OptimizerSettings } from '../settings.ts';
import { FOLLOWS, HARMLESS } from '../statements.ts';

/** What is rounded too early fails from scratch at once, and would hide the rest: it is shown on the aged checkpoint only. */
const shown: Readonly<Record<'scratch' | 'aged', readonly Variant[]>> = {
  scratch: ['plain', 'fp16'],
  aged: ['plain', 'fp16', 'early'],
};
const lines: Readonly<Partial<Record<Variant, readonly [name: string, colour: string]>>> = {
  plain: ['FP32 master weights', '#1f6feb'],
  fp16: ["FP16 master weights, the paper's", '#e16f24'],
  early: ['moments rounded before the update', '#cf222e'],
};

export function gapChart(
  settings: OptimizerSettings,
  comparisons: readonly Comparison[],
  start: keyof typeof shown,
): object {
  const own = where(comparisons, { start });
  const values = own.flatMap(({ optimizer, seed, gaps }) => {
    const { pair, variant } = optimizerOf(optimizer);
    const [name] = lines[variant] ?? [];
    if (!name || !shown[start].includes(variant) || optimizer.startsWith(BASELINE)) return [];
    return gaps
      .map((gap, i) => ({ pair, name, seed, step: i + 1, gap }))
      .filter(({ gap }) => Number.isFinite(gap));
  });
  const shades = Object.values(lines).filter(([name]) => values.some((row) => row.name === name));
  const gaps = values.map(({ gap }) => gap);
  const [lowest, largest] = [Math.min(...gaps, -HARMLESS), Math.max(...gaps, HARMLESS)];
  const strayed = where(own, { optimizer: NUDGED }).flatMap((run) => run.gaps.map(Math.abs));
  const noise = Math.max(0, ...strayed);
  const last = Math.max(...values.map(({ step }) => step));
  const x = { ...overSteps({ tickCount: 4 }), scale: { domain: [0, last] } };
  const title = 'loss less that of FP32 moments, nats per byte';
  const y = quantity('gap', { title, ...axisFor(lowest, largest) });
  const legend = below({ labelLimit: 300, symbolStrokeWidth: 3, symbolOpacity: 1 });
  const color = shaded('name', Object.fromEntries(shades), legend);
  return picture(
    titleFor(start, own),
    [
      start === 'scratch'
        ? `a line a seed${noise > 0 ? '; grey: how far FP32 moments stray when their start is nudged by one rounding' : ''}`
        : 'a line a seed; dashed: steps with the rare byte; no clipping',
      ...(largest > 0.5 ? ['the axis is logarithmic beyond ±0.1'] : []),
    ],
    {
      data: { values },
      facet: panelsBy(
        'pair',
        pairs.map((pair) => optimizerOf(pair).pair),
      ),
      ...wrapped(new Set(values.map(({ pair }) => pair)).size, 4),
      spec: panel(175, 190, [
        start === 'aged' ? spikeRules(settings, x) : noiseBand(noise, 'y', y, 0.7),
        zeroLine('y'),
        layer({ type: 'line', strokeWidth: 1.2, opacity: 0.8 }, { x, y, color, detail: { field: 'seed' } }),
      ]),
    },
  );
}

/** Blow-ups on a logarithmic axis; small gaps on a plain one that is no narrower than what counts. */
function axisFor(lowest: number, largest: number): object {
  if (largest <= 0.5) return { scale: { domain: [lowest, largest] }, axis: { tickCount: 5 } };
  const decades = Math.max(0, Math.ceil(Math.log10(largest))) + 2;
  const powers = Array.from({ length: decades }, (_, i) => 10 ** (i - 1));
  return { scale: { type: 'symlog', constant: 0.1 }, axis: { values: [-0.1, 0, ...powers], format: '~g' } };
}

function titleFor(start: keyof typeof shown, own: readonly Comparison[]): string {
  const listed = (those: readonly string[]): string =>
    those.map((pair) => pair.toUpperCase().replace('-', '/')).join(' and ');
  const fine = ({ lastGap, largestGap }: Comparison): boolean =>
    start === 'scratch' ? Math.abs(lastGap) <= FOLLOWS : largestGap <= HARMLESS;
  const of = (optimizer: string) => where(own, { optimizer });
  const present = pairs.filter((pair) => of(pair).length > 0);
  const good = present.filter((pair) => of(pair).every(fine));
  const bad = present.filter((pair) => !good.includes(pair));
  const worst = Math.max(...bad.flatMap((pair) => of(pair).map((c) => c.largestGap)));
  const early = pairs.filter((pair) => of(`${pair}-early`).some((c) => !fine(c)));
  const from = start === 'scratch' ? 'From scratch' : 'From the aged checkpoint';
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
  return `${from} ${parts.filter((part) => part !== '').join('; ')}`;
}
