/** @file Layer by step, a panel a site and operand: where in the model, and when, a cast is in trouble. */
import { frame } from './frame.ts';
import { cellsOf, columnsOf, type HeatCell, type Measured } from './heat-cells.ts';
import { highlight } from './highlight.ts';
import type { TensorPoint } from './rows.ts';
import { operandLabel, operandsInOrder, siteLabel, sitesInOrder } from './sites.ts';
import { figure } from './words.ts';

/** Classes of a share of elements, each with its upper end. */
const SHARES: readonly (readonly [end: number, label: string])[] = [
  [0, 'none'],
  [1e-4, 'below 0.01 %'],
  [1e-3, '0.01 to 0.1 %'],
  [1e-2, '0.1 to 1 %'],
  [1e-1, '1 to 10 %'],
  [1, 'above 10 %'],
];
const SHARE_COLOURS = ['#eef1f4', '#fee6ce', '#fdae6b', '#f16913', '#cb181d', '#67000d'];
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
  const rows = operands.map((operand, i) => ({
    ...row(
      cells.filter((cell) => cell.operand === operand),
      { sites, operand, domain, x: i === operands.length - 1 ? x : null, headed: i === 0 },
      shared ?? octaveColour(measured, operand, cells),
    ),
  }));
  const { text, subtitle } = highlight(tensors, measured);
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
  const layers = [...new Set(cells.map(({ layer }) => layer))].sort((a, b) => a - b);
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
        x: {
          field: 'from',
          type: 'quantitative',
          title: x,
          scale: { domain, nice: false, zero: false },
          axis: {
            grid: false,
            tickCount: 4,
            tickMinStep: 1,
            labelOverlap: true,
            titleFontSize: 11,
            labelFontSize: 11,
          },
        },
        x2: { field: 'to' },
        y: {
          field: 'layer',
          type: 'ordinal',
          title: 'layer',
          sort: layers,
          axis: { labelOverlap: true, ticks: false, titleFontSize: 11, labelFontSize: 11, domain: false },
        },
        color,
      },
    },
  };
}

/** `down, inputs`; SwiGLU's output goes by its name. */
const panelLabel = (site: string, operand: string): string =>
  site === 'down' && operand === 'input' ? 'SwiGLU’s output' : `${siteLabel(site)}, ${operandLabel(operand)}`;

const classColour = (): object => ({
  field: 'value',
  type: 'ordinal',
  scale: { domain: SHARES.map((_, i) => i), range: SHARE_COLOURS },
  legend: {
    title: 'share of the elements',
    titleLimit: 300,
    orient: 'bottom',
    direction: 'horizontal',
    symbolType: 'square',
    symbolSize: 140,
    labelExpr: `[${SHARES.map(([, label]) => `'${label}'`).join(', ')}][datum.value]`,
  },
});

const octaveColour = (measured: Measured, operand: string, cells: readonly HeatCell[]): object => {
  const domain = octaveDomain(cells.filter((cell) => cell.operand === operand));
  const ticks = octaveTicks(domain);
  const labels = Object.fromEntries(ticks.map((tick) => [tick, figure(Number((2 ** tick).toPrecision(2)))]));
  return {
    field: 'value',
    type: 'quantitative',
    scale: { scheme: 'viridis', domain, nice: false },
    legend: {
      title: [measured === 'amax' ? 'largest value' : 'kurtosis', operandLabel(operand)],
      gradientLength: 56,
      values: ticks,
      labelExpr: `${JSON.stringify(labels)}[datum.value]`,
      titleFontSize: 11,
      labelFontSize: 11,
    },
  };
};

/** Four doublings at least from end to end, so that a change that is none does not look like one. */
function octaveDomain(cells: readonly HeatCell[]): readonly [low: number, high: number] {
  const low = cells.reduce((least, { value }) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = cells.reduce((most, { value }) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const missing = Math.max(0, 4 - (high - low)) / 2;
  return [Math.floor(low - missing), Math.ceil(high + missing)];
}

/** Both ends, and one or two between them. */
function octaveTicks([low, high]: readonly [low: number, high: number]): number[] {
  const parts = [3, 2].find((count) => (high - low) % count === 0) ?? 1;
  return Array.from({ length: parts + 1 }, (_, i) => low + (i * (high - low)) / parts);
}
