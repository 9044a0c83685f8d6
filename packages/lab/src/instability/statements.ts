/** @file The paper's statements about instability, and our own, held to the figures of the study. */
import { claim } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import type { Gap } from './gaps.ts';
import { type Column, meanError } from './product.ts';
import type { Results } from './results.ts';
import type { InstabilitySettings } from './settings.ts';

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

export function claimsOf(
  { recipes, controls, specialSteps }: InstabilitySettings,
  gaps: Gap[],
  { runs, products }: Results,
): Claim[] {
  const of = (arm: string, recipe: string, value: 'lastGap' | 'largestGap') =>
    gaps.filter((gap) => gap.arm === arm && gap.recipe === recipe).map((gap) => gap[value]);
  const has = (recipe: string) => recipes.includes(recipe);
  const claims: Claim[] = [];
  if (has('fp8')) {
    claims.push(
      claim(
        'fp8: gap over the last half at least 0.10',
        of('aged', 'fp8', 'lastGap'),
        (v) => v >= 0.1,
        PAPER.fp8,
      ),
      claim('fp8: largest gap at least 0.40', of('aged', 'fp8', 'largestGap'), (v) => v >= 0.4),
    );
  }
  if (has('fp8-240'))
    claims.push(
      claim(
        'fp8-240: gap over the last half at least 0.30',
        of('aged', 'fp8-240', 'lastGap'),
        (v) => v >= 0.3,
      ),
    );
  for (const recipe of HARMLESS.filter(has)) {
    claims.push(
      claim(
        `${recipe}: gap over the last half at most 0.005`,
        of('aged', recipe, 'lastGap'),
        (v) => v <= 0.005,
        PAPER[recipe],
      ),
      claim(`${recipe}: largest gap at most 0.03`, of('aged', recipe, 'largestGap'), (v) => v <= 0.03),
    );
  }
  if (controls.includes('rescaled'))
    claims.push(
      claim(
        'fp8 on the rescaled, not aged control: gap over the last half at most 0.005',
        of('rescaled', 'fp8', 'lastGap'),
        (v) => v <= 0.005,
      ),
    );
  if (specialSteps > 0) {
    const brokenAt = (recipe: string): number[] =>
      runs
        .filter((run) => run.arm === 'overflowing' && run.recipe === recipe)
        .map((run) => run.broke?.step ?? 0);
    claims.push(claim('casts that overflow: fp8 breaks (at step)', brokenAt('fp8'), (step) => step > 0));
    for (const recipe of ['fp8-w3-bf16', 'fp8-smooth', 'fp8-smooth-folded', 'fp8-smooth-token'])
      claims.push(
        claim(
          `casts that overflow: ${recipe} stays finite (0: never broke)`,
          brokenAt(recipe),
          (s) => s === 0,
        ),
      );
  }
  return [...claims, ...productClaims(products)];
}

/** Up to here a product loses what rounding its operands to E4M3 costs: each step is 1/8 of a power of two. */
const ROUNDING_ONLY = 0.03;
/** An outlier that takes some of the other channels' bits, not all. */
const MIDDLING = 1e5;

/** The two forms of Smooth-SwiGLU in one product: mean over the layers, one figure a seed. */
function productClaims(products: Results['products']): Claim[] {
  const largest = Math.max(...products.map(({ outlier }) => outlier));
  const seeds = [...new Set(products.map(({ seed }) => seed))];
  const of = (recipe: string, column: Column, outlier: number): number[] =>
    seeds.map((seed) => meanError(products, { seed, recipe, column, outlier }));
  const said = (recipe: string, column: Column, outlier: number) =>
    `${recipe}, an outlier of ${outlier.toExponential()} whose down column is ${column}`;
  const has = (recipe: string): boolean => products.some((product) => product.recipe === recipe);
  if (!has('fp8-smooth') || !has('fp8-smooth-folded')) return [];
  const unharmed = (recipe: string, column: Column): Claim =>
    claim(
      `${said(recipe, column, largest)}: error of the other tokens at most ${ROUNDING_ONLY}`,
      of(recipe, column, largest),
      (v) => v <= ROUNDING_ONLY,
    );
  return [
    unharmed('fp8-smooth', 'ordinary'),
    unharmed('fp8-smooth', 'small'),
    unharmed('fp8-smooth-folded', 'small'),
    ...(products.some(({ outlier }) => outlier === MIDDLING)
      ? [
          claim(
            `${said('fp8-smooth-folded', 'ordinary', MIDDLING)}: error over that of fp8-smooth at least 1.2`,
            of('fp8-smooth-folded', 'ordinary', MIDDLING).map(
              (error, i) => error / of('fp8-smooth', 'ordinary', MIDDLING)[i]!,
            ),
            (v) => v >= 1.2,
          ),
        ]
      : []),
    claim(
      `${said('fp8-smooth-folded', 'ordinary', largest)}: nothing of the other tokens is left (error at least 0.9)`,
      of('fp8-smooth-folded', 'ordinary', largest),
      (v) => v >= 0.9,
    ),
  ];
}
