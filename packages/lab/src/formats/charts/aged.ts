/** @file The aged model beside the healthy one, and what each way of scaling keeps of its SwiGLU output. */
import { names, panel, picture, quantity, WHOLE } from '../../charts/frame.ts';
import { dots, layer } from '../../charts/layers.ts';
import { where } from '../../engine/rows.ts';
import { asInThePaper, type CastRow, least } from '../results.ts';
import { decibels, drawn, inOneLine, type Scaling, scalings, sorted } from './parts.ts';
import { nameOfBatch } from './tensors.ts';

const title = 'signal to quantisation noise of the median row, dB';
/** The end of its axis; what is above lies on it. */
const MOST = 45;
/** What counts as hit by ageing. */
const HIT = 3;

/** Every linear's input and gradient before and after ageing, the worst of layers, batches and seeds. */
export function agedChart(rows: readonly CastRow[]): object {
  const all = asInThePaper(where(rows, { granularity: 'tensor', policy: 'delayed' }));
  const worst = (model: 'base' | 'aged', site: string, operand: CastRow['operand']) =>
    drawn(least(where(all, { model, site, operand }).map(({ rowSqnr }) => rowSqnr)));
  const operands = new Map(all.map(({ site, operand }) => [`${site} ${operand}`, { site, operand }]));
  const values = [...operands]
    .map(([name, { site, operand }]) => ({
      tensor: name === 'down input' ? 'down input: SwiGLU’s output' : name,
      healthy: worst('base', site, operand),
      aged: worst('aged', site, operand),
    }))
    .toSorted((a, b) => a.aged - b.aged);
  const hit = values.filter(({ healthy, aged }) => healthy - aged > HIT);
  const [first] = hit;
  const fall = first
    ? `: ${first.tensor.split(':')[0]}, from ${first.healthy.toFixed(1)} to ${decibels(first.aged)}`
    : '';
  const y = names('tensor', null, { axis: WHOLE });
  const x = { type: 'quantitative', scale: { domain: [0, 40] }, title };
  const ofModel = (model: 'healthy' | 'aged', size: number) =>
    dots(
      { size, opacity: 1 },
      { y, x: { ...x, field: 'dB' }, color: sorted('model', { healthy: '#afb8c1', aged: '#cf222e' }) },
      values.map((v) => ({ tensor: v.tensor, model, dB: v[model] })),
    );
  return picture(
    `Ageing hits ${hit.length} of ${values.length} tensors${fall}`,
    'the worst of layers, steps and seeds; one delayed scale a tensor; inputs E4M3 448, gradients E5M2',
    panel(460, { step: 26 }, [
      layer(
        { type: 'rule', strokeWidth: 2, color: '#afb8c1' },
        { y, x: { ...x, field: 'aged' }, x2: { field: 'healthy' } },
        values,
      ),
      ofModel('healthy', 220),
      ofModel('aged', 60),
    ]),
  );
}

/** As Smooth-SwiGLU scales: a power of two per channel. */
const SMOOTH: Scaling = { name: 'channel, power of two', granularity: 'channel', policy: 'current-p2' };

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
    decibels(least(where(down, { granularity, policy }).map(({ rowSqnr }) => rowSqnr)));
  const color = sorted('batch', { 'with the rare byte': '#bf8700', 'the step after': '#cf222e' });
  const ways = swigluScalings.map((way) => way.name);
  const panel = (field: 'dB' | 'underflowed', x: object, axis: object) => ({
    width: 270,
    height: { step: 28 },
    mark: { type: 'point', filled: true, size: 80, opacity: 0.7 },
    encoding: { x: quantity(field, x), y: names('scale', ways, { axis }), color },
  });
  return picture(
    `SwiGLU’s output, aged: ${worst('tensor', 'delayed')} under a delayed scale, ${worst('channel', 'current-p2')} per channel, ${worst('mx32', 'current-p2')} in MX blocks`,
    'by what shares a scale, E4M3 448; a point a layer and seed, the worst in the title; Smooth-SwiGLU scales by channel',
    {
      data: { values },
      hconcat: [
        panel(
          'dB',
          { title: `${title} (at ${MOST}: that or more)`, scale: { domain: [0, MOST] }, axis: {} },
          WHOLE,
        ),
        panel(
          'underflowed',
          { title: 'share flushed to zero', scale: { domain: [0, 1] }, axis: { format: '.0%' } },
          { labels: false, ticks: false },
        ),
      ],
    },
  );
}
