/** @file The study's pictures as Vega-Lite specifications. */
import { frame } from '../charts/parts.ts';
import { PAPER_SAVING, PAPER_SPEEDUP } from './paper.ts';
import { type Comparison, stateBytes } from './results.ts';

export function chartsOf(comparisons: readonly Comparison[], seeds: number): Record<string, object> {
  const charts: Record<string, object> = { speed: speedChart(comparisons, seeds) };
  const measured = comparisons.filter(({ memory }) => memory !== null);
  if (measured.length > 0) charts.memory = memoryChart(measured);
  return charts;
}

const PAPER = 'the paper, 8 Gaudi2';
const CASES = ['#0969da', '#8250df', '#1a7f37', '#bf8700'];
const caseColour = (names: readonly string[], columns: number, extra: readonly string[] = []) => ({
  field: 'name',
  type: 'nominal',
  scale: {
    domain: [...names, ...extra],
    range: [...CASES.slice(0, names.length), ...extra.map(() => '#cf222e')],
  },
  legend: { title: null, orient: 'bottom', symbolType: 'circle', labelLimit: 260, columns },
});
const namesOf = (comparisons: readonly Comparison[]): string[] => [
  ...new Set(comparisons.map(({ name }) => name)),
];
const recipesOf = (comparisons: readonly Comparison[]): string[] =>
  [...new Set(comparisons.map(({ recipe }) => recipe))].filter((recipe) => recipe !== 'bf16');

