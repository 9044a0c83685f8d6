/** @file The paper's statements about instability, and our own, held to the figures of the study. */
import { distinct, where } from '../engine/rows.ts';
import { above, atLeast, atMost, type Statement } from '../engine/statements.ts';
import { type Column, meanError } from './product.ts';
import type { Arm, Gap, Results } from './results.ts';
import type { InstabilitySettings } from './settings.ts';

/** What the statements are held to. */
export interface Figures extends Pick<Results, 'runs' | 'products'> {
  readonly gaps: readonly Gap[];
}
type Said = Statement<Figures>;

/** What the paper says of a recipe, for Llama2 7B on two trillion tokens. */
const PAPER: Readonly<Record<string, string>> = {
  fp8: 'follows BF16 to about 200 billion tokens, then spikes and diverges',
  'fp8-w3-bf16': "SwiGLU's output in BF16 restores convergence",
  'fp8-smooth': 'Smooth-SwiGLU restores convergence in FP8: this is its equation',
  'fp8-smooth-folded':
    'the rescaling may be fused into the casts of the activations and of w3: this is that form',
  'fp8-full': 'with FP8 moments as well, to 2 trillion tokens level with BF16',
};

const HARMLESS = ['fp8-w3-bf16', 'fp8-smooth', 'fp8-smooth-folded', 'fp8-smooth-token', 'fp8-full'];
const FINITE = ['fp8-w3-bf16', 'fp8-smooth', 'fp8-smooth-folded', 'fp8-smooth-token'];

const gap =
  (arm: Arm, recipe: string, value: 'lastGap' | 'largestGap'): Said['values'] =>
  ({ gaps }) =>
    where(gaps, { arm, recipe }).map((own) => own[value]);
const last = (recipe: string, arm: Arm = 'aged') => gap(arm, recipe, 'lastGap');
const largest = (recipe: string) => gap('aged', recipe, 'largestGap');

/** 0 for a run that never broke. */
const brokeAt =
  (recipe: string): Said['values'] =>
  ({ runs }) =>
    where(runs, { arm: 'overflowing', recipe }).map(({ broke }) => broke?.step ?? 0);

/** By the recipe that they need. */
const failing: Readonly<Record<string, readonly Said[]>> = {
  fp8: [
    {
      ...{ text: 'fp8: gap over the last half at least 0.10', paper: PAPER.fp8 },
      ...{ values: last('fp8'), holds: atLeast(0.1) },
    },
    { text: 'fp8: largest gap at least 0.40', values: largest('fp8'), holds: atLeast(0.4) },
  ],
  'fp8-240': [
    {
      text: 'fp8-240: gap over the last half at least 0.30',
      values: last('fp8-240'),
      holds: atLeast(0.3),
    },
  ],
};

const harmless = (recipe: string): Said[] => [
  {
    ...{ text: `${recipe}: gap over the last half at most 0.005`, paper: PAPER[recipe] },
    ...{ values: last(recipe), holds: atMost(0.005) },
  },
  { text: `${recipe}: largest gap at most 0.03`, values: largest(recipe), holds: atMost(0.03) },
];

const rescaled: Said = {
  text: 'fp8 on the rescaled, not aged control: gap over the last half at most 0.005',
  ...{ values: last('fp8', 'rescaled'), holds: atMost(0.005) },
};

const overflowing: readonly Said[] = [
  { text: 'casts that overflow: fp8 breaks (at step)', values: brokeAt('fp8'), holds: above(0) },
  ...FINITE.map((recipe) => ({
    text: `casts that overflow: ${recipe} stays finite (0: never broke)`,
    ...{ values: brokeAt(recipe), holds: atMost(0) },
  })),
];

export const statementsOf = (
  { recipes, controls, specialSteps }: InstabilitySettings,
  products: Results['products'],
): Said[] => [
  ...Object.entries(failing).flatMap(([recipe, said]) => (recipes.includes(recipe) ? said : [])),
  ...HARMLESS.filter((recipe) => recipes.includes(recipe)).flatMap(harmless),
  ...(controls.includes('rescaled') ? [rescaled] : []),
  ...(specialSteps > 0 ? overflowing : []),
  ...ofProducts(products),
];

/** Up to here a product loses what rounding its operands to E4M3 costs: each step is 1/8 of a power of two. */
const ROUNDING_ONLY = 0.03;
/** An outlier that takes some of the other channels' bits, not all. */
const MIDDLING = 1e5;

/** The two forms of Smooth-SwiGLU in one product: mean over the layers, one figure a seed. */
function ofProducts(measured: Results['products']): Said[] {
  const recipes = distinct(measured, 'recipe');
  if (!recipes.includes('fp8-smooth') || !recipes.includes('fp8-smooth-folded')) return [];
  const outliers = distinct(measured, 'outlier');
  const most = Math.max(...outliers);
  const error =
    (recipe: string, column: Column, outlier: number) =>
    ({ products }: Figures): number[] =>
      distinct(products, 'seed').map((seed) => meanError(products, { seed, recipe, column, outlier }));
  const said = (recipe: string, column: Column, outlier: number) =>
    `${recipe}, an outlier of ${outlier.toExponential()} whose down column is ${column}`;
  const unharmed = (recipe: string, column: Column): Said => ({
    text: `${said(recipe, column, most)}: error of the other tokens at most ${ROUNDING_ONLY}`,
    ...{ values: error(recipe, column, most), holds: atMost(ROUNDING_ONLY) },
  });
  const harmed: Said = {
    text: `${said('fp8-smooth-folded', 'ordinary', MIDDLING)}: error over that of fp8-smooth at least 1.2`,
    values(figures) {
      const [folded, equation] = ['fp8-smooth-folded', 'fp8-smooth'].map((recipe) =>
        error(recipe, 'ordinary', MIDDLING)(figures),
      );
      return folded!.map((own, i) => own / equation![i]!);
    },
    holds: atLeast(1.2),
  };
  return [
    unharmed('fp8-smooth', 'ordinary'),
    unharmed('fp8-smooth', 'small'),
    unharmed('fp8-smooth-folded', 'small'),
    ...(outliers.includes(MIDDLING) ? [harmed] : []),
    {
      text: `${said('fp8-smooth-folded', 'ordinary', most)}: nothing of the other tokens is left (error at least 0.9)`,
      ...{ values: error('fp8-smooth-folded', 'ordinary', most), holds: atLeast(0.9) },
    },
  ];
}
