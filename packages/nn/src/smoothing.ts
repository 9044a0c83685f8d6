/** @file Smooth-SwiGLU layer by layer: what a recipe says of one, and turning it on for one while a run goes on. */
import { initState, needsOwnMaximum } from '@octavo/scaling';
import type { Operand, Precision } from './precision.ts';
import type { Recipe, Smoothing } from './recipe.ts';

/** How a recipe smooths the SwiGLU of block `layer`. */
export const smoothingOf = ({ smoothSwiglu, smoothLayers }: Recipe, layer: number): Smoothing =>
  smoothLayers?.[layer] ?? smoothSwiglu;

/** The recipe with block `layer` smoothed, by default per channel; all else stays as it is, the name too. */
export const smoothLayer = (recipe: Recipe, layer: number, smoothing: Smoothing = 'channel'): Recipe => ({
  ...recipe,
  smoothLayers: { ...recipe.smoothLayers, [layer]: smoothing },
});

/**
 * Turns on Smooth-SwiGLU per channel for block `layer` between two steps, undone in the product or (folded) in the
 * weight. The function stays the same: with powers of two only the point of rounding moves. The casts of what is smoothed
 * begin new histories: SwiGLU's output, of which they see maxima near one now, and folded the weight, of which they see W / s.
 */
export function switchSmoothing(
  precision: Precision,
  layer: number,
  smoothing: 'channel' | 'channel-folded' = 'channel',
): void {
  precision.recipe = smoothLayer(precision.recipe, layer, smoothing);
  const moved: readonly Operand[] = smoothing === 'channel' ? ['input'] : ['input', 'weight'];
  for (const site of precision.sites) {
    if (site.layer !== layer || site.name !== 'down' || !moved.includes(site.operand) || !site.cast) continue;
    site.state = initState(site.cast.policy, 1);
    site.usesOwnMaximum = needsOwnMaximum(site.cast.policy, site.state);
  }
}
