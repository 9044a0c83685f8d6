/** @file What the policies would have done in a recorded run, as heat maps. */
import { frame } from '../../charts/parts.ts';
import { WASTED_BITS, type WhatIfRow } from '../what-if.ts';
import { WHOLE } from './parts.ts';

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
export function totals(rows: readonly WhatIfRow[]): PolicyTotal[] {
  return [...new Set(rows.map(({ policy }) => policy))].map((policy) => {
    const own = rows.filter((row) => row.policy === policy && row.counted > 0);
    const sum = (value: (row: WhatIfRow) => number) => own.reduce((n, row) => n + value(row), 0);
    const counted = sum((row) => row.counted);
    return {
      policy,
      clipped: sum((row) => row.clipped) / counted,
      wasted: sum((row) => row.wasted) / counted,
      starved: sum((row) => row.starved) / counted,
      headroom: sum((row) => row.headroom * row.counted) / counted,
    };
  });
}

export function whatIfCharts(rows: readonly WhatIfRow[]): Record<string, object> {
  if (rows.length === 0) return {};
  const tensors = [...new Set(rows.map(tensorOf))].sort(byOperand);
  const cells = tensors.flatMap((tensor) =>
    totals(rows.filter((row) => tensorOf(row) === tensor)).map((total) => ({ tensor, ...total })),
  );
  const all = totals(rows);
  const of = (policy: string) => all.find((total) => total.policy === policy);
  const share = (value: number | undefined) => `${Number((100 * (value ?? 0)).toPrecision(2))} %`;
  return {
    'whatif-clipped': heatMap(
      [
        `A scale from the last 16 steps would have clipped in ${share(of('delayed 16')?.clipped)} of the steps, with two bits of margin in ${share(of('delayed 16, margin 2')?.clipped)}`,
        'share of the run’s recorded steps whose largest value lies beyond the format, over all layers',
      ],
      cells.map(({ tensor, policy, clipped }) => ({ tensor, policy, value: clipped })),
      { tensors, policies: all.map(({ policy }) => policy), format: '.0%', domain: [0, 0.5] },
    ),
    'whatif-headroom': heatMap(
      [
        `Unused range: ${Math.abs(of('current')?.headroom ?? 0).toFixed(1)} bits under a current scale, ${(of('delayed 1024')?.headroom ?? 0).toFixed(1)} under one from the last 1024 steps`,
        `powers of two between the largest value and the format’s, mean of the recorded steps; above ${WASTED_BITS} counts as wasted`,
      ],
      cells.map(({ tensor, policy, headroom }) => ({ tensor, policy, value: headroom })),
      { tensors, policies: all.map(({ policy }) => policy), format: '.1f', domain: [0, 6] },
    ),
  };
}

const tensorOf = ({ site, operand }: WhatIfRow): string => `${site} ${operand}`;

const byOperand = (a: string, b: string): number => {
  const rank = (name: string) => ['input', 'weight', 'grad'].indexOf(name.split(' ')[1]!);
  return rank(a) - rank(b);
};

function heatMap(
  [text, subtitle]: readonly [string, string],
  values: readonly { tensor: string; policy: string; value: number }[],
  options: { tensors: string[]; policies: string[]; format: string; domain: readonly [number, number] },
): object {
  const { tensors, policies, format, domain } = options;
  return frame({
    title: { text, subtitle },
    width: { step: 48 },
    height: { step: 26 },
    data: { values: values.filter(({ value }) => Number.isFinite(value)) },
    encoding: {
      x: {
        field: 'tensor',
        type: 'nominal',
        sort: tensors,
        title: null,
        axis: { labelAngle: -40, ...WHOLE },
      },
      y: { field: 'policy', type: 'nominal', sort: policies, title: null, axis: WHOLE },
    },
    layer: [
      {
        mark: 'rect',
        encoding: {
          color: {
            field: 'value',
            type: 'quantitative',
            scale: { domain, range: ['#f6f8fa', '#cf222e'], clamp: true, interpolate: 'rgb' },
            legend: null,
          },
        },
      },
      {
        mark: { type: 'text', fontSize: 11 },
        encoding: {
          text: { field: 'value', type: 'quantitative', format },
          color: {
            condition: { test: `datum.value > ${domain[1] * 0.6}`, value: 'white' },
            value: '#24292f',
          },
        },
      },
    ],
  });
}
