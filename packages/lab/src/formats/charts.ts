/** @file The study's pictures as Vega-Lite specifications: heat maps of SQNR, the worst tensors, aged against healthy. */
import { frame } from '../charts.ts';
import { type Cast, nameOfFormat, type PolicyName } from './casts.ts';
import type { CastRow } from './findings.ts';
import { median } from './measure.ts';
import { asInThePaper, largest, least, mean, select } from './select.ts';

/** Columns of the heat maps, coarse to fine. */
const scalings: readonly (Pick<Cast, 'granularity' | 'policy'> & { readonly name: string })[] = [
  { name: 'tensor, delayed', granularity: 'tensor', policy: 'delayed' },
  { name: 'tensor', granularity: 'tensor', policy: 'current' },
  { name: 'row', granularity: 'row', policy: 'current' },
  { name: 'channel', granularity: 'channel', policy: 'current' },
  { name: '128×128', granularity: '128x128', policy: 'current' },
  { name: '1×128', granularity: '1x128', policy: 'current' },
  { name: 'MX 32', granularity: 'mx32', policy: 'current-p2' },
];
const formats = ['e4m3fn', 'e4m3', 'e4m3fnuz', 'e5m2', 'e5m2fnuz', 'e2m1'];
const operands = [
  { operand: 'input', name: 'inputs' },
  { operand: 'weight', name: 'weights' },
  { operand: 'grad', name: 'output gradients' },
] as const;

/** No SQNR is shown above: a cast that loses nothing has an infinite one. */
const MOST = 60;
const shown = (dB: number): number => Math.max(0, Math.min(MOST, dB));
const oneDigit = (value: number): string => value.toFixed(1);
const percent = (share: number): string => {
  if (share === 0) return '0 %';
  return share < 1e-4 ? `${(100 * share).toExponential(0)} %` : `${Number((100 * share).toPrecision(2))} %`;
};

const models = { base: 'the healthy model', aged: 'the aged model', run: 'the run' } as const;
type ModelName = keyof typeof models;

export function chartsOf(rows: readonly CastRow[]): Record<string, object> {
  const has = (model: ModelName): boolean => rows.some((row) => row.model === model);
  const sound: ModelName = has('base') ? 'base' : 'run';
  const worst: ModelName = has('aged') ? 'aged' : 'run';
  return {
    sqnr: sqnrChart(select(rows, { model: sound }), sound),
    worst: worstChart(select(rows, { model: worst }), worst),
    'worst-tensors': tensorsChart(select(rows, { model: worst }), worst),
    delayed: delayedChart(rows),
    underflows: underflowChart(select(rows, { model: sound }), sound),
    ...(has('base') && has('aged') ? { aged: agedChart(rows), swiglu: swigluChart(rows) } : {}),
  };
}

function heatMap(
  title: readonly string[],
  cellOf: (of: CastRow[]) => number,
  rows: readonly CastRow[],
): object {
  const values = operands.flatMap(({ operand, name: operandName }) =>
    formats.flatMap((format) =>
      scalings.flatMap(({ name, granularity, policy }) => {
        const those = select(rows, { operand, format, granularity, policy });
        if (those.length === 0) return [];
        return [{ operand: operandName, format: nameOfFormat(format), scale: name, dB: cellOf(those) }];
      }),
    ),
  );
  return frame({
    title: title.length === 1 ? title[0] : { text: title[0], subtitle: title.slice(1) },
    data: { values },
    facet: {
      column: {
        field: 'operand',
        type: 'nominal',
        sort: operands.map(({ name }) => name),
        title: null,
        header: { labelFontSize: 13 },
      },
    },
    spec: {
      width: { step: 36 },
      height: { step: 26 },
      encoding: {
        x: {
          field: 'scale',
          type: 'nominal',
          sort: scalings.map(({ name }) => name),
          title: 'one scale per',
          axis: { labelAngle: -40 },
        },
        y: { field: 'format', type: 'nominal', sort: formats.map(nameOfFormat), title: null },
      },
      layer: [
        {
          mark: 'rect',
          encoding: {
            color: {
              field: 'dB',
              type: 'quantitative',
              scale: { domain: [0, 20, 35], range: ['#cf222e', '#f6f8fa', '#1f6feb'], clamp: true },
              legend: { title: 'signal to noise, dB', orient: 'bottom', gradientLength: 240 },
            },
          },
        },
        {
          mark: { type: 'text', fontSize: 11 },
          encoding: {
            text: { field: 'dB', type: 'quantitative', format: '.0f' },
            color: {
              condition: { test: 'datum.dB < 7 || datum.dB > 28', value: 'white' },
              value: '#24292f',
            },
          },
        },
      ],
    },
  });
}

