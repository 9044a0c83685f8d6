/** @file What the policies would have done in a recorded run, as heat maps. */
import { names, picture, WHOLE } from '../../charts/frame.ts';
import { heatMap } from '../../charts/layers.ts';
import { sum } from '../../engine/numbers.ts';
import { distinct, where } from '../../engine/rows.ts';
import { WASTED_BITS, type WhatIfRow } from '../what-if.ts';

/** Every policy over the rows given, each step of each tensor counting once: shares of steps, and powers of two, mean. */
export const totals = (rows: readonly WhatIfRow[]) =>
  distinct(rows, 'policy').map((policy) => {
    const own = where(rows, { policy }).filter(({ counted }) => counted > 0);
    const counted = sum(own.map((row) => row.counted));
    const share = (of: 'clipped' | 'wasted' | 'starved') => sum(own.map((row) => row[of])) / counted;
    const headroom = sum(own.map((row) => row.headroom * row.counted)) / counted;
    return {
      policy,
      clipped: share('clipped'),
      wasted: share('wasted'),
      starved: share('starved'),
      headroom,
    };
  });

export function whatIfCharts(rows: readonly WhatIfRow[]): Record<string, object> {
  if (rows.length === 0) return {};
  const tensors = [...new Set(rows.map(tensorOf))].sort(byOperand);
  const all = totals(rows);
  const of = (policy: string) => where(all, { policy })[0];
  const share = (value = 0) => `${Number((100 * value).toPrecision(2))} %`;
  const bits = (value = 0) => value.toFixed(1);
  const tiles = (field: 'clipped' | 'headroom', format: string, most: number): object => ({
    width: { step: 48 },
    height: { step: 26 },
    data: {
      values: tensors
        .flatMap((tensor) =>
          totals(rows.filter((row) => tensorOf(row) === tensor)).map((total) => {
            return { tensor, policy: total.policy, value: total[field] };
          }),
        )
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
    'whatif-clipped': picture(
      `A scale from the last 16 steps would have clipped in ${share(of('delayed 16')?.clipped)} of the steps, with two bits of margin in ${share(of('delayed 16, margin 2')?.clipped)}`,
      'share of the run’s recorded steps whose largest value lies beyond the format, over all layers',
      tiles('clipped', '.0%', 0.5),
    ),
    'whatif-headroom': picture(
      `Unused range: ${bits(Math.abs(of('current')?.headroom ?? 0))} bits under a current scale, ${bits(of('delayed 1024')?.headroom)} under one from the last 1024 steps`,
      `powers of two between the largest value and the format’s, mean of the recorded steps; above ${WASTED_BITS} counts as wasted`,
      tiles('headroom', '.1f', 6),
    ),
  };
}

const tensorOf = ({ site, operand }: WhatIfRow): string => `${site} ${operand}`;

const byOperand = (a: string, b: string): number => {
  const rank = (name: string) => ['input', 'weight', 'grad'].indexOf(name.split(' ')[1]!);
  return rank(a) - rank(b);
};
