/** @file Which tensors' second moments go to zero, by the formats: a heat map. */
import { names, panel, panelsBy, picture } from '../../charts/frame.ts';
import { heatMap } from '../../charts/layers.ts';
import { mean } from '../../engine/numbers.ts';
import { distinct, where } from '../../engine/rows.ts';
import { lastHalf } from '../../training/loop.ts';
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
    titleFor(shown),
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

function titleFor(shown: readonly Comparison[]): string {
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
