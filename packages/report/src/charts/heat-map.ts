/** @file Layer by step, a panel a site and operand: where in the model, and when, a cast is in trouble. */
import {
  growth,
  heaviestTails,
  largest,
  nameOf,
  operandLabel,
  operandsInOrder,
  siteLabel,
  sitesInOrder,
  taken,
} from './facts.ts';
import { frame, quantity } from './frame.ts';
import { distinct, figure, greatest, least, percent } from './numbers.ts';
import type { Measured, TensorPoint } from './rows.ts';

/** Classes of a share of elements, each with its upper end and its colour. */
const SHARES: readonly (readonly [end: number, label: string, colour: string])[] = [
  [0, 'none', '#eef1f4'],
  [1e-4, 'below 0.01 %', '#fee6ce'],
  [1e-3, '0.01 to 0.1 %', '#fdae6b'],
  [1e-2, '0.1 to 1 %', '#f16913'],
  [1e-1, '1 to 10 %', '#cb181d'],
  [1, 'above 10 %', '#67000d'],
];
const shareClass = (share: number): number => SHARES.findIndex(([end]) => share <= end);
/** To half a doubling. */
const halfOctave = (value: number): number => Math.round(2 * Math.log2(Math.max(value, 2 ** -60))) / 2;

/** Null where no tensor was sampled. */
export function heatMap(tensors: readonly TensorPoint[], measured: Measured): object | null {
  const columns = columnsOf(tensors);
  if (columns === null) return null;
  const share = measured === 'overflows' || measured === 'underflows';
  const cells = cellsOf(tensors, columns, measured, share ? shareClass : halfOctave);
  if (cells.length === 0) return null;
  const domain = [columns.edges[0]!, columns.edges.at(-1)!];
  const { gathered } = columns;
  const x = gathered === 1 ? 'step' : `step (largest of ${gathered})`;
  const columnsSay = gathered === 1 ? '' : `; a column: the largest of ${gathered} sampled steps`;
  const sites = sitesInOrder(cells.map(({ site }) => site));
  // A row of panels in which nothing was lost would only take room.
  const shown = share ? cells.filter(({ value }) => value > 0) : cells;
  const operands = operandsInOrder((shown.length > 0 ? shown : cells).map(({ operand }) => operand));
  const shared = share ? classColour() : null;
  const rows = operands.map((operand, i) => {
    const own = cells.filter((cell) => cell.operand === operand);
    const options = { sites, operand, domain, x: i === operands.length - 1 ? x : null, headed: i === 0 };
    return row(own, options, shared ?? octaveColour(measured, operand, own));
  });
  const [text, subtitle] = titleOf(tensors, measured);
  return frame({
    title: { text, subtitle: `${subtitle}${columnsSay}` },
    vconcat: rows,
    spacing: 12,
    resolve: { scale: { color: share ? 'shared' : 'independent' } },
  });
}

interface RowOptions {
  readonly sites: readonly string[];
  readonly operand: string;
  readonly domain: readonly number[];
  /** Title of the axis of steps; null: that of another row says it. */
  readonly x: string | null;
  /** Whether the sites are named above. */
  readonly headed: boolean;
}

function row(cells: readonly HeatCell[], options: RowOptions, color: object): object {
  const { sites, operand, domain, x, headed } = options;
  const layers = distinct(cells.map(({ layer }) => layer));
  const values = cells.map(({ site, ...cell }) => ({ ...cell, panel: panelLabel(site, operand) }));
  return {
    data: { values },
    facet: {
      column: {
        field: 'panel',
        type: 'nominal',
        sort: sites.map((site) => panelLabel(site, operand)),
        title: null,
        header: { labelFontSize: 12, labelPadding: 4, labelFontWeight: headed ? 'bold' : 'normal' },
      },
    },
    spacing: 8,
    spec: {
      width: 176,
      height: { step: layers.length <= 12 ? 13 : layers.length <= 40 ? 7 : 4 },
      mark: { type: 'rect', stroke: null },
      encoding: {
        x: quantity('from', {
          title: x,
          scale: { domain, nice: false, zero: false },
          axis: { grid: false, tickCount: 4, tickMinStep: 1, labelOverlap: true, ...letters },
        }),
        x2: { field: 'to' },
        y: {
          ...{ field: 'layer', type: 'ordinal', title: 'layer', sort: layers },
          axis: { labelOverlap: true, ticks: false, domain: false, ...letters },
        },
        color,
      },
    },
  };
}

const letters = { titleFontSize: 11, labelFontSize: 11 };

/** `down, inputs`; SwiGLU's output goes by its name. */
const panelLabel = (site: string, operand: string): string =>
  site === 'down' && operand === 'input' ? 'SwiGLU’s output' : `${siteLabel(site)}, ${operandLabel(operand)}`;

const classColour = (): object => ({
  ...{ field: 'value', type: 'ordinal' },
  scale: { domain: SHARES.map((_, i) => i), range: SHARES.map(([, , colour]) => colour) },
  legend: {
    ...{ title: 'share of the elements', titleLimit: 300, orient: 'bottom', direction: 'horizontal' },
    ...{ symbolType: 'square', symbolSize: 140 },
    labelExpr: `[${SHARES.map(([, label]) => `'${label}'`).join(', ')}][datum.value]`,
  },
});

