/** @file Which tensors' second moments go to zero, by the formats: a heat map. */

import { frame } from '../../charts/parts.ts';
import { mean } from '../../engine/numbers.ts';
import { pairs } from '../arms.ts';
import type { Comparison, Start } from '../results.ts';

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
  const tensors = [...new Set(shown.flatMap(({ moments }) => moments.map(({ tensor }) => tensor)))];
  const keys = [...new Map(shown.map((c) => [`${c.start} ${c.optimizer}`, c])).values()];
  const values = keys.flatMap(({ start, optimizer }) => {
    const own = shown.filter((c) => c.start === start && c.optimizer === optimizer);
    return tensors.map((tensor) => ({
      start: starts[start],
      pair: short(optimizer),
      tensor: tensor.replace(/^layers\.(\d+)\./, 'layer $1 '),
      share: mean(own.flatMap(({ moments }) => lateUnderflows(moments, tensor))),
    }));
  });
  const encoding = {
    x: {
      field: 'pair',
      type: 'nominal',
      sort: pairs.map(short),
      title: null,
      axis: { labelAngle: 0, orient: 'top', labelLimit: 90 },
    },
    y: { field: 'tensor', type: 'nominal', sort: null, title: null },
  };
  return frame({
    title: {
      text: titleFor(shown),
      subtitle: 'columns: first / second moment; mean of the last half of the samples and of the seeds',
      offset: 14,
    },
    data: { values },
    facet: {
      column: {
        field: 'start',
        type: 'nominal',
        sort: Object.values(starts),
        title: null,
        header: { labelFontSize: 12, labelFontWeight: 'bold' },
      },
    },
    spec: {
      width: { step: 88 },
      height: { step: 22 },
      layer: [
        {
          mark: 'rect',
          encoding: {
            ...encoding,
            color: {
              field: 'share',
              type: 'quantitative',
              scale: { domain: [0, 0.2, 1], range: ['#ffffff', '#fdae6b', '#a50f15'], interpolate: 'rgb' },
              legend: null,
            },
          },
        },
        {
          mark: { type: 'text', fontSize: 11 },
          encoding: {
            ...encoding,
            text: { field: 'share', type: 'quantitative', format: '.2~%' },
            color: { condition: { test: 'datum.share > 0.4', value: 'white' }, value: '#24292f' },
          },
        },
      ],
    },
  });
}

const short = (pair: string): string => pair.toUpperCase().replace('-', ' / ');

function lateUnderflows(moments: Comparison['moments'], tensor: string): number[] {
  const own = moments.filter((row) => row.tensor === tensor);
  return own.slice(Math.floor(own.length / 2)).map(({ underflowed, elements }) => underflowed / elements);
}

function titleFor(shown: readonly Comparison[]): string {
  const worst = (second: string): { share: number; tensor: string } => {
    const own = shown.filter(({ optimizer }) => optimizer.endsWith(second));
    const tensors = [...new Set(own.flatMap(({ moments }) => moments.map(({ tensor }) => tensor)))];
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