/** Tokens a second over bf16's: a dot a case, a bar from the slowest to the fastest seed, the paper's figure beside. */
function speedChart(comparisons: readonly Comparison[], seeds: number): object {
  const recipes = recipesOf(comparisons);
  const names = namesOf(comparisons);
  const values = comparisons
    .filter(({ recipe }) => recipe !== 'bf16')
    .map(({ name, recipe, ratio, ratios }) => ({
      name,
      recipe,
      ratio: ratio.mean,
      low: Math.min(...ratios),
      high: Math.max(...ratios),
    }));
  const paper = recipes.includes('fp8-smooth')
    ? [{ name: PAPER, recipe: 'fp8-smooth', ratio: PAPER_SPEEDUP }]
    : [];
  const fp8 = values.filter(({ recipe }) => recipe.startsWith('fp8')).map(({ ratio }) => ratio);
  const two = (value: number): string => value.toFixed(2);
  const x = {
    type: 'quantitative',
    title: "tokens a second, of bf16's in the same turns",
    scale: { zero: false, nice: true },
  };
  const y = { field: 'recipe', type: 'nominal', sort: recipes, title: null };
  const yOffset = { field: 'name', type: 'nominal', sort: [...names, PAPER] };
  const color = caseColour(names, 3, paper.length > 0 ? [PAPER] : []);
  return frame({
    title: {
      text: `Emulated FP8 is not faster: ${two(Math.min(...fp8))} to ${two(Math.max(...fp8))} of BF16's speed; the paper's hardware: ${PAPER_SPEEDUP}`,
      subtitle: seeds > 1 ? `dot: mean of ${seeds} runs; bar: from the slowest to the fastest` : 'one run',
    },
    width: 560,
    height: { step: 44, for: 'position' },
    layer: [
      {
        data: { values: [{ ratio: 1 }] },
        mark: { type: 'rule', color: '#57606a' },
        encoding: { x: { ...x, field: 'ratio' } },
      },
      {
        data: { values },
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, yOffset, color },
      },
      {
        data: { values: [...values, ...paper] },
        mark: { type: 'point', filled: true, size: 60, opacity: 1 },
        encoding: { x: { ...x, field: 'ratio' }, y, yOffset, color },
      },
    ],
  });
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
  const largest = comparisons.reduce((a, b) => (b.memory!.parameters > a.memory!.parameters ? b : a));
  const order = [...new Set(comparisons.map(({ recipe }) => recipe))];
  const stacked = comparisons
    .filter(({ name }) => name === largest.name)
    .flatMap(({ recipe, memory }) =>
      PARTS.map(([key, part], i) => ({ recipe, part, order: i, bytes: memory!.perParameter[key] })),
    );
  const totals = comparisons
    .filter(({ name }) => name === largest.name)
    .map(({ recipe, memory }) => ({
      recipe,
      bytes: PARTS.reduce((sum, [key]) => sum + memory!.perParameter[key], 0),
      state: `state ${stateBytes(memory!).toFixed(1)}`,
    }));
  const names = namesOf(comparisons);
  const changes = comparisons
    .filter(({ recipe }) => recipe !== 'bf16')
    .map(({ name, recipe, peakChange }) => ({ name, recipe, change: peakChange }));
  const full = comparisons.filter(({ recipe }) => recipe === 'fp8-full').map(({ peakChange }) => peakChange!);
  const percent = (value: number): string => `${Math.round(100 * value)}`;
  const best = full.length > 0 ? Math.min(...full) : 0;
  const x = {
    field: 'change',
    type: 'quantitative',
    title: "peak memory of a step, against bf16's",
    axis: { format: '+.0%', tickCount: 5 },
    scale: { padding: 12 },
  };
  const recipes = recipesOf(comparisons);
  const y = { field: 'recipe', type: 'nominal', sort: recipes, title: null };
  return frame({
    title: {
      text: `FP8 Adam keeps 4 bytes a parameter instead of 12: a step's peak falls by up to ${percent(-best)} %; the paper: about ${percent(PAPER_SAVING)} %`,
      subtitle:
        'real bytes of tensors on the device; of the activations FP8 shrinks the inputs of linear layers alone',
    },
    hconcat: [
      {
        title: `Bytes a parameter, ${largest.name.split(',')[0]}; state: the blue parts`,
        width: 360,
        height: { step: 36 },
        layer: [
          {
            data: { values: stacked },
            mark: 'bar',
            encoding: {
              x: {
                field: 'bytes',
                type: 'quantitative',
                title: 'bytes a parameter',
                stack: 'zero',
                scale: { domain: [0, 1.2 * Math.max(...totals.map(({ bytes }) => bytes))], nice: false },
              },
              y: { field: 'recipe', type: 'nominal', sort: order, title: null },
              order: { field: 'order' },
              color: {
                field: 'part',
                type: 'nominal',
                scale: { domain: PARTS.map(([, part]) => part), range: PARTS.map(([, , color]) => color) },
                legend: { title: null, orient: 'bottom', columns: 2 },
              },
            },
          },
          {
            data: { values: totals },
            mark: { type: 'text', align: 'left', dx: 4 },
            encoding: {
              x: { field: 'bytes', type: 'quantitative' },
              y: { field: 'recipe', type: 'nominal', sort: order, title: null },
              text: { field: 'state' },
            },
          },
        ],
      },
      {
        title: 'Largest bytes of a whole step',
        width: 260,
        height: { step: 43, for: 'position' },
        layer: [
          {
            data: { values: [{ change: 0 }] },
            mark: { type: 'rule', color: '#57606a' },
            encoding: { x },
          },
          {
            data: { values: [{ change: -PAPER_SAVING }] },
            mark: { type: 'rule', color: '#cf222e', strokeDash: [4, 4] },
            encoding: { x },
          },
          {
            data: { values: [{ change: -PAPER_SAVING, text: 'the paper' }] },
            mark: { type: 'text', color: '#cf222e', align: 'left', dx: 4, y: 8 },
            encoding: { x, text: { field: 'text' } },
          },
          {
            data: { values: changes },
            mark: { type: 'point', filled: true, size: 60, opacity: 1 },
            encoding: {
              x,
              y,
              yOffset: { field: 'name', type: 'nominal', sort: names },
              color: caseColour(names, 2),
            },
          },
        ],
      },
    ],
    resolve: { scale: { color: 'independent' } },
  });
}
