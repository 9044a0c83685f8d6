/**
 * @file Reductions of whole arrays in a fixed order that a GPU can follow in parallel.
 *
 * Lane l of L sums the elements l, l + L, l + 2L, … one after the other; the lanes' sums are then reduced alike, until
 * one is left. The plain references sum in the same order, so that the two agree to the last bit.
 */
import type { Pass } from '../operator.ts';
import type { Kernel } from './kernel.ts';

/** Lanes of each round of a reduction of `n` elements; the last is 1. */
export function laneCounts(n: number): readonly number[] {
  if (n > 4096) return [4096, 64, 1];
  return n > 64 ? [64, 1] : [1];
}

/** One round: sums of the lanes. */
export function laneSums(values: Float32Array, lanes: number): Float32Array {
  const sums = new Float32Array(lanes);
  for (let start = 0; start < values.length; start += lanes) {
    const end = Math.min(lanes, values.length - start);
    for (let l = 0; l < end; l++) sums[l] = sums[l]! + values[start + l]!;
  }
  return sums;
}

/** Sum of all values, float32 in the order of the lanes. */
export function orderedSum(values: Float32Array): number {
  return laneCounts(values.length).reduce(laneSums, values)[0]!;
}

function addLanes(this: Kernel<'steps' | 'lanes' | 'length'>, x: number[]): number {
  let sum = 0;
  for (let k = 0; k < this.constants.steps; k += 1) {
    if (k * this.constants.lanes + this.thread.x < this.constants.length) {
      sum = sum + x[k * this.constants.lanes + this.thread.x]!;
    }
  }
  return sum;
}

function maxLanes(this: Kernel<'steps' | 'lanes' | 'length'>, x: number[]): number {
  let largest = 0;
  for (let k = 0; k < this.constants.steps; k += 1) {
    if (k * this.constants.lanes + this.thread.x < this.constants.length) {
      const value = Math.abs(x[k * this.constants.lanes + this.thread.x]!);
      if (value > largest || !(value >= 0)) largest = value;
    }
  }
  return largest;
}

/**
 * Passes that reduce `length` elements of `source` to one, by sums or by the largest magnitude (NaN if there is one);
 * the first is number
 * `first` of the operator's.
 */
export function lanePasses(
  kind: 'sum' | 'max',
  length: number,
  source: Pass['arguments'][number],
  first: number,
): readonly Pass[] {
  const passes: Pass[] = [];
  let from = source;
  let left = length;
  for (const lanes of laneCounts(length)) {
    const steps = Math.ceil(left / lanes);
    passes.push({
      name: `${kind}-${lanes}`,
      kernel: kind === 'sum' ? addLanes : maxLanes,
      constants: { lanes, steps, length: left },
      cells: lanes,
      arguments: [from],
      loop: steps,
      round: lanes === 1,
    });
    from = `t${first + passes.length - 1}`;
    left = lanes;
  }
  return passes;
}
