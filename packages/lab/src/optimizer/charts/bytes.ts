/** @file Bytes of optimizer state a parameter, as bars of master weights and both moments. */
import { below, names, panel, picture, quantity, shaded } from '../../charts/frame.ts';
import { label as labelled, layer } from '../../charts/layers.ts';
import { BASELINE, PAPER_PAIR } from '../arms.ts';
import { type Comparison, stateTotal } from '../results.ts';
import { roles } from '../train.ts';

const bars: readonly (readonly [optimizer: string, label: string])[] = [
  [BASELINE, 'all in FP32'],
  [PAPER_PAIR, 'moments in FP8'],
  [`${PAPER_PAIR}-fp16`, 'moments in FP8, FP16 master'],
];
const parts = { master: 'master weights', moment1: 'first moment', moment2: 'second moment' } as const;
const shades = { [parts.master]: '#57606a', [parts.moment1]: '#54aeff', [parts.moment2]: '#0550ae' };

export function bytesChart(comparisons: readonly Comparison[]): object {
  const found = bars.flatMap(([optimizer, label]) => {
    const run = comparisons.find((c) => c.optimizer === optimizer);
    return run ? [{ label, run, total: stateTotal(run) }] : [];
  });
  const measured = found.every(({ run }) => run.bytes.every(({ onDevice }) => onDevice !== null));
  const values = found.flatMap(({ label, run }) =>
    run.bytes.map(({ role, stored, onDevice }) => {
      return { label, part: parts[role], order: roles.indexOf(role), bytes: onDevice ?? stored };
    }),
  );
  const totals = found.map(({ label, total }) => ({ label, total, text: total.toFixed(2) }));
  const x = quantity('bytes', { title: 'bytes a parameter', scale: { domain: [0, 13] } });
  const y = names(
    'label',
    found.map(({ label }) => label),
    { axis: { labelLimit: 260 } },
  );
  const [first, last] = [totals[0], totals.at(-1)];
  return picture(
    first && last ? `Adam's state: ${last.text} bytes a parameter instead of ${first.text}` : "Adam's state",
    `${measured ? "the device's own memory" : 'as the formats have it'}, scales and FP32 norm gains included; the paper: 4 instead of 12`,
    panel(480, { step: 34 }, [
      layer('bar', { x, y, order: { field: 'order' }, color: shaded('part', shades, below()) }, values),
      labelled(5, { fontSize: 12 }, { x: quantity('total'), y, text: { field: 'text' } }, totals),
    ]),
  );
}