function sqnrChart(rows: readonly CastRow[], model: ModelName): object {
  const middle = (wanted: Partial<Cast>) => median(select(rows, wanted).map(({ sqnr }) => sqnr));
  const tensor = { granularity: 'tensor', policy: 'current' } as const;
  const bit = middle({ format: 'e4m3fn', ...tensor }) - middle({ format: 'e5m2', ...tensor });
  const finer = middle({ format: 'e4m3fn', granularity: '1x128', policy: 'current' });
  const gain = finer - middle({ format: 'e4m3fn', ...tensor });
  return heatMap(
    [
      `A bit of mantissa is worth ${oneDigit(bit)} dB, finer scales ${oneDigit(gain)} dB`,
      `SQNR over ${models[model]}’s tensors, median of layers and linears`,
    ],
    (those) => shown(median(those.map(({ sqnr }) => sqnr))),
    rows,
  );
}

function worstChart(rows: readonly CastRow[], model: ModelName): object {
  const worst = (wanted: Partial<Cast>) =>
    least(select(rows, { format: 'e4m3fn', operand: 'input', ...wanted }).map(({ rowSqnr }) => rowSqnr));
  const whole = worst({ granularity: 'tensor', policy: 'delayed' });
  const blocks = worst({ granularity: 'mx32', policy: 'current-p2' });
  return heatMap(
    [
      `The worst input keeps ${oneDigit(whole)} dB under a delayed scale, ${oneDigit(blocks)} dB in MX blocks (E4M3 448)`,
      `SQNR of the median row of the worst tensor of ${models[model]}, of all layers and linears`,
    ],
    (those) => shown(least(those.map(({ rowSqnr }) => rowSqnr))),
    rows,
  );
}

const labelOf = ({ layer, site, operand, batch, seed }: CastRow, withSeed: boolean): string =>
  [
    `layer ${layer} ${site} ${operand}`,
    ...(batch === 'rare' ? ['rare byte'] : batch === 'after' ? ['step after'] : []),
    ...(withSeed ? [`seed ${seed}`] : []),
  ].join(', ');

/** The tensors that lose most under one delayed scale each, as the paper casts them. */
export const worstTensors = (rows: readonly CastRow[], count: number): CastRow[] =>
  asInThePaper(select(rows, { granularity: 'tensor', policy: 'delayed' }))
    .toSorted((a, b) => a.rowSqnr - b.rowSqnr)
    .slice(0, count);

function tensorsChart(rows: readonly CastRow[], model: ModelName): object {
  const seed = rows[0]?.seed ?? 0;
  const values = worstTensors(select(rows, { seed }), 12).map((row) => ({
    tensor: labelOf(row, false),
    dB: shown(row.rowSqnr),
    kind: row.site === 'down' && row.operand === 'input' ? 'SwiGLU’s output' : 'other',
    note: `${oneDigit(row.rowSqnr)} dB, ${percent(row.underflowed)} to zero`,
  }));
  const outputs = values.filter(({ kind }) => kind === 'SwiGLU’s output').length;
  const y = { field: 'tensor', type: 'nominal', sort: null, title: null, axis: { labelLimit: 260 } };
  const x = {
    field: 'dB',
    type: 'quantitative',
    title: 'SQNR of the median row, dB',
    scale: { domain: [0, 40] },
  };
  return frame({
    title: {
      text: `The worst tensors of ${models[model]}: ${outputs} of ${values.length} are SwiGLU’s output`,
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
          color: {
            field: 'kind',
            type: 'nominal',
            scale: { domain: ['SwiGLU’s output', 'other'], range: ['#cf222e', '#8c959f'] },
            legend: { title: null, orient: 'bottom' },
          },
        },
      },
      {
        mark: { type: 'text', align: 'left', dx: 4, fontSize: 11, color: '#24292f' },
        encoding: { x, y, text: { field: 'note' } },
      },
    ],
  });
}

