/** @file Gate and up vectors growing alike, layer by layer: what Theorem 1 of arXiv 2409.12517 predicts under weight decay. */
import { alignmentAtEnd } from './facts.ts';
import { frame, quantity } from './frame.ts';
import { rowsOf } from './lines.ts';
import { distinct, figure, plural } from './numbers.ts';
import type { TensorPoint } from './rows.ts';

type Cosine = 'abs_cosine_mean' | 'abs_cosine_max' | 'abs_cosine_above';

/** Null where no alignment was sampled. */
export function alignmentChart(tensors: readonly TensorPoint[]): object | null {
  const end = alignmentAtEnd(tensors);
  if (end === null) return null;
  const rows = tensors.filter((row) => row.abs_cosine_mean !== null);
  const layers = distinct(rows.map(({ layer }) => layer));
  const panel = (of: Cosine, title: string, y: object, mark: object = {}): object => ({
    width: 184,
    height: 170,
    data: {
      values: layers.flatMap((layer) =>
        rowsOf(
          { layer },
          rows.filter((row) => row.layer === layer).map((row) => ({ x: row.step, y: row[of] })),
        ),
      ),
    },
    mark: {
      ...{ type: 'line', strokeWidth: 1.8 },
      ...(distinct(rows.map(({ step }) => step)).length < 3 ? { point: true } : {}),
      ...mark,
    },
    encoding: {
      x: quantity('step', { title: 'step', axis: { grid: false, tickCount: 4, tickMinStep: 1 } }),
      y: quantity('value', { title, ...y }),
      color: layerColour(layers),
    },
  });
  const count = { scale: { zero: true, domainMin: 0 }, axis: { tickMinStep: 1, format: 'd' } };
  return frame({
    title: {
      text: titleOf(end),
      subtitle: 'a channel’s gate and up vectors: 1 is the same direction, 0 a right angle',
    },
    hconcat: [
      panel('abs_cosine_mean', 'mean |cos(gate, up)|', { scale: { zero: true } }),
      panel('abs_cosine_max', 'largest |cos(gate, up)|', { scale: { domain: [0, 1] } }),
      // Where there is none at any time the title says so.
      ...(rows.some((row) => (row.abs_cosine_above ?? 0) > 0)
        ? [panel('abs_cosine_above', 'channels above 0.9', count, { interpolate: 'step-after' })]
        : []),
    ],
  });
}

/** A shade a layer; a scale instead of a list where there are many. */
const layerColour = (layers: readonly number[]): object => {
  const few = layers.length <= 8;
  return {
    field: 'layer',
    type: few ? 'ordinal' : 'quantitative',
    scale: { scheme: 'viridis', ...(few ? { domain: layers } : { zero: false }) },
    legend: {
      title: 'layer',
      ...(few ? { symbolType: 'stroke', symbolStrokeWidth: 3 } : { tickMinStep: 1 }),
    },
  };
};

function titleOf({ step, layer, cosine, above }: NonNullable<ReturnType<typeof alignmentAtEnd>>): string {
  const found = `Most aligned at step ${step}: a channel of layer ${layer}, ${figure(cosine)}`;
  return above === 0 ? `${found}; none above 0.9` : `${found}; ${plural(above, 'channel')} above 0.9`;
}
