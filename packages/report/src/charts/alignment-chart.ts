/** @file Gate and up vectors growing alike, layer by layer: what Theorem 1 of arXiv 2409.12517 predicts under weight decay. */
import { frame } from './frame.ts';
import type { TensorPoint } from './rows.ts';
import { thinLine } from './thin.ts';
import { figure, plural } from './words.ts';

/** Null where no alignment was sampled. */
export function alignmentChart(tensors: readonly TensorPoint[]): object | null {
  const rows = tensors.filter(({ cosineMean }) => cosineMean !== null);
  if (rows.length === 0) return null;
  const above = rows.reduce((most, { cosineAbove }) => Math.max(most, cosineAbove ?? 0), 0);
  const layers = [...new Set(rows.map(({ layer }) => layer))].sort((a, b) => a - b);
  const panel = (
    value: (row: TensorPoint) => number | null,
    title: string,
    more: { readonly scale?: object; readonly axis?: object; readonly interpolate?: string },
  ): object => {
    const { interpolate, ...y } = more;
    const values = layers.flatMap((layer) =>
      thinLine(rows.filter((row) => row.layer === layer).map((row) => ({ x: row.step, y: value(row) }))).map(
        ({ x, y }) => ({ layer, step: x, value: y }),
      ),
    );
    return {
      width: 184,
      height: 170,
      data: { values },
      mark: {
        type: 'line',
        strokeWidth: 1.8,
        ...(new Set(values.map(({ step }) => step)).size < 3 ? { point: true } : {}),
        ...(interpolate === undefined ? {} : { interpolate }),
      },
      encoding: {
        x: {
          field: 'step',
          type: 'quantitative',
          title: 'step',
          axis: { grid: false, tickCount: 4, tickMinStep: 1 },
        },
        y: { field: 'value', type: 'quantitative', title, ...y },
        color: layerColour(layers),
      },
    };
  };
  return frame({
    title: {
      text: titleOf(rows),
      subtitle: 'a channel’s gate and up vectors: 1 is the same direction, 0 a right angle',
    },
    hconcat: [
      panel(({ cosineMean }) => cosineMean, 'mean |cos(gate, up)|', { scale: { zero: true } }),
      panel(({ cosineMax }) => cosineMax, 'largest |cos(gate, up)|', { scale: { domain: [0, 1] } }),
      // Where there is none at any time the title says so.
      ...(above === 0
        ? []
        : [
            panel(({ cosineAbove }) => cosineAbove, 'channels above 0.9', {
              scale: { zero: true, domainMin: 0 },
              axis: { tickMinStep: 1, format: 'd' },
              interpolate: 'step-after',
            }),
          ]),
    ],
  });
}

/** A shade a layer; a scale instead of a list where there are many. */
const layerColour = (layers: readonly number[]): object => ({
  field: 'layer',
  type: layers.length <= 8 ? 'ordinal' : 'quantitative',
  scale: { scheme: 'viridis', ...(layers.length <= 8 ? { domain: layers } : { zero: false }) },
  legend: {
    title: 'layer',
    ...(layers.length <= 8 ? { symbolType: 'stroke', symbolStrokeWidth: 3 } : { tickMinStep: 1 }),
  },
});

function titleOf(rows: readonly TensorPoint[]): string {
  const last = rows.at(-1)!.step;
  const ends = rows.filter(({ step }) => step === last);
  const top = ends.reduce((a, b) => ((b.cosineMax ?? 0) > (a.cosineMax ?? 0) ? b : a));
  const above = ends.reduce((sum, { cosineAbove }) => sum + (cosineAbove ?? 0), 0);
  const found = `Most aligned at step ${last}: a channel of layer ${top.layer}, ${figure(top.cosineMax ?? 0)}`;
  return above === 0 ? `${found}; none above 0.9` : `${found}; ${plural(above, 'channel')} above 0.9`;
}
