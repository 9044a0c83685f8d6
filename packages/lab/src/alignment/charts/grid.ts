/** @file Pictures of the grid: where it ends, and how it gets there. */

import { frame, overSteps } from '../../charts/parts.ts';
import { mean } from '../../engine/numbers.ts';
import { lastSample, type NamedNatural, runsAt } from '../results.ts';
import type { AlignmentSettings, Point } from '../settings.ts';

export const title = (text: string, subtitle: string | readonly string[]) => ({
  text,
  subtitle,
});
export const BLUES = ['#8c959f', '#54aeff', '#0550ae', '#6639ba'];

const pointsOf = ({ decays, rates }: AlignmentSettings): Point[] =>
  decays.flatMap((decay) => rates.map((rate) => ({ decay, rate })));
const layersOf = ({ model }: AlignmentSettings): number[] =>
  Array.from({ length: model.layers }, (_, layer) => layer);
export const seedsOf = (natural: readonly NamedNatural[]): string => {
  const seeds = [...new Set(natural.map(({ seed }) => seed))];
  return seeds.length > 1 ? `mean of seeds ${seeds.join(', ')}` : `seed ${seeds[0]}`;
};
const percent = (share: number): string => {
  const value = 100 * share;
  return `${value === 0 || value >= 10 ? value.toFixed(0) : value.toFixed(1)} %`;
};

/** A tile a point of the grid, a panel a layer: mean |cos| and the share above .8, of the last step. */
export function gridChart(settings: AlignmentSettings, natural: readonly NamedNatural[]): object {
  const values = layersOf(settings).flatMap((layer) =>
    pointsOf(settings).map((point) => {
      const last = runsAt(natural, point).map((run) => lastSample(run, layer));
      const cosine = mean(last.map((sample) => sample.mean));
      return {
        layer: `layer ${layer}`,
        decay: String(point.decay),
        rate: String(point.rate),
        cosine,
        text: cosine.toFixed(2),
        above: percent(mean(last.map(({ above8 }) => above8))),
      };
    }),
  );
  const deepest = Math.max(0.5, ...values.map(({ cosine }) => cosine));
  const ink = { condition: { test: `datum.cosine > ${0.6 * deepest}`, value: 'white' }, value: '#24292f' };
  const by = (field: string, name: string) => ({
    field,
    type: 'ordinal',
    sort: null,
    title: name,
    axis: { labelAngle: 0 },
  });
  const [high, low] = [Math.max(...settings.rates), Math.min(...settings.rates)];
  const strongest = String(Math.max(...settings.decays));
  const at = (decay: string, rate: number): string =>
    values.find((v) => v.layer === 'layer 0' && v.decay === decay && v.rate === String(rate))!.text;
  const none = String(Math.min(...settings.decays));
  const start = mean(
    natural.flatMap(({ samples }) => samples.filter(({ step }) => step === 0).map((s) => s.mean)),
  );
  return frame({
    title: title(
      `The learning rate aligns gate and up, decay adds to it; layer 0: ${at(none, low)} → ${at(none, high)} → ${at(strongest, high)}`,
      [
        `mean |cos(gate, up)| of all channels after ${settings.steps} steps in BF16, nothing planted, ${seedsOf(natural)};`,
        `below it the share of channels above 0.8; at the start ${start.toFixed(2)} everywhere`,
      ],
    ),
    data: { values },
    facet: { field: 'layer', type: 'nominal', title: null, header: { labelFontSize: 13 } },
    spec: {
      width: { step: 72 },
      height: { step: 56 },
      encoding: {
        x: by('rate', 'learning rate'),
        y: { ...by('decay', 'weight decay'), sort: 'descending' },
      },
      layer: [
        {
          mark: { type: 'rect', stroke: 'white', strokeWidth: 2 },
          encoding: {
            color: {
              field: 'cosine',
              type: 'quantitative',
              scale: { domain: [0, deepest], scheme: 'blues' },
              legend: { title: 'mean |cos|', orient: 'right' },
            },
          },
        },
        {
          mark: { type: 'text', fontSize: 16, fontWeight: 'bold', dy: -8 },
          encoding: { text: { field: 'text' }, color: ink },
        },
        {
          mark: { type: 'text', fontSize: 11, dy: 11 },
          encoding: { text: { field: 'above' }, color: ink },
        },
      ],
    },
  });
}

/** Mean |cos| over the steps: a column a learning rate, a row a layer, a colour a decay; dashed: strangers. */
export function alignmentChart(settings: AlignmentSettings, natural: readonly NamedNatural[]): object {
  const { decays } = settings;
  const seeds = [...new Set(natural.map(({ seed }) => seed))];
  const labels = decays.map((decay) => (decay === 0 ? 'no decay' : `decay ${decay}`));
  const of = (key: 'mean' | 'strangers') =>
    pointsOf(settings).flatMap((point) =>
      runsAt(natural, point).flatMap(({ seed, samples }) =>
        samples.map(({ step, layer, ...sample }) => ({
          decay: labels[decays.indexOf(point.decay)]!,
          rate: `learning rate ${point.rate}`,
          layer: `layer ${layer}`,
          seed,
          step,
          cosine: sample[key],
        })),
      ),
    );
  const strongest = labels[decays.indexOf(Math.max(...decays))]!;
  const values = [
    ...of('mean').map((row) => ({ ...row, pairs: 'own' })),
    ...of('strangers')
      .filter(({ decay }) => decay === strongest)
      .map((row) => ({ ...row, pairs: 'strangers' })),
  ];
  const x = overSteps({ tickCount: 4, grid: false });
  const y = {
    field: 'cosine',
    type: 'quantitative',
    title: 'mean |cos|',
    scale: { domain: [0, Math.max(0.65, ...values.map(({ cosine }) => 1.02 * cosine))], nice: false },
    axis: { values: [0, 0.2, 0.4, 0.6, 0.8, 1] },
  };
  const color = {
    field: 'decay',
    type: 'nominal',
    sort: labels,
    scale: { domain: labels, range: decays.map((_, i) => BLUES[i % BLUES.length]) },
    legend: { title: null, orient: 'top', symbolStrokeWidth: 3, symbolOpacity: 1 },
  };
  const own = { filter: 'datum.pairs == "own"' };
  return frame({
    title: title(
      'Gate and up of a channel align within a few hundred steps, where the learning rate is high',
      [
        `mean |cos(gate, up)| of all channels, nothing planted, BF16; ${seeds.length > 1 ? 'thin: a seed, thick: their mean' : seedsOf(natural)}`,
        `dashed: each gate with the next channel's up, ${strongest}: vectors that do not belong together stay apart`,
      ],
    ),
    data: { values },
    facet: {
      column: { field: 'rate', type: 'nominal', sort: null, title: null, header: { labelFontSize: 13 } },
      row: { field: 'layer', type: 'nominal', title: null, header: { labelFontSize: 13 } },
    },
    spec: {
      width: 200,
      height: 110,
      layer: [
        {
          transform: [own],
          mark: { type: 'line', strokeWidth: 0.8, opacity: 0.5 },
          encoding: { x, y, color, detail: { field: 'seed' } },
        },
        {
          transform: [own],
          mark: { type: 'line', strokeWidth: 2.2 },
          encoding: { x, y: { ...y, aggregate: 'mean' }, color },
        },
        {
          transform: [{ filter: 'datum.pairs == "strangers"' }],
          mark: { type: 'line', strokeWidth: 1.4, strokeDash: [4, 3], color: '#24292f' },
          encoding: { x, y: { ...y, aggregate: 'mean' } },
        },
      ],
    },
  });
}
