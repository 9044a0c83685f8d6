/** @file Pictures of the grid: where it ends, and how it gets there. */
import { ink, overSteps, panel, picture, quantity } from '../../charts/frame.ts';
import { INK, layer, seedLines } from '../../charts/layers.ts';
import { mean } from '../../engine/numbers.ts';
import { distinct } from '../../engine/rows.ts';
import { lastSample, type NamedNatural, runsAt } from '../results.ts';
import type { AlignmentSettings, Point } from '../settings.ts';

const BLUES = ['#8c959f', '#54aeff', '#0550ae', '#6639ba'];

const pointsOf = ({ decays, rates }: AlignmentSettings): Point[] =>
  decays.flatMap((decay) => rates.map((rate) => ({ decay, rate })));
const layersOf = ({ model }: AlignmentSettings): number[] =>
  Array.from({ length: model.layers }, (_, index) => index);
const seedsOf = (natural: readonly NamedNatural[]): string => {
  const seeds = distinct(natural, 'seed');
  return seeds.length > 1 ? `mean of seeds ${seeds.join(', ')}` : `seed ${seeds[0]}`;
};
const percent = (share: number): string => {
  const value = 100 * share;
  return `${value === 0 || value >= 10 ? value.toFixed(0) : value.toFixed(1)} %`;
};

/** A tile a point of the grid, a panel a layer: mean |cos| and the share above .8, of the last step. */
export function gridChart(settings: AlignmentSettings, natural: readonly NamedNatural[]): object {
  const values = layersOf(settings).flatMap((index) =>
    pointsOf(settings).map((point) => {
      const last = runsAt(natural, point).map((run) => lastSample(run, index));
      const cosine = mean(last.map((sample) => sample.mean));
      return {
        layer: `layer ${index}`,
        decay: String(point.decay),
        rate: String(point.rate),
        cosine,
        text: cosine.toFixed(2),
        above: percent(mean(last.map(({ above8 }) => above8))),
      };
    }),
  );
  const deepest = Math.max(0.5, ...values.map(({ cosine }) => cosine));
  const color = ink(`datum.cosine > ${0.6 * deepest}`);
  const by = (field: string, title: string) => ({
    ...{ field, type: 'ordinal', sort: null, title },
    axis: { labelAngle: 0 },
  });
  const [high, low] = [Math.max(...settings.rates), Math.min(...settings.rates)];
  const [most, least] = [Math.max(...settings.decays), Math.min(...settings.decays)];
  const at = (decay: number, rate: number): string =>
    values.find((v) => v.layer === 'layer 0' && v.decay === String(decay) && v.rate === String(rate))!.text;
  const start = mean(
    natural.flatMap(({ samples }) => samples.filter(({ step }) => step === 0).map((s) => s.mean)),
  );
  return picture(
    `The learning rate aligns gate and up, decay adds to it; layer 0: ${at(least, low)} → ${at(least, high)} → ${at(most, high)}`,
    [
      `mean |cos(gate, up)| of all channels after ${settings.steps} steps in BF16, nothing planted, ${seedsOf(natural)};`,
      `below it the share of channels above 0.8; at the start ${start.toFixed(2)} everywhere`,
    ],
    {
      data: { values },
      facet: panels('layer'),
      spec: {
        width: { step: 72 },
        height: { step: 56 },
        encoding: {
          x: by('rate', 'learning rate'),
          y: { ...by('decay', 'weight decay'), sort: 'descending' },
        },
        layer: [
          layer(
            { type: 'rect', stroke: 'white', strokeWidth: 2 },
            {
              color: quantity('cosine', {
                scale: { domain: [0, deepest], scheme: 'blues' },
                legend: { title: 'mean |cos|', orient: 'right' },
              }),
            },
          ),
          layer(
            { type: 'text', fontSize: 16, fontWeight: 'bold', dy: -8 },
            { text: { field: 'text' }, color },
          ),
          layer({ type: 'text', fontSize: 11, dy: 11 }, { text: { field: 'above' }, color }),
        ],
      },
    },
  );
}

/** A panel each, its name above. */
const panels = (field: string, more: object = {}): object => ({
  ...{ field, type: 'nominal', ...more, title: null },
  header: { labelFontSize: 13 },
});

/** Mean |cos| over the steps: a column a learning rate, a row a layer, a colour a decay; dashed: strangers. */
export function alignmentChart(settings: AlignmentSettings, natural: readonly NamedNatural[]): object {
  const { decays } = settings;
  const labels = decays.map((decay) => (decay === 0 ? 'no decay' : `decay ${decay}`));
  const of = (key: 'mean' | 'strangers', pairs: 'own' | 'strangers') =>
    pointsOf(settings).flatMap((point) =>
      runsAt(natural, point).flatMap(({ seed, samples }) =>
        samples.map(({ step, layer: index, ...sample }) => ({
          decay: labels[decays.indexOf(point.decay)]!,
          rate: `learning rate ${point.rate}`,
          layer: `layer ${index}`,
          ...{ seed, step, cosine: sample[key], pairs },
        })),
      ),
    );
  const strongest = labels[decays.indexOf(Math.max(...decays))]!;
  const values = [
    ...of('mean', 'own'),
    ...of('strangers', 'strangers').filter(({ decay }) => decay === strongest),
  ];
  const x = overSteps({ tickCount: 4, grid: false });
  const y = quantity('cosine', {
    title: 'mean |cos|',
    scale: { domain: [0, Math.max(0.65, ...values.map(({ cosine }) => 1.02 * cosine))], nice: false },
    axis: { values: [0, 0.2, 0.4, 0.6, 0.8, 1] },
  });
  const color = {
    ...{ field: 'decay', type: 'nominal', sort: labels },
    scale: { domain: labels, range: decays.map((_, i) => BLUES[i % BLUES.length]) },
    legend: { title: null, orient: 'top', symbolStrokeWidth: 3, symbolOpacity: 1 },
  };
  const only = (pairs: 'own' | 'strangers', layers: readonly object[]): object[] =>
    layers.map((one) => ({ transform: [{ filter: `datum.pairs == "${pairs}"` }], ...one }));
  const dashed = { type: 'line', strokeWidth: 1.4, strokeDash: [4, 3], ...INK };
  const several = distinct(natural, 'seed').length > 1;
  return picture(
    'Gate and up of a channel align within a few hundred steps, where the learning rate is high',
    [
      `mean |cos(gate, up)| of all channels, nothing planted, BF16; ${several ? 'thin: a seed, thick: their mean' : seedsOf(natural)}`,
      `dashed: each gate with the next channel's up, ${strongest}: vectors that do not belong together stay apart`,
    ],
    {
      data: { values },
      facet: { column: panels('rate', { sort: null }), row: panels('layer') },
      spec: panel(200, 110, [
        ...only('own', seedLines({ x, y, color }, { opacity: 0.5, strokeWidth: 2.2 })),
        ...only('strangers', [layer(dashed, { x, y: { ...y, aggregate: 'mean' } })]),
      ]),
    },
  );
}
