/** @file What storing a second moment in few bits does to an update of it, counted over its elements. */
import type { MomentUpdate } from './observe.ts';

export interface StallCounts {
  readonly elements: number;
  /**
   * Elements whose code, not zero, stays as it was, so that the stored value goes less than half of the way that the exact
   * update would take it: after = before, and (after / afterScale − old) < (exact − old) / 2 in the update's direction, with
   * old = before / beforeScale. Under a scale that stays, that is every code that stays while the exact value moves; under
   * max / amax the scale moves, and a code may stay while its value goes where it should: no stall.
   */
  readonly stalled: number;
  /** Elements whose code is zero, though their exact second moment is not. */
  readonly underflowed: number;
  /**
   * Mean log2 of the stored second moment over the one that float32 would have kept, over the `compared` elements of which
   * neither is zero: 0 is faithful, 2 is four times too large, so that steps are half as long.
   */
  readonly excess: number;
  readonly compared: number;
}

export function countStalls(update: MomentUpdate): StallCounts {
  const { before, beforeScale, exact, after, afterScale, unrounded } = update;
  let stalled = 0;
  let underflowed = 0;
  let compared = 0;
  let logs = 0;
  for (let i = 0; i < exact.length; i++) {
    if (after[i] === 0 && exact[i]! > 0) underflowed++;
    if (after[i]! > 0 && unrounded[i]! > 0) {
      logs += Math.log2(after[i]! / afterScale / unrounded[i]!);
      compared++;
    }
    if (before[i] === 0 || after[i] !== before[i]) continue;
    const old = before[i]! / beforeScale;
    const due = exact[i]! - old;
    const moved = after[i]! / afterScale - old;
    if (due !== 0 && moved * Math.sign(due) < Math.abs(due) / 2) stalled++;
  }
  const excess = compared > 0 ? logs / compared : 0;
  return { elements: exact.length, stalled, underflowed, excess, compared };
}

/** The counts of several tensors as those of one. */
export function together(counts: readonly StallCounts[]): StallCounts {
  const sum = (of: (c: StallCounts) => number): number => counts.reduce((n, c) => n + of(c), 0);
  const compared = sum((c) => c.compared);
  return {
    elements: sum((c) => c.elements),
    stalled: sum((c) => c.stalled),
    underflowed: sum((c) => c.underflowed),
    excess: compared > 0 ? sum((c) => c.excess * c.compared) / compared : 0,
    compared,
  };
}