/** Every tensor as a point: what a current scale keeps, and what a delayed one. */
function delayedChart(rows: readonly CastRow[]): object {
  const delayed = asInThePaper(select(rows, { granularity: 'tensor', policy: 'delayed' }));
  const current = asInThePaper(select(rows, { granularity: 'tensor', policy: 'current' }));
  const key = ({ seed, model, batch, layer, site, operand }: CastRow) =>
    [seed, model, batch, layer, site, operand].join(' ');
  const currents = new Map(current.map((row) => [key(row), row]));
  const names = {
    base: 'healthy',
    aged: 'aged, with the rare byte',
    after: 'aged, the step after',
    run: 'run',
  };
  const kinds = [...new Set(delayed.map(kindOf))];
  function kindOf({ model, batch }: CastRow): string {
    return model === 'aged' && batch === 'after' ? names.after : names[model];
  }
  const values = delayed.map((row) => ({
    kind: kindOf(row),
    delayed: row.sqnr === Number.POSITIVE_INFINITY ? MOST : shown(row.rowSqnr),
    current: shown(currents.get(key(row))!.rowSqnr),
  }));
  const cost = largest(
    values.filter(({ kind }) => kind !== names.after).map((v) => Math.abs(v.current - v.delayed)),
  );
  const healthyCost = largest(
    values.filter(({ kind }) => kind === names.base || kind === names.run).map((v) => v.current - v.delayed),
  );
  const agedCost = largest([
    0,
    ...values.filter(({ kind }) => kind === names.after).map((v) => v.current - v.delayed),
  ]);
  void cost;
  const axis = { type: 'quantitative', scale: { domain: [0, 40] } };
  return frame({
    title: {
      text:
        agedCost > 0
          ? `A delayed scale costs healthy tensors at most ${oneDigit(healthyCost)} dB, an aged one ${oneDigit(agedCost)} dB`
          : `A delayed scale costs a tensor at most ${oneDigit(healthyCost)} dB`,
      subtitle: 'a point a tensor: SQNR of its median row; inputs E4M3 448, gradients E5M2',
    },
    width: 380,
    height: 380,
    layer: [
      {
        data: { values: [{ v: 0 }, { v: 40 }] },
        mark: { type: 'line', strokeDash: [4, 4], color: '#afb8c1' },
        encoding: { x: { field: 'v', type: 'quantitative' }, y: { field: 'v', type: 'quantitative' } },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 60, opacity: 0.6 },
        encoding: {
          x: { ...axis, field: 'current', title: 'current scale, dB' },
          y: { ...axis, field: 'delayed', title: 'delayed scale, dB' },
          color: {
            field: 'kind',
            type: 'nominal',
            sort: kinds,
            scale: { domain: kinds, range: kinds.map((kind) => kindColours[kind] ?? '#1f6feb') },
            legend: { title: null },
          },
        },
      },
    ],
  });
}

const kindColours: Readonly<Record<string, string>> = {
  healthy: '#8c959f',
  'aged, with the rare byte': '#bf8700',
  'aged, the step after': '#cf222e',
};

/** Share of the gradients that goes to zero, by format and scaling. */
function underflowChart(rows: readonly CastRow[], model: ModelName): object {
  const ways = [
    { name: 'none (scale 1)', granularity: 'tensor', policy: 'fixed' },
    ...scalings.map((s) => ({ ...s, name: s.name })),
  ] as const;
  const shownFormats = ['e4m3', 'e4m3fn', 'e5m2'];
  const share = (format: string, policy: PolicyName): number =>
    mean(
      select(rows, { operand: 'grad', format, granularity: 'tensor', policy }).map((row) => row.underflowed),
    );
  const FLOOR = 1e-7;
  const values = ways.flatMap(({ name, granularity, policy }) =>
    shownFormats.map((format) => {
      const those = select(rows, { operand: 'grad', format, granularity, policy });
      const exact = mean(those.map(({ underflowed }) => underflowed));
      return { scale: name, format: nameOfFormat(format), share: Math.max(FLOOR, exact) };
    }),
  );
  const names = shownFormats.map(nameOfFormat);
  return frame({
    title: {
      text: `Gradients need a scale: without one E5M2 loses ${percent(share('e5m2', 'fixed'))} to zero, E4M3 ${percent(share('e4m3fn', 'fixed'))}`,
      subtitle: `with a current scale a tensor ${percent(share('e5m2', 'current'))} and ${percent(share('e4m3fn', 'current'))}; mean over ${models[model]}’s output gradients`,
    },
    width: 520,
    height: { step: 28 },
    data: { values },
    mark: { type: 'point', filled: true, size: 110, opacity: 0.9 },
    encoding: {
      x: {
        field: 'share',
        type: 'quantitative',
        title: 'share of elements flushed to zero (left edge: 10⁻⁷ or less)',
        scale: { type: 'log', domain: [FLOOR, 1] },
        axis: { format: '.0e', values: [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1] },
      },
      y: { field: 'scale', type: 'nominal', sort: ways.map(({ name }) => name), title: 'one scale per' },
      color: {
        field: 'format',
        type: 'nominal',
        sort: names,
        scale: { domain: names, range: ['#8c1d18', '#cf222e', '#1f6feb'] },
        legend: { title: null },
      },
    },
  });
}