const octaveColour = (measured: Measured, operand: string, cells: readonly HeatCell[]): object => {
  const domain = octaveDomain(cells.map(({ value }) => value));
  const ticks = octaveTicks(domain);
  const labels = Object.fromEntries(ticks.map((tick) => [tick, figure(Number((2 ** tick).toPrecision(2)))]));
  return quantity('value', {
    scale: { scheme: 'viridis', domain, nice: false },
    legend: {
      title: [measured === 'amax' ? 'largest value' : 'kurtosis', operandLabel(operand)],
      ...{ gradientLength: 56, values: ticks },
      labelExpr: `${JSON.stringify(labels)}[datum.value]`,
      ...letters,
    },
  });
};

/** Four doublings at least from end to end, so that a change that is none does not look like one. */
function octaveDomain(values: readonly number[]): readonly [low: number, high: number] {
  const [low, high] = [least(values), greatest(values)];
  const missing = Math.max(0, 4 - (high - low)) / 2;
  return [Math.floor(low - missing), Math.ceil(high + missing)];
}

/** Both ends, and one or two between them. */
function octaveTicks([low, high]: readonly [low: number, high: number]): number[] {
  const parts = [3, 2].find((count) => (high - low) % count === 0) ?? 1;
  return Array.from({ length: parts + 1 }, (_, i) => low + (i * (high - low)) / parts);
}

/** What it shows most of, and what is measured. */
function titleOf(tensors: readonly TensorPoint[], measured: Measured): [text: string, subtitle: string] {
  switch (measured) {
    case 'overflows':
    case 'underflows': {
      const { done, meaning } = taken[measured];
      const top = largest(tensors, measured);
      return [
        top === null || top[measured] === 0
          ? `No element was ${done} in any sampled step`
          : `Most ${done}: ${percent(top[measured]!)} of ${nameOf(top)}, step ${top.step}`,
        `share of the elements ${meaning}`,
      ];
    }
    case 'amax': {
      const grown = growth(tensors);
      return [
        grown === null
          ? 'Largest value of every operand'
          : `Largest growth: ${nameOf(grown.top)}, ${figure(grown.first.amax!)} → ${figure(grown.top.amax!)} (×${figure(grown.factor)}) by step ${grown.top.step}`,
        'largest magnitude in each cast’s operand; colours are logarithmic, inputs, weights and gradients have their own',
      ];
    }
    case 'kurtosis': {
      const top = heaviestTails(tensors);
      return [
        top === null
          ? 'Kurtosis of every operand'
          : `Heaviest tails of an input: ${nameOf(top)}, ${figure(top.kurtosis!)} at step ${top.step}`,
        'E[x⁴] / E[x²]²: 3 for a normal distribution, the larger, the more the outliers dominate',
      ];
    }
  }
}

/** A stretch of steps over which a layer's operand has one value. */
interface HeatCell {
  readonly site: string;
  readonly operand: string;
  readonly layer: number;
  /** Steps: from this one up to, and without, that one. */
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

interface HeatColumns {
  /** Where each begins, and the end of the last. */
  readonly edges: readonly number[];
  /** Sampled steps a column, at most; 1: nothing was gathered. */
  readonly gathered: number;
}

/** At most `limit` columns of equally many sampled steps; null where nothing was sampled. */
export function columnsOf(tensors: readonly TensorPoint[], limit = 95): HeatColumns | null {
  const sampled = distinct(tensors.map(({ step }) => step));
  if (sampled.length === 0) return null;
  const gathered = Math.ceil(sampled.length / limit);
  const starts = sampled.filter((_, i) => i % gathered === 0);
  const width = starts.length > 1 ? starts.at(-1)! - starts.at(-2)! : 1;
  return { edges: [...starts, Math.max(starts.at(-1)! + width, sampled.at(-1)! + 1)], gathered };
}

/** The largest value of every layer's operand in every column, passed through `level`; null values leave a hole. */
export function cellsOf(
  tensors: readonly TensorPoint[],
  { edges }: HeatColumns,
  measured: Measured,
  level: (value: number) => number,
): HeatCell[] {
  const rows = new Map<string, Pick<HeatCell, 'site' | 'operand' | 'layer'> & { values: number[] }>();
  for (const { site, operand, layer, step, [measured]: value } of tensors) {
    if (value === null) continue;
    const key = `${site}/${operand}/${layer}`;
    const row = rows.get(key) ?? { site, operand, layer, values: [] };
    rows.set(key, row);
    const column = edges.findLastIndex((edge) => edge <= step);
    row.values[column] = Math.max(row.values[column] ?? Number.NEGATIVE_INFINITY, value);
  }
  return [...rows.values()].flatMap(({ values, ...row }) => {
    const cells: HeatCell[] = [];
    for (const [i, raw] of values.entries()) {
      if (raw === undefined) continue;
      const [value, from, to] = [level(raw), edges[i]!, edges[i + 1]!];
      const before = cells.at(-1);
      if (before?.to === from && before.value === value) cells[cells.length - 1] = { ...before, to };
      else cells.push({ ...row, from, to, value });
    }
    return cells;
  });
}
