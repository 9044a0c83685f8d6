/** @file The picture of Theorem 1 by numbers. */
import { panel, panelsBy, picture, quantity, shaded, wrapped } from '../../charts/frame.ts';
import { layer } from '../../charts/layers.ts';
import { where } from '../../engine/rows.ts';
import type { NamedNeuron } from '../results.ts';
import { type NeuronCaseName, neuronCases } from '../theorem.ts';

const SHADES: Readonly<Record<NeuronCaseName, string>> = {
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
  const cases = Object.keys(neuronCases) as NeuronCaseName[];
  const values = neurons.flatMap(({ case: name, seed, trace }) =>
    trace.map(({ iteration, cosine }) => {
      return { case: neuronCases[name].name, seed, iteration: iteration + 1, cosine };
    }),
  );
  const middle = Math.sqrt(Math.max(...values.map(({ iteration }) => iteration)));
  const ends = cases.map((name) => {
    const own = where(neurons, { case: name });
    const cosines = own.map(({ cosine }) => cosine.toFixed(Math.abs(cosine) > 0.9 ? 3 : 2).replace('-', '−'));
    return {
      case: neuronCases[name].name,
      cosine: own[0]!.cosine > 0.5 ? -0.75 : 0.8,
      text: `ends at ${[...new Set(cosines)].join(', ')}`,
      iteration: middle,
    };
  });
  const x = quantity('iteration', {
    title: 'iteration',
    scale: { type: 'log' },
    axis: { values: [1, 100, 1e4, 1e6], format: '~s', grid: false },
  });
  const y = quantity('cosine', {
    title: 'cos(w1, w2)',
    scale: { domain: [-1.08, 1.08], nice: false },
    axis: { values: [-1, 0, 1] },
  });
  const shades = Object.fromEntries(cases.map((name) => [neuronCases[name].name, SHADES[name]]));
  const limit = (datum: number): object =>
    layer({ type: 'rule', color: '#d0d7de', strokeDash: [4, 4] }, { y: { datum } });
  return picture(
    'Theorem 1: with decay and saturated gates w1 becomes ±w2, unless the targets have both signs',
    [
      'single SwiGLU neurons at stationary points, a line a seed; green: the theorem’s premises; red: without decay;',
      'yellow: gates not saturated; violet: the premises hold, and the conclusion does not',
    ],
    {
      facet: panelsBy('case', Object.keys(shades)),
      ...wrapped(cases.length, 4),
      bounds: 'flush',
      spacing: { row: 80, column: 36 },
      data: { values: [...values, ...ends] },
      spec: panel(170, 120, [
        limit(1),
        limit(-1),
        {
          transform: [{ filter: 'datum.text == null' }],
          ...layer(
            { type: 'line', strokeWidth: 1.6 },
            { x, y, detail: { field: 'seed' }, color: shaded('case', shades, null) },
          ),
        },
        {
          transform: [{ filter: 'datum.text != null' }],
          ...layer({ type: 'text', fontSize: 11, color: '#57606a' }, { x, y, text: { field: 'text' } }),
        },
      ]),
    },
  );
}
