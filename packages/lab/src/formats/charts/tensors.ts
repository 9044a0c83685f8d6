/** @file Single tensors as the paper's recipe casts them: the worst of them, and delayed against current scales. */
import { frame } from '../../charts/parts.ts';
import type { CastRow } from '../results.ts';
import { asInThePaper, largest, select } from '../select.ts';
import { below, colours, decibels, drawn, type ModelName, models, percent, WHOLE } from './parts.ts';

const OUTPUT = 'SwiGLU’s output';
const isOutput = ({ site, operand }: CastRow): boolean => site === 'down' && operand === 'input';

/** The tensors that lose most under one delayed scale each. */
export const worstTensors = (rows: readonly CastRow[], count: number): CastRow[] =>
  asInThePaper(select(rows, { granularity: 'tensor', policy: 'delayed' }))
    .toSorted((a, b) => a.rowSqnr - b.rowSqnr)
    .slice(0, count);

/** A batch, for people; of a run there is one. */
export const nameOfBatch = (batch: CastRow['batch']): string | null =>
  ({ rare: 'with the rare byte', after: 'the step after', plain: null })[batch ?? 'plain'];

/** The worst of the first seed, one under the other. */
export function worstTensorsChart(rows: readonly CastRow[], model: ModelName): object {
  const seed = rows[0]?.seed ?? 0;
  const values = worstTensors(select(rows, { seed }), 12).map((row) => ({
    tensor: [`layer ${row.layer} ${row.site} ${row.operand}`, nameOfBatch(row.batch)]
      .filter((part) => part !== null)
      .join(', '),
    dB: drawn(row.rowSqnr),
    kind: isOutput(row) ? OUTPUT : 'other',
    note: `${decibels(row.rowSqnr)}, ${percent(row.underflowed)} to zero`,
  }));
  const outputs = values.filter(({ kind }) => kind === OUTPUT).length;
  const y = { field: 'tensor', type: 'nominal', sort: null, title: null, axis: WHOLE };
  const x = {
    field: 'dB',
    type: 'quantitative',
    title: 'signal to quantisation noise of the median row, dB',
    scale: { domain: [0, 40] },
  };
  return frame({
    title: {
      text:
        outputs > 0
          ? `Of the ${values.length} worst tensors of ${models[model]} ${outputs} are ${OUTPUT}`
          : `The worst tensor of ${models[model]} keeps ${decibels(values[0]?.dB ?? 0)}`,
      subtitle: `one delayed scale a tensor; inputs E4M3 448, gradients E5M2; seed ${seed}`,
    },
    width: 460,
    height: { step: 24 },
    data: { values },
    layer: [
      {
        mark: { type: 'bar', opacity: 0.85 },
        encoding: {
          x,
          y,
          color: colours('kind', { [OUTPUT]: '#cf222e', other: '#8c959f' }, outputs > 0 ? below : null),
        },
      },
      {
        mark: { type: 'text', align: 'left', dx: 4, fontSize: 11, color: '#24292f' },
        encoding: { x, y, text: { field: 'note' } },
      },
    ],
  });
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
  const keyOf = ({ seed, model, batch, layer, site, operand }: CastRow): string =>
    [seed, model, batch, layer, site, operand].join(' ');
  const ofPolicy = (policy: CastRow['policy']) =>
    asInThePaper(select(rows, { granularity: 'tensor', policy }));
  const currents = new Map(ofPolicy('current').map((row) => [keyOf(row), row.rowSqnr]));
  const values = ofPolicy('delayed').map((row) => ({
    kind: kindOf(row),
    delayed: drawn(row.rowSqnr),
    current: drawn(currents.get(keyOf(row))!),
  }));
  const costs = (those: readonly Kind[]) =>
    values.filter(({ kind }) => those.includes(kind)).map((v) => v.current - v.delayed);
  const whose = values.some(({ kind }) => kind === 'run') ? 'a tensor of the run' : 'a healthy tensor';
  const healthy = `A delayed scale costs ${whose} at most ${decibels(largest(costs(['healthy', 'run'])))}`;
  const after = costs(['aged, the step after']);
  const present = Object.entries(kinds).filter(([kind]) => values.some((v) => v.kind === kind));
  const axis = { type: 'quantitative', scale: { domain: [0, 40] } };
  const line = { field: 'v', type: 'quantitative' };
  return frame({
    title: {
      text:
        after.length > 0
          ? `${healthy}, an aged one the step after its outlier ${decibels(largest(after))}`
          : healthy,
      subtitle: 'a point a tensor: signal to noise of its median row; inputs E4M3 448, gradients E5M2',
    },
    width: 400,
    height: 360,
    layer: [
      {
        data: { values: [{ v: 0 }, { v: 40 }] },
        mark: { type: 'line', strokeDash: [4, 4], color: '#afb8c1' },
        encoding: { x: line, y: line },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 60, opacity: 0.7 },
        encoding: {
          x: { ...axis, field: 'current', title: 'current scale, dB' },
          y: { ...axis, field: 'delayed', title: 'delayed scale, dB' },
          color: colours('kind', Object.fromEntries(present), present.length > 1 ? below : null),
        },
      },
    ],
  });
}
