/** @file The aged model beside the healthy one, and what each way of scaling keeps of its SwiGLU output. */
import { names, quantity, shaded, WHOLE } from '../../charts/channels.ts';
import { picture } from '../../charts/frame.ts';
import { dots, layer } from '../../charts/layers.ts';
import { where } from '../../engine/rows.ts';
import { asInThePaper, type CastRow, least } from '../results.ts';
import { decibels, drawn, inOneLine, legend, type Scaling, scalings } from './parts.ts';
import { nameOfBatch } from './tensors.ts';

const title = 'signal to quantisation noise of the median row, dB';
/** The end of its axis; what is above lies on it. */
const MOST = 45;
/** What counts as hit by ageing. */
const HIT = 3;

const worstOf = (rows: readonly CastRow[]): number => least(rows.map(({ rowSqnr }) => rowSqnr));

/** Every linear's input and gradient before and after ageing, the worst of layers, batches and seeds. */
export function agedChart(rows: readonly CastRow[]): object {
  const all = asInThePaper(where(rows, { granularity: 'tensor', policy: 'delayed' }));
  const operands = new Map(all.map(({ site, operand }) => [`${site} ${operand}`, { site, operand }]));
  const values = [...operands]
    .map(([name, which]) => ({
      tensor: name === 'down input' ? 'down input: SwiGLU’s output' : name,
      healthy: drawn(worstOf(where<CastRow>(all, { model: 'base', ...which }))),
      aged: drawn(worstOf(where<CastRow>(all, { model: 'aged', ...which }))),
    }))
    .toSorted((a, b) => a.aged - b.aged);
  const hit = values.filter(({ healthy, aged }) => healthy - aged > HIT);
  const [first] = hit;
  const fall = first
    ? `: ${first.tensor.split(':')[0]}, from ${first.healthy.toFixed(1)} to ${decibels(first.aged)}`
    : '';
  const y = names('tensor', null, { axis: WHOLE });
  const x = (field: string) => quantity(field, { scale: { domain: [0, 40] }, title });
  const color = shaded('model', { healthy: '#afb8c1', aged: '#cf222e' }, legend);
  const ofModel = (model: 'healthy' | 'aged', size: number) =>
    dots(
      { size, opacity: 1 },
      { y, x: x('dB'), color },
      values.map((v) => ({ tensor: v.tensor, model, dB: v[model] })),
    );
  return picture(
    `Ageing hits ${hit.length} of ${values.length} tensors${fall}`,
    'the worst of layers, steps and seeds; one delayed scale a tensor; inputs E4M3 448, gradients E5M2',
    {
      width: 460,
      height: { step: 26 },
      layer: [
        layer(
          { type: 'rule', strokeWidth: 2, color: '#afb8c1' },
          { y, x: x('aged'), x2: { field: 'healthy' } },
          values,
        ),
        ofModel('healthy', 220),
        ofModel('aged', 60),
      ],
    },
  );
}

/** As Smooth-SwiGLU scales: a power of two per channel. */
export const SMOOTH: Scaling = {
  name: 'channel, power of two',
  granularity: 'channel',
  policy: 'current-p2',
};

/** The ways of scaling that SwiGLU's output is looked at under. */
export const swigluScalings: readonly Scaling[] = scalings.map((scaling) =>
  scaling.granularity === 'channel' ? SMOOTH : { ...scaling, name: inOneLine(scaling.name) },
);

/** SwiGLU's output of the aged model in E4M3: a point a layer, batch and seed. */
export function swigluChart(rows: readonly CastRow[]): object {
  const down = where(rows, { model: 'aged', site: 'down', operand: 'input', format: 'e4m3fn' });
  const values = swigluScalings.flatMap(({ name, granularity, policy }) =>
    where(down, { granularity, policy }).map(({ batch, rowSqnr, underflowed }) => ({
      scale: name,
      batch: nameOfBatch(batch),
      dB: Math.min(MOST, drawn(rowSqnr)),
      underflowed,
    })),
  );
  const worst = (granularity: CastRow['granularity'], policy: CastRow['policy']) =>
    decibels(worstOf(where(down, { granularity, policy })));
  const scales = swigluScalings.map(({ name }) => name);
  const color = shaded('batch', { 'with the rare byte': '#bf8700', 'the step after': '#cf222e' }, legend);
  const panel = (x: object, axis: object) => ({
    width: 270,
    height: { step: 28 },
    ...dots({ size: 80, opacity: 0.7 }, { x, y: names('scale', scales, { axis }), color }),
  });
  return picture(
    `SwiGLU’s output, aged: ${worst('tensor', 'delayed')} under a delayed scale, ${worst('channel', 'current-p2')} per channel, ${worst('mx32', 'current-p2')} in MX blocks`,
    'by what shares a scale, E4M3 448; a point a layer and seed, the worst in the title; Smooth-SwiGLU scales by channel',
    {
      data: { values },
      hconcat: [
        panel(
          quantity('dB', {
            title: `${title} (at ${MOST}: that or more)`,
            scale: { domain: [0, MOST] },
            axis: {},
          }),
          WHOLE,
        ),
        panel(
          quantity('underflowed', {
            title: 'share flushed to zero',
            scale: { domain: [0, 1] },
            axis: { format: '.0%' },
          }),
          { labels: false, ticks: false },
        ),
      ],
    },
  );
}
