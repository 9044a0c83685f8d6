/** @file Single tensors as the paper's recipe casts them: the worst of them, and delayed against current scales. */
import { below, names, panel, picture, quantity, WHOLE } from '../../charts/frame.ts';
import { dots, INK, label, layer } from '../../charts/layers.ts';
import { where } from '../../engine/rows.ts';
import { asInThePaper, type CastRow, largest, twins } from '../results.ts';
import { decibels, drawn, type ModelName, models, percent, sorted } from './parts.ts';

const OUTPUT = 'SwiGLU’s output';
const isOutput = ({ site, operand }: CastRow): boolean => site === 'down' && operand === 'input';

/** The tensors that lose most under one delayed scale each. */
export const worstTensors = (rows: readonly CastRow[], count: number): CastRow[] =>
  asInThePaper(where(rows, { granularity: 'tensor', policy: 'delayed' }))
    .toSorted((a, b) => a.rowSqnr - b.rowSqnr)
    .slice(0, count);

/** A batch, for people; of a run there is one. */
export const nameOfBatch = (batch: CastRow['batch']): string | null =>
  ({ rare: 'with the rare byte', after: 'the step after', plain: null })[batch ?? 'plain'];

/** The worst of the first seed, one under the other. */
export function worstTensorsChart(rows: readonly CastRow[], model: ModelName): object {
  const seed = rows[0]?.seed ?? 0;
  const values = worstTensors(where(rows, { seed }), 12).map((row) => ({
    tensor: [`layer ${row.layer} ${row.site} ${row.operand}`, nameOfBatch(row.batch)]
      .filter((part) => part !== null)
      .join(', '),
    dB: drawn(row.rowSqnr),
    kind: isOutput(row) ? OUTPUT : 'other',
    note: `${decibels(row.rowSqnr)}, ${percent(row.underflowed)} to zero`,
  }));
  const outputs = values.filter(({ kind }) => kind === OUTPUT).length;
  const y = names('tensor', null, { axis: WHOLE });
  const title = 'signal to quantisation noise of the median row, dB';
  const x = quantity('dB', { title, scale: { domain: [0, 40] } });
  const shades = { [OUTPUT]: '#cf222e', other: '#8c959f' };
  const color = sorted('kind', shades, outputs > 0 ? below(WHOLE) : null);
  return picture(
    outputs > 0
      ? `Of the ${values.length} worst tensors of ${models[model]} ${outputs} are ${OUTPUT}`
      : `The worst tensor of ${models[model]} keeps ${decibels(values[0]?.dB ?? 0)}`,
    `one delayed scale a tensor; inputs E4M3 448, gradients E5M2; seed ${seed}`,
    {
      width: 460,
      height: { step: 24 },
      data: { values },
      layer: [
        layer({ type: 'bar', opacity: 0.85 }, { x, y, color }),
        label(4, { fontSize: 11, ...INK }, { x, y, text: { field: 'note' } }),
      ],
    },
  );
}

const kinds = {
  healthy: '#8c959f',
  run: '#1f6feb',
  'aged, with the rare byte': '#bf8700',
  'aged, the step after': '#cf222e',
} as const;
type Kind = keyof typeof kinds;

const kindOf = ({ model, batch }: CastRow): Kind => {
  if (model !== 'aged') return model === 'run' ? 'run' : 'healthy';
  return batch === 'after' ? 'aged, the step after' : 'aged, with the rare byte';
};

/** Every tensor as a point: what a current scale keeps of it, and what a delayed one. */
export function delayedChart(rows: readonly CastRow[]): object {
  const delayed = asInThePaper(where(rows, { granularity: 'tensor', policy: 'delayed' }));
  const values = twins(delayed, rows, { policy: 'current' }).map(([row, current]) => ({
    kind: kindOf(row),
    delayed: drawn(row.rowSqnr),
    current: drawn(current.rowSqnr),
  }));
  const costs = (those: readonly Kind[]) =>
    values.filter(({ kind }) => those.includes(kind)).map((v) => v.current - v.delayed);
  const whose = values.some(({ kind }) => kind === 'run') ? 'a tensor of the run' : 'a healthy tensor';
  const healthy = `A delayed scale costs ${whose} at most ${decibels(largest(costs(['healthy', 'run'])))}`;
  const after = costs(['aged, the step after']);
  const present = Object.entries(kinds).filter(([kind]) => values.some((v) => v.kind === kind));
  const axis = { type: 'quantitative', scale: { domain: [0, 40] } };
  const line = quantity('v');
  return picture(
    after.length > 0
      ? `${healthy}, an aged one the step after its outlier ${decibels(largest(after))}`
      : healthy,
    'a point a tensor: signal to noise of its median row; inputs E4M3 448, gradients E5M2',
    panel(400, 360, [
      layer({ type: 'line', strokeDash: [4, 4], color: '#afb8c1' }, { x: line, y: line }, [
        { v: 0 },
        { v: 40 },
      ]),
      dots(
        { size: 60, opacity: 0.7 },
        {
          x: { ...axis, field: 'current', title: 'current scale, dB' },
          y: { ...axis, field: 'delayed', title: 'delayed scale, dB' },
          color: sorted('kind', Object.fromEntries(present), present.length > 1 ? below(WHOLE) : null),
        },
        values,
      ),
    ]),
  );
}
