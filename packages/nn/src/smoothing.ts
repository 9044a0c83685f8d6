/** @file Smooth-SwiGLU layer by layer: what a recipe says of one, and turning it on for one while a run goes on. */
import { initState, needsOwnMaximum } from '@octavo/scaling';
import type { OperandName, Precision, Site } from './precision.ts';
import type { Recipe, Smoothing } from './recipe.ts';

/** How a recipe smooths the SwiGLU of block `layer`. */
export const smoothingOf = ({ smoothSwiglu, smoothLayers }: Recipe, layer: number): Smoothing =>
  smoothLayers?.[layer] ?? smoothSwiglu;

/** The recipe with block `layer` smoothed, by default per channel; all else stays as it is, the name too. */
export const smoothLayer = (recipe: Recipe, layer: number, smoothing: Smoothing = 'channel'): Recipe => ({
  ...recipe,
  smoothLayers: { ...recipe.smoothLayers, [layer]: smoothing },
});

/** What the cast of an operand of `down` sees: h is SwiGLU's output, s and t the factors of a channel and of a token. */
const SEEN: Readonly<Record<OperandName, Readonly<Record<Smoothing, string>>>> = {
  input: { none: 'h', channel: 's h', 'channel-folded': 's h', token: 'h / t' },
  weight: { none: 'W', channel: 'W', 'channel-folded': 'W / s', token: 'W' },
  grad: { none: 'dy', channel: 'dy', 'channel-folded': 'dy', token: 't dy' },
};

/** Whether a site's history of maxima stays valid when its layer changes from one smoothing to the other. */
export const seesAlike = (
  { name, operand }: Pick<Site, 'name' | 'operand'>,
  a: Smoothing,
  b: Smoothing,
): boolean => name !== 'down' || SEEN[operand][a] === SEEN[operand][b];

/**
 * Turns on Smooth-SwiGLU per channel for block `layer` between two steps, undone in the product or (folded) in the
 * weight. The function stays the same: with powers of two only the point of rounding moves. Casts that see something else
 * now begin new histories.
 */
export function switchSmoothing(
  precision: Precision,
  layer: number,
  smoothing: 'channel' | 'channel-folded' = 'channel',
): void {
  const before = smoothingOf(precision.recipe, layer);
  precision.recipe = smoothLayer(precision.recipe, layer, smoothing);
  for (const site of precision.sites) {
    if (site.layer !== layer || !site.cast || seesAlike(site, before, smoothing)) continue;
    site.state = initState(site.cast.policy, 1);
    site.usesOwnMaximum = needsOwnMaximum(site.cast.policy, site.state);
  }
}
