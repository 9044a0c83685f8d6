/** @file The study's pictures as Vega-Lite specifications. */
import { below, names, panel, picture, quantity, shaded } from '../charts/frame.ts';
import { dots, label, layer, ruleAt } from '../charts/layers.ts';
import { sum } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
import { type Comparison, stateBytes } from './results.ts';
import { PAPER_SAVING, PAPER_SPEEDUP } from './settings.ts';

export function chartsOf(comparisons: readonly Comparison[], seeds: number): Record<string, object> {
  const measured = comparisons.filter(({ memory }) => memory !== null);
  return {
    speed: speedChart(comparisons, seeds),
    ...(measured.length > 0 && { memory: memoryChart(measured) }),
  };
}

const PAPER = 'the paper, 8 Gaudi2';
const PAPER_COLOUR = '#cf222e';
const CASES = ['#0969da', '#8250df', '#1a7f37', '#bf8700'];

/** A colour for each of at most four cases, and the paper's where it is shown. */
const caseColour = (cases: readonly string[], columns: number, paper: readonly string[] = []) =>
  shaded(
    'name',
    Object.fromEntries([
      ...cases.slice(0, CASES.length).map((name, i) => [name, CASES[i]!]),
      ...paper.map((name) => [name, PAPER_COLOUR]),
    ]),
    below({ symbolType: 'circle', labelLimit: 260, columns }),
  );
const isOther = ({ recipe }: Comparison): boolean => recipe !== 'bf16';
const recipeAxis = (comparisons: readonly Comparison[]) => names('recipe', distinct(comparisons, 'recipe'));

/** Tokens a second over bf16's: a dot a case, a bar from the slowest to the fastest seed, the paper's figure beside. */
function speedChart(comparisons: readonly Comparison[], seeds: number): object {
  const cases = distinct(comparisons, 'name');
  const others = comparisons.filter(isOther);
  const values = others.map(({ name, recipe, ratio, ratios }) => {
    return { name, recipe, ratio: ratio.mean, low: Math.min(...ratios), high: Math.max(...ratios) };
  });
  const paper = others.some(({ recipe }) => recipe === 'fp8-smooth')
    ? [{ name: PAPER, recipe: 'fp8-smooth', ratio: PAPER_SPEEDUP }]
    : [];
  const fp8 = values.filter(({ recipe }) => recipe.startsWith('fp8')).map(({ ratio }) => ratio);
  const x = {
    type: 'quantitative',
    title: "tokens a second, of bf16's in the same turns",
    scale: { zero: false, nice: true },
  };
  const ratio = { ...x, field: 'ratio' };
  const y = recipeAxis(others);
  const yOffset = { field: 'name', type: 'nominal', sort: [...cases, PAPER] };
  const color = caseColour(cases, 3, paper.length > 0 ? [PAPER] : []);
  return picture(
    `Emulated FP8 is not faster: ${Math.min(...fp8).toFixed(2)} to ${Math.max(...fp8).toFixed(2)} of BF16's speed; the paper's hardware: ${PAPER_SPEEDUP}`,
    seeds > 1 ? `dot: mean of ${seeds} runs; bar: from the slowest to the fastest` : 'one run',
    panel(560, { step: 44, for: 'position' }, [
      ruleAt(ratio, 1, { color: '#57606a' }),
      layer(
        { type: 'rule', strokeWidth: 2 },
        { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, yOffset, color },
        values,
      ),
      dots({ size: 60, opacity: 1 }, { x: ratio, y, yOffset, color }, [...values, ...paper]),
    ]),
  );
}

const PARTS = [
  ['weights', 'working weights', '#8c959f'],
  ['casts', 'their FP8 copies', '#d4a72c'],
  ['gradients', 'gradients', '#d0d7de'],
  ['master', 'master weights', '#0969da'],
  ['moment1', 'first moment', '#54aeff'],
  ['moment2', 'second moment', '#b6e3ff'],
] as const;

/** Left: bytes a parameter, stacked, of the largest model. Right: peak of a step against bf16's, by case. */
function memoryChart(comparisons: readonly Comparison[]): object {
  const full = where(comparisons, { recipe: 'fp8-full' }).map(({ peakChange }) => peakChange!);
  const percent = (value: number): string => `${Math.round(100 * value)}`;
  return picture(
    `FP8 Adam keeps 4 bytes a parameter instead of 12: a step's peak falls by up to ${percent(-(full.length > 0 ? Math.min(...full) : 0))} %; the paper: about ${percent(PAPER_SAVING)} %`,
    'real bytes of tensors on the device; of the activations FP8 shrinks the inputs of linear layers alone',
    {
      hconcat: [bytesPanel(comparisons), peakPanel(comparisons)],
      resolve: { scale: { color: 'independent' } },
    },
  );
}

function bytesPanel(comparisons: readonly Comparison[]): object {
  const { name } = comparisons.reduce((a, b) => (b.memory!.parameters > a.memory!.parameters ? b : a));
  const own = where(comparisons, { name });
  const stacked = own.flatMap(({ recipe, memory }) =>
    PARTS.map(([key, part], i) => ({ recipe, part, order: i, bytes: memory!.perParameter[key] })),
  );
  const totals = own.map(({ recipe, memory }) => ({
    recipe,
    bytes: sum(PARTS.map(([key]) => memory!.perParameter[key])),
    state: `state ${stateBytes(memory!).toFixed(1)}`,
  }));
  const x = quantity('bytes', {
    title: 'bytes a parameter',
    stack: 'zero',
    scale: { domain: [0, 1.2 * Math.max(...totals.map(({ bytes }) => bytes))], nice: false },
  });
  const y = recipeAxis(comparisons);
  const color = shaded(
    'part',
    Object.fromEntries(PARTS.map(([, part, shade]) => [part, shade])),
    below({ columns: 2 }),
  );
  return {
    title: `Bytes a parameter, ${name.split(',')[0]}; state: the blue parts`,
    width: 360,
    height: { step: 36 },
    layer: [
      layer('bar', { x, y, order: { field: 'order' }, color }, stacked),
      label(4, {}, { x: quantity('bytes'), y, text: { field: 'state' } }, totals),
    ],
  };
}

function peakPanel(comparisons: readonly Comparison[]): object {
  const others = comparisons.filter(isOther);
  const cases = distinct(comparisons, 'name');
  const x = quantity('change', {
    title: "peak memory of a step, against bf16's",
    axis: { format: '+.0%', tickCount: 5 },
    scale: { padding: 12 },
  });
  const encoding = {
    x,
    y: recipeAxis(others),
    yOffset: { field: 'name', type: 'nominal', sort: cases },
    color: caseColour(cases, 2),
  };
  return {
    title: 'Largest bytes of a whole step',
    width: 260,
    height: { step: 43, for: 'position' },
    layer: [
      ruleAt(x, 0, { color: '#57606a' }),
      ruleAt(x, -PAPER_SAVING, { color: PAPER_COLOUR, strokeDash: [4, 4] }),
      layer(
        { type: 'text', color: PAPER_COLOUR, align: 'left', dx: 4, y: 8 },
        { x, text: { field: 'text' } },
        [{ change: -PAPER_SAVING, text: 'the paper' }],
      ),
      dots(
        { size: 60, opacity: 1 },
        encoding,
        others.map(({ name, recipe, peakChange }) => ({ name, recipe, change: peakChange })),
      ),
    ],
  };
}
