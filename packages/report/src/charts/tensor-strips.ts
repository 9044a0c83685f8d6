/** @file Every tensor of a model as a dot, a line a kind of tensor: how large, how heavy its tails, what the cast leaves of it. */
import { frame, grey, quantity } from './frame.ts';
import { kindOf, layerOf, type MeasuredTensor } from './inspection-facts.ts';
import { distinct, figure, plural } from './numbers.ts';

/** Kinds that have a line; those with most values are shown. */
const MOST = 24;

/** Null of nothing measured. */
export function tensorStrips(tensors: readonly MeasuredTensor[], cast: string): object | null {
  const sizes = new Map<string, number>();
  for (const tensor of tensors) sizes.set(kindOf(tensor), (sizes.get(kindOf(tensor)) ?? 0) + tensor.elements);
  if (sizes.size === 0) return null;
  const kept = new Set(
    [...sizes]
      .sort((a, b) => b[1] - a[1])
      .slice(0, MOST)
      .map(([kind]) => kind),
  );
  const kinds = [...sizes.keys()].filter((kind) => kept.has(kind));
  const values = tensors
    .map((tensor) => ({ tensor, kind: kindOf(tensor), layer: layerOf(tensor.name) }))
    .filter(({ kind }) => kept.has(kind))
    // a layer for all: those that lie in none are grey by their mark
    .map(({ tensor, kind, layer }) => ({
      kind,
      layer: layer ?? 0,
      inLayer: layer !== null,
      ...shownOf(tensor),
    }));
  const layers = distinct(values.flatMap(({ layer, inLayer }) => (inLayer ? [layer] : [])));
  const color =
    layers.length < 2
      ? { value: '#1f6feb' }
      : {
          condition: {
            ...{ test: 'datum.inLayer', field: 'layer', type: 'quantitative' },
            ...{ scale: { scheme: 'viridis', zero: false } },
            legend: { title: 'layer', tickMinStep: 1, format: 'd' },
          },
          value: grey,
        };
  const panel = (field: keyof ReturnType<typeof shownOf>, title: string, more: object, first = false) => ({
    ...{ width: 150, height: { step: 18 } },
    data: { values: values.filter((row) => row[field] !== null) },
    mark: { type: 'point', filled: true, size: 34, opacity: 0.7 },
    encoding: {
      x: quantity(field, { title, ...more }),
      y: {
        ...{ field: 'kind', type: 'nominal', sort: kinds, title: null, scale: { domain: kinds } },
        axis: first
          ? { grid: true, ticks: false, domain: false }
          : { grid: true, labels: false, ticks: false, domain: false },
      },
      color,
    },
  });
  const log = {
    scale: { type: 'log', nice: false, padding: 8 },
    axis: { tickCount: 3, format: '~g', labelOverlap: true },
  };
  const least = tensors.reduce((a, b) => (b.measured.cast.sqnr < a.measured.cast.sqnr ? b : a));
  const { sqnr } = least.measured.cast;
  return frame({
    title: {
      text: Number.isFinite(sqnr)
        ? `Least signal over noise: ${figure(sqnr)} dB, ${least.name}`
        : `${cast} loses nothing`,
      subtitle: `a dot a tensor${sizes.size > MOST ? `; the ${MOST} kinds with most values, of ${plural(sizes.size, 'kind')}` : ''}; the cast is ${cast}`,
    },
    hconcat: [
      panel('amax', 'largest value', log, true),
      panel('kurtosis', 'kurtosis', log),
      panel('sqnr', 'SQNR, dB', { scale: { zero: false, nice: false, padding: 8 }, axis: { tickCount: 4 } }),
      ...(values.some(({ underflowed }) => underflowed > 0)
        ? [
            panel('underflowed', 'become zero, %', {
              scale: { zero: true },
              axis: { tickCount: 3, format: '~g' },
            }),
          ]
        : []),
    ],
    spacing: 14,
    resolve: { scale: { color: 'shared' } },
  });
}

/** Null: nothing that an axis of the panel has. */
const shownOf = ({ measured: { amax, kurtosis, cast }, elements }: MeasuredTensor) => ({
  amax: amax > 0 ? amax : null,
  kurtosis,
  sqnr: Number.isFinite(cast.sqnr) ? cast.sqnr : null,
  underflowed: (100 * cast.underflowed) / elements,
});
