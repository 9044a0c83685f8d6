/** @file Sums and maxima, element by element. */
import type { Operation, Reducible } from './communicator.ts';

/** total ← total ∘ values. Sums are float32's, or of 32-bit integers modulo 2³². */
export function reduceInto(total: Reducible, values: Reducible, operation: Operation): void {
  if (operation === 'sum') for (let i = 0; i < total.length; i++) total[i] = total[i]! + values[i]!;
  else for (let i = 0; i < total.length; i++) total[i] = Math.max(total[i]!, values[i]!); // NaN wins
}
