/** @file The picture of Theorem 1 by numbers. */
import { frame, wrapped } from '../../charts/parts.ts';
import type { NamedNeuron } from '../results.ts';
import { type NeuronCaseName, neuronCases } from '../theorem.ts';
import { title } from './grid.ts';

const KINDS: Readonly<Record<NeuronCaseName, string>> = {
  decay: '#1a7f37',
  weak: '#1a7f37',
  negative: '#1a7f37',
  none: '#cf222e',
  open: '#bf8700',
  openWeak: '#bf8700',
  both: '#8250df',
};

/** cos(w1, w2) by iteration, a panel a case, a line a seed. */
export function theoremChart(neurons: readonly NamedNeuron[]): object {
  const names = Object.keys(neuronCases) as NeuronCaseName[];
  const values = neurons.flatMap(({ case: name, seed, trace }) =>
    trace.map(({ iteration, cosine }) => ({
      case: neuronCases[name].name,
      seed,
      iteration: iteration + 1,
      cosine,
    })),
  );
  const middle = Math.sqrt(Math.max(...values.map(({ iteration }) => iteration)));
  const order = names.map((name) => neuronCases[name].name);
  const ends = names.map((name) => {
    const own = neurons.filter((run) => run.case === name);
    const cosines = own.map(({ cosine }) => cosine.toFixed(Math.abs(cosine) > 0.9 ? 3 : 2).replace('-', '−'));
    return {
      case: neuronCases[name].name,
      cosine: own[0]!.cosine > 0.5 ? -0.75 : 0.8,
      text: `ends at ${[...new Set(cosines)].join(', ')}`,
    };
  });
  const x = {
    field: 'iteration',
    type: 'quantitative',
    title: 'iteration',
    scale: { type: 'log' },
    axis: { values: [1, 100, 1e4, 1e6], format: '~s', grid: false },
  };
  const y = {
    field: 'cosine',
    type: 'quantitative',
    title: 'cos(w1, w2)',
    scale: { domain: [-1.08, 1.08], nice: false },
    axis: { values: [-1, 0, 1] },
  };
  return frame({
    title: title(
      'Theorem 1: with decay and saturated gates w1 becomes ±w2, unless the targets have both signs',
      [
        'single SwiGLU neurons at stationary points, a line a seed; green: the theorem’s premises; red: without decay;',
        'yellow: gates not saturated; violet: the premises hold, and the conclusion does not',
      ],
    ),
    facet: {
      field: 'case',
      type: 'nominal',
      sort: order,
      title: null,
      header: { labelFontSize: 12, labelFontWeight: 'bold' },
    },
    ...wrapped(order.length, 4),
    bounds: 'flush',
    spacing: { row: 80, column: 36 },
    data: { values: [...values, ...ends.map((end) => ({ ...end, iteration: middle }))] },
    spec: {
      width: 170,
      height: 120,
      layer: [
        { mark: { type: 'rule', color: '#d0d7de', strokeDash: [4, 4] }, encoding: { y: { datum: 1 } } },
        { mark: { type: 'rule', color: '#d0d7de', strokeDash: [4, 4] }, encoding: { y: { datum: -1 } } },
        {
          transform: [{ filter: 'datum.text == null' }],
          mark: { type: 'line', strokeWidth: 1.6 },
          encoding: {
            x,
            y,
            detail: { field: 'seed' },
            color: {
              field: 'case',
              type: 'nominal',
              scale: { domain: order, range: names.map((name) => KINDS[name]) },
              legend: null,
            },
          },
        },
        {
          transform: [{ filter: 'datum.text != null' }],
          mark: { type: 'text', fontSize: 11, color: '#57606a' },
          encoding: { x, y, text: { field: 'text' } },
        },
      ],
    },
  });
}
