/** @file Smooth-SwiGLU layer by layer: what a recipe says of one, and turning it on for one while a run goes on. */
import { initState, needsOwnMaximum } from '@octavo/scaling';
import type { Precision } from './precision.ts';
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
 * Turns on Smooth-SwiGLU per channel for block `layer` between two steps. The function stays the same: with powers of two
 * only the point of rounding moves. The cast of SwiGLU's output begins a new history: what it sees are maxima near one now.
 */
export function switchSmoothing(precision: Precision, layer: number): void {
  precision.recipe = smoothLayer(precision.recipe, layer);
  for (const site of precision.sites) {
    if (site.layer !== layer || site.name !== 'down' || site.operand !== 'input' || !site.cast) continue;
    site.state = initState(site.cast.policy, 1);
    site.usesOwnMaximum = needsOwnMaximum(site.cast.policy, site.state);
  }
}
