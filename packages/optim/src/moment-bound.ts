/** @file What exact arithmetic proves of Adam's second moment, given the first. */

/**
 * The least √v / |m| that Adam's moments can have after `t` updates, whatever the gradients:
 *
 *     √((1 − β2) / Σ rˢ) / (1 − β1), the sum over s = 0 … t − 1, r = β1² / β2
 *
 * m = (1 − β1) Σ β1ˢ g and v = (1 − β2) Σ β2ˢ g² over the same gradients, so by Cauchy and Schwarz
 * m² ≤ (1 − β1)² Σ (β1² / β2)ˢ · Σ β2ˢ g², with equality for gradients that grow by β2 / β1 from step to step. At
 * β1 = 0.9, β2 = 0.95 no step exceeds 1.165 learning rates. 0, which bounds nothing, before the first update (there m is zero).
 */
export function leastRoot({ beta1, beta2 }: { beta1: number; beta2: number }, t: number): number {
  const ratio = beta1 ** 2 / beta2;
  const sum = ratio === 1 ? t : (1 - ratio ** t) / (1 - ratio);
  const root = Math.sqrt((1 - beta2) / sum) / (1 - beta1);
  return t > 0 && Number.isFinite(root) ? root : 0;
}