/** Every linear's input and gradient before and after ageing. */
function agedChart(rows: readonly CastRow[]): object {
  const all = asInThePaper(select(rows, { granularity: 'tensor', policy: 'delayed' }));
  const groups = [...new Set(all.map(({ site, operand }) => `${site} ${operand}`))];
  const worst = (model: ModelName, group: string) =>
    least(
      select(all, { model })
        .filter(({ site, operand }) => `${site} ${operand}` === group)
        .map(({ rowSqnr }) => rowSqnr),
    );
  const values = groups
    .map((group) => ({
      tensor: group === 'down input' ? 'down input (SwiGLU’s output)' : group,
      healthy: shown(worst('base', group)),
      aged: shown(worst('aged', group)),
    }))
    .toSorted((a, b) => a.aged - b.aged);
  const hit = values.filter(({ healthy, aged }) => healthy - aged > 3);
  const y = { field: 'tensor', type: 'nominal', sort: null, title: null, axis: { labelLimit: 260 } };
  const x = { type: 'quantitative', scale: { domain: [0, 40] }, title: 'SQNR of the median row, dB' };
  const dots = values.flatMap(({ tensor, healthy, aged }) => [
    { tensor, model: 'healthy', dB: healthy },
    { tensor, model: 'aged', dB: aged },
  ]);
  return frame({
    title: {
      text: `Ageing hits ${hit.length} of ${values.length} operands: ${hit.map(({ tensor, healthy, aged }) => `${tensor.split(' (')[0]}, ${oneDigit(healthy)} → ${oneDigit(aged)} dB`).join('; ') || 'none'}`,
      subtitle:
        'worst of layers, steps and seeds; one delayed scale a tensor; inputs E4M3 448, gradients E5M2',
    },
    width: 460,
    height: { step: 26 },
    layer: [
      {
        data: { values },
        mark: { type: 'rule', strokeWidth: 2, color: '#afb8c1' },
        encoding: { y, x: { ...x, field: 'aged' }, x2: { field: 'healthy' } },
      },
      {
        data: { values: dots },
        mark: { type: 'point', filled: true, size: 90, opacity: 1 },
        encoding: {
          y,
          x: { ...x, field: 'dB' },
          color: {
            field: 'model',
            type: 'nominal',
            sort: ['healthy', 'aged'],
            scale: { domain: ['healthy', 'aged'], range: ['#8c959f', '#cf222e'] },
            legend: { title: null, orient: 'bottom' },
          },
        },
      },
    ],
  });
}

/** SwiGLU's output of the aged model in E4M3: what each way of scaling keeps of it. */
function swigluChart(rows: readonly CastRow[]): object {
  const down = select(rows, { model: 'aged', site: 'down', operand: 'input', format: 'e4m3fn' });
  const ways = [
    ...scalings.slice(0, 3),
    { name: 'channel, power of two (as Smooth-SwiGLU)', granularity: 'channel', policy: 'current-p2' },
    ...scalings.slice(4),
  ] as const;
  const kinds = { rare: 'with the rare byte', after: 'the step after' };
  const values = ways.flatMap(({ name, granularity, policy }) =>
    select(down, { granularity, policy }).map(({ batch, rowSqnr, underflowed }) => ({
      scale: name,
      batch: kinds[batch as 'rare'],
      dB: shown(rowSqnr),
      underflowed,
    })),
  );
  const worst = (name: string) => least(values.filter((v) => v.scale === name).map(({ dB }) => dB));
  const y = {
    field: 'scale',
    type: 'nominal',
    sort: ways.map(({ name }) => name),
    title: 'one scale per',
    axis: { labelLimit: 280 },
  };
  const color = {
    field: 'batch',
    type: 'nominal',
    sort: Object.values(kinds),
    scale: { domain: Object.values(kinds), range: ['#bf8700', '#cf222e'] },
    legend: { title: null, orient: 'bottom' },
  };
  const panel = (field: string, title: string, axis: object, domain: readonly number[]) => ({
    width: 260,
    height: { step: 28 },
    mark: { type: 'point', filled: true, size: 80, opacity: 0.7 },
    encoding: { x: { field, type: 'quantitative', title, scale: { domain }, axis }, y, color },
  });
  return frame({
    title: {
      text: `SwiGLU’s output, aged: ${oneDigit(worst('tensor, delayed'))} dB under a delayed scale, ${oneDigit(worst(ways[3].name))} dB per channel, ${oneDigit(worst('MX 32'))} dB in MX blocks`,
      subtitle: 'E4M3 448; a point a layer and seed; the worst of them in the title',
    },
    data: { values },
    hconcat: [
      panel('dB', 'SQNR of the median row, dB', {}, [0, 45]),
      {
        ...panel('underflowed', 'share flushed to zero', { format: '.0%' }, [0, 1]),
        encoding: {
          ...panel('underflowed', 'share flushed to zero', { format: '.0%' }, [0, 1]).encoding,
          y: { ...y, axis: { labels: false, ticks: false }, title: null },
        },
      },
    ],
  });
}
