/** @file The short name of a cast, as reports print it: `e4m3fn-delayed16-tensor`. */
import type { Granularity, Policy } from '@octavo/scaling';
import type { CastRecipe } from './recipe.ts';

/**
 * Format, policy and granularity, and then what is not usual: `e5m2-delayed16-tensor-stochastic`,
 * `e4m3fn-current-p2-mx32`. Casts that differ have names that differ.
 */
export const castName = ({ format, policy, granularity, rounding, overflow }: CastRecipe): string =>
  [
    format,
    ...policyWords(policy),
    granularityWord(granularity),
    ...(rounding === 'nearest-even' ? [] : [rounding]),
    ...(overflow === 'saturate' ? [] : [overflow]),
  ].join('-');

/** `delayed16`: the maxima of 16 observations; `every4`: renewed at every fourth; `from1`: begins at scale 1; `p2`: a power of two. */
function policyWords(policy: Policy): string[] {
  if (policy.kind === 'fixed') return [`fixed${policy.scale}`];
  const shared = [
    ...(policy.margin === 0 ? [] : [`margin${policy.margin}`]),
    ...(policy.powerOfTwo ? ['p2'] : []),
  ];
  if (policy.kind === 'current') return ['current', ...shared];
  const { history, interval, algorithm, first } = policy;
  return [
    `delayed${history}`,
    ...(interval === 1 ? [] : [`every${interval}`]),
    ...(algorithm === 'max' ? [] : ['latest']),
    ...(first === 'current' ? [] : ['from1']),
    ...shared,
  ];
}

/** `1x128`: rows and columns that share a scale; `mx32`: 32 elements along a row, `mx32-column` down a column. */
function granularityWord(granularity: Granularity): string {
  if (granularity.kind === 'block') return `${granularity.rows}x${granularity.columns}`;
  if (granularity.kind === 'mx') return granularity.axis === 'row' ? 'mx32' : 'mx32-column';
  return granularity.kind;
}
