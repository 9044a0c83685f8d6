/** @file What the policies would have done in a recorded run, as heat maps. */
import { names, WHOLE } from '../../charts/channels.ts';
import { picture } from '../../charts/frame.ts';
import { heatMap } from '../../charts/layers.ts';
import { sum } from '../../engine/numbers.ts';
import { distinct, where } from '../../engine/rows.ts';
import { WASTED_BITS, type WhatIfRow } from '../what-if.ts';

export interface PolicyTotal {
  readonly policy: string;
  /** Shares of all recorded steps of all tensors. */
  readonly clipped: number;
  readonly wasted: number;
  readonly starved: number;
  /** Powers of two, mean. */
  readonly headroom: number;
}

/** Every policy over the rows given, each step of each tensor counting once. */
export const totals = (rows: readonly WhatIfRow[]): PolicyTotal[] =>
  distinct(rows, 'policy').map((policy) => {
    const own = where(rows, { policy }).filter(({ counted }) => counted > 0);
    const counted = sum(own.map((row) => row.counted));
    const share = (of: (row: WhatIfRow) => number): number => sum(own.map(of)) / counted;
    return {
      policy,
      clipped: share((row) => row.clipped),
      wasted: share((row) => row.wasted),
      starved: share((row) => row.starved),
      headroom: share((row) => row.headroom * row.counted),
    };
  });

export function whatIfCharts(rows: readonly WhatIfRow[]): Record<string, object> {
  if (rows.length === 0) return {};
  const tensors = [...new Set(rows.map(tensorOf))].sort(byOperand);
  const cells = tensors.flatMap((tensor) =>
    totals(rows.filter((row) => tensorOf(row) === tensor)).map((total) => ({ tensor, ...total })),
  );
  const all = totals(rows);
  const of = (policy: string, figure: 'clipped' | 'headroom'): number =>
    where(all, { policy })[0]?.[figure] ?? 0;
  const share = (policy: string): string => `${Number((100 * of(policy, 'clipped')).toPrecision(2))} %`;
  const map = (
    text: string,
    subtitle: string,
    figure: 'clipped' | 'headroom',
    format: string,
    most: number,
  ) =>
    picture(text, subtitle, {
      width: { step: 48 },
      height: { step: 26 },
      data: {
        values: cells
          .map(({ tensor, policy, ...cell }) => ({ tensor, policy, value: cell[figure] }))
          .filter(({ value }) => Number.isFinite(value)),
      },
      encoding: {
        x: names('tensor', tensors, { axis: { labelAngle: -40, ...WHOLE } }),
        y: names('policy', distinct(all, 'policy'), { axis: WHOLE }),
      },
      layer: heatMap('value', {
        scale: { domain: [0, most], range: ['#f6f8fa', '#cf222e'], clamp: true, interpolate: 'rgb' },
        format,
        dark: `datum.value > ${most * 0.6}`,
      }),
    });
  return {
    'whatif-clipped': map(
      `A scale from the last 16 steps would have clipped in ${share('delayed 16')} of the steps, with two bits of margin in ${share('delayed 16, margin 2')}`,
      'share of the run’s recorded steps whose largest value lies beyond the format, over all layers',
      'clipped',
      '.0%',
      0.5,
    ),
    'whatif-headroom': map(
      `Unused range: ${Math.abs(of('current', 'headroom')).toFixed(1)} bits under a current scale, ${of('delayed 1024', 'headroom').toFixed(1)} under one from the last 1024 steps`,
      `powers of two between the largest value and the format’s, mean of the recorded steps; above ${WASTED_BITS} counts as wasted`,
      'headroom',
      '.1f',
      6,
    ),
  };
}

const tensorOf = ({ site, operand }: WhatIfRow): string => `${site} ${operand}`;

const byOperand = (a: string, b: string): number => {
  const rank = (name: string) => ['input', 'weight', 'grad'].indexOf(name.split(' ')[1]!);
  return rank(a) - rank(b);
};
